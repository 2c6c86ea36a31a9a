"""dnd convert: the same adapter in another format, and what stops it."""

import json
import os
import pathlib
import shutil

import pytest
from support import (
    DATA,
    Exit,
    dnd,
    fails,
    folder_bytes,
    read_adapter,
    read_safetensors,
    safetensors_bytes,
    sha256,
    tree,
)

QWEN2, LLAMA = DATA / "interop/qwen2", DATA / "interop/llama"


def convert(source, to, out, *options, **how):
    return dnd("convert", source, "--to", to, "--out", out, *options, engine=False, **how)


def refused(code, source, to, out, *options):
    return fails(code, "convert", source, "--to", to, "--out", out, *options)


def values(path) -> dict[str, tuple]:
    file = read_safetensors(path)
    return {name: file.values(name) for name in file.tensors}


@pytest.fixture
def qwen2():
    shutil.copytree(QWEN2 / "adapter", "qwen2")
    return "qwen2"


@pytest.mark.parametrize("model", [QWEN2, LLAMA])
@pytest.mark.parametrize("between", ["peft", "mlx", "diffusers", "diffusion_model"])
def test_there_and_back(model, between):
    assert convert(model / "adapter", between, "there").out == "there\n"
    os.rename("there", "there.safetensors" if between.startswith("diffus") else "there.folder")
    (there,) = pathlib.Path().iterdir()
    convert(there, "peft", "back")
    original = values(model / "adapter/adapter_model.safetensors")
    config = json.loads(pathlib.Path("back/adapter_config.json").read_text())
    back = read_adapter("back")
    # The scale is 2: such files have none, so there lora_B is twice as large.
    factor, alpha = (2, 4) if between.startswith("diffus") else (1, 8)
    assert (config["r"], config["lora_alpha"]) == (4, alpha)
    assert back.tensors.keys() == original.keys()
    for name, expected in original.items():
        assert back.values(name) == tuple(v * (factor if "lora_B" in name else 1) for v in expected), name


def test_json_output(qwen2):
    (line,) = convert(qwen2, "mlx", "out", "--json").json
    weights = "out/adapters.safetensors"
    assert line == {"path": "out", "format": "mlx", "bytes": os.path.getsize(weights), "sha256": sha256(weights)}


def test_the_element_type_is_kept_unless_another_is_asked_for(adapter):
    convert(adapter, "mlx", "same")
    convert(adapter, "mlx", "wide", "--adapter-dtype", "f32")
    same, wide = (read_safetensors(f"{folder}/adapters.safetensors") for folder in ("same", "wide"))
    assert {tensor["dtype"] for tensor in same.tensors.values()} == {"BF16"}
    assert {tensor["dtype"] for tensor in wide.tensors.values()} == {"F32"}
    assert all(same.values(name) == wide.values(name) for name in wide.tensors)


def test_provenance_goes_along(adapter):
    convert(adapter, "mlx", "out")
    ours = {key: value for key, value in read_adapter(adapter).metadata.items() if key.startswith("dnd.")}
    mlx = read_safetensors("out/adapters.safetensors").metadata
    own = {"dnd.content_sha256": mlx["dnd.content_sha256"]}  # of other names and shapes
    assert mlx == {"format": "mlx", **ours, **own}
    convert("out", "peft", "back")
    assert read_adapter("back").metadata == {"format": "pt", **ours}


def test_names_of_vision_language_models(qwen2):
    convert(qwen2, "peft", "new", "--vlm-names", "new")
    names = read_adapter("new").tensors
    assert all(name.startswith("base_model.model.model.language_model.layers.") for name in names)
    convert("new", "peft", "kept")
    assert read_adapter("kept").tensors.keys() == names.keys()
    convert("new", "peft", "old", "--vlm-names", "old")
    assert values("old/adapter_model.safetensors") == values(f"{qwen2}/adapter_model.safetensors")


def test_the_base_is_recorded(qwen2):
    convert(qwen2, "mlx", "out", "--base", QWEN2 / "base")
    metadata = read_safetensors("out/adapters.safetensors").metadata
    assert metadata["dnd.architecture"] == "Qwen2ForCausalLM"
    assert (metadata["dnd.attention_heads"], metadata["dnd.key_value_heads"]) == ("4", "2")
    assert json.loads(pathlib.Path("out/adapter_config.json").read_text())["model"] == "example/qwen2-tiny"


