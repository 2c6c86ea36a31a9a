"""Adapters in the hands of PEFT: they load completely and act as W + (alpha / r) B A."""

import copy
import json

import peft
import pytest
import tiny_models
import torch
from dnd_reference import adapter_rms, detokenize, relative_rms
from make_official_checkpoint import Architecture
from safetensors import safe_open
from safetensors.torch import load_file, save_file

ARCHITECTURE = Architecture(3, [(4, 20, 32), (6, 9, 7), (70, 6, 14)])
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
# What LoraConfig of PEFT 0.13 takes; older readers refuse anything else.
PEFT_0_13_KEYS = set("""peft_type auto_mapping base_model_name_or_path revision task_type inference_mode r
    target_modules lora_alpha lora_dropout fan_in_fan_out bias use_rslora modules_to_save init_lora_weights
    layers_to_transform layers_pattern rank_pattern alpha_pattern megatron_config megatron_core loftq_config use_dora
    layer_replication""".split())


@pytest.fixture(scope="module")
def bundle(dnd, layout_file, tmp_path_factory):
    return dnd.new(tmp_path_factory.mktemp("new") / "bundle", layout_file, ARCHITECTURE, "tiny-bert")


@pytest.fixture(scope="module", params=DTYPES)
def adapter(request, dnd, bundle, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    prompts = tiny_models.write_prompts(folder / "prompts.jsonl", tiny_models.TEXTS[:4])
    return request.param, dnd.generate(bundle, prompts, folder / "adapter", request.param)


def test_config_is_safe_for_every_reader(adapter):
    config = json.loads((adapter[1] / "adapter_config.json").read_text())
    assert config.keys() <= PEFT_0_13_KEYS
    assert type(config["lora_alpha"]) is int and config["lora_alpha"] == 8 and config["r"] == 4
    assert config["peft_type"] == "LORA" and config["task_type"] == "CAUSAL_LM"
    assert config["inference_mode"] is True and config["init_lora_weights"] is True and config["bias"] == "none"
    assert sorted(config["target_modules"]) == sorted(
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])


def test_tensors_are_those_of_the_layout(adapter, layout):
    dtype, folder = adapter
    tensors = load_file(folder / "adapter_model.safetensors")
    assert {name: tuple(t.shape) for name, t in tensors.items()} == {
        f.name: (f.size, f.rank) if f.transposed else (f.rank, f.size) for f in layout.factors}
    assert {t.dtype for t in tensors.values()} == {DTYPES[dtype]}
    assert all(t.isfinite().all() for t in tensors.values())


def test_peft_takes_every_tensor(adapter):
    folder = adapter[1]
    model = peft.PeftModel.from_pretrained(tiny_models.qwen2(), folder)
    loaded = peft.get_peft_model_state_dict(model)
    assert adapter_rms(loaded, load_file(folder / "adapter_model.safetensors")) == 0
    report = model.load_adapter(folder, adapter_name="again")
    assert report.unexpected_keys == [] and not [key for key in report.missing_keys if "lora_" in key]


def test_logits_are_those_of_the_hand_merged_base(adapter):
    folder = adapter[1]
    ids = torch.arange(20)[None] * 3 % 64
    base = tiny_models.qwen2()
    plain = base(ids).logits
    by_hand = add_by_hand(base, load_file(folder / "adapter_model.safetensors"), scale=8 / 4)(ids).logits
    by_peft = peft.PeftModel.from_pretrained(base, folder).eval()(ids).logits
    assert relative_rms(by_peft, by_hand) < 1e-5
    assert relative_rms(by_peft, plain) > 1e-3


def test_dtypes_are_roundings_of_one_another(dnd, bundle, tmp_path):
    prompts = tiny_models.write_prompts(tmp_path / "prompts.jsonl", tiny_models.TEXTS[:4])
    exact, *rounded = (load_file(dnd.generate(bundle, prompts, tmp_path / dtype, dtype) / "adapter_model.safetensors")
                       for dtype in DTYPES)
    for adapter in rounded:
        for name, tensor in adapter.items():
            assert torch.equal(tensor, exact[name].to(tensor.dtype)), name


def test_released_style_tokens_become_an_adapter(dnd, layout, layout_file, tmp_path):
    tokens = torch.randn(70, 6, 14, generator=torch.Generator().manual_seed(6))
    save_file({"tokens": tokens}, tmp_path / "tokens.safetensors")
    folder = dnd.detokenize(tmp_path / "tokens.safetensors", layout_file, tmp_path / "adapter")
    loaded = peft.get_peft_model_state_dict(peft.PeftModel.from_pretrained(tiny_models.qwen2(), folder))
    assert adapter_rms(loaded, detokenize(tokens, layout)) < 1e-6


