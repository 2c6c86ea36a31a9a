"""train under PyTorch's own launcher, torchrun, on loopback."""

import json
import pathlib
import subprocess
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1] / "cli"))
from support import PROGRAM, dnd, environment
from train_data import write_config, write_tasks


def losses(work) -> list[float]:
    lines = [json.loads(line) for line in (pathlib.Path(work) / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_torchrun_starts_two_processes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_tasks(tmp_path)
    write_config(tmp_path / "train.json", steps=20)
    dnd("train", "--config", "train.json", "--out", "one")
    torchrun = pathlib.Path(sys.executable).with_name("torchrun")
    subprocess.run([torchrun, "--nproc-per-node", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0",
                    "--no-python", PROGRAM, "train", "--config", "train.json", "--out", "two", "--threads", "1"],
                   check=True, timeout=300, env=environment())
    assert losses("two.train") == pytest.approx(losses("one.train"), rel=1e-5)
    assert len(losses("two.train")) == 20