def test_gguf_needs_to_know_the_architecture(qwen2):
    message = refused(Exit.USAGE, qwen2, "gguf", "out.gguf")
    assert "does not say for which architecture it is: give --base" in message
    assert tree() == {qwen2} | {f"{qwen2}/{name}" for name in folder_bytes(qwen2)}


def test_an_adapter_is_not_converted_onto_itself(qwen2):
    before = folder_bytes(qwen2)
    os.symlink(qwen2, "link")
    weights = f"{qwen2}/adapter_model.safetensors"
    for source, out in [(qwen2, qwen2), (qwen2, f"{qwen2}/"), (qwen2, "link"), (weights, qwen2)]:
        assert "is the adapter itself" in refused(Exit.USAGE, source, "peft", out, "--force")
    assert folder_bytes(qwen2) == before


def test_what_is_there_is_replaced_only_when_asked_and_only_if_an_adapter(qwen2):
    convert(qwen2, "peft", "out")
    assert "out: exists already (--force replaces it)" in refused(Exit.CANNOT_CREATE, qwen2, "mlx", "out")
    assert "out: exists and is not an MLX adapter" in refused(Exit.CANNOT_CREATE, qwen2, "mlx", "out", "--force")
    convert(qwen2, "mlx", "out.mlx")
    convert(qwen2, "mlx", "out.mlx", "--force", "--adapter-dtype", "f16")
    assert set(os.listdir("out.mlx")) == {"adapter_config.json", "adapters.safetensors"}
    pathlib.Path("notes").write_text("mine")
    os.makedirs("folder/sub")
    for to, out in [("peft", "notes"), ("mlx", "folder"), ("diffusers", "notes"), ("gguf", "notes"),
                    ("kohya", "notes"), ("diffusion_model", "notes")]:
        base = ["--base", QWEN2 / "base"]
        assert "will not be replaced" in refused(Exit.CANNOT_CREATE, qwen2, to, out, "--force", *base)
    assert pathlib.Path("notes").read_text() == "mine"


def test_a_place_that_cannot_be_written(qwen2):
    pathlib.Path("file").write_text("x")
    assert "Not a directory" in refused(Exit.CANNOT_CREATE, qwen2, "mlx", "file/out")


def test_usage(qwen2):
    assert "--adapter-dtype q8_0 is for GGUF only" in refused(Exit.USAGE, qwen2, "mlx", "o", "--adapter-dtype", "q8_0")
    fails(Exit.USAGE, "convert", qwen2, "--out", "o")
    fails(Exit.USAGE, "convert", qwen2, "--to", "mlx")
    fails(Exit.USAGE, "convert", qwen2, "--to", "onnx", "--out", "o")
    assert "none: not found" in refused(Exit.NO_INPUT, "none", "mlx", "o")
    assert not os.path.exists("o")


def test_what_is_no_adapter():
    pathlib.Path("m.safetensors").write_bytes(
        safetensors_bytes({"lm_head.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)))
    assert "no LoRA matrix" in refused(Exit.DATA, "m.safetensors", "mlx", "out")
    os.mkdir("empty")
    assert "holds neither adapter_config.json" in refused(Exit.DATA, "empty", "mlx", "out")


def test_folding_is_told(qwen2):
    config = json.loads(pathlib.Path(f"{qwen2}/adapter_config.json").read_text())
    config["alpha_pattern"] = {"q_proj": 3}
    pathlib.Path(f"{qwen2}/adapter_config.json").write_text(json.dumps(config))
    assert "others are folded into lora_B" in convert(qwen2, "peft", "out").err
    assert "folded" not in convert("out", "peft", "again").err
    q_proj = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
    ratio = [a / b for a, b in zip(values("out/adapter_model.safetensors")[q_proj],
                                   values(f"{qwen2}/adapter_model.safetensors")[q_proj], strict=True) if b]
    assert all(abs(r - 3 / 8) < 1e-6 for r in ratio)
