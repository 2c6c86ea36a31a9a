"""dnd eval beside the plain alternatives: instruction, examples, an adapter for all tasks, own ones learned here."""

import json
import pathlib
import shutil

import pytest
from support import ROOT, Exit, dnd, fails, read_adapter
from test_eval import weights

BASE = ROOT / "models/default/base"
GENERATOR = ROOT / "models/default/generator"
FORMS = {"one": "word", "two": "word", "three": "list", "four": "number"}
WORDS = ["red", "blue", "green", "grey", "black", "white", "brown", "pink", "gold", "teal"]


def write_rows(path: str, name: str, words: list[str], bare: bool = True) -> str:
    rows = [{"prompt": f"{name} {word}", "answer": word} | ({"bare": word} if bare else {}) for word in words]
    pathlib.Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_set(parts: dict[str, list[dict]]) -> str:
    pathlib.Path("tasks.json").write_text(json.dumps({"format": "dnd-tasks", "version": 1, **parts}))
    return "tasks.json"


def entry(name: str, **fields) -> dict:
    prompts = write_rows(f"{name}.jsonl", name, WORDS)
    answers = write_rows(f"{name}.answers.jsonl", name, WORDS[:7])
    test = write_rows(f"{name}.test.jsonl", name, WORDS[6:])
    return {"name": name, "form": FORMS.get(name, ""), "prompts": prompts, "answers": answers, "test": test, **fields}


@pytest.fixture
def tasks(tmp_path):
    """A part `new` with answers, and a training task without adapters."""
    return write_set({"train": [entry("known")], "new": [entry(name) for name in FORMS]})


def call(tasks, *options, base=BASE, draws: int = 1) -> tuple:
    given = ("--model", GENERATOR, "--tasks", tasks, "--part", "new", "--base", base)
    return "eval", *given, "--max-tokens", 4, "--draws", draws, *options


def judged(tasks, *options, **given) -> dict:
    (document,) = dnd(*call(tasks, "--json", *options, **given)).json
    return document


def rows(document: dict, model: int = 0) -> dict[str, dict]:
    return {row["id"]: row for row in document["models"][model]["behaviour"]["rows"] if row["over_draws"] == "mean"}


def answers(document: dict, row: str, task: str = "one") -> list[list[str]]:
    return rows(document)[row]["tasks"][task]["answers"]


def said(adapter, *questions) -> list[str]:
    """What the base says by `dnd run`."""
    options = () if adapter is None else ("--adapter", adapter)
    return dnd("run", "--base", BASE, *options, "--max-tokens", 4, "-", stdin="\n".join(questions) + "\n").lines


def test_a_part_is_judged_and_every_answer_kept(tasks):
    document = judged(tasks, draws=2)
    assert [*rows(document)] == ["base", "multi_task", "generated", "other_task", "wrong_form", "wrong_same_form",
                                 "random_text"]
    assert document["settings"]["part"] == "new" and document["settings"]["ask"] == "prompt"
    assert [*document["questions"]] == [*FORMS]
    asked = document["questions"]["two"]
    assert asked == [{"prompt": f"two {word}", "answer": word, "bare": word} for word in WORDS[6:]]
    for row in rows(document).values():
        for task, cell in row["tasks"].items():
            assert len(cell["answers"]) == len(cell["draws"]) and len(cell["answers"][0]) == 4
            for given, worth in zip(cell["answers"], cell["draws"], strict=True):
                right = [answer.strip() == q["answer"]
                         for answer, q in zip(given, document["questions"][task], strict=True)]
                assert worth == pytest.approx(sum(right) / 4), "another program can judge them again"
    assert [answer.strip() for answer in answers(document, "base")[0]] == [
        answer.strip() for answer in said(None, *[q["prompt"] for q in document["questions"]["one"]])]
    assert "no tasks in the part 'held_out' (--part; it has: train, new)" in fails(
        Exit.DATA, "eval", "--model", GENERATOR, "--tasks", tasks)


def test_wrong_prompts_by_form(tasks):
    behaviour = rows(judged(tasks))
    same = {task: cell["sources"] for task, cell in behaviour["wrong_same_form"]["tasks"].items()}
    assert same == {"one": ["two"], "two": ["one"]}, "the others are alone with their form"
    other = {task: cell["sources"][0] for task, cell in behaviour["wrong_form"]["tasks"].items()}
    assert sorted(other) == sorted(other.values()) == sorted(FORMS)
    assert all(FORMS[task] != FORMS[partner] for task, partner in other.items())
    document = json.loads(pathlib.Path(tasks).read_text())
    for task in document["new"]:
        del task["form"]
    pathlib.Path(tasks).write_text(json.dumps(document))
    assert not {"wrong_form", "wrong_same_form"} & rows(judged(tasks)).keys()


