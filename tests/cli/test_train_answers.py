"""train, objective "answers": a generator that learns through the base."""

import json
import math
import pathlib
import signal
import subprocess
import time

import pytest
from support import CHAT_TEMPLATE, PROGRAM, Exit, dnd, environment, folder_bytes, read_adapter, read_safetensors, tree
from test_train_processes import train_together
from train_data import BASE, WORDS, write_answer_config, write_answer_tasks, write_config, write_tasks

JOINT = ("--rank", 2, "--joint", "20x8", "--learning-rate", 0.01, "--joint-only", "--name", "tiny", "--threads", 2)


def lines_of(work) -> list[dict]:
    return [json.loads(line) for line in (pathlib.Path(work) / "metrics.jsonl").read_text().splitlines()]


def losses(work) -> list[float]:
    return [line["loss"] for line in lines_of(work) if "loss" in line]


def train(*options, out="bundle", **more):
    return dnd("train", "--config", "train.json", "--out", out, "--threads", 2, *options, **more)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed training: its folder."""
    folder = tmp_path_factory.mktemp("answers")
    write_answer_tasks(folder)
    (joint,) = dnd("tune", "--base", BASE, "--tasks", folder / "tasks.json", "--out", folder / "tuned", *JOINT).lines
    write_answer_config(folder, steps=30, joint=joint)
    dnd("train", "--config", folder / "train.json", "--out", folder / "bundle", "--threads", 2)
    return folder


def test_the_answers_are_learned_without_any_adapter(whole):
    work = whole / "bundle.train"
    assert len(losses(work)) == 30 and losses(work)[-1] < 0.8 * losses(work)[0]
    judged = [line for line in lines_of(work) if "held_out" in line]
    assert [line["step"] for line in judged] == [4, 8, 12, 16, 20, 24, 28, 30]
    assert all(set(line) == {"step", "held_out", "answer_loss", "right"} for line in judged)
    assert judged[-1]["answer_loss"] < judged[0]["answer_loss"]
    config = json.loads((whole / "bundle/generator.json").read_text())
    assert "statistics" not in config and config["provenance"]["objective"] == "answers"
    assert not any(str(BASE) in text for text in config["provenance"].values())


def test_what_was_learned_acts(whole):
    dnd("generate", "--model", whole / "bundle", "--prompts", whole / "say.jsonl", "--out", "adapter")
    assert all(map(math.isfinite, read_adapter("adapter").values(next(iter(read_adapter("adapter").tensors)))))
    alone, adapted = (dnd("run", "--base", BASE, *adapter, "--max-tokens", 8, "say the word red").out
                      for adapter in ([], ["--adapter", "adapter"]))
    assert "red" not in alone and "red" in adapted


@pytest.mark.parametrize("threads", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_the_number_of_threads_changes_nothing(whole, threads):
    dnd("train", "--config", whole / "train.json", "--out", "other", "--threads", threads)
    assert folder_bytes("other") == folder_bytes(whole / "bundle")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_and_resumed(whole, number):
    command = [PROGRAM, "train", "--config", whole / "train.json", "--out", "other"]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    metrics = pathlib.Path("other.train/metrics.jsonl")
    while program.poll() is None and (not metrics.exists() or metrics.read_text().count('"loss"') < 7):
        time.sleep(0.002)
    program.send_signal(number)
    program.communicate(timeout=60)
    assert not pathlib.Path("other").exists()
    assert 3 <= int(read_safetensors("other.train/state.safetensors").metadata["dnd.step"]) < 30
    dnd("train", "--config", whole / "train.json", "--out", "other", "--resume", "--threads", 3)
    assert folder_bytes("other") == folder_bytes(whole / "bundle")
    assert losses("other.train") == losses(whole / "bundle.train")


def test_two_processes_are_one(whole):
    done = train_together(*[(whole / "train.json", "two")] * 2)
    assert [code for code, _ in done] == [0, 0], done
    assert losses("two.train") == pytest.approx(losses(whole / "bundle.train"), rel=1e-4)


def test_what_lies_below_the_adapters_is_kept_or_not():
    """The same bytes: from the file, without it, and from one that has room for some questions alone."""
    write_answer_tasks(".", targets="model.layers.2.*")
    bundles = []
    for i, size in enumerate([16, 0, 2e-5]):
        write_answer_config(steps=5, evaluate_every=0, states_gigabytes=size)
        train(out=f"bundle{i}")
        bundles.append(pathlib.Path(f"bundle{i}/decoder.safetensors").read_bytes())
        assert not pathlib.Path(f"bundle{i}.train/below").exists()
    assert bundles[0] == bundles[1] == bundles[2]


def test_bare_questions_are_others():
    write_answer_tasks(".")
    seen = set()
    for ask in ("prompt", "bare", {"prompt": 1, "bare": 1}):
        write_answer_config(steps=1, ask=ask)
        train("--force")
        seen.add(losses("bundle.train")[0])
    assert len(seen) == 3


def test_a_residual_begins_at_the_joint_adapter():
    write_answer_tasks(".")
    (joint,) = dnd("tune", "--base", BASE, "--tasks", "tasks.json", "--out", "tuned", *JOINT).lines
    write_answer_config(steps=1, learning_rate=1e-12, joint=joint, evaluate_every=1)
    train()
    mean = read_safetensors("bundle/decoder.safetensors").values("mean_tokens")
    assert any(mean) and json.loads(pathlib.Path("bundle/generator.json").read_text())["decoder"]["residual"] is True
    write_answer_config(steps=2, generator={"start": "bundle"})
    train(out="again")
    assert read_safetensors("again/decoder.safetensors").values("mean_tokens") == mean
    write_answer_config(joint=joint, generator={"start": "bundle"})
    assert "'joint' is what a new generator's residual adds to" in train(out="x", expect=Exit.DATA).err


def test_both_objectives():
    write_answer_tasks(".", held_out=())
    dnd("tune", "--base", BASE, "--tasks", "tasks.json", "--out", "tuned", "--rank", 2, "--steps", 2, "--name", "tiny",
        "--threads", 2)
    seen = {}
    for name, objective in {"copied": "released", "asked": "answers", "both": {"released": 1, "answers": 1},
                            "twice": {"answers": 2}}.items():
        changes = {} if name != "copied" else {"base": None, "questions": None}
        write_answer_config(steps=2, tasks="tuned/tasks.json", objective=objective, **changes)
        train(out=name)
        seen[name] = losses(f"{name}.train")[0]
    assert seen["both"] == pytest.approx(seen["copied"] + seen["asked"], rel=1e-5)
    assert seen["twice"] == pytest.approx(2 * seen["asked"], rel=1e-6)
    assert json.loads(pathlib.Path("both/generator.json").read_text())["statistics"]["adapters"] == 3


def test_a_trained_generator_goes_on_with_answers(whole):
    write_answer_tasks(".")
    write_answer_config(steps=3, generator={"start": str(whole / "bundle")})
    train()
    assert losses("bundle.train")[0] < 0.7 * losses(whole / "bundle.train")[0]


def test_another_chat_is_not_resumed(whole):
    pathlib.Path("template.jinja").write_text(CHAT_TEMPLATE)
    message = dnd("train", "--config", whole / "train.json", "--out", "x", "--work", whole / "bundle.train", "--resume",
                  "--chat", "template.jinja", engine=False, expect=Exit.DATA).err
    assert 'chat.template: "none" there, "template.jinja" here' in message


def refused(*options, **changes) -> str:
    """The message of a training that must be refused before the engine is opened."""
    write_answer_config(**changes)
    message = train(*options, engine=False, expect=Exit.DATA).err
    assert "bundle" not in tree() and "bundle.train" not in tree()
    return message


@pytest.mark.parametrize("changes, words", [
    ({"objective": "answer"}, ["'objective' is 'answer', expected released or answers"]),
    ({"objective": {"answers": 0}}, ["objective: expected 'released' or 'answers' above 0"]),
    ({"objective": {"answers": 1, "other": 1}}, ["objective", "'other'"]),
    ({"objective": "released"}, ["'base' is for \"objective\": \"answers\""]),
    ({"ask": "both"}, ["'ask' is 'both', expected prompt or bare"]),
    ({"questions": 0}, ["'questions'"]),
    ({"loss": "update"}, ["'loss' is for \"objective\": \"released\""]),
    ({"states_gigabytes": -1}, ["'states_gigabytes'"]),
    ({"joint": "elsewhere"}, ["elsewhere"]),
    ({"joint": "layout.json", "residual": False}, ["'joint'", "no residual"]),
])
def test_bad_configs(changes, words):
    write_answer_tasks(".")
    if changes.get("joint") == "elsewhere":
        write_answer_config(**changes)
        assert "elsewhere" in train(engine=False, expect=Exit.NO_INPUT).err
        return
    message = refused(**changes)
    assert all(word in message for word in words), message


def test_tasks_without_what_is_asked():
    write_answer_tasks(".")
    rows = [{"prompt": f"say the word {word}", "answer": word} for word in WORDS]
    pathlib.Path("say.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "say.jsonl: line 1: has no 'bare'" in refused(ask={"prompt": 1, "bare": 1})
    tasks = json.loads(pathlib.Path("tasks.json").read_text())
    del tasks["train"][1]["answers"]
    pathlib.Path("tasks.json").write_text(json.dumps(tasks))
    assert "'tell' has no 'answers', which the objective \"answers\" learns from" in refused()
    tasks["train"][1]["answers"] = "tell.jsonl"
    tasks["train"][0]["system"] = "Be brief."
    pathlib.Path("tasks.json").write_text(json.dumps(tasks))
    write_answer_config()
    assert "task 'say': 'system'" in train(engine=False, expect=Exit.USAGE).err


def test_a_base_of_another_shape(tmp_path):
    write_answer_tasks(".")
    layout = json.loads(pathlib.Path("layout.json").read_text())
    layout["blocks"][0]["modules"][0]["out"] -= 1
    pathlib.Path("layout.json").write_text(json.dumps(layout))
    assert "q_proj" in refused()
    write_answer_config(base="nowhere/at-all")
    assert "nowhere" in train(engine=False, expect=Exit.NO_INPUT).err


def test_a_base_is_asked_only_where_answers_are_learned():
    write_tasks(".")
    write_config()
    message = train("--system", "Be brief.", engine=False, expect=Exit.USAGE).err
    assert '--chat and --system are for the objective "answers"' in message


def test_the_work_folder_is_not_the_bundle():
    write_answer_tasks(".")
    write_answer_config()
    assert "--work is --out" in train("--work", "bundle", engine=False, expect=Exit.USAGE).err
    assert "bundle" not in tree()
    pathlib.Path("file").touch()
    assert "file: is no folder" in train("--work", "file", engine=False, expect=Exit.CANNOT_CREATE).err


def test_dry_run():
    write_answer_tasks(".")
    write_answer_config()
    (line,) = train("--dry-run", "--json", engine=False).json
    assert line["answers"] == {"questions": 30, "asked_a_step": 12}
    assert "questions    30 with answers, 12 of them a step" in train("--dry-run", engine=False).out
    assert not pathlib.Path("bundle.train").exists()
