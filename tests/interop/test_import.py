"""Checkpoints as the released script and its users write them, taken over value by value."""

import pytest
import torch
from dnd_reference import adapter_rms, detokenize, load_generator
from make_official_checkpoint import Architecture, make_checkpoint
from safetensors.torch import load_file, save_file

PLAIN = Architecture(3, [(4, 20, 32), (6, 9, 7), (6, 9, 7), (70, 6, 14)])
PROJECTED = Architecture(5, [(4, 16, 32), (6, 9, 7), (70, 6, 14)], (512, 16))


@pytest.mark.parametrize("location", ["cpu", "cuda:0", "cuda:7"])
@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("architecture", [PLAIN, PROJECTED], ids=["plain", "projected"])
def test_import_keeps_every_value(dnd, architecture, dtype, location, layout, layout_file, tmp_path):
    make_checkpoint(architecture, tmp_path / "model__data.pth", seed=3, dtype=dtype, location=location)
    bundle = dnd.import_checkpoint(tmp_path / "model__data.pth", tmp_path / "bundle", layout_file, "tiny-bert")

    original = torch.load(tmp_path / "model__data.pth", map_location="cpu", weights_only=True)
    imported = load_file(bundle / "decoder.safetensors")
    # criterion_weight weighs the training loss only; a bundle may leave it out.
    assert original.keys() - imported.keys() <= {"criterion_weight"} and not imported.keys() - original.keys()
    for name, tensor in imported.items():
        assert torch.equal(tensor.float(), original[name].float()), name

    condition = torch.randn(architecture.condition_shape, generator=torch.Generator().manual_seed(4))
    save_file({"condition": condition}, tmp_path / "condition.safetensors")
    out = dnd.generate_from_condition(bundle, tmp_path / "condition.safetensors", tmp_path / "adapter")
    tokens = load_generator(tmp_path / "model__data.pth")(condition[None])[0]
    assert adapter_rms(load_file(out / "adapter_model.safetensors"), detokenize(tokens, layout)) < 1e-5


@pytest.mark.parametrize("damage", ["missing", "extra", "shape"])
def test_import_names_the_tensor_that_is_wrong(dnd, damage, layout_file, tmp_path):
    make_checkpoint(PLAIN, tmp_path / "good.pth")
    state = torch.load(tmp_path / "good.pth", map_location="cpu", weights_only=True)
    name = "model.decoder.module_list.1.linear1.conv2h.weight"
    if damage == "missing":
        del state[name]
    elif damage == "shape":
        state[name] = state[name][:, :-1].clone()
    else:
        name = "model.decoder.module_list.1.linear1.conv3h.weight"
        state[name] = torch.zeros(1)
    torch.save(state, tmp_path / "bad.pth")
    result = dnd.attempt("import", tmp_path / "bad.pth", "--layout", layout_file, "--out", tmp_path / "bundle",
                         "--encoder", "tiny-bert")
    assert result.returncode == 65 and name in result.stderr
    assert not (tmp_path / "bundle").exists()
