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


def try_moments(name: str, moments: int) -> None:
    began = time.monotonic()
    first = start(name)
    assert first.wait(timeout=120) == 0, first.stderr.read()
    takes = time.monotonic() - began
    expected = outputs()
    calls = len(pathlib.Path("log").read_text().splitlines())
    delay = int(max(0.0, SECONDS - takes) / calls * 1e6)
    numbers, landed = random.Random(name), 0
    for i in range(moments):
        shutil.rmtree("place")
        os.mkdir("place")
        how, group = list(STOPS)[i % len(STOPS)], numbers.random() < 0.5
        program = start(name, delay=delay)
        time.sleep(numbers.uniform(0.05, 0.95 * SECONDS))
        landed += stop(program, how, group)
        _, errors = program.communicate(timeout=120)
        for place, files in outputs().items():
            assert files == expected[place], f"{how}: {place} is half-written"
        if name == "train" and how != "KILL" and program.returncode == Exit.INTERRUPTED:
            assert "go on with: dnd train" in errors or "what was saved last is kept" in errors, errors
        again = start(name)
        _, errors = again.communicate(timeout=120)
        assert again.returncode in (0, Exit.CANNOT_CREATE), f"{how}: {errors}"  # taken where it was done in time
        assert outputs() == expected, f"{how}: {errors}"
        assert leftovers() == [] or again.returncode != 0, f"{how}: {leftovers()}"
    assert landed >= 0.75 * moments


@pytest.mark.parametrize("name", ["merge", "train"])
def test_a_few_moments(name):
    try_moments(name, 2)


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_many_moments(name):
    try_moments(name, MOMENTS)
