"""codec: adapter -> weight tokens -> adapter."""

import pathlib

import pytest
from support import GOLDEN, LAYOUT, Exit, dnd, fails, read_adapter, read_safetensors, safetensors_bytes, tree

ADAPTER = GOLDEN / "adapter_fp32.safetensors"


def codec(direction, source, out, *options) -> str:
    return dnd("codec", direction, source, "--layout", LAYOUT, "--out", out, *options, engine=False).out


def test_there_and_back():
    assert codec("tokenize", ADAPTER, "t.safetensors") == "t.safetensors\n"
    tokens = read_safetensors("t.safetensors")
    assert tokens.tensors["tokens"]["shape"] == [70, 6, 14]
    assert codec("detokenize", "t.safetensors", "back") == "back\n"
    expected, back = read_safetensors(ADAPTER), read_adapter("back")
    assert back.tensors.keys() == expected.tensors.keys()
    for name in expected.tensors:
        assert back.values(name) == pytest.approx(expected.values(name), rel=1e-5, abs=1e-6)


def test_a_generated_adapter_has_tokens(adapter):
    codec("tokenize", adapter, "t.safetensors")
    codec("detokenize", "t.safetensors", "back", "--adapter-dtype", "bf16")
    expected, back = read_adapter(adapter), read_adapter("back")
    for name in expected.tensors:
        assert back.values(name) == pytest.approx(expected.values(name), rel=2**-7, abs=1e-6)


def test_existing_targets():
    codec("tokenize", ADAPTER, "t.safetensors")
    before = pathlib.Path("t.safetensors").read_bytes()
    call = ["codec", "tokenize", ADAPTER, "--layout", LAYOUT, "--out", "t.safetensors"]
    fails(Exit.CANNOT_CREATE, *call)
    dnd(*call, "--force", engine=False)
    assert pathlib.Path("t.safetensors").read_bytes() == before
    fails(Exit.CANNOT_CREATE, "codec", "detokenize", "t.safetensors", "--layout", LAYOUT, "--out", "t.safetensors",
          "--force")
    assert pathlib.Path("t.safetensors").read_bytes() == before


def test_tokens_of_another_shape():
    header = {"tokens": {"dtype": "F32", "shape": [1, 6, 14], "data_offsets": [0, 336]}}
    pathlib.Path("t.safetensors").write_bytes(safetensors_bytes(header, bytes(336)))
    call = ["codec", "detokenize", "t.safetensors", "--layout", LAYOUT, "--out", "a"]
    message = fails(Exit.DATA, *call)
    assert "[1, 6, 14]" in message and "[70, 6, 14]" in message
    pathlib.Path("t.safetensors").write_bytes(safetensors_bytes({}))
    assert "'tokens'" in fails(Exit.DATA, *call)
    assert tree() == {"t.safetensors"}


def test_an_adapter_of_another_model():
    pathlib.Path("a.safetensors").write_bytes(safetensors_bytes({}))
    message = fails(Exit.DATA, "codec", "tokenize", "a.safetensors", "--layout", LAYOUT, "--out", "t")
    assert "lora_A" in message
