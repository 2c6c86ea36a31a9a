"""train: whenever it is stopped or killed, what was done is kept, said, and gone on with."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest
from support import PROGRAM, Exit, dnd, environment, fails, folder_bytes
from tracing import traced
from train_data import write_config, write_tasks

CALL = ["train", "--config", "train.json", "--out", "out", "--threads", "1"]
PART = pathlib.Path("out.train/conditions.safetensors.part")
PROMPTS = 80


def start(*options, call=None, **more) -> subprocess.Popen:
    return subprocess.Popen([PROGRAM, *(call or CALL), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=environment(), **more)


def lines(work="out.train") -> list[dict]:
    """Of the metrics, without what depends on the clock."""
    found = [json.loads(line) for line in pathlib.Path(work, "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "examples_per_second"} for line in found]


def wait_for(path: pathlib.Path, bytes_at_least: int = 1) -> None:
    end = time.monotonic() + 60
    while not path.exists() or path.stat().st_size < bytes_at_least:
        assert time.monotonic() < end
        time.sleep(0.002)


@pytest.fixture
def many():
    """Prompts that take a while."""
    write_tasks(".", prompts=PROMPTS)
    write_config(steps=4, evaluate_every=2, save_every=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_encodes(many, number):
    dnd(*CALL[:-2], "--work", "whole.train")
    shutil.move("out", "whole")
    program = start()
    wait_for(PART, 400_000)
    program.send_signal(number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED, errors
    assert "prompts encoded so far" in errors and "--resume" in errors.splitlines()[-1]
    kept = PART.read_bytes()
    assert not pathlib.Path("out.train/conditions.safetensors").exists()
    result = dnd(*CALL, "--resume")
    assert "no state in out.train yet: begins" in result.err
    made = pathlib.Path("out.train/conditions.safetensors").read_bytes()
    assert made.startswith(kept) and made == pathlib.Path("whole.train/conditions.safetensors").read_bytes()
    assert folder_bytes("out") == folder_bytes("whole")


def test_signals_hurt_no_kernel(many):
    """A handler's frame lies where kernels that are written at run time keep data, unless it has a stack of its own."""
    for i in range(6):
        shutil.rmtree("out.train", ignore_errors=True)
        program = start()
        wait_for(PART, 400_000)
        program.send_signal([signal.SIGINT, signal.SIGTERM][i % 2])
        _, errors = program.communicate(timeout=60)
        assert program.returncode == Exit.INTERRUPTED, errors


def test_killed_while_it_encodes(many):
    dnd(*CALL[:-2], "--work", "whole.train")
    shutil.move("out", "whole")
    for size in (200_000, 2_000_000, 8_000_000):
        program = start("--resume")
        wait_for(PART, size)
        program.kill()
        program.communicate()
        assert PART.stat().st_size >= size
    dnd(*CALL, "--resume")
    assert folder_bytes("out") == folder_bytes("whole") and lines() == lines("whole.train")


def test_resuming_what_never_began_begins():
    write_tasks(".")
    write_config(steps=4)
    result = dnd(*CALL, "--resume")
    assert "train: --resume: no state in out.train yet: begins" in result.err
    dnd(*CALL[:4], "other")
    assert folder_bytes("out") == folder_bytes("other")
    shutil.rmtree("out.train")
    assert "exists already" in fails(Exit.CANNOT_CREATE, *CALL, "--resume")


def test_a_second_signal_ends_it_with_a_word():
    write_tasks(".")
    write_config(steps=100_000, batch=128, evaluate_every=0)
    program = start()
    wait_for(pathlib.Path("out.train/metrics.jsonl"))
    program.send_signal(signal.SIGSTOP)  # so that both are there at once
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        program.send_signal(number)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED
    assert "ended at once: what was saved last is kept" in errors


@pytest.mark.parametrize("times", [1, 2])
def test_a_signal_to_the_whole_group(times):
    write_tasks(".")
    write_config(steps=100_000, evaluate_every=0)
    program = start(start_new_session=True)
    wait_for(pathlib.Path("out.train/metrics.jsonl"))
    for _ in range(times):
        os.killpg(program.pid, signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED
    assert "go on with: dnd train" in errors or "what was saved last is kept" in errors


def test_evaluations_survive_a_kill_after_the_state():
    """At every flush to the disk: of a state's file, and of its folder after the rename."""
    write_tasks(".")
    write_config(steps=4, save_every=2, evaluate_every=2)
    dnd(*CALL)
    shutil.move("out", "whole")
    shutil.move("out.train", "whole.train")
    expected, kills = lines("whole.train"), 0
    for when in range(6, 30):  # those before are of what it begins with
        killed = subprocess.run(traced([PROGRAM, *CALL], f"fsync:signal=KILL:when={when}"), capture_output=True,
                                env=environment(), check=False)
        if killed.returncode == 0:
            break
        kills += pathlib.Path("out.train/state.safetensors").exists()
        dnd(*CALL, "--resume")
        assert lines() == expected, f"killed at flush {when}"
        assert folder_bytes("out") == folder_bytes("whole")
        shutil.rmtree("out")
        shutil.rmtree("out.train")
    assert kills >= 4


@pytest.mark.parametrize("name", ["start", "state.safetensors", "metrics.jsonl", "conditions.safetensors", "lock"])
def test_a_bundle_is_not_put_where_the_training_works(name):
    """Which was found out after all its steps."""
    write_tasks(".")
    write_config()
    message = fails(Exit.USAGE, *CALL[:4], f"work/{name}", "--work", "work")
    assert f"is where the training keeps its {name}" in message
    assert not pathlib.Path("work").exists()


@pytest.mark.slow
def test_killed_at_any_time():
    write_tasks(".")
    write_config(steps=300, save_every=20, evaluate_every=30)
    dnd(*CALL)
    shutil.move("out", "whole")
    shutil.move("out.train", "whole.train")
    numbers, kills = random.Random(7), 0
    while not pathlib.Path("out").exists():
        program = start("--resume")
        time.sleep(numbers.uniform(0.1, 1.5))
        kills += program.poll() is None
        program.send_signal(numbers.choice([signal.SIGKILL, signal.SIGINT, signal.SIGTERM]))
        program.communicate()
    assert kills >= 3
    assert folder_bytes("out") == folder_bytes("whole") and lines() == lines("whole.train")
