"""Weight tokens and layouts against the reference."""

import pytest
import tiny_models
import torch
from dnd_reference import Layout, adapter_rms, detokenize, relative_rms, tokenize
from safetensors.torch import load_file, save_file
from test_reference import random_adapter

WIDTHS = [12, 8, 60]  # Chunks that fit exactly, that leave a narrower last one (60 = 7 x 8 + 4), one chunk each.


@pytest.fixture(params=WIDTHS, ids=lambda width: f"width-{width}")
def any_layout(request, tmp_path):
    return tiny_models.write_layout(tmp_path / "layout.json", request.param)


def test_tokenise(dnd, any_layout, tmp_path):
    layout = Layout.from_file(any_layout)
    adapter = random_adapter(layout, seed=1)
    save_file(adapter, tmp_path / "adapter.safetensors", metadata={"format": "pt"})
    tokens = load_file(dnd.tokenize(tmp_path / "adapter.safetensors", any_layout, tmp_path / "tokens.safetensors"))
    assert relative_rms(tokens["tokens"], tokenize(adapter, layout)) < 1e-6


def test_detokenise(dnd, any_layout, tmp_path):
    layout = Layout.from_file(any_layout)
    tokens = torch.randn(layout.tokens, *layout.token_shape, generator=torch.Generator().manual_seed(2))
    save_file({"tokens": tokens}, tmp_path / "tokens.safetensors")
    folder = dnd.detokenize(tmp_path / "tokens.safetensors", any_layout, tmp_path / "adapter")
    assert adapter_rms(load_file(folder / "adapter_model.safetensors"), detokenize(tokens, layout)) < 1e-6


def test_there_and_back(dnd, any_layout, tmp_path):
    adapter = random_adapter(Layout.from_file(any_layout), seed=3)
    save_file(adapter, tmp_path / "adapter.safetensors", metadata={"format": "pt"})
    tokens = dnd.tokenize(tmp_path / "adapter.safetensors", any_layout, tmp_path / "tokens.safetensors")
    folder = dnd.detokenize(tokens, any_layout, tmp_path / "adapter")
    assert adapter_rms(load_file(folder / "adapter_model.safetensors"), adapter) < 1e-6


def test_layout_of_a_base(dnd, tmp_path):
    tiny_models.qwen2().save_pretrained(tmp_path)  # The model, because it is what names the architecture.
    spec = dnd.layout(tmp_path / "config.json", 4, tmp_path / "layout.json")
    assert spec["rank"] == 4 and spec["architecture"] == "Qwen2ForCausalLM"
    (block,) = spec["blocks"]
    assert block["prefix"] == "model.layers.{i}" and block["count"] == 2
    assert [(m["name"], m["in"], m["out"]) for m in block["modules"]] == tiny_models.NANO_MODULES
    width = spec["token_shape"][1] - 2
    for factor in Layout(spec).factors:
        assert sum(factor.widths()) == factor.size and len(factor.widths()) == factor.chunks
        assert max(factor.widths()) <= width
