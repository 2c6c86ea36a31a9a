"""System calls about outputs fail, each in turn: an output is whole or absent, and one line says why."""

import errno
import os
import pathlib
import shutil
import subprocess
from collections import Counter

import pytest
from support import DATA, GOLDEN, LAYOUT, PROGRAM, QUESTIONS, Exit, dnd, environment, write_prompts
from train_data import write_config, write_tasks

LIBRARY = os.environ.get("FAULTS_LIBRARY", str(PROGRAM.parents[1] / "tests/libdnd_faults.so"))
LLAMA = DATA / "interop/llama"
ON_LLAMA = [LLAMA / "adapter", "--base", LLAMA / "base"]
SHORT = "one byte alone"
ERRORS = {
    "open": ["EMFILE", "ENOSPC", "EACCES", "ENOMEM"],
    "write": ["ENOSPC", "EIO", "EINTR", SHORT],
    "fsync": ["EIO", "ENOSPC"],
    "close": ["EIO"],
    "mkdir": ["ENOSPC", "EACCES"],
    "rename": ["EIO", "EXDEV", "ENOSPC", "EINVAL", "ENOSYS"],
    "fallocate": ["ENOSPC", "EOPNOTSUPP"],
    "ftruncate": ["EIO"],
    "flock": ["ENOLCK", "EINTR"],
    "chmod": ["EPERM"],
}
HARMLESS = {"EINTR", SHORT}  # where they mean: go on
CODES = {Exit.UNAVAILABLE, Exit.CANNOT_CREATE, Exit.IO, 75}

QUICK = {
    "generate": ["generate", "--prompts", "four.jsonl", "--model", "bundle"],
    "merge": ["merge", *ON_LLAMA],
    "train": ["train", "--config", "train.json", "--threads", 1],
}
SLOW = {
    "generate gguf": ["generate", "--prompts", "four.jsonl", "--model", "bundle", "--format", "gguf"],
    "generate variants": ["generate", "--prompts", "four.jsonl", "--model", "bundle", "--variants", 2],
    "encode": ["encode", "--prompts", "four.jsonl", "--model", "bundle"],
    "import": ["import", GOLDEN / "decoder.pth", "--layout", LAYOUT],
    "new": ["new", "--layout", LAYOUT, "--features", "4,12,8;70,6,14"],
    "compose": ["compose", LLAMA / "adapter"],
    "layout": ["layout", "--base", LLAMA / "base"],
    "codec tokenize": ["codec", "tokenize", GOLDEN / "adapter_fp32.safetensors", "--layout", LAYOUT],
    "convert peft": ["convert", LLAMA / "adapter", "--to", "peft"],
    "convert gguf": ["convert", *ON_LLAMA, "--to", "gguf"],
    "convert mlx": ["convert", LLAMA / "adapter", "--to", "mlx"],
    "convert kohya": ["convert", LLAMA / "adapter", "--to", "kohya"],
}


@pytest.fixture(autouse=True)
def _inputs(bundle):
    write_tasks(".", prompts=2, held_out=())
    write_config(steps=2, save_every=1, evaluate_every=0)
    write_prompts("four.jsonl", QUESTIONS[:4])
    os.symlink(bundle, "bundle")
    os.mkdir("place")


def content(folder) -> dict:
    """Every file below, but a training's metrics, which tell the time."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(pathlib.Path(folder).rglob("*")) if path.name != "metrics.jsonl"}


def made(name: str) -> dict:
    """Below the output's own name."""
    return {path: data for path, data in content("place").items() if path.split("/")[0] == name}


def run(words, **faults) -> subprocess.CompletedProcess:
    place = pathlib.Path("place")
    shutil.rmtree(place)
    place.mkdir()
    pathlib.Path("log").unlink(missing_ok=True)
    variables = {"LD_PRELOAD": LIBRARY, "FAULTS_ROOT": str(place.resolve()),
                 "FAULTS_LOG": str(pathlib.Path("log").resolve()),
                 **{f"FAULTS_{name.upper()}": str(value) for name, value in faults.items()}}
    return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True, env=environment(variables),
                          timeout=120, check=False)


def moments(count: int, some: bool) -> list[int]:
    return sorted({1, (count + 1) // 2, count}) if some else list(range(1, count + 1))[:60]


def complaints(call, name: str, expected: dict, kind: str, when: int, error: str) -> str:
    number = 0 if error == SHORT else getattr(errno, error)
    done = run(call, call=kind, at=when, error=number)
    found, found_errors = made(name), [line for line in done.stderr.splitlines() if "error: " in line]
    what = []
    if done.returncode == 0 and found != expected:
        what.append("claims to be done")
    if done.returncode != 0 and found not in ({}, expected):
        what.append(f"left a part: {sorted(found)}")
    if done.returncode != 0 and (done.returncode not in CODES or error in HARMLESS):
        what.append(f"exit code {done.returncode}")
    if done.returncode != 0 and not 1 <= len(found_errors) <= 2:
        what.append(f"{len(found_errors)} lines of errors")
    if left := [path for path in content("place") if "dnd-tmp" in path or "dnd-replaced" in path]:
        what.append(f"left {left}")
    return f"{kind} {when} {error}: {'; '.join(what)}: {done.stderr.strip()[-200:]}" if what else ""


def check(call, some: bool) -> None:
    name = "out.gguf" if "gguf" in call else "out"
    call = [*call, "--out", f"place/{name}"]
    reference = run(call)
    assert reference.returncode == 0, reference.stderr
    expected, counts = made(name), Counter(pathlib.Path("log").read_text().split())
    assert expected and {"open", "write", "fsync", "rename"} <= counts.keys(), counts
    found = [complaints(call, name, expected, kind, when, error) for kind, count in sorted(counts.items())
             for error in (ERRORS[kind][:2] if some and kind not in ("write", "rename") else ERRORS[kind])
             for when in moments(count, some)]
    assert not (found := [each for each in found if each]), "\n".join(found)


@pytest.mark.parametrize("name", QUICK)
def test_a_call_fails(name):
    check(QUICK[name], some=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK | SLOW)
def test_each_call_fails(name):
    check((QUICK | SLOW)[name], some=False)


def test_the_failures_are_seen():
    """That nothing of it passes the library by: a failure of the first call of a kind ends a call."""
    call = [*QUICK["merge"], "--out", "place/out"]
    for kind in ("open", "write", "mkdir"):
        assert run(call, call=kind, at=1, error=errno.EACCES).returncode in CODES
    dnd(*call)
