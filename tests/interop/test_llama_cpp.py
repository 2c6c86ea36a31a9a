"""Adapters in the hands of llama.cpp: `dnd convert --to gguf` gives what its converter gives, and the library computes
with it what transformers and PEFT compute (label llama_cpp; scripts/setup_llama_cpp.sh)."""

import contextlib
import dataclasses
import json
import pathlib
import shutil
from unittest import mock

import bases
import llama
import numpy as np
import peft
import pytest
import torch
from bases import BASES, VARIANTS
from dnd_reference import relative_rms
from safetensors.torch import load_file, save_file

pytestmark = [pytest.mark.llama_cpp, pytest.mark.skipif(bool(llama.OBSTACLE), reason=llama.OBSTACLE or "")]

IDS = [(7 * i + 3) % bases.VOCABULARY for i in range(40)]  # Longer than the sliding windows.
DTYPES = ("f32", "f16", "bf16")
PLAIN = [name for name, variant in VARIANTS.items() if not variant.scaled]
SCALED = [name for name, variant in VARIANTS.items() if variant.scaled]
KEYS = ("general.architecture", "general.type", "adapter.type", "adapter.lora.alpha")

# max |difference| / max |logit|, both in fp32. Gemma's GELU is what ggml makes of it (`logits`); an argument on the
# edge between two fp16 values may still fall to either side. Against the exact GELU it is GELU_TOLERANCE.
TOLERANCE, TABLE_TOLERANCE, GELU_TOLERANCE = 2e-5, 5e-4, 1e-3


def tolerance(name: str) -> float:
    return TABLE_TOLERANCE if name.startswith("gemma") else TOLERANCE


def furthest(got: torch.Tensor, expected: torch.Tensor) -> float:
    return ((got - expected).abs().max() / expected.abs().max()).item()


@dataclasses.dataclass(frozen=True)
class Adapter:
    folder: pathlib.Path
    model: peft.PeftModel  # base + adapter

    def logits(self, exact: bool = False) -> torch.Tensor:
        gelus = [module for module in self.model.modules() if "GELU" in type(getattr(module, "act_fn", None)).__name__]
        with contextlib.ExitStack() as stack:
            for module in [] if exact else gelus:
                stack.enter_context(mock.patch.dict(module._modules, act_fn=llama.TableGelu()))
            return self.model(torch.tensor([IDS])).logits[0]

    def base_logits(self) -> torch.Tensor:
        with self.model.disable_adapter():
            return self.logits()


class Workshop:
    """Bases and adapters, each made once."""

    def __init__(self, root: pathlib.Path):
        self._root = root
        self._adapters: dict[tuple[str, str], Adapter] = {}

    def base(self, name: str) -> pathlib.Path:
        folder = self._root / name / "base"
        return folder if folder.exists() else bases.write_base(BASES[name], folder)

    def gguf(self, name: str) -> pathlib.Path:
        path = self._root / name / "base.gguf"
        return path if path.exists() else llama.convert_base(self.base(name), path)

    def adapter(self, name: str, variant: str) -> Adapter:
        if (name, variant) not in self._adapters:
            folder = self._root / name / variant
            model = bases.write_adapter(BASES[name], VARIANTS[variant], folder)
            self._adapters[name, variant] = Adapter(folder, model)
        return self._adapters[name, variant]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("llama_cpp"))


@pytest.fixture(scope="module")
def library():
    return llama.Library()


# --- The yardstick itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BASES)
def test_yardstick_base_alone(workshop, library, name):
    expected = workshop.adapter(name, "plain").base_logits()
    assert furthest(library.logits(workshop.gguf(name), IDS), expected) < tolerance(name)


@pytest.mark.parametrize("variant", PLAIN)
@pytest.mark.parametrize("name", BASES)
def test_yardstick_converters_adapter(workshop, library, name, variant, tmp_path):
    adapter = workshop.adapter(name, variant)
    converted = llama.convert_lora(adapter.folder, workshop.base(name), tmp_path / "adapter.gguf")
    got = library.logits(workshop.gguf(name), IDS, [(converted, 1.0)])
    assert furthest(got, adapter.logits()) < tolerance(name)
    assert furthest(got, adapter.logits(exact=True)) < (GELU_TOLERANCE if name.startswith("gemma") else TOLERANCE)
    assert furthest(adapter.logits(), adapter.base_logits()) > 0.2


