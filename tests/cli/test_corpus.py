"""tasks/build: what a task must be, a small part byte for byte (tests/data/corpus), and, slow, the whole corpus."""

import json
import os
import pathlib
import subprocess
import sys

import pytest
from support import DATA, ROOT, dnd

sys.path.insert(0, str(ROOT / "tasks"))

from builder.corpus import load
from builder.layouts import LAYOUTS
from builder.task import ANSWERS, PROMPTS, TEST, Reserved, Task, distance, find_faults

PART = DATA / "corpus"
BASE = ROOT / "models/default/base"
SMOLLM2 = ROOT / ".deps/smollm2/model.gguf"
EXTERNAL = ROOT.parent / "shared/tasks/external"   # tasks that judge, where they are at hand
WORDINGS = ["Give the plural of this word.", "plural?", "How does one call several of these?", "more than one, please",
            "What is it when there are two?", "Write what follows many", "turn one into lots: {input} {answer}",
            "Imagine a dozen; what would you say then?"]


def read_lines(path) -> list[dict]:
    return [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines()]


def all_bytes(folder) -> dict[str, bytes]:
    files = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def build(out, *options, env: dict[str, str] = os.environ):
    """The builder without its packages: kinds of numbers need none."""
    return subprocess.run([sys.executable, "-m", "builder", "--out", out, *options], capture_output=True, text=True,
                          env={**env, "PYTHONPATH": str(ROOT / "tasks"), "PYTHONDONTWRITEBYTECODE": "1"}, check=False)


# --- A task --------------------------------------------------------------------------------------------------------


def plural(**changed) -> Task:
    pairs = [(f"word {number}", f"words {number}") for number in range(300)]
    return Task(**({"name": "plural", "pairs": pairs, "instructions": WORDINGS, "form": "word"} | changed))


def test_a_sound_task_has_no_faults():
    assert find_faults(plural()) == []


@pytest.mark.parametrize("changed, fault", [
    ({"name": "Plural Of"}, "the name 'Plural Of'"),
    ({"form": "noun"}, "form 'noun' is none of"),
    ({"pairs": [(f"word {n}", f"words {n}") for n in range(259)]}, "259 pairs, 260 are needed"),
    ({"pairs": [(f"word {n // 2}", f"words {n}") for n in range(300)]}, "inputs stand twice"),
    ({"pairs": [(f"word {n} ", f"words {n}") for n in range(300)]}, "spaces around it"),
    ({"pairs": [(f"word {n}", f"one\n{n}") for n in range(300)]}, "a line break in the answer"),
    ({"pairs": [(f"word {n}", "many " * 25 + str(n)) for n in range(300)]}, "tokens, 24 are the most"),
    ({"pairs": [("long " * 81 + str(n), str(n)) for n in range(300)]}, "characters, 400 are the most"),
    ({"pairs": [(f"word {n}", "yes" if n % 3 else "no") for n in range(300)]}, "at most 60 % may be the same"),
    ({"pairs": [(f"word {n}", f"word {n // 2 * 2}") for n in range(300)]}, "30 % of the answers are the input"),
    ({"instructions": WORDINGS[:7]}, "7 wordings, 8 are needed"),
    ({"instructions": [*WORDINGS, "plurals?"]}, "0.12 apart"),
    ({"instructions": [*WORDINGS[:6], WORDINGS[7], "Several of them?"]}, "no wording has an example"),
])
def test_a_fault_is_told(changed, fault):
    assert any(fault in found for found in find_faults(plural(**changed)))


def test_reserved_questions_are_left_out_whatever_their_spelling():
    reserved = Reserved([Reserved.hash_of("word 7", "words 7")])
    task = plural(pairs=[("Word  7", "WORDS 7"), ("word 7", "others"), ("word 8", "words 8")])
    assert task.kept(reserved) == [("word 7", "others"), ("word 8", "words 8")]
    assert len(reserved.dropped) == 1


def test_distance_is_levenshteins():
    assert distance("kitten", "Sitting") == pytest.approx(3 / 7)
    assert distance("", "") == 0


# --- The part that is kept here ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def part() -> dict:
    return json.loads((PART / "tasks.json").read_text())


