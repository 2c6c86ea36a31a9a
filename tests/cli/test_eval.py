"""dnd eval: what weights tell of a random generator, and what is refused before anything is computed."""

import json
import math
import pathlib

import pytest
from support import LAYOUT, QUESTIONS, Exit, dnd, errors_when_limited, fails, folder_bytes, tree, write_prompts

TRAIN = [("golf", "letter"), ("golf", "number"), ("chess", "letter")]
HELD_OUT = [("chess", "number"), ("tennis", "letter")]
DRAWS = 2


def write_set(folder: pathlib.Path, bundle, **changes) -> pathlib.Path:
    """A task set whose adapters are what `generate` makes of the tasks' prompts, draw by draw."""
    document = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": []}
    for domain, convention in TRAIN + HELD_OUT:
        name = f"{domain}.{convention}"
        prompts = write_prompts(folder / f"{name}.jsonl", [f"{domain}: {q} Give a {convention}." for q in QUESTIONS])
        dnd("generate", "--model", bundle, "--prompts", prompts, "--variants", DRAWS, "--out", folder / name,
            "--adapter-dtype", "f32")
        task = {"name": name, "prompts": f"{name}.jsonl", "adapters": name,
                "attributes": {"domain": domain, "convention": convention}}
        if (domain, convention) in HELD_OUT:
            (folder / f"{name}.test.jsonl").write_text(
                "".join(json.dumps({"prompt": q, "answer": convention}) + "\n" for q in QUESTIONS[:3]))
            document["held_out"].append({**task, "test": f"{name}.test.jsonl", "group": "combinations"})
        else:
            document["train"].append(task)
    (folder / "tasks.json").write_text(json.dumps({**document, **changes}))
    return folder / "tasks.json"


@pytest.fixture(scope="session")
def tasks(bundle, tmp_path_factory):
    return write_set(tmp_path_factory.mktemp("tasks"), bundle)


@pytest.fixture(scope="session")
def other_seed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generator") / "other"
    dnd("new", "--layout", LAYOUT, "--features", "4,32,384;6,16,20;70,6,14", "--seed", 2, "--out", folder)
    return folder


def results(*arguments) -> dict:
    (document,) = dnd("eval", "--json", *arguments).json
    assert (document["format"], document["version"]) == ("dnd-eval", 1)
    return document


def weights(outcome: dict) -> dict[str, dict]:
    return {row["id"]: row["tasks"] for row in outcome["weights"]["rows"]}


def test_weights_of_draws_that_are_the_own_adapters(bundle, tasks):
    """The tasks' own adapters are the draws that eval makes itself: both lie equally far from their mean."""
    document = results("--model", bundle, "--tasks", tasks, "--draws", DRAWS)
    (outcome,) = document["models"]
    rows = weights(outcome)
    for task in ("chess.number", "tennis.letter"):
        assert rows["distance:generated"][task] == pytest.approx(rows["distance:own_checkpoints"][task], rel=1e-4)
        assert rows["distance:mean_adapter"][task] > 0.1
        assert rows["distance:random_text"][task] > rows["distance:generated"][task]
    spread = outcome["weights"]["spread"]
    assert spread["generated"]["ratio"] == pytest.approx(spread["own"]["ratio"], rel=1e-4)
    assert set(rows["distance:other:domain"]) == {"tennis.letter", "chess.number"}
    assert set(rows["distance:other:convention"]) == {"chess.number"}  # no other task is of tennis
    assert outcome["behaviour"] is None and document["pooled"] is None and document["base"] is None


def test_the_same_call_gives_the_same_with_any_number_of_threads(bundle, tasks):
    one = dnd("eval", "--json", "--model", bundle, "--tasks", tasks, "--threads", 1).out
    assert dnd("eval", "--json", "--model", bundle, "--tasks", tasks, "--threads", 2).out == one
    assert dnd("eval", "--json", "--model", bundle, "--tasks", tasks, "--seed", 1).out != one


