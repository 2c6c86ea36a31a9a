"""Signals at any moment of long calls: finished things are kept, nothing is half-written, and who goes on ends with the
same bytes."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import pytest
from support import DATA, GOLDEN, LAYOUT, PROGRAM, QUESTIONS, Exit, environment, write_prompts
from train_data import write_config, write_tasks

LIBRARY = os.environ.get("FAULTS_LIBRARY", str(PROGRAM.parents[1] / "tests/libdnd_faults.so"))
LLAMA = DATA / "interop/llama"
SECONDS = 5.0  # that a call lasts, slowed down at each of its system calls about outputs
MOMENTS = 40  # of each command
CALLS = {
    "generate": ["generate", "--prompts", "ten.jsonl", "--model", "bundle", "--variants", 12, "--resume"],
    "train": ["train", "--config", "train.json", "--threads", 1, "--resume"],
    "merge": ["merge", LLAMA / "adapter", "--base", LLAMA / "base"],
    "convert": ["convert", LLAMA / "adapter", "--to", "peft"],
    "import": ["import", GOLDEN / "decoder.pth", "--layout", LAYOUT],
}
STOPS = {
    "INT": [signal.SIGINT], "TERM": [signal.SIGTERM], "INT twice": [signal.SIGINT] * 2,
    "TERM twice": [signal.SIGTERM] * 2, "KILL": [signal.SIGKILL],
}


@pytest.fixture(autouse=True)
def _inputs(bundle):
    write_tasks(".", prompts=4)
    write_config(steps=12, save_every=2, evaluate_every=3)
    write_prompts("ten.jsonl", QUESTIONS)
    os.symlink(bundle, "bundle")
    os.mkdir("place")


def start(name: str, **faults) -> subprocess.Popen:
    variables = {"LD_PRELOAD": LIBRARY, "FAULTS_ROOT": str(pathlib.Path("place").resolve()),
                 "FAULTS_LOG": str(pathlib.Path("log").resolve()),
                 **{f"FAULTS_{key.upper()}": str(value) for key, value in faults.items()}}
    return subprocess.Popen([PROGRAM, *map(str, CALLS[name]), "--out", "place/out"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True, env=environment(variables), start_new_session=True)


def outputs() -> dict[str, dict[str, bytes]]:
    """What stands under final names: of many adapters each by its own."""
    found = {}
    for path in sorted(pathlib.Path("place").rglob("*")):
        parts = path.relative_to("place").parts
        hidden = any(part.startswith(".") for part in parts)
        if parts[0] != "out" or hidden or not path.is_file():
            continue
        whole = "/".join(parts[:-1])
        found.setdefault(whole, {})[parts[-1]] = path.read_bytes()
    return found


def leftovers() -> list[str]:
    return [str(path) for path in pathlib.Path("place").rglob("*dnd-*")]


def stop(program: subprocess.Popen, how: str, group: bool) -> bool:
    """Whether it came before the end."""
    before_the_end = program.poll() is None
    for number in STOPS[how]:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(program.pid, number) if group else program.send_signal(number)
        time.sleep(0.01)
    return before_the_end


def empty_place() -> None:
    shutil.rmtree("place")
    os.mkdir("place")


def time_of(name: str, delay: int) -> float:
    empty_place()
    began = time.monotonic()
    program = start(name, delay=delay)
    _, errors = program.communicate(timeout=120)
    assert program.returncode == 0, errors
    return time.monotonic() - began


def slow_down(name: str, seconds: float) -> tuple[int, float]:
    """By how many microseconds a system call, and how long the call lasts then: some are made by several threads."""
    alone, delay = time_of(name, 0), 5_000
    delay = int(delay * max(0.0, seconds - alone) / max(0.05, time_of(name, delay) - alone))
    return delay, time_of(name, delay)


def try_moments(name: str, moments: int, seconds: float) -> None:
    delay, lasts = slow_down(name, seconds)
    expected = outputs()
    numbers, landed = random.Random(name), 0
    for i in range(moments):
        empty_place()
        how, group = list(STOPS)[i % len(STOPS)], numbers.random() < 0.5
        program = start(name, delay=delay)
        time.sleep(numbers.uniform(0.05, 0.9 * lasts))
        landed += stop(program, how, group)
        _, errors = program.communicate(timeout=120)
        for place, files in outputs().items():
            assert files == expected[place], f"{how}: {place} is half-written"
        if name == "train" and how != "KILL" and program.returncode == Exit.INTERRUPTED:
            words = ["go on with: dnd train", "what was saved last is kept", "dnd: interrupted"]
            assert any(word in errors for word in words), errors
        again = start(name)
        _, errors = again.communicate(timeout=120)
        assert again.returncode in (0, Exit.CANNOT_CREATE), f"{how}: {errors}"  # taken where it was done in time
        assert outputs() == expected, f"{how}: {errors}"
        assert leftovers() == [] or again.returncode != 0, f"{how}: {leftovers()}"
    assert landed >= 0.75 * moments or moments < 4


@pytest.mark.parametrize("name", ["merge", "train"])
def test_a_few_moments(name):
    try_moments(name, 2, seconds=2.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_many_moments(name):
    try_moments(name, MOMENTS, SECONDS)