@pytest.mark.parametrize("variant", SCALED)
def test_yardstick_converter_ignores_the_scale(workshop, library, variant, tmp_path):
    """Why the scaled variants are not compared byte by byte: the converter's file acts differently."""
    adapter = workshop.adapter("qwen2", variant)
    converted = llama.convert_lora(adapter.folder, workshop.base("qwen2"), tmp_path / "adapter.gguf")
    got = library.logits(workshop.gguf("qwen2"), IDS, [(converted, 1.0)])
    assert furthest(got, adapter.logits()) > 0.02


@pytest.mark.parametrize("variant", VARIANTS)
def test_yardstick_products(workshop, variant, tmp_path):
    """The converter's A and B with PEFT's scales are PEFT's updates."""
    adapter = workshop.adapter("qwen3", variant)
    converted = llama.convert_lora(adapter.folder, workshop.base("qwen3"), tmp_path / "adapter.gguf")
    products = llama.products(converted, scales_by_tensor(adapter, converted))
    updates = [module.get_delta_weight("default") for path, module in adapter.model.named_modules()
               if hasattr(module, "get_delta_weight")]
    assert len(products) == len(updates)
    sizes = [sorted(value.norm().item() for value in values) for values in (products.values(), updates)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-6)


# --- dnd convert ----------------------------------------------------------------------------------------------------


def to_gguf(dnd, adapter: pathlib.Path, base: pathlib.Path, out: pathlib.Path, dtype: str = "f32") -> pathlib.Path:
    dnd.run("convert", adapter, "--to", "gguf", "--base", base, "--out", out, "--adapter-dtype", dtype)
    return out


@pytest.mark.parametrize("variant", PLAIN)
@pytest.mark.parametrize("name", BASES)
def test_same_bytes_as_the_converter(dnd, workshop, name, variant, tmp_path):
    adapter, base = workshop.adapter(name, variant).folder, workshop.base(name)
    for dtype in DTYPES:
        theirs = llama.convert_lora(adapter, base, tmp_path / f"theirs-{dtype}.gguf", dtype)
        ours = to_gguf(dnd, adapter, base, tmp_path / f"ours-{dtype}.gguf", dtype)
        expected, got = llama.tensors(theirs), llama.tensors(ours)
        assert got.keys() == expected.keys()
        for tensor in got:
            assert got[tensor][:2] == expected[tensor][:2], (dtype, tensor)
            assert got[tensor][2] == expected[tensor][2], (dtype, tensor)
        assert_same_keys(llama.fields(ours), llama.fields(theirs))


def assert_same_keys(got: dict, expected: dict) -> None:
    assert {key: got.get(key) for key in KEYS} == {key: expected[key] for key in KEYS}
    assert got["general.architecture"] and got["adapter.lora.alpha"] > 0


@pytest.mark.parametrize("variant", SCALED)
@pytest.mark.parametrize("name", BASES)
def test_scale_the_converter_ignores_is_in_the_products(dnd, workshop, name, variant, tmp_path):
    """The converter's A and B have the right names, orders and rows; only their scale is missing."""
    adapter, base = workshop.adapter(name, variant), workshop.base(name)
    theirs = llama.convert_lora(adapter.folder, base, tmp_path / "theirs.gguf")
    ours = to_gguf(dnd, adapter.folder, base, tmp_path / "ours.gguf")
    expected, got = llama.products(theirs, scales_by_tensor(adapter, theirs)), llama.products(ours)
    assert got.keys() == expected.keys()
    for tensor in got:
        assert relative_rms(got[tensor], expected[tensor]) < 1e-6, tensor