def test_bare_questions_beside_the_instruction(tasks):
    document = judged(tasks, "--ask", "bare")
    plain = judged(tasks)
    assert rows(document)["base_instruction"]["label"] == "base with instruction"
    assert answers(document, "base_instruction") == answers(plain, "base") != answers(document, "base")
    assert "base_instruction" not in rows(plain)
    assert [a.strip() for a in answers(document, "base")[0]] == [a.strip() for a in said(None, *WORDS[6:])]
    shown = dnd(*call(tasks, "--ask", "bare", "--show", "one", "--limit", 2, "--json")).json[0]
    assert [q["question"] for q in shown["questions"]] == WORDS[6:8]
    write_rows("two.test.jsonl", "two", WORDS, bare=False)
    message = fails(Exit.DATA, *call(tasks, "--ask", "bare"), engine=False)
    assert "two.test.jsonl: line 1: has no 'bare' (its input" in message


def test_examples_before_the_question(tasks):
    document = judged(tasks, "--examples", 2)
    assert rows(document)["base_examples"]["label"] == "base with 2 examples"
    (given,) = answers(document, "base_examples")
    assert rows(judged(tasks, "--examples", 1))["base_examples"]["label"] == "base with 1 example"
    # The same text, as a prompt of its own.
    texts = [f"one red red\n\none blue blue\n\none {word}" for word in WORDS[6:]]
    pathlib.Path("one.test.jsonl").write_text("".join(
        json.dumps({"prompt": text, "answer": "x"}) + "\n" for text in texts))
    assert answers(judged(tasks), "base") == [given]


def test_an_example_is_never_the_question_itself(tasks):
    write_rows("one.test.jsonl", "one", ["red"])
    (given,) = answers(judged(tasks, "--examples", 1), "base_examples")
    pathlib.Path("one.test.jsonl").write_text(json.dumps({"prompt": "one blue blue\n\none red", "answer": "x"}))
    assert answers(judged(tasks), "base") == [given]


def test_examples_are_turns_of_a_template(tasks, chat_base):
    (given,) = answers(judged(tasks, "--examples", 1, base=chat_base), "base_examples")
    assert given != answers(judged(tasks, "--examples", 1), "base_examples")[0]
    texts = [f"[user]one red\n[assistant]red\n[user]one {word}\n[assistant]" for word in WORDS[6:]]
    pathlib.Path("one.test.jsonl").write_text("".join(
        json.dumps({"prompt": text, "answer": "x"}) + "\n" for text in texts))
    pathlib.Path("as-it-is.jinja").write_text("{{ messages[0].content }}")
    assert answers(judged(tasks, "--chat", "as-it-is.jinja", base=chat_base), "base") == [given]


def test_one_adapter_for_all_tasks(tasks):
    mean = judged(tasks)
    (joint,) = dnd("tune", "--base", BASE, "--tasks", tasks, "--part", "new", "--out", "tuned", "--joint", "3x4",
                   "--joint-only", "--rank", 2, "--validation", 0, "--learning-rate", 0.05).lines
    document = judged(tasks, "--joint", joint)
    assert rows(mean)["multi_task"]["label"] == rows(document)["multi_task"]["label"] == "multi-task adapter"
    questions = [q["prompt"] for q in document["questions"]["one"]]
    assert [a.strip() for a in answers(document, "multi_task")[0]] == [a.strip() for a in said(joint, *questions)]
    assert document["settings"]["joint"] == joint and mean["settings"]["joint"] is None
    # Its rank is not the layout's: answers are all there is to judge.
    assert "judged by its answers alone" in dnd(*call(tasks, "--joint", joint)).err
    message = fails(Exit.DATA, "eval", "--model", GENERATOR, "--tasks", tasks, "--part", "new", "--joint", joint)
    assert "without --base there is nothing to judge it by" in message


def test_a_joint_adapter_of_another_base_is_refused(tasks):
    message = fails(Exit.DATA, *call(tasks, "--joint", ROOT / "tests/data/interop/llama/adapter"), engine=True)
    assert "adapter" in message


def test_a_joint_adapter_of_the_layout_has_a_distance(tasks):
    (joint,) = dnd("generate", "--model", GENERATOR, "--prompts", "one.jsonl", "--out", "made").lines
    document = json.loads(pathlib.Path(tasks).read_text())
    pathlib.Path("own").mkdir()
    shutil.copytree(joint, "own/1")
    document["new"][0]["adapters"] = "own"
    pathlib.Path(tasks).write_text(json.dumps(document))
    found = weights(judged(tasks, "--joint", joint)["models"][0])
    assert found["distance:multi_task"]["one"] == pytest.approx(0.0, abs=1e-6)
    assert found["distance:multi_task"].keys() == {"one"}


