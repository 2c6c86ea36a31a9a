"""MLX-LM itself, on the CPU: what the program writes for it acts, and what it writes is read."""

import pathlib

import mlx.core as mx
import mlx.nn
import numpy
import pytest
from mlx.utils import tree_flatten
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters
from mlx_lm.utils import load_model, save_config
from safetensors.numpy import load_file

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "data/interop"
ARCHITECTURES = ("qwen2", "llama")
MODULES = [f"{part}_proj" for part in ("self_attn.q", "self_attn.k", "self_attn.v", "self_attn.o", "mlp.gate",
                                       "mlp.up", "mlp.down")]


def base_model(name: str) -> mlx.nn.Module:
    # transformers 5 nests rope_theta, which MLX-LM looks for at the top.
    model, _ = load_model(GOLDEN / name / "base", model_config={"rope_theta": 10000.0})
    model.set_dtype(mx.float32)
    return model


def logits(model: mlx.nn.Module, ids) -> numpy.ndarray:
    return numpy.array(model(mx.array(ids)))


def distance(a: numpy.ndarray, b: numpy.ndarray) -> float:
    return float(numpy.abs(a - b).max() / numpy.abs(b).max())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_mlx_lm_with_our_folder_equals_transformers_with_peft(dnd, name, tmp_path):
    golden = load_file(GOLDEN / name / "logits.safetensors")
    folder = tmp_path / "adapter.mlx"
    dnd.run("convert", GOLDEN / name / "adapter", "--to", "mlx", "--out", folder)
    plain = logits(base_model(name), golden["input_ids"])
    adapted = logits(load_adapters(base_model(name), str(folder)), golden["input_ids"])
    expected = golden["logits_fp32_with_adapter"]
    assert distance(adapted, expected) < 1e-4
    assert distance(plain, expected) > 1e-2


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_adapter_of_mlx_lm_becomes_a_peft_adapter(dnd, name, tmp_path):
    source = tmp_path / "adapter.mlx"
    source.mkdir()
    parameters = {"rank": 3, "scale": 5.0, "dropout": 0.0, "keys": MODULES}
    model = base_model(name)
    model.freeze()
    mx.random.seed(1)
    linear_to_lora_layers(model, 2, parameters)
    weights = {key: 0.1 * mx.random.normal(value.shape) for key, value in tree_flatten(model.trainable_parameters())}
    model.load_weights(list(weights.items()), strict=False)
    mx.save_safetensors(str(source / "adapters.safetensors"), weights)
    save_config({"fine_tune_type": "lora", "num_layers": 2, "lora_parameters": parameters},
                source / "adapter_config.json")

    dnd.run("convert", source, "--to", "peft", "--out", tmp_path / "peft")
    ours = load_file(tmp_path / "peft/adapter_model.safetensors")
    assert len(ours) == len(weights) == 2 * 2 * 7
    for key, value in weights.items():
        theirs = numpy.array(value).T
        module, factor = key.rsplit(".", 1)
        name_of = f"base_model.model.{module}.{factor.replace('lora_a', 'lora_A').replace('lora_b', 'lora_B')}.weight"
        assert ours[name_of].shape == theirs.shape

    ids = load_file(GOLDEN / name / "logits.safetensors")["input_ids"]
    dnd.run("convert", tmp_path / "peft", "--to", "mlx", "--out", tmp_path / "back.mlx")
    back = logits(load_adapters(base_model(name), str(tmp_path / "back.mlx")), ids)
    assert distance(back, logits(model, ids)) < 1e-5
