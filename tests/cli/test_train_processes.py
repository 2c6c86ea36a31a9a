"""train: several processes on loopback share every batch."""

import json
import pathlib
import signal
import socket
import subprocess
import time

import pytest
from support import PROGRAM, Exit, dnd, environment
from train_data import write_config, write_tasks

STEPS = 20


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_together(*configs_and_outs, options=()) -> list[subprocess.Popen]:
    """One process for each (config, out), with the options of each."""
    port, size = str(free_port()), len(configs_and_outs)
    programs = []
    for rank, (config, out) in enumerate(configs_and_outs):
        variables = {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        call = ["train", "--config", config, "--out", out, "--threads", "1", *(options[rank] if options else [])]
        programs.append(subprocess.Popen([PROGRAM, *call],
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                         env=environment(variables)))
    return programs


def ends(programs: list[subprocess.Popen]) -> list[tuple[int, str]]:
    """The exit code and standard error of each."""
    errors = [program.communicate(timeout=240)[1] for program in programs]
    return [(program.returncode, error) for program, error in zip(programs, errors, strict=True)]


def train_together(*configs_and_outs) -> list[tuple[int, str]]:
    return ends(start_together(*configs_and_outs))


def losses(work) -> list[float]:
    lines = [json.loads(line) for line in (pathlib.Path(work) / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_two_processes_are_one_with_twice_the_batch():
    write_tasks(".")
    write_config(steps=STEPS)
    dnd("train", "--config", "train.json", "--out", "one", "--threads", 2)
    done = train_together(("train.json", "two"), ("train.json", "two"))
    assert [code for code, _ in done] == [0, 0], done
    assert "2 processes share every batch" in done[0][1]
    assert len(losses("two.train")) == STEPS
    assert losses("two.train") == pytest.approx(losses("one.train"), rel=1e-5)
    dnd("generate", "--model", "two", "--prompts", "prompts/red.jsonl", "--out", "adapter")


def test_one_is_interrupted_all_stop_and_one_alone_goes_on():
    write_tasks(".")
    write_config(steps=STEPS * 4, save_every=1000)
    dnd("train", "--config", "train.json", "--out", "whole", "--threads", 2)
    programs = start_together(("train.json", "b"), ("train.json", "b"))
    deadline = time.monotonic() + 120
    while not pathlib.Path("b.train/metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    programs[1].send_signal(signal.SIGINT)
    done = ends(programs)
    assert done[0][0] == Exit.INTERRUPTED, done
    assert done[1][0] == Exit.INTERRUPTED, done
    stopped = len(losses("b.train"))
    assert 0 < stopped < STEPS * 4
    dnd("train", "--config", "train.json", "--out", "b", "--resume", "--threads", 2)
    assert losses("b.train") == pytest.approx(losses("whole.train"), rel=1e-4)


@pytest.mark.parametrize("rank", [0, 1])
def test_one_dies_and_the_other_ends_with_one_line(rank):
    write_tasks(".")
    write_config(steps=100_000, save_every=5, evaluate_every=0)
    programs = start_together(("train.json", "b"), ("train.json", "b"))
    deadline = time.monotonic() + 120
    while not pathlib.Path("b.train/state.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    programs[rank].kill()
    code, error = ends(programs)[1 - rank]
    assert code == Exit.UNAVAILABLE, error
    (line,) = [line for line in error.splitlines() if "dnd: info: " not in line]
    assert line.startswith(f"dnd: error: process {1 - rank} of 2: ") and "did another process end?" in line


def test_one_goes_on_with_a_state_and_the_other_does_not():
    write_tasks(".")
    write_config(steps=STEPS, save_every=2)
    dnd("train", "--config", "train.json", "--out", "b", "--threads", 2)
    programs = start_together(("train.json", "c"), ("train.json", "c"), options=[["--work", "b.train", "--resume"],
                                                                                 ["--work", "new"]])
    for code, error in ends(programs):
        assert code == Exit.DATA, error
        assert "whether a saved state is gone on with differs between processes" in error


def test_different_configurations_are_refused():
    write_tasks(".")
    write_config("a.json")
    write_config("b.json", learning_rate=0.1)
    for code, error in train_together(("a.json", "out"), ("b.json", "out")):
        assert code == Exit.DATA, error
        assert "the configuration or the training data differs between processes" in error


def test_more_processes_than_pairs_are_refused():
    write_tasks(".")
    write_config(batch=1)
    for code, error in train_together(("train.json", "out"), ("train.json", "out")):
        assert code == Exit.USAGE, error
        assert "2 processes for batches of 1" in error


def test_variables_that_make_no_sense():
    write_tasks(".")
    write_config()
    result = dnd("train", "--config", "train.json", "--out", "out", env={"WORLD_SIZE": "2", "RANK": "7"},
                 expect=Exit.USAGE)
    assert "RANK is '7', expected 0 to 1" in result.err
