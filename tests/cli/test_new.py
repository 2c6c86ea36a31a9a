"""new: random generators, the same for the same seed."""

import json
import pathlib

import pytest
from support import LAYOUT, Exit, dnd, fails, folder_bytes, sha256, tree

FEATURES = "4,12,8;6,7,9;70,6,14"


def new(out, *options) -> dict:
    call = ["new", "--json", "--layout", LAYOUT, "--features", FEATURES, "--out", out, *options]
    (line,) = dnd(*call, engine=False).json
    assert line["untrained"] is True
    assert line["sha256"] == sha256(f"{out}/decoder.safetensors")
    return line


def test_the_seed_decides():
    assert new("a", "--seed", 1)["sha256"] == new("b", "--seed", 1)["sha256"] != new("c", "--seed", 2)["sha256"]
    assert folder_bytes("a") == folder_bytes("b")


def test_it_is_marked_untrained():
    new("a")
    assert json.loads(pathlib.Path("a/generator.json").read_text())["untrained"] is True
    assert "untrained" in pathlib.Path("a/README.md").read_text()


def test_features_as_several_words_and_a_projection():
    new("a", "--max-length", 24)
    dnd("new", "--layout", LAYOUT, "--features", *FEATURES.split(";"), "--out", "b", "--max-length", 24, engine=False)
    assert folder_bytes("a") == folder_bytes("b")
    (line,) = dnd("inspect", "--json", "a", engine=False).json
    assert line["generator"]["condition"]["max_length"] == 24


def test_half_precision():
    new("a", "--dtype", "f16")
    (line,) = dnd("inspect", "--json", "a/decoder.safetensors", engine=False).json
    convolutions = [tensor for tensor in line["tensors"] if len(tensor["shape"]) == 4]
    assert len(convolutions) == 10 and {tensor["dtype"] for tensor in convolutions} == {"F16"}
    assert {tensor["dtype"] for tensor in line["tensors"] if tensor["name"].endswith(".exponents")} == {"I32"}


def test_an_existing_bundle_is_kept():
    new("a")
    fails(Exit.CANNOT_CREATE, "new", "--layout", LAYOUT, "--features", FEATURES, "--out", "a", "--seed", 3)
    assert new("a", "--seed", 3, "--force")["sha256"] != new("b")["sha256"]


@pytest.mark.parametrize("features, code, words", [
    ("", Exit.USAGE, ["--features"]),
    ("4,12", Exit.USAGE, ["'4,12'", "N,H,W"]),
    ("4,12,x;70,6,14", Exit.USAGE, ["'4,12,x;70,6,14'"]),
    ("4,12,0;70,6,14", Exit.USAGE, ["4,12,0"]),
    ("4,12,99999999999999999999;70,6,14", Exit.USAGE, ["99999999999999999999"]),
    ("4,12,8;70,6,13", Exit.DATA, ["[70, 6, 13]", "[70, 6, 14]"]),
    ("70,6,14", Exit.DATA, ["feature"]),
])
def test_features_that_make_no_generator(features, code, words):
    message = fails(code, "new", "--layout", LAYOUT, "--features", features, "--out", "a")
    assert all(word in message for word in words), message
    assert tree() == set()


def test_an_even_kernel():
    call = ["new", "--layout", LAYOUT, "--features", FEATURES, "--out", "a", "--kernel"]
    assert "odd" in fails(Exit.DATA, *call, 4)
    assert "kernel" in fails(Exit.DATA, *call, -1)
    assert tree() == set()