@pytest.mark.slow
def test_generators_that_are_pooled_have_the_same_rows(tasks, tmp_path):
    """A mean is judged where all have one; what is given, always."""
    generator = json.loads((GENERATOR / "generator.json").read_text())
    (tmp_path / "layout.json").write_text(json.dumps(generator["layout"]))
    dnd("new", "--layout", "layout.json", "--features", "8,36,384;16,12,24;96,6,66", "--out", "plain")
    both = ("--model", "plain")
    document = judged(tasks, *both)
    assert len(document["models"]) == 2 and "multi_task" not in rows(document) | rows(document, 1)
    joint = dnd("generate", "--model", GENERATOR, "--prompts", "one.jsonl", "--out", "made").lines[0]
    document = judged(tasks, *both, "--joint", joint)
    assert answers(document, "multi_task") == rows(document, 1)["multi_task"]["tasks"]["one"]["answers"]
    pooled = {row["id"]: row for row in document["pooled"]["behaviour"]["rows"]}
    assert "answers" not in pooled["multi_task"]["tasks"]["one"], "each model has its own"
    twice = judged(tasks, "--model", GENERATOR, "--tune-own", "2x2")
    assert "multi_task" in rows(twice) and rows(twice)["own_tuned"]["tasks"] == rows(twice, 1)["own_tuned"]["tasks"]


def test_own_adapters_learned_here(tasks):
    result = dnd(*call(tasks, "--tune-own", "4x4", "--out", "out"))
    assert "--tune-own: 4 answers of 4 tasks ('one': 1) are to questions of their tests" in result.err
    assert "own adapter, tuned here" in result.out and "the one tuned here where a task has no other" in result.out
    document = json.loads(pathlib.Path("out/results.json").read_text())
    assert rows(document)["own_tuned"]["tasks"].keys() == FORMS.keys()
    assert document["settings"]["tune_own"] == "4x4"
    assert judged(tasks, "--tune-own", "4x4", "--threads", 1) == document, "the same again"
    lines = {line.strip(" ,") for line in pathlib.Path("out/results.json").read_text().splitlines()}
    (given,) = answers(document, "own_tuned")
    assert json.dumps(given, separators=(",", ":"), ensure_ascii=False) in lines, "a draw is a line"


def test_own_adapters_are_those_of_dnd_tune(tasks):
    """From the same start, on what the test does not ask."""
    (start,) = dnd("generate", "--model", GENERATOR, "--prompts", "one.jsonl", "--adapter-dtype", "f32", "--out",
                   "start").lines
    write_rows("one.answers.jsonl", "one", WORDS[:6])
    document = judged(tasks, "--joint", start, "--tune-own", "30x4", "--ask", "bare")
    write_set({"train": [entry("one", answers=write_rows("learned.jsonl", "one", WORDS[:6]))]})
    (tuned,) = dnd("tune", "--base", BASE, "--tasks", "tasks.json", "--out", "tuned", "--from", start, "--steps", 30,
                   "--batch", 4, "--ask", "bare").lines
    assert read_adapter(tuned).data != read_adapter(start).data
    told = [a.strip() for a in answers(document, "own_tuned")[0]]
    assert told == [a.strip() for a in said(tuned, *WORDS[6:])]


def test_what_needs_a_base_or_answers_says_so(tasks):
    plain = ("eval", "--model", GENERATOR, "--tasks", tasks, "--part", "new")
    for options in (("--ask", "bare"), ("--examples", 2), ("--tune-own", "4x4")):
        assert "need --base" in fails(Exit.USAGE, *plain, *options)
    assert "--tune-own 4: expected steps and questions a step, as 200x32" in fails(
        Exit.USAGE, *call(tasks, "--tune-own", "4"))
    document = json.loads(pathlib.Path(tasks).read_text())
    for task in document["new"]:
        del task["answers"]
    pathlib.Path(tasks).write_text(json.dumps(document))
    for options in (("--examples", 2), ("--tune-own", "4x4")):
        message = fails(Exit.DATA, *call(tasks, *options))
        assert "no task of the part 'new' has 'answers' for --tune-own or --examples" in message


def test_answers_have_32_tokens(tasks):
    plain = [word for word in call(tasks, "--json") if word not in ("--max-tokens", 4)]
    assert dnd(*plain).json[0]["settings"]["max_tokens"] == 32