def test_metadata_says_pt(adapter):
    with safe_open(adapter[1] / "adapter_model.safetensors", "pt") as file:
        metadata = file.metadata()
    assert metadata["format"] == "pt" and all(isinstance(value, str) for value in metadata.values())


def add_by_hand(base, adapter: dict[str, torch.Tensor], scale: float):
    merged = copy.deepcopy(base)
    for name, a in adapter.items():
        if ".lora_A." in name:
            module = merged.get_submodule(name.removeprefix("base_model.model.").removesuffix(".lora_A.weight"))
            module.weight += scale * adapter[name.replace("lora_A", "lora_B")].float() @ a.float()
    return merged


# What PEFT itself makes, read and written again.
VARIANTS = {
    "plain": dict(r=4, lora_alpha=6),
    "rslora": dict(r=8, lora_alpha=16, use_rslora=True),
    "patterns": dict(r=4, lora_alpha=8, rank_pattern={"q_proj": 2, r"layers\.1\.mlp\.(up|gate)_proj": 6},
                     alpha_pattern={"layers.0.self_attn.v_proj": 3, "down_proj": 32, "^model.layers.1.*o_proj": 5}),
    "dora": dict(r=4, lora_alpha=8, use_dora=True),
}
IDS = torch.arange(20)[None] * 3 % 64


@pytest.fixture(params=VARIANTS)
def made_by_peft(request, tmp_path):
    config = peft.LoraConfig(target_modules=[name.split(".")[-1] for name, *_ in tiny_models.NANO_MODULES],
                             task_type="CAUSAL_LM", **VARIANTS[request.param])
    model = peft.get_peft_model(tiny_models.qwen2(), config).eval()
    generator = torch.Generator().manual_seed(8)
    for name, parameter in model.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)
        elif "magnitude" in name:
            parameter.mul_(1 + 0.1 * torch.rand(parameter.shape, generator=generator))
    model.save_pretrained(tmp_path / "theirs")
    return request.param, model, tmp_path / "theirs"


def test_the_scale_is_the_one_peft_uses(made_by_peft, dnd, tmp_path):
    """Through an MLX folder, whose one scale multiplies directly."""
    name, model, folder = made_by_peft
    if name == "dora":
        assert "DoRA magnitude" in dnd.attempt("convert", folder, "--to", "mlx", "--out", tmp_path / "mlx").stderr
        return
    dnd.run("convert", folder, "--to", "mlx", "--out", tmp_path / "mlx")
    scale = json.loads((tmp_path / "mlx/adapter_config.json").read_text())["lora_parameters"]["scale"]
    tensors = load_file(tmp_path / "mlx/adapters.safetensors")
    layers = {module: layer for module, layer in model.base_model.model.named_modules() if hasattr(layer, "lora_A")}
    assert tensors.keys() == {f"{module}.lora_{half}" for module in layers for half in "ab"}
    for module, layer in layers.items():
        ours = scale * tensors[f"{module}.lora_a"] @ tensors[f"{module}.lora_b"]
        assert relative_rms(ours.T, layer.get_delta_weight("default")) < 1e-6, module


def test_written_again_it_acts_the_same(made_by_peft, dnd, tmp_path):
    _, model, folder = made_by_peft
    dnd.run("convert", folder, "--to", "peft", "--out", tmp_path / "ours")
    config = json.loads((tmp_path / "ours/adapter_config.json").read_text())
    assert config.keys() <= PEFT_0_13_KEYS and type(config["lora_alpha"]) is int and not config["use_rslora"]
    ours = peft.PeftModel.from_pretrained(tiny_models.qwen2(), tmp_path / "ours").eval()
    plain = tiny_models.qwen2()(IDS).logits
    assert relative_rms(ours(IDS).logits, model(IDS).logits) < 1e-5
    assert relative_rms(model(IDS).logits, plain) > 1e-3


def test_keys_as_torch_names_them_in_memory(dnd, adapter, tmp_path):
    """lora_A.default.weight, in a pickle."""
    folder = tmp_path / "pickled"
    folder.mkdir()
    tensors = load_file(adapter[1] / "adapter_model.safetensors")
    torch.save({name.replace(".weight", ".default.weight"): t for name, t in tensors.items()},
               folder / "adapter_model.bin")
    (folder / "adapter_config.json").write_bytes((adapter[1] / "adapter_config.json").read_bytes())
    dnd.run("convert", folder, "--to", "peft", "--out", tmp_path / "back")
    back = load_file(tmp_path / "back/adapter_model.safetensors")
    assert back.keys() == tensors.keys() and all(torch.equal(back[name], t) for name, t in tensors.items())
