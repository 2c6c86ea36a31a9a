"""Adapters of image and video trainers: kohya's names, which have lost their dots, and diffusion_model. names."""

import json
import pathlib
import struct

import pytest
from support import Exit, dnd, fails, read_safetensors, safetensors_bytes

# Layers of an image model under its own names: (out, in).
LAYERS = {f"blocks.{block}.{name}": (4, 6) for block in (0, 1) for name in ("self_attn.q", "self_attn.o", "ffn.0")}
RANK, ALPHA = 2, 3.0


def write(path, tensors: dict[str, tuple[tuple[int, ...], list[float]]]) -> pathlib.Path:
    """A safetensors file of F32 tensors."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (shape, values) in tensors.items():
        piece = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    path = pathlib.Path(path)
    path.write_bytes(safetensors_bytes(header, data))
    return path


def factors(number: int) -> tuple[list[float], list[float]]:
    """A (rank, in) and B (out, rank) of one layer, short enough to multiply exactly."""
    return ([(i + number) % 7 / 8 for i in range(RANK * 6)], [(i * number) % 5 / 4 + 0.25 for i in range(4 * RANK)])


def named(stem, down: str, up: str, alpha: bool = True) -> dict:
    """An adapter for every layer under the names of a trainer."""
    tensors = {}
    for number, module in enumerate(LAYERS):
        a, b = factors(number)
        tensors[stem(module) + down] = ((RANK, 6), a)
        tensors[stem(module) + up] = ((4, RANK), b)
        if alpha:
            tensors[stem(module) + ".alpha"] = ((), [ALPHA])
    return tensors


def flat(module: str) -> str:
    return "lora_unet_" + module.replace(".", "_")


@pytest.fixture
def base() -> pathlib.Path:
    pathlib.Path("base").mkdir()
    write("base/model.safetensors", {f"{name}.weight": (shape, [1.0] * 24) for name, shape in LAYERS.items()})
    return pathlib.Path("base")


@pytest.fixture
def kohya() -> pathlib.Path:
    return write("style.safetensors", named(flat, ".lora_down.weight", ".lora_up.weight"))


@pytest.fixture
def original() -> pathlib.Path:
    return write("original.safetensors", named(lambda module: f"diffusion_model.{module}", ".lora_A.weight",
                                               ".lora_B.weight"))


def product(path, stem: str, a: str, b: str, scale: float) -> list[float]:
    file = read_safetensors(path)
    down, up = file.values(stem + a), file.values(stem + b)
    return [scale * sum(up[row * RANK + r] * down[r * 6 + column] for r in range(RANK))
            for row in range(4) for column in range(6)]


def update(number: int) -> list[float]:
    """alpha / rank * B A of one layer."""
    a, b = factors(number)
    return [ALPHA / RANK * sum(b[row * RANK + r] * a[r * 6 + column] for r in range(RANK))
            for row in range(4) for column in range(6)]


def convert(source, to, out, *options):
    return dnd("convert", source, "--to", to, "--out", out, *options, engine=False)


def test_from_kohya_to_dotted_names_and_back(kohya, base):
    convert(kohya, "diffusion_model", "dotted.safetensors", "--base", base)
    file = read_safetensors("dotted.safetensors")
    assert file.tensors.keys() == {f"diffusion_model.{module}.lora_{x}.weight" for module in LAYERS for x in "AB"}
    for number, module in enumerate(LAYERS):
        stem = f"diffusion_model.{module}"
        assert product("dotted.safetensors", stem, ".lora_A.weight", ".lora_B.weight", 1) == update(number)
    convert("dotted.safetensors", "kohya", "back.safetensors")
    back = read_safetensors("back.safetensors")
    assert back.tensors.keys() == read_safetensors(kohya).tensors.keys()
    for number, module in enumerate(LAYERS):
        (alpha,) = back.values(flat(module) + ".alpha")
        assert alpha == RANK
        assert product("back.safetensors", flat(module), ".lora_down.weight", ".lora_up.weight", 1) == update(number)


def test_a_base_gives_the_dots_back_whatever_the_format(kohya, base):
    convert(kohya, "peft", "peft", "--base", base)
    names = read_safetensors("peft/adapter_model.safetensors").tensors
    assert names.keys() == {f"base_model.model.{module}.lora_{x}.weight" for module in LAYERS for x in "AB"}
    assert json.loads(pathlib.Path("peft/adapter_config.json").read_text())["lora_alpha"] == ALPHA


def test_without_a_base_names_stay_flat(kohya):
    for to in ("peft", "mlx", "diffusers", "diffusion_model"):
        message = fails(Exit.USAGE, "convert", kohya, "--to", to, "--out", "out")
        assert "'lora_unet_blocks_0_self_attn_q' has lost the dots of its path" in message
        assert "give --base" in message
    assert not pathlib.Path("out").exists()
    convert(kohya, "kohya", "half.safetensors", "--adapter-dtype", "f16")
    half = read_safetensors("half.safetensors")
    assert half.tensors.keys() == read_safetensors(kohya).tensors.keys()
    assert {half.tensors[name]["dtype"] for name in half.tensors if name.endswith(".alpha")} == {"F32"}
    assert half.values("lora_unet_blocks_1_ffn_0.alpha") == (ALPHA,)


def test_a_base_that_lacks_the_layers(kohya, base):
    write("base/model.safetensors", {"blocks.0.attn1.to_q.weight": ((4, 6), [1.0] * 24)})
    message = fails(Exit.DATA, "convert", kohya, "--to", "peft", "--out", "out", "--base", base)
    assert "6 of 6 modules are not in the base: 'blocks_0_self_attn_q'" in message


def test_inspect_shows_the_names_of_the_file(kohya):
    (found,) = dnd("inspect", "--json", kohya, engine=False).json
    assert "lora_unet_blocks_0_self_attn_q.alpha" in [tensor["name"] for tensor in found["tensors"]]


def test_verify(kohya, original, base):
    for adapter, name in ((kohya, "kohya"), (original, "diffusion_model")):
        result = dnd("verify", adapter, "--base", base, engine=False)
        assert f"{adapter}: ok ({name}, 6 modules)" in result.out
        assert "ComfyUI: loads" in result.out
        assert "diffusers: loads - in pipelines that translate the original names" in result.out
        (alone,) = dnd("verify", adapter, "--json", engine=False).json
        assert alone["ok"] and [runtime["runtime"] for runtime in alone["runtimes"]] == ["ComfyUI", "diffusers"]


def test_verify_names_what_the_base_lacks(kohya, base):
    write("base/model.safetensors", {f"{name}.weight": (shape, [1.0] * 24) for name, shape in
                                     list(LAYERS.items())[1:]})
    result = dnd("verify", kohya, "--base", base, engine=False, expect=Exit.DATA)
    assert "error [modules] 1 of 6 modules are not in the base: 'blocks_0_self_attn_q'" in result.out
    assert "ComfyUI: ignores" in result.out


@pytest.mark.parametrize("source", ["kohya", "original"])
def test_merge(source, base, request):
    dnd("merge", request.getfixturevalue(source), "--base", base, "--out", "merged", engine=False)
    merged = read_safetensors("merged/model.safetensors")
    for number, module in enumerate(LAYERS):
        assert list(merged.values(f"{module}.weight")) == [1 + value for value in update(number)]


def test_compose_needs_the_base(kohya, base):
    call = ("compose", kohya, kohya, "--out", "both")
    assert "give --base" in fails(Exit.USAGE, *call)
    dnd(*call, "--base", base, engine=False)
    assert "base_model.model.blocks.0.ffn.0.lora_A.weight" in read_safetensors(
        "both/adapter_model.safetensors").tensors


def test_names_of_the_other_family_are_told(original, base):
    warnings = convert(original, "diffusers", "out.safetensors", "--base", base).err
    assert "out.safetensors: diffusers will pass over it: names are the original model's" in warnings
    assert "pass over" not in convert(original, "kohya", "fine.safetensors", "--base", base).err


@pytest.mark.parametrize(("name", "kind"), [("hada_w1_a", "LoHa"), ("lokr_w1", "LoKr"), ("dora_scale", "DoRA"),
                                            ("lora_mid.weight", "LoCon"), ("diff_b", "differences of biases")])
def test_other_methods_are_told_by_name(name, kind):
    for stem in ("lora_unet_blocks_0_ffn_0", "diffusion_model.blocks.0.ffn.0"):
        write("other.safetensors", {f"{stem}.{name}": ((2, 2), [1.0] * 4)})
        assert f"holds {kind}" in fails(Exit.DATA, "verify", "other.safetensors")


@pytest.mark.parametrize("to", ["kohya", "diffusers", "diffusion_model"])
def test_what_is_written_under_any_name_is_read(original, base, to):
    for out in ("x", "x.SAFETENSORS", "x.v2"):
        convert(original, to, out)
        dnd("verify", out, "--base", base, engine=False)
        convert(out, "peft", f"{out}.back", "--base", base)
    for out in ("x.gguf", "x.bin"):
        message = fails(Exit.USAGE, "convert", original, "--to", to, "--out", out)
        assert f"--out {out} is the name of another kind" in message
        assert not pathlib.Path(out).exists()
