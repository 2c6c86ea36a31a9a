"""dnd tune: adapters learned through the tiny base, from questions with answers and from a teacher."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest
from support import PROGRAM, ROOT, Exit, dnd, environment, fails, file_size_limit, folder_bytes, read_adapter, tree

BASE = ROOT / "models/default/base"
WORDS = ["red", "blue", "green", "grey", "black", "white", "brown", "pink", "gold", "teal"]
ALWAYS = ("--rank", "2", "--batch", "4", "--threads", "2")


def write_rows(path, rows) -> pathlib.Path:
    pathlib.Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return pathlib.Path(path)


def questions(word: str) -> list[dict]:
    return [{"prompt": f"{word} {other}", "answer": other, "bare": other} for other in WORDS]


@pytest.fixture
def asked():
    return write_rows("asked.jsonl", questions("say"))


@pytest.fixture
def three():
    """tasks.json with three tasks."""
    for name in ("one", "two", "three"):
        write_rows(f"{name}.jsonl", questions(name))
    tasks = [{"name": name, "prompts": f"{name}.jsonl", "answers": f"{name}.jsonl", "kind": "copy", "form": "word"}
             for name in ("one", "two", "three")]
    return write_tasks(tasks)


def write_tasks(tasks: list[dict], path="tasks.json") -> pathlib.Path:
    pathlib.Path(path).write_text(json.dumps({"format": "dnd-tasks", "version": 1, "train": tasks}))
    return pathlib.Path(path)


def tune(*options, base=BASE, steps=6, **more):
    return dnd("tune", "--base", base, *ALWAYS, "--steps", steps, *options, **more)


def adapters(folder) -> dict[str, dict[str, bytes]]:
    return {str(path.parent.relative_to(folder)): folder_bytes(path.parent)
            for path in pathlib.Path(folder).rglob("adapter_config.json")}


def test_a_table_of_questions_becomes_an_adapter(asked):
    pathlib.Path("asked.csv").write_text("question,answer\n" + "".join(f"say {w},{w}\n" for w in WORDS))
    made = tune("--tasks", "asked.csv", "--out", "tuned")
    (path,) = made.lines
    adapter = read_adapter(path)
    (finished,) = json.loads(pathlib.Path("tuned/tune.json").read_text())["finished"]
    assert path == f"tuned/tasks/asked/{finished['best_step']}"
    assert any(any(adapter.values(name)) for name in adapter.tensors if "lora_B" in name), "B has learned"
    assert adapter.tensors[next(iter(adapter.tensors))]["dtype"] == "F32"
    tune("--tasks", asked, "--out", "again")
    assert adapters("tuned") == adapters("again"), "a table says what JSON Lines say"
    assert "loads" in dnd("verify", path, "--base", BASE, engine=False).out
    dnd("convert", path, "--to", "gguf", "--base", BASE, "--out", "adapter.gguf", engine=False)
    dnd("run", "--base", BASE, "--adapter", path, "--max-tokens", "2", "say red")


def test_a_gguf_is_a_base_too(asked):
    of_folder, of_gguf = (tune("--tasks", asked, "--out", out, "--json", base=base).json[0]
                          for out, base in (("folder", BASE), ("gguf", BASE / "base.gguf")))
    assert of_gguf["before"]["loss"] == pytest.approx(of_folder["before"]["loss"], rel=0.05)
    assert read_adapter(of_gguf["path"]).tensors.keys() == read_adapter(of_folder["path"]).tensors.keys()


def test_json_tells_what_was_learned(asked):
    (made,) = tune("--tasks", asked, "--out", "tuned", "--json").json
    assert made["task"] == "asked" and pathlib.Path(made["path"]).is_dir()
    assert made["after"]["loss"] < made["before"]["loss"]
    assert 1 <= made["best_step"] <= made["steps"] <= 6


def test_every_task_gets_its_own_from_the_joint_one(three):
    made = tune("--tasks", three, "--out", "tuned", "--joint", "4x6", "--keep", "2", "--json").json
    assert [each.get("task") for each in made] == [None, "one", "two", "three"]
    assert len({read_adapter(each["path"]).data for each in made}) == 4
    assert made[0]["path"].startswith("tuned/joint/")
    alone = tune("--tasks", three, "--out", "joint", "--joint", "4x6", "--joint-only").lines
    assert folder_bytes(alone[0]) == folder_bytes(made[0]["path"])
    started = dnd("tune", "--base", BASE, "--tasks", three, "--out", "started", "--from", alone[0], "--keep", "2",
                  "--batch", "4", "--steps", "6", "--json").json
    for one, other in zip(started, made[1:], strict=True):
        assert one["before"] == other["before"], "both start from the joint adapter"
        assert folder_bytes(one["path"]) == folder_bytes(other["path"])
    learned = json.loads(pathlib.Path("tuned/tasks.json").read_text())
    assert [task["adapters"] for task in learned["train"]] == ["tasks/one", "tasks/two", "tasks/three"]
    assert learned["train"][0]["answers"] == "../one.jsonl"


def test_the_result_is_what_train_takes(three):
    tune("--tasks", three, "--out", "tuned")
    dnd("layout", "--base", BASE, "--rank", "2", "--out", "layout.json", engine=False)
    config = {"format": "dnd-train", "version": 1, "name": "tuned", "tasks": "tuned/tasks.json", "steps": 2, "batch": 2,
              "generator": {"layout": "layout.json", "features": "auto", "parameters": 1000000, "prompts": 4,
                            "tokens": 16}}
    pathlib.Path("train.json").write_text(json.dumps(config))
    cost = dnd("train", "--config", "train.json", "--out", "bundle", "--dry-run", "--json", engine=False).json[0]
    assert cost["tasks"] == 3 and cost["checkpoints"] == 3


def test_layers_and_targets(asked):
    made = tune("--tasks", asked, "--out", "tuned", "--layers", "1-1", "--targets", "q_proj,down_proj").lines[0]
    assert {name.split(".lora")[0] for name in read_adapter(made).tensors} == {
        "base_model.model.model.layers.1.self_attn.q_proj", "base_model.model.model.layers.1.mlp.down_proj"}
    assert "no layer to adapt" in fails(Exit.USAGE, "tune", "--base", BASE, "--tasks", asked, "--out", "x", "--layers",
                                        "90-99", engine=True)


def test_bare_inputs_are_asked_on_request(asked):
    by_prompt = tune("--tasks", asked, "--out", "by_prompt").lines[0]
    by_bare = tune("--tasks", asked, "--out", "by_bare", "--ask", "bare").lines[0]
    assert read_adapter(by_prompt).data != read_adapter(by_bare).data
    write_rows("without.jsonl", [{"prompt": "a", "answer": "b"}])
    error = dnd("tune", "--base", BASE, "--tasks", "without.jsonl", "--out", "x", "--ask", "bare", expect=Exit.DATA)
    assert "without.jsonl: line 1: has no 'bare'" in error.last_error


def test_conversations_are_learned_by_their_last_answer(chat_base):
    rows = [{"messages": [{"role": "system", "content": "brief"}, {"role": "user", "content": f"say {word}"},
                          {"role": "assistant", "content": "what?"}, {"role": "user", "content": word},
                          {"role": "assistant", "content": word}]} for word in WORDS]
    write_rows("talk.jsonl", rows)
    tune("--tasks", "talk.jsonl", "--out", "tuned", base=chat_base)
    error = dnd("tune", "--base", BASE, "--tasks", "talk.jsonl", "--out", "x", expect=Exit.USAGE)
    assert "messages: " in error.last_error and "no chat template" in error.last_error
    write_rows("open.jsonl", [{"messages": rows[0]["messages"][:2]}])
    assert "open.jsonl: line 1: 'messages': expected the user's question" in fails(
        Exit.DATA, "tune", "--base", chat_base, "--tasks", "open.jsonl", "--out", "x")


def test_the_same_bytes_with_other_threads(three):
    tune("--tasks", three, "--out", "two")
    dnd("tune", "--base", BASE, "--tasks", three, "--out", "one", *ALWAYS[:-1], "1", "--steps", "6")
    assert adapters("two") == adapters("one")


def test_interrupted_and_resumed_it_makes_the_same(three):
    call = ["--tasks", three, "--joint", "40x6"]
    tune(*call, "--out", "whole", steps=40)
    for stage in ("joint", "tasks-0000"):
        out, metrics = pathlib.Path(stage), pathlib.Path(stage) / f"work/{stage}.jsonl"
        begun = ["tune", "--base", BASE, *ALWAYS, *map(str, call), "--steps", "40", "--out", out]
        process = subprocess.Popen([PROGRAM, *begun], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   env=environment())
        while not metrics.exists() or metrics.read_text().count("\n") < 4:
            assert process.poll() is None, "it ended before it was stopped"
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == Exit.INTERRUPTED
        assert "(--resume goes on with it)" in fails(Exit.CANNOT_CREATE, *begun)
        tune(*call, "--out", out, "--resume", steps=40)
        assert adapters(out) == adapters("whole")
    assert not list(pathlib.Path("whole/work").glob("*.safetensors")), "states are gone once they are of no use"


def test_resume_prints_what_is_finished(asked):
    made = tune("--tasks", asked, "--out", "tuned", "--json")
    state = {path: path.stat().st_mtime_ns for path in pathlib.Path("tuned/tasks").rglob("*")}
    again = tune("--tasks", asked, "--out", "tuned", "--json", "--resume")
    assert again.out == made.out
    assert {path: path.stat().st_mtime_ns for path in pathlib.Path("tuned/tasks").rglob("*")} == state
    error = tune("--tasks", asked, "--out", "tuned", "--resume", "--learning-rate", "0.5", expect=Exit.DATA)
    assert "learning_rate: 0.001 there, 0.5 here" in error.last_error


def test_resume_goes_on_with_its_own_alone(asked, chat_base, tmp_path):
    """Not with a folder of others, not with other inputs, not with another base."""
    pathlib.Path("foreign").mkdir()
    pathlib.Path("foreign/tasks.json").write_text("mine")
    error = fails(Exit.CANNOT_CREATE, "tune", "--base", BASE, "--tasks", asked, "--out", "foreign", "--resume")
    assert "nothing of dnd tune's" in error and pathlib.Path("foreign/tasks.json").read_text() == "mine"
    tune("--tasks", asked, "--out", "tuned")
    other = tmp_path / "other"
    shutil.copytree(BASE, other)
    weights = bytearray((other / "model.safetensors").read_bytes())
    weights[len(weights) // 2:] = weights[len(weights) // 2:][::-1]
    (other / "model.safetensors").write_bytes(weights)
    assert "weights: " in tune("--tasks", asked, "--out", "tuned", "--resume", base=other, expect=Exit.DATA).err
    error = tune("--tasks", asked, "--out", "tuned", "--resume", "--validation", "0.5", expect=Exit.DATA).err
    assert "validation: 0.1 there, 0.5 here" in error
    (weights,) = pathlib.Path("tuned").rglob("adapter_model.safetensors")
    whole = weights.read_bytes()
    weights.write_bytes(b"")
    tune("--tasks", asked, "--out", "tuned", "--resume")
    assert weights.read_bytes() == whole, "an adapter that is damaged is made again"


def test_paths_of_the_result_are_right_below_links(asked):
    pathlib.Path("deep/folder").mkdir(parents=True)
    os.symlink("deep/folder", "link")
    tune("--tasks", asked, "--out", "link/tuned")
    named = json.loads(pathlib.Path("link/tuned/tasks.json").read_text())["train"][0]["answers"]
    assert pathlib.Path("link/tuned", named).resolve() == pathlib.Path(asked).resolve()


def test_a_refused_call_leaves_the_place_free(asked, chat_base):
    tasks = write_tasks([{"name": "a", "prompts": str(asked), "context": "page.txt"}])
    call = ("tune", "--base", chat_base, "--tasks", tasks, "--out", "tuned", "--distill", "hard", "--steps", "2")
    pathlib.Path("page.txt").write_text("word " * 5000)
    for more in ((), ("--dry-run",)):
        assert "page.txt: with this context" in fails(Exit.DATA, *call, *more, engine=True)
    assert "tuned" not in tree()
    pathlib.Path("page.txt").write_text("Be brief.")
    dnd(*call)


def test_options_that_do_nothing_are_refused(asked):
    made = tune("--tasks", asked, "--out", "tuned").lines[0]
    base = ("tune", "--base", BASE, "--tasks", asked, "--out", "x")
    assert "--from: the adapter has its rank" in fails(Exit.USAGE, *base, "--from", made, "--rank", "4")
    assert "--max-tokens: is the teacher's" in fails(Exit.USAGE, *base, "--max-tokens", "4")
    assert "--part other: " in fails(Exit.USAGE, *base, "--part", "other")


def test_what_cannot_be_learned_from_is_refused_by_line(asked, three):
    def refused(rows, *options, code=Exit.DATA, engine=False) -> str:
        write_rows("bad.jsonl", rows)
        return fails(code, "tune", "--base", BASE, "--tasks", "bad.jsonl", "--out", "x", *options, engine=engine)

    assert "bad.jsonl: line 2" in refused([{"prompt": "a", "answer": "b"}, {"prompt": "a"}])
    assert "bad.jsonl: line 1: no answer" in refused([{"question": "a"}])
    assert "'label', 'output' may each be" in refused([{"input": "a", "label": "b", "output": "c"}])
    long = [{"prompt": "a", "answer": "b"}, {"prompt": "word " * 5000, "answer": "b"}]
    assert "bad.jsonl: line 2: question and answer have" in refused(long, engine=True)
    tasks = json.loads(three.read_text())["train"]
    write_tasks([tasks[0] | {"name": "joint"}], "bad.json")
    assert "no task may be called so" in fails(Exit.DATA, "tune", "--base", BASE, "--tasks", "bad.json", "--out", "x")
    del tasks[1]["answers"]
    write_tasks(tasks, "bad.json")
    assert "'two': no 'answers' to" in fails(Exit.DATA, "tune", "--base", BASE, "--tasks", "bad.json", "--out", "x")
    assert "it has: train" in fails(Exit.DATA, "tune", "--base", BASE, "--tasks", three, "--out", "x", "--part", "new")
    assert "x" not in tree()


def test_equal_questions_with_other_answers_are_told():
    write_rows("twice.jsonl", [*questions("say"), {"prompt": "say red", "answer": "blue", "bare": "x"}])
    told = tune("--tasks", "twice.jsonl", "--out", "tuned").err
    assert "warning: task 'twice': 1 questions have another answer than an equal one before" in told
    assert "line 11: 'blue', at line 1 'red'" in told


def test_a_dry_run_says_what_it_would_cost_and_makes_nothing(three):
    before = tree()
    (cost,) = tune("--tasks", three, "--out", "tuned", "--joint", "5x8", "--dry-run", "--json").json
    assert tree() == before
    assert cost["tasks"] == 3 and cost["questions"] == 27 and cost["left_out"] == 3 and cost["adapters"] == 4
    assert cost["seconds"] > 0 and cost["memory_bytes"] > 1e7
    assert "time  " in tune("--tasks", three, "--out", "tuned", "--dry-run").out


def test_a_full_disk_loses_nothing(asked):
    call = ("--tasks", asked, "--out", "tuned")
    limited = tune(*call, steps=30, expect=Exit.IO, **file_size_limit(20_000))
    assert "No space" in limited.last_error or "too large" in limited.last_error
    tune(*call, "--resume", steps=30)
    tune("--tasks", asked, "--out", "whole", steps=30)
    assert adapters("tuned") == adapters("whole")


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_a_context_teaches(chat_base, kind):
    write_rows("prompts.jsonl", [{"prompt": f"say {word}"} for word in WORDS])
    messages = [{"role": "user", "content": "say this"}, {"role": "assistant", "content": "this"}]
    pathlib.Path("before.json").write_text(json.dumps(messages))
    pathlib.Path("rules.txt").write_text("Answer in one word.\n")
    write_tasks([{"name": "examples", "prompts": "prompts.jsonl", "context": "before.json"},
                 {"name": "rules", "prompts": "prompts.jsonl", "context": "rules.txt"}])
    options = ("--tasks", "tasks.json", "--distill", kind, "--max-tokens", "4", "--validation", "0.3", "--json")
    made = tune(*options, "--out", "tuned", base=chat_base).json
    assert [each["task"] for each in made] == ["examples", "rules"]
    for each in made:
        assert each["after"]["loss"] < each["before"]["loss"]
        assert 0 <= each["base_agrees"] <= 1 and each["saved_tokens"] > 3
    cache = pathlib.Path("tuned", "work", "teacher-0000")
    lines = cache.read_text().splitlines()  # cut off in the middle of an answer, behind one that is none
    cache.write_text("\n".join([*lines[:5], '{"ids": [99999999]}', *lines[6:]])[:-20])
    os.rename("tuned/tasks", "gone")
    assert tune(*options, "--out", "tuned", "--resume", base=chat_base).json == made
    tasks = write_tasks([{"name": "a", "prompts": "prompts.jsonl"}])
    assert "no 'context'" in fails(Exit.DATA, "tune", "--base", chat_base, "--tasks", tasks, "--out", "x", "--distill",
                                   kind)