@pytest.mark.parametrize("env", [{"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "1"},
                                 {"LC_ALL": "tr_TR.UTF-8", "TZ": "America/Lima", "PYTHONHASHSEED": "2"}])
def test_the_same_bytes_wherever_it_is_built(env):
    made = build("again", "--only", "numbers/next-number", env={**os.environ, **env})
    assert made.returncode == 0, made.stderr
    assert all_bytes("again") == all_bytes(PART)


def test_sizes_and_separation(part):
    kind = load(ROOT / "tasks/kinds/numbers/next_number.py")
    wordings = {f"{kind.name}.{task.name}": task.instructions for task in kind.tasks}
    assert len(part["train"]) >= 4
    for task in part["train"]:
        rows = {name: read_lines(PART / task[name]) for name in ("answers", "test", "prompts")}
        assert 200 <= len(rows["answers"]) <= ANSWERS and len(rows["test"]) == TEST and len(rows["prompts"]) == PROMPTS
        judged = {row["bare"] for row in rows["test"]}
        assert not judged & {row["bare"] for row in rows["answers"]}
        asked = {layout.fill(words, text, "Number") for words in wordings[task["name"]] for text in judged
                 for layout in LAYOUTS}
        assert asked & {row["prompt"] for row in rows["test"]}
        assert not asked & {row["prompt"] for row in rows["answers"] + rows["prompts"]}
        assert len({row["wording"] for row in rows["test"]}) >= 8
        assert all(row["bare"] in row["prompt"] for row in rows["answers"] + rows["test"])


def test_the_program_takes_it(part):
    tuned = dnd("tune", "--base", BASE, "--tasks", PART / "tasks.json", "--out", "tuned", "--ask", "bare", "--dry-run")
    assert str(len(part["train"])) in tuned.err + tuned.out


def test_a_kind_that_is_not_there(part):
    made = build("out", "--only", "numbers/nothing")
    assert made.returncode == 64 and "there is no such kind" in made.stderr
    assert not os.path.exists("out")


@pytest.mark.parametrize("options, words", [
    (["--list"], "numbers/next-number  7 tasks: plus-one"),
    (["--table"], "| numbers | next-number | 7 |"),
    (["--wordings"], "next-number.plus-one\t"),
    (["--show", "2"], "=== next-number.plus-one (numbers, number)"),
])
def test_what_it_prints(options, words):
    made = build("out", *options, "--only", "numbers/next-number")
    assert made.returncode == 0 and words in made.stdout and not os.path.exists("out")


def test_a_check_writes_nothing():
    made = build("out", "--check", "--only", "numbers/next-number")
    assert made.returncode == 0 and "7 tasks" in made.stderr and not os.path.exists("out")


# --- The whole -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def whole(tmp_path_factory) -> pathlib.Path:
    """Built with all that is demanded of the corpus checked."""
    out = tmp_path_factory.mktemp("whole") / "corpus"
    subprocess.run([ROOT / "tasks/build", "--out", out], check=True, env={**os.environ, "LC_ALL": "C", "TZ": "UTC"})
    return out


def all_tasks(folder) -> list[dict]:
    document = json.loads((folder / "tasks.json").read_text(encoding="utf-8"))
    return [task for part in document.values() if isinstance(part, list) for task in part]


@pytest.mark.slow
def test_the_whole_is_the_same_elsewhere(whole, tmp_path):
    other = {**os.environ, "LC_ALL": "de_DE.UTF-8", "TZ": "Pacific/Auckland", "PYTHONHASHSEED": "7"}
    subprocess.run([ROOT / "tasks/build", "--out", tmp_path / "again"], check=True, env=other)
    assert all_bytes(tmp_path / "again") == all_bytes(whole)


@pytest.mark.slow
def test_parts(whole):
    document = json.loads((whole / "tasks.json").read_text(encoding="utf-8"))
    kinds = {part: {task["kind"] for task in document[part]} for part in ("train", "validation", "siblings", "new")}
    assert len(document["validation"]) == len(kinds["validation"]) == 12
    assert len(document["siblings"]) == len(kinds["siblings"]) == 30
    assert not kinds["new"] & (kinds["train"] | kinds["validation"] | kinds["siblings"])
    assert not kinds["validation"] & kinds["siblings"]
    assert len(kinds["new"]) == len(kinds["train"] | kinds["new"]) // 10
    assert kinds["validation"] | kinds["siblings"] <= kinds["train"]


@pytest.mark.slow
def test_answers_are_short_for_the_models_own_tokenizer(whole):
    assert SMOLLM2.exists(), "scripts/setup_smollm2.sh"
    for task in all_tasks(whole):
        rows = [row for name in ("answers", "test") for row in read_lines(whole / task[name])]
        answers = sorted({row["answer"] for row in rows})
        lines = dnd("tokenize", "--base", SMOLLM2, stdin="".join(json.dumps(text) + "\n" for text in answers)).lines
        for text, line in zip(answers, lines, strict=True):
            assert len(json.loads(line)["ids"]) <= 24, (task["name"], text)


def instructions(folder) -> set[str]:
    """What stands in prompts beside the input."""
    found = set()
    for task in json.loads((folder / "tasks.json").read_text())["held_out"]:
        for name in ("test.jsonl", "own.jsonl"):
            rows = read_lines((folder / task["prompts"]).parent / name)
            found |= {row["prompt"].replace(row["bare"], "").strip() for row in rows}
    return found


@pytest.mark.slow
@pytest.mark.skipif(not EXTERNAL.exists(), reason="the tasks that judge are not at hand")
def test_nothing_that_judges_is_learned(whole):
    own = {Reserved.hash_of(row["bare"], row["answer"]) for task in all_tasks(whole) for name in ("answers", "test")
           for row in read_lines(whole / task[name])}
    theirs = {Reserved.hash_of(row["bare"], row["answer"]) for path in EXTERNAL.rglob("*.jsonl")
              for row in read_lines(path) if {"bare", "answer"} <= row.keys()}
    reserved = set((ROOT / "tasks/reserved.txt").read_text().split())
    assert len(theirs) > 10_000 and theirs <= reserved and not own & theirs


@pytest.mark.slow
@pytest.mark.skipif(not EXTERNAL.exists(), reason="the tasks that judge are not at hand")
def test_no_wording_is_theirs():
    listed = subprocess.run([ROOT / "tasks/build", "--wordings"], check=True, capture_output=True, text=True).stdout
    theirs = instructions(EXTERNAL)
    for line in listed.splitlines():
        name, wording = line.split("\t")
        near = [each for each in theirs if abs(len(each) - len(wording)) < 0.25 * max(len(each), len(wording))
                and distance(each, wording) < 0.25]
        assert not near, (name, wording, near)