def scales_by_tensor(adapter: Adapter, converted: pathlib.Path) -> dict[str, float]:
    """GGUF base tensor -> PEFT's scale."""
    found = {}
    for tensor in llama.products(converted):
        _, block, kind, _ = tensor.split(".")
        (scale,) = {module.scaling["default"] for path, module in adapter.model.named_modules()
                    if hasattr(module, "scaling") and f".layers.{block}." in path and path.endswith(HF_NAMES[kind])}
        found[tensor] = scale
    return found


HF_NAMES = {"attn_q": "q_proj", "attn_k": "k_proj", "attn_v": ".v_proj", "attn_output": "o_proj",
            "attn_qkv": "qkv_proj", "ffn_gate": "gate_proj", "ffn_up": "up_proj",
            "ffn_down": "down_proj"}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", BASES)
def test_logits_are_pefts(dnd, workshop, library, name, variant, tmp_path):
    adapter = workshop.adapter(name, variant)
    converted = to_gguf(dnd, adapter.folder, workshop.base(name), tmp_path / "adapter.gguf")
    got = library.logits(workshop.gguf(name), IDS, [(converted, 1.0)])
    assert furthest(got, adapter.logits()) < tolerance(name)
    assert furthest(adapter.logits(), adapter.base_logits()) > 0.2


@pytest.mark.parametrize("name", ["llama", "qwen3", "phi3", "qwen2.5-vl"])
def test_a_config_is_base_enough(dnd, workshop, name, tmp_path):
    """Head counts and names are all that the base has to tell, for the converter as for us."""
    (tmp_path / "config").mkdir()
    shutil.copy(workshop.base(name) / "config.json", tmp_path / "config")
    adapter = workshop.adapter(name, "plain").folder
    whole = to_gguf(dnd, adapter, workshop.base(name), tmp_path / "whole.gguf")
    alone = to_gguf(dnd, adapter, tmp_path / "config", tmp_path / "alone.gguf")
    assert llama.tensors(alone) == llama.tensors(whole)


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma2", "phi3"])
def test_there_and_back(dnd, workshop, name, tmp_path):
    """The converter's file becomes the PEFT folder it was made from, rows of q and k in Hugging Face's order again."""
    adapter, base = workshop.adapter(name, "plain").folder, workshop.base(name)
    theirs = llama.convert_lora(adapter, base, tmp_path / "theirs.gguf")
    dnd.run("convert", theirs, "--to", "peft", "--base", base, "--out", tmp_path / "back", "--adapter-dtype", "f32")
    expected, got = (load_file(folder / "adapter_model.safetensors") for folder in (adapter, tmp_path / "back"))
    assert got.keys() == expected.keys()
    assert all(torch.equal(got[tensor], expected[tensor]) for tensor in got)
    config = json.loads((tmp_path / "back/adapter_config.json").read_text())
    assert config["lora_alpha"] / config["r"] == 2


# --- What llama.cpp refuses, or worse --------------------------------------------------------------------------------


@pytest.mark.parametrize("name, other", [("llama", "mistral"), ("mistral", "llama"), ("gemma", "phi3"),
                                         ("qwen2", "qwen3")])
def test_another_base_is_refused_by_both(dnd, workshop, library, name, other, tmp_path):
    adapter = workshop.adapter(name, "plain").folder
    converted = llama.convert_lora(adapter, workshop.base(name), tmp_path / "adapter.gguf")
    with pytest.raises(llama.Refused):
        library.load_adapter(workshop.gguf(other), converted)
    result = dnd.attempt("convert", adapter, "--to", "gguf", "--base", workshop.base(other), "--out",
                         tmp_path / "ours.gguf")
    assert result.returncode == 65, result.stderr
    assert not (tmp_path / "ours.gguf").exists()