def test_outputs(bundle, tasks):
    result = dnd("eval", "--model", bundle, "--tasks", tasks, "--out", "out")
    assert tree("out") == {"results.json", "table.md"}  # no plot: behaviour was not judged
    assert "no --base: weights are judged, behaviour is not" in result.err
    assert result.out.startswith("Relative distance of updates B A: ")
    assert "combinations (2 tasks)" in result.out
    assert (pathlib.Path("out/table.md").read_text()).startswith("### Relative distance")
    document = json.loads(pathlib.Path("out/results.json").read_text())
    assert document == results("--model", bundle, "--tasks", tasks)
    assert document["settings"]["draws"] == 4
    assert document["settings"]["precision"] == "fast"

    before = folder_bytes("out")
    assert "exists already" in fails(Exit.CANNOT_CREATE, "eval", "--model", bundle, "--tasks", tasks, "--out", "out")
    dnd("eval", "--model", bundle, "--tasks", tasks, "--out", "out", "--force")
    assert folder_bytes("out") == before
    assert tree() == {"out", "out/results.json", "out/table.md"}


def test_a_write_that_fails(bundle, tasks):
    (error,) = errors_when_limited(["eval", "--model", bundle, "--tasks", tasks, "--out", "out"], 1000)
    assert error.endswith("results.json: cannot be written: File too large")


def test_something_else_is_never_replaced(bundle, tasks):
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/thesis.txt").write_text("years of work")
    fails(Exit.CANNOT_CREATE, "eval", "--model", bundle, "--tasks", tasks, "--out", "mine", "--force")
    assert tree("mine") == {"thesis.txt"}


def test_several_generators_are_pooled(bundle, other_seed, tasks):
    document = results("--model", bundle, "--model", other_seed, "--tasks", tasks)
    first, second = (weights(outcome) for outcome in document["models"])
    assert document["models"][0] == results("--model", bundle, "--tasks", tasks)["models"][0]
    for row, values in weights(document["pooled"]).items():
        for task, value in values.items():
            assert math.isclose(value, (first[row][task] + second[row][task]) / 2, rel_tol=1e-9)
    assert document["pooled"]["model"] == "pooled over 2 generators"


def test_generators_of_other_layouts_are_refused(bundle, tasks):
    layout = json.loads(LAYOUT.read_text())
    pathlib.Path("layout.json").write_text(json.dumps({**layout, "alpha": 2 * layout["alpha"]}))
    dnd("new", "--layout", "layout.json", "--features", "4,32,384;6,16,20;70,6,14", "--out", "other")
    assert "another layout" in fails(Exit.DATA, "eval", "--model", bundle, "--model", "other", "--tasks", tasks)


def test_few_prompts_are_named(bundle, tasks):
    folder = tasks.parent
    document = json.loads(tasks.read_text())
    write_prompts(folder / "few.jsonl", ["one", "two", "one", "one", "two"])
    document["held_out"][0]["prompts"] = "few.jsonl"
    (folder / "few.json").write_text(json.dumps(document))
    result = dnd("eval", "--model", bundle, "--tasks", folder / "few.json")
    assert "task 'chess.number': 2 distinct prompts for a generator that takes 4" in result.err


def test_what_cannot_be_judged_is_refused_before_the_engine_is_opened(bundle, tasks):
    given = ("eval", "--model", bundle, "--tasks", tasks)
    assert "did you mean chess.number?" in fails(Exit.USAGE, *given, "--base", "base", "--show", "chess.numbr")
    assert "--show needs --base" in fails(Exit.USAGE, *given, "--show", "chess.number")
    fails(Exit.USAGE, *given, "--draws", "0")
    fails(Exit.USAGE, *given, "--seed", "-1")
    fails(Exit.USAGE, "eval", "--model", bundle)
    fails(Exit.NO_INPUT, "eval", "--model", bundle, "--tasks", "nowhere.json")
    fails(Exit.NO_INPUT, "eval", "--model", "nowhere", "--tasks", tasks)
    fails(Exit.UNAVAILABLE, *given)

    document = json.loads(tasks.read_text())
    for task in document["held_out"]:
        del task["test"]
    (tasks.parent / "no_test.json").write_text(json.dumps(document))
    message = fails(Exit.DATA, "eval", "--model", bundle, "--tasks", tasks.parent / "no_test.json", "--base", "base")
    assert "no task of the part 'held_out' has test questions for --base to answer" in message
