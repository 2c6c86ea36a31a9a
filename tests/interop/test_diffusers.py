"""diffusers itself: what it saves is read, and what the program writes for it acts in a transformer of its own."""

import pytest
import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from peft import LoraConfig, get_peft_model_state_dict
from safetensors.torch import load_file

# LoRA on two kinds of blocks; proj_out is also the name of a layer outside of them.
TARGETS = ["to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "ff.net.0.proj", "proj_mlp"]


def transformer() -> FluxTransformer2DModel:
    torch.manual_seed(0)
    return FluxTransformer2DModel(patch_size=1, in_channels=4, num_layers=2, num_single_layers=2, attention_head_dim=16,
                                  num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
                                  axes_dims_rope=[4, 4, 8]).eval()


def output(model) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    noise = torch.randn(1, 16, 4, generator=random)
    text, pooled = torch.randn(1, 8, 32, generator=random), torch.randn(1, 32, generator=random)
    return model(hidden_states=noise, encoder_hidden_states=text, pooled_projections=pooled,
                 timestep=torch.tensor([0.5]), img_ids=torch.zeros(16, 3), txt_ids=torch.zeros(8, 3)).sample


@pytest.fixture(scope="module", params=["plain", "alpha", "metadata"])
def saved(request, tmp_path_factory):
    """A LoRA file as diffusers saves it, and the output of the model it was saved from."""
    folder = tmp_path_factory.mktemp(request.param)
    model = transformer()
    alpha = 4 if request.param == "plain" else 6
    config = LoraConfig(r=4, lora_alpha=alpha, target_modules=TARGETS, init_lora_weights=False)
    with torch.inference_mode(False):
        model.add_adapter(config)
    metadata = {"transformer_lora_adapter_metadata": config.to_dict()} if request.param == "metadata" else {}
    state = get_peft_model_state_dict(model)
    if request.param == "alpha":  # no metadata: the scale folded in by hand, as trainers do
        state = {key: value * 1.5 if ".lora_B." in key else value for key, value in state.items()}
    FluxPipeline.save_lora_weights(folder, transformer_lora_layers=state, **metadata)
    return folder / "pytorch_lora_weights.safetensors", output(model)


def distance(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).abs().max() / b.abs().max()).item()


def test_what_is_written_acts_as_what_was_read(dnd, saved, tmp_path):
    source, expected = saved
    ours = tmp_path / "ours.safetensors"
    dnd.run("convert", source, "--to", "diffusers", "--out", ours)
    plain = transformer()
    assert distance(output(plain), expected) > 1e-2
    plain.load_lora_adapter(ours, prefix="transformer")
    assert distance(output(plain), expected) < 1e-5
    assert load_file(ours).keys() == {key for key in load_file(source) if not key.endswith(".alpha")}


def test_a_layout_of_the_transformer_covers_its_blocks(dnd, tmp_path):
    model = transformer()
    model.save_pretrained(tmp_path / "transformer")
    layout = dnd.layout(tmp_path / "transformer", 4, tmp_path / "layout.json")
    assert layout["architecture"] == "FluxTransformer2DModel" and layout["key_prefix"] == "transformer."
    for block in layout["blocks"]:
        for i in range(block["count"]):
            for module in block["modules"]:
                linear = model.get_submodule(f"{block['prefix'].replace('{i}', str(i))}.{module['name']}")
                assert (linear.in_features, linear.out_features) == (module["in"], module["out"])
    assert {block["prefix"]: block["count"] for block in layout["blocks"]} == {
        "transformer_blocks.{i}": 2, "single_transformer_blocks.{i}": 2}