def with_tensors(adapter: pathlib.Path, out: pathlib.Path, more: dict[str, torch.Tensor], **config) -> pathlib.Path:
    shutil.copytree(adapter, out)
    tensors = {**load_file(adapter / "adapter_model.safetensors"), **more}
    save_file(tensors, out / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = json.loads((out / "adapter_config.json").read_text())
    (out / "adapter_config.json").write_text(json.dumps({**settings, **config}))
    return out


V, W, FIRST = bases.VOCABULARY, bases.WIDTH, "base_model.model.model.layers.0.self_attn"
EXTRAS = {
    "embedding": {"base_model.model.model.embed_tokens.lora_embedding_A": (4, V),
                  "base_model.model.model.embed_tokens.lora_embedding_B": (W, 4)},
    "head": {"base_model.model.lm_head.lora_A.weight": (4, W), "base_model.model.lm_head.lora_B.weight": (V, 4)},
    "saved-head": {"base_model.model.lm_head.weight": (V, W)},
    "dora": {f"{FIRST}.q_proj.lora_magnitude_vector": (W,)},
    "bias": {f"{FIRST}.q_proj.lora_B.bias": (W,)},
    "half-a-pair": {f"{FIRST}.rotary.lora_A.weight": (4, W)},
}
CONFIGS = {"dora": {"use_dora": True}, "bias": {"lora_bias": True}, "saved-head": {"modules_to_save": ["lm_head"]},
           "head": {"target_modules": ["lm_head"]}}


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_llama_cpp_cannot_apply_is_refused(dnd, workshop, extra, tmp_path):
    """Embeddings and heads abort llama.cpp on tied models; the rest its format cannot say."""
    tensors = {name: torch.ones(shape) for name, shape in EXTRAS[extra].items()}
    adapter = with_tensors(workshop.adapter("llama-tied", "plain").folder, tmp_path / "adapter", tensors,
                           **CONFIGS.get(extra, {}))
    result = dnd.attempt("convert", adapter, "--to", "gguf", "--base", workshop.base("llama-tied"), "--out",
                         tmp_path / "ours.gguf")
    assert result.returncode == 65, result.stderr
    assert not (tmp_path / "ours.gguf").exists()


def only(*names: str):
    return lambda fields, tensors: (fields, [tensor for tensor in tensors if tensor[0] not in names])


def renamed(old: str, new: str):
    return lambda fields, tensors: (fields, [(name.replace(old, new), value) for name, value in tensors])


def with_fields(**changes):
    """`general__type="model"`; None leaves the key out."""
    changed = {key.replace("__", "."): value for key, value in changes.items()}
    return lambda fields, tensors: ({k: v for k, v in {**fields, **changed}.items() if v is not None}, tensors)


def reshaped(name: str, shape: tuple[int, int]):
    return lambda fields, tensors: (fields, [(n, np.ones(shape, np.float32) if n == name else value)
                                             for n, value in tensors])


def added(**shapes: tuple[int, int]):
    """`output="..."` tensors beside the others; "__" in a name is a dot."""
    more = [(name.replace("__", "."), np.ones(shape, np.float32)) for name, shape in shapes.items()]
    return lambda fields, tensors: (fields, [*tensors, *more])


FIRST_Q = "blk.0.attn_q.weight"
GGUF_CHANGES = {
    "as it was": (lambda fields, tensors: (fields, tensors), True),
    "a model": (with_fields(general__type="model"), False),
    "of no type": (with_fields(general__type=None), False),
    "of another kind": (with_fields(adapter__type="control"), False),
    "of no kind": (with_fields(adapter__type=None), False),
    "another architecture": (with_fields(general__architecture="gemma"), False),
    "no architecture": (with_fields(general__architecture=None), False),
    "half a pair": (only(FIRST_Q + ".lora_a"), False),
    "another suffix": (renamed(FIRST_Q + ".lora_a", FIRST_Q + ".lora_c"), False),
    "a module the base lacks": (renamed(FIRST_Q, "blk.0.attn_z.weight"), False),
    "a layer the base lacks": (renamed("blk.1.", "blk.7."), False),
    "A too narrow": (reshaped(FIRST_Q + ".lora_a", (4, bases.WIDTH - 1)), False),
    "B too long": (reshaped(FIRST_Q + ".lora_b", (bases.WIDTH + 1, 4)), False),
    "an output head": (added(output__weight__lora_a=(4, W), output__weight__lora_b=(V, 4)), True),
    "one layer alone": (lambda fields, tensors: (fields, [t for t in tensors if t[0].startswith("blk.1.")]), True),
    "a rank of its own": (lambda fields, tensors: (fields, [
        (n, np.ones((2, W) if n.endswith("a") else (W, 2), np.float32) if n.startswith(FIRST_Q) else v)
        for n, v in tensors]), True),
    "two ranks in a pair": (reshaped(FIRST_Q + ".lora_b", (bases.WIDTH, 3)), False),
}


@pytest.mark.parametrize("change", GGUF_CHANGES)
def test_verify_refuses_what_llama_cpp_refuses(dnd, workshop, library, change, tmp_path):
    alter, loads = GGUF_CHANGES[change]
    adapter = workshop.adapter("llama", "plain").folder
    whole = llama.convert_lora(adapter, workshop.base("llama"), tmp_path / "whole.gguf")
    changed = llama.rewrite(whole, tmp_path / "changed.gguf", alter)
    if loads:
        before = library.logits(workshop.gguf("llama"), IDS)
        assert (library.logits(workshop.gguf("llama"), IDS, [(changed, 1.0)]) - before).abs().max() > 1e-4
    else:
        with pytest.raises(llama.Refused):
            library.load_adapter(workshop.gguf("llama"), changed)
    # A layer alone is cut short to `dnd verify`, and loads.
    result = dnd.attempt("verify", changed, "--base", workshop.base("llama"), "--json", "--partial")
    assert result.returncode == (0 if loads else 65), result.stdout + result.stderr
    if result.stdout:  # else it is no file that it reads
        judged = next(r["verdict"] for r in json.loads(result.stdout)["runtimes"] if "llama.cpp" in r["runtime"])
        assert judged == ("loads" if loads else "refuses")


def test_an_output_head_is_written_as_the_converter_does(dnd, workshop, library, tmp_path):
    """PEFT keeps a copy of the base's layer beside it, which both pass over."""
    torch.manual_seed(3)
    more = {name: torch.randn(shape) for name, shape in EXTRAS["head"].items()}
    more["base_model.model.lm_head.base_layer.weight"] = load_file(
        workshop.base("llama") / "model.safetensors")["lm_head.weight"]
    adapter = with_tensors(workshop.adapter("llama", "plain").folder, tmp_path / "adapter", more,
                           target_modules=[*bases.ATTENTION, *bases.MLP, "lm_head"])
    theirs = llama.convert_lora(adapter, workshop.base("llama"), tmp_path / "theirs.gguf")
    ours = to_gguf(dnd, adapter, workshop.base("llama"), tmp_path / "ours.gguf")
    assert llama.tensors(ours) == llama.tensors(theirs)
    model = peft.PeftModel.from_pretrained(BASES["llama"].model(), adapter).eval()
    got = library.logits(workshop.gguf("llama"), IDS, [(ours, 1.0)])
    assert furthest(got, model(torch.tensor([IDS])).logits[0]) < TOLERANCE


@pytest.mark.parametrize("name", ["llama", "gemma3"])
def test_a_damaged_file_is_refused_by_both(dnd, workshop, library, name, tmp_path):
    """Every file cut short, or with one byte of its header changed, that llama.cpp refuses, `dnd inspect` refuses."""
    adapter, base = workshop.adapter(name, "odd-scale").folder, workshop.base(name)
    whole = llama.convert_lora(adapter, base, tmp_path / "whole.gguf").read_bytes()
    header = whole.index(b"general.quantization_version") + 36
    damaged = [whole[:-1], whole[: len(whole) // 2], whole[:header], whole[:40], b"GGUX" + whole[4:],
               whole[:4] + b"\1" + whole[5:], whole[:8] + b"\xff" * 8 + whole[16:],
               whole[:16] + b"\xff" * 8 + whole[24:]]
    for i, content in enumerate(damaged):
        path = tmp_path / f"{i}.gguf"
        path.write_bytes(content)
        with pytest.raises(llama.Refused):
            library.load_adapter(workshop.gguf(name), path)
        assert dnd.attempt("inspect", path).returncode == 65, i
