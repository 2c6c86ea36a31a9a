"""Mutated GGUF files: `dnd inspect` takes those that llama.cpp's reader takes, reads the same keys and tensors from
them, and refuses the others; what differs is named below (label llama_cpp)."""

import collections
import json
import pathlib
import subprocess
import sys

import llama
import mutate_gguf
import pytest

pytestmark = [pytest.mark.llama_cpp, pytest.mark.skipif(bool(llama.OBSTACLE), reason=llama.OBSTACLE or "")]

SEEDS, COUNT, BATCH = range(3), 4000, 500
DIED = "died"

# What we refuse and llama.cpp takes, by the reason our message gives.
STRICTER = {
    "NUL in a tensor's name, where llama.cpp ends it": "a NUL byte in the name",
}


def verdicts(paths: list[pathlib.Path]) -> list:
    """Of llama.cpp: {"keys", "tensors"}, None where refused, DIED where the reader killed its process."""
    library, found = llama.HOME / "llama_cpp/lib/libggml-base.so", []
    while len(found) < len(paths):
        result = subprocess.run([sys.executable, mutate_gguf.__file__, library, *paths[len(found) :]],
                                capture_output=True, timeout=300, check=False)
        found += [json.loads(line) for line in result.stdout.splitlines()]
        if len(found) < len(paths):
            found.append(DIED)
    return found


def inspect(dnd, paths: list[pathlib.Path]) -> tuple[dict[str, dict], dict[str, str]]:
    """File name -> what was read; file name -> why it was refused."""
    result = dnd.attempt("inspect", "--json", *paths)
    taken = {}
    for line in result.stdout.splitlines():
        found = json.loads(line)
        tensors = [[t["name"], t["dtype"].lower(), t["bytes"]] for t in found["tensors"]]
        keys = [key.split("\0")[0] for key in found["metadata"]]  # As llama.cpp's C strings give them.
        taken[pathlib.Path(found["path"]).name] = {"keys": keys, "tensors": tensors}
    refused = {path.name: line for line in result.stderr.splitlines() for path in paths if f"{path}: " in line}
    assert result.returncode == (65 if refused else 0), result.stderr[-2000:]
    assert len(taken) + len(refused) == len(paths) and not taken.keys() & refused.keys()
    return taken, refused


@pytest.mark.parametrize("seed", SEEDS)
def test_same_verdict_and_tensors_as_llama_cpp(dnd, seed, tmp_path):
    used, faults = collections.Counter(), []
    corpus = list(mutate_gguf.corpus(COUNT, seed))
    for start in range(0, COUNT, BATCH):
        batch = corpus[start : start + BATCH]
        paths = [tmp_path / f"{i}.gguf" for i in range(len(batch))]
        for path, (_, file) in zip(paths, batch, strict=True):
            path.write_bytes(file)
        taken, refused = inspect(dnd, paths)
        for path, (name, file), expected in zip(paths, batch, verdicts(paths), strict=True):
            used["taken" if isinstance(expected, dict) else expected or "refused"] += 1
            faults += fault(name, file, expected, taken.get(path.name), refused.get(path.name, ""), used)
    assert not faults, f"{len(faults)} of {COUNT}:\n" + "\n".join(faults[:20])
    assert min(used["taken"], used["refused"]) > COUNT // 10, used
    assert all(used[rule] for rule in STRICTER), used


def fault(name: str, file: bytes, expected, got, why: str, used: collections.Counter) -> list[str]:
    if got is None and isinstance(expected, dict):
        rules = [rule for rule, message in STRICTER.items() if message in why]
        used.update(rules)
        return [] if rules else [f"{name}: refused, llama.cpp takes it: {why}: {file[:200]!r}"]
    if got != (expected if isinstance(expected, dict) else None):
        return [f"{name}: read {got}, llama.cpp {expected or 'refuses'}: {file[:200]!r}"]
    return []
