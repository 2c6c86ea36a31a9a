"""Files of kohya and diffusion_model: what is written acts in models of diffusers as its own loaders translate it, and
what trainers write, here by their published formula, is read with the same values."""

import json

import pytest
import torch
from diffusers import FluxPipeline, FluxTransformer2DModel, WanPipeline, WanTransformer3DModel
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file, save_file

# diffusers' names of Wan's layers and the original ones (diffusers, scripts/convert_wan_to_diffusers.py).
WAN = {"attn1.to_q": "self_attn.q", "attn1.to_k": "self_attn.k", "attn1.to_v": "self_attn.v",
       "attn1.to_out.0": "self_attn.o", "attn2.to_q": "cross_attn.q", "attn2.to_k": "cross_attn.k",
       "attn2.to_v": "cross_attn.v", "attn2.to_out.0": "cross_attn.o", "ffn.net.0.proj": "ffn.0", "ffn.net.2": "ffn.2"}
LAYERS = {f"blocks.{block}.{theirs}": f"blocks.{block}.{ours}" for block in (0, 1) for theirs, ours in WAN.items()}
RANK, ALPHA = 4, 6.0


def wan() -> WanTransformer3DModel:
    torch.manual_seed(0)
    return WanTransformer3DModel(patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=4,
                                 out_channels=4, text_dim=16, freq_dim=16, ffn_dim=32, num_layers=2).eval()


def output(model) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return model(hidden_states=torch.randn(1, 4, 1, 4, 4, generator=random), timestep=torch.tensor([500]),
                 encoder_hidden_states=torch.randn(1, 8, 16, generator=random)).sample


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


@pytest.fixture(scope="module")
def trained():
    """A and B of every layer under Wan's own names, and the output of the model that they were trained in."""
    model = wan()
    with torch.inference_mode(False):
        model.add_adapter(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=list(LAYERS), init_lora_weights=False))
    state = get_peft_model_state_dict(model)
    pairs = {ours: (state[f"{theirs}.lora_A.weight"], state[f"{theirs}.lora_B.weight"])
             for theirs, ours in LAYERS.items()}
    return pairs, output(model)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The model's weights under its own names."""
    model = wan()
    folder = tmp_path_factory.mktemp("wan")
    weights = {f"{ours}.weight": model.get_submodule(theirs).weight.detach().clone() for theirs, ours in LAYERS.items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def write_trainers_file(path, pairs, form: str):
    """As sd-scripts' and musubi-tuner's networks/lora.py save it, and as ComfyUI's loader takes it."""
    tensors = {}
    for module, (a, b) in pairs.items():
        stem = "lora_unet_" + module.replace(".", "_") if form == "kohya" else f"diffusion_model.{module}"
        names = ("lora_A", "lora_B") if form == "A and B" else ("lora_down", "lora_up")
        tensors |= {f"{stem}.{names[0]}.weight": a.contiguous(), f"{stem}.{names[1]}.weight": b.contiguous(),
                    f"{stem}.alpha": torch.tensor(ALPHA)}
    save_file(tensors, path, {"format": "pt"})
    return path


def test_what_diffusers_reads_of_it_acts(dnd, trained, base, tmp_path):
    pairs, expected = trained
    assert distance(output(wan()), expected) > 1e-2
    for form in ("kohya", "A and B", "down and up"):
        source = write_trainers_file(tmp_path / f"{form}.safetensors", pairs, form)
        for to in ("kohya", "diffusion_model"):
            ours = tmp_path / f"{form}-{to}.safetensors"
            dnd.run("convert", source, "--to", to, "--base", base, "--out", ours)
            model = wan()
            model.load_lora_adapter(WanPipeline.lora_state_dict(ours), prefix="transformer")
            assert distance(output(model), expected) < 1e-5, (form, to)


@pytest.mark.parametrize("form", ["kohya", "A and B", "down and up"])
def test_merging_adds_what_the_trainer_computes(dnd, trained, base, tmp_path, form):
    pairs, _ = trained
    source = write_trainers_file(tmp_path / "source.safetensors", pairs, form)
    dnd.run("merge", source, "--base", base, "--out", tmp_path / "merged")
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "merged"))
    for module, (a, b) in pairs.items():
        expected = before[f"{module}.weight"] + ALPHA / RANK * b @ a
        assert distance(after[f"{module}.weight"], expected) < 1e-6


@pytest.mark.parametrize("form", ["A and B", "down and up"])
def test_flux_under_its_own_names(dnd, tmp_path, form):
    """diffusers translates them where the matrices are called as trainers call them."""
    torch.manual_seed(0)
    pairs = {f"double_blocks.0.{name}": (torch.randn(RANK, 32), torch.randn(rows, RANK))
             for name, rows in {"img_attn.qkv": 96, "img_attn.proj": 32, "txt_attn.qkv": 96}.items()}
    source = write_trainers_file(tmp_path / "flux.safetensors", pairs, form)
    translated = all(key.startswith("transformer.") for key in FluxPipeline.lora_state_dict(source))
    assert translated == (form == "down and up")
    told = json.loads(dnd.run("verify", source, "--json"))["runtimes"]
    verdict = next(each["verdict"] for each in told if each["runtime"] == "diffusers")
    assert verdict == ("loads" if translated else "ignores")


def test_flux_under_the_names_of_diffusers(dnd, tmp_path):
    """OneTrainer's prefix; diffusers translates the attention of such files."""
    torch.manual_seed(0)
    model = FluxTransformer2DModel(patch_size=1, in_channels=4, num_layers=2, num_single_layers=2,
                                   attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32,
                                   pooled_projection_dim=32, axes_dims_rope=[4, 4, 8])
    with torch.inference_mode(False):
        model.add_adapter(LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_out.0", "add_k_proj"],
                                     init_lora_weights=False))
    state = get_peft_model_state_dict(model)
    FluxPipeline.save_lora_weights(tmp_path, transformer_lora_layers=state)
    ours = tmp_path / "ours.safetensors"
    dnd.run("convert", tmp_path / "pytorch_lora_weights.safetensors", "--to", "kohya", "--out", ours)
    assert all(key.startswith("lora_transformer_") for key in load_file(ours))
    read = FluxPipeline.lora_state_dict(ours)
    assert read.keys() == {f"transformer.{key}" for key in state}
    for key, value in state.items():
        assert distance(read[f"transformer.{key}"], value) < 1e-6
