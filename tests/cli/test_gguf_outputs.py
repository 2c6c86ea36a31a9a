"""GGUF adapters from dnd convert and dnd generate (their bytes are checked elsewhere)."""

import json
import os
import pathlib

import pytest
from support import DATA, LAYOUT, Exit, dnd, fails, read_adapter, read_safetensors, sha256, tree

MODELS = [DATA / "interop/qwen2", DATA / "interop/llama"]
CONFIG = "adapter_config.json"


def convert(*arguments):
    return dnd("convert", *arguments, engine=False)


def values(folder) -> dict[str, tuple]:
    file = read_safetensors(pathlib.Path(folder) / "adapter_model.safetensors")
    return {name: file.values(name) for name in file.tensors}


@pytest.mark.parametrize("model", MODELS)
def test_there_and_back(model):
    base = ["--base", model / "base"]
    assert convert(model / "adapter", "--to", "gguf", "--out", "a.gguf", *base).out == "a.gguf\n"
    assert pathlib.Path("a.gguf").read_bytes().startswith(b"GGUF")
    convert("a.gguf", "--to", "peft", "--out", "back", *base)
    assert values("back") == values(model / "adapter")


@pytest.mark.parametrize("model", MODELS)
def test_what_llama_cpp_made_becomes_the_adapter_it_came_from(model):
    convert(model / "adapter-f32.gguf", "--to", "peft", "--out", "back", "--base", model / "base/config.json")
    assert values("back") == values(model / "adapter")


def test_the_architecture_is_remembered():
    qwen2 = MODELS[0]
    convert(qwen2 / "adapter", "--to", "mlx", "--out", "mlx", "--base", qwen2 / "base")
    convert("mlx", "--to", "gguf", "--out", "a.gguf")
    convert("a.gguf", "--to", "gguf", "--out", "b.gguf", "--adapter-dtype", "f16")
    assert os.path.getsize("b.gguf") < os.path.getsize("a.gguf")


def test_the_base_may_be_the_folder_that_the_adapter_names():
    os.symlink(MODELS[1], "example")
    folder = pathlib.Path("adapter")
    folder.mkdir()
    for file in (MODELS[1] / "adapter").iterdir():
        (folder / file.name).write_bytes(file.read_bytes().replace(b"example/llama-tiny", b"example/base"))
    convert(folder, "--to", "gguf", "--out", "a.gguf")
    assert os.path.exists("a.gguf")


def test_generate_writes_it_beside(bundle, adapter, four):
    call = ["generate", "--model", bundle, "--prompts", four]
    lines = dnd(*call, "--out", "out", "--format", "peft,gguf", "--json").json
    assert [(line["path"], line["format"]) for line in lines] == [("out", "peft"), ("out.gguf", "gguf")]
    assert lines[1]["sha256"] == sha256("out.gguf")
    convert("out.gguf", "--to", "peft", "--out", "back", "--adapter-dtype", "bf16")
    assert values("back") == values(adapter)
    ours, theirs = read_adapter("back").metadata, read_adapter(adapter).metadata
    assert theirs.items() <= ours.items()


def test_a_name_that_ends_so_is_taken_as_it_is(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four]
    assert dnd(*call, "--out", "out.gguf", "--format", "gguf").lines == ["out.gguf"]
    assert dnd(*call, "--out", "x.gguf", "--format", "gguf,mlx").lines == ["x.gguf.gguf", "x.gguf.mlx"]
    assert not os.path.exists("x.gguf")


@pytest.mark.parametrize("architecture, message", [
    ("FluxTransformer2DModel", "architecture 'FluxTransformer2DModel', which has no GGUF form here"),
    ("", "architecture '', which has no GGUF form here"),
    ("LlamaForCausalLM", "reorders the rows of 'model.layers.0.self_attn.q_proj' by heads"),
])
def test_layouts_without_a_gguf_form_stop_the_call_at_once(four, architecture, message):
    layout = json.loads(LAYOUT.read_text()) | {"architecture": architecture}
    pathlib.Path("layout.json").write_text(json.dumps(layout))
    dnd("new", "--layout", "layout.json", "--features", "4,32,384;70,6,14", "--seed", 1, "--out", "bundle")
    call = ["generate", "--model", "bundle", "--prompts", four, "--out", "out", "--format", "peft,gguf"]
    assert message in fails(Exit.DATA, *call)
    assert not os.path.exists("out")


def test_resume_and_force(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four, "--out", "out", "--format", "gguf"]
    dnd(*call)
    assert dnd(*call, "--resume", engine=False).lines == ["out.gguf"]
    for other in (["--adapter-dtype", "q8_0"], ["--seed", 9]):
        assert "made from other inputs" in fails(Exit.CANNOT_CREATE, *call, "--resume", *other)
    dnd(*call, "--force", "--adapter-dtype", "q8_0")
    assert dnd(*call, "--resume", "--adapter-dtype", "q8_0", engine=False).lines == ["out.gguf"]
    pathlib.Path("out.gguf").write_text("mine")
    for how in ("--force", "--resume"):
        assert "is not a GGUF adapter; it will not be replaced" in fails(Exit.CANNOT_CREATE, *call, how)
    assert tree() == {four, "out.gguf"}
