"""Twelve thousand mutated safetensors files: `dnd inspect` takes those that the reference reader in Rust takes, reads
the same tensors from them, and refuses the others; what differs is named below."""

import collections
import json
import pathlib
import struct
from collections.abc import Callable, Iterable

import mutate_safetensors
import pytest
import safetensors

SEEDS, COUNT, BATCH = range(2), 4000, 500

MAX_SIZE = 2**63 - 1


# --- What we refuse and the reference takes -------------------------------------------------------------------------


def header_of(file: bytes) -> bytes:
    return file[8 : 8 + struct.unpack("<Q", file[:8])[0]]


def has_duplicate_keys(file: bytes) -> bool:
    """The format forbids them; serde lets the last one win, where it does not leave a hole."""
    found = []
    json.loads(header_of(file), object_pairs_hook=lambda pairs: found.append(len(dict(pairs)) < len(pairs)))
    return any(found)


def has_positional_entry(file: bytes) -> bool:
    """[dtype, shape, offsets]: serde reads a struct from an array too."""
    header = json.loads(header_of(file))
    return any(isinstance(value, list) for key, value in header.items() if key != "__metadata__")


def has_size_beyond_i64(file: bytes) -> bool:
    """Possible only beside a zero: any other such shape overflows."""
    header = json.loads(header_of(file))
    entries = [value for value in header.values() if isinstance(value, dict)]
    return any(size > MAX_SIZE for entry in entries for size in entry.get("shape", []) if isinstance(size, int))


STRICTER: dict[str, Callable[[bytes], bool]] = {
    "duplicate keys": has_duplicate_keys,
    "entry as an array": has_positional_entry,
    "size beyond a signed 64-bit integer": has_size_beyond_i64,
}

# --- Verdicts -------------------------------------------------------------------------------------------------------

Content = tuple[dict[str, tuple[str, tuple[int, ...], int]], dict[str, str]]  # name -> (dtype, shape, bytes); metadata


def reference(path: pathlib.Path) -> Content | None:
    """None: refused."""
    try:
        read = safetensors.deserialize(path.read_bytes())
        with safetensors.safe_open(path, "np") as file:
            metadata = file.metadata() or {}
    except safetensors.SafetensorError:
        return None
    return {name: (tensor["dtype"], tuple(tensor["shape"]), len(tensor["data"])) for name, tensor in read}, metadata


def inspect(dnd, paths: list[pathlib.Path]) -> dict[str, Content]:
    """File name -> what was read, of the files that were taken. One call: a line of JSON for each file taken, a logged
    error for each other."""
    result = dnd.attempt("inspect", "--json", *paths)
    taken = {}
    for line in result.stdout.splitlines():
        found = json.loads(line)
        tensors = {tensor["name"]: (tensor["dtype"], tuple(tensor["shape"]), tensor["bytes"])
                   for tensor in found["tensors"]}
        taken[pathlib.Path(found["path"]).name] = tensors, found["metadata"]
    assert result.returncode == (65 if len(taken) < len(paths) else 0), result.stderr[-2000:]
    for path in paths:
        assert (path.name in taken) != (f"{path}: " in result.stderr), f"{path.name}: both or neither verdict"
    return taken


def batches(items: Iterable, size: int) -> Iterable[list]:
    items = list(items)
    return (items[i : i + size] for i in range(0, len(items), size))


def faults_of(batch: list[tuple[str, bytes]], dnd, folder: pathlib.Path, used: collections.Counter) -> list[str]:
    paths = [folder / f"{i}.safetensors" for i in range(len(batch))]
    for path, (_, file) in zip(paths, batch, strict=True):
        path.write_bytes(file)
    taken, faults = inspect(dnd, paths), []
    for path, (name, file) in zip(paths, batch, strict=True):
        expected, got = reference(path), taken.get(path.name)
        used["taken" if expected is not None else "refused"] += 1
        if got is None and expected is not None:
            rules = [rule for rule, applies in STRICTER.items() if applies(file)]
            used.update(rules)
            if not rules:
                faults.append(f"{name}: refused, the reference takes it: {file[:200]!r}")
        elif got != expected:
            faults.append(f"{name}: read {got}, the reference {expected or 'refuses'}: {file[:200]!r}")
    return faults


@pytest.mark.parametrize("seed", SEEDS)
def test_same_verdict_and_tensors_as_the_reference(dnd, seed, tmp_path):
    used, faults = collections.Counter(), []
    for batch in batches(mutate_safetensors.corpus(COUNT, seed), BATCH):
        faults += faults_of(batch, dnd, tmp_path, used)
    assert not faults, f"{len(faults)} of {COUNT}:\n" + "\n".join(faults[:20])
    # The corpus holds both kinds, and every exception is one that occurs.
    assert min(used["taken"], used["refused"]) > COUNT // 10
    assert all(used[rule] for rule in STRICTER), used


def test_same_seed_same_corpus():
    assert list(mutate_safetensors.corpus(50, 1)) == list(mutate_safetensors.corpus(50, 1))
    assert list(mutate_safetensors.corpus(50, 1)) != list(mutate_safetensors.corpus(50, 2))


def test_originals_are_valid(tmp_path):
    for i, original in enumerate(mutate_safetensors.ORIGINALS):
        (tmp_path / f"{i}.safetensors").write_bytes(original.pack())
        assert reference(tmp_path / f"{i}.safetensors") is not None, i
