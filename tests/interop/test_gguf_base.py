"""GGUF files as base models: layout, logits, ids and merging beside transformers, PEFT and gguf-py."""

import json
import random

import bases
import peft
import pytest
import torch
import transformers
from bases import BASES, VARIANTS, Base, text
from safetensors.torch import load_file

gguf = pytest.importorskip("gguf")

import gguf_models

T = transformers
WIDE = dict(hidden_size=256, intermediate_size=512, num_attention_heads=8, num_key_value_heads=4)
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
MODELS = {
    "llama": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, **WIDE)),
    "llama-tied": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, **WIDE, tie_word_embeddings=True)),
    "llama-biases": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, **WIDE, attention_bias=True, mlp_bias=True)),
    "llama-llama3-rope": Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, **WIDE, rope_parameters=LLAMA3)),
    "qwen2": Base("qwen2", text(T.Qwen2Config, T.Qwen2ForCausalLM, **WIDE)),
    "qwen3": Base("qwen3", text(T.Qwen3Config, T.Qwen3ForCausalLM, **WIDE, head_dim=128)),
}
# transformers passes over biases and the factors of frequencies in files of "llama"; of qwen3 it reads no head_dim.
READ_BY_TRANSFORMERS = ["llama", "llama-tied", "qwen2", "qwen3"]
IDS = random.Random(3).choices(range(bases.VOCABULARY), k=48)


def write_adapter(base: Base, folder):
    bases.write_adapter(base, VARIANTS["plain"], folder)
    return folder


def logits(dnd, adapter, base, folder) -> dict[str, torch.Tensor]:
    report = dnd.run("verify", adapter, "--base", base, "--run", "--json", "--ids", ",".join(map(str, IDS)),
                     "--logits-out", folder / "logits.safetensors")
    found = load_file(folder / "logits.safetensors")
    (folder / "logits.safetensors").unlink()
    return {"run": json.loads(report)["run"], **found}


def assert_close(found: torch.Tensor, expected: torch.Tensor, tolerance: float = 1e-5):
    assert found.shape == expected.shape
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


def adapted(model, adapter) -> peft.PeftModel:
    with torch.inference_mode(False):
        return peft.PeftModel.from_pretrained(model, adapter).eval()


@pytest.mark.parametrize("kind", ["F32", "Q8_0", "Q4_K"])
@pytest.mark.parametrize("name", MODELS)
def test_logits_are_those_of_the_decoded_weights(dnd, name, kind, tmp_path):
    base = MODELS[name]
    adapter = write_adapter(base, tmp_path / "adapter")
    model = gguf_models.write(base.model(), base.gguf, tmp_path / "base.gguf", kind)
    found = logits(dnd, adapter, tmp_path / "base.gguf", tmp_path)
    ids = torch.tensor([IDS])
    # The last bit of a rope's frequency is 1e-5 of a logit 48 tokens on.
    assert_close(found["base"], model(ids).logits[0], 2e-5 if "rope" in name else 1e-5)
    assert_close(found["adapted"], adapted(model, adapter)(ids).logits[0], 3e-5)  # ten times the base's
    assert found["run"].get("base_quantization") == (None if kind == "F32" else kind)


@pytest.mark.parametrize("kind", ["F32", "Q8_0", "Q4_K"])
@pytest.mark.parametrize("name", READ_BY_TRANSFORMERS)
def test_logits_are_those_of_transformers_on_the_same_file(dnd, name, kind, tmp_path):
    base = MODELS[name]
    adapter = write_adapter(base, tmp_path / "adapter")
    gguf_models.write(base.model(), base.gguf, tmp_path / "base.gguf", kind)
    found = logits(dnd, adapter, tmp_path / "base.gguf", tmp_path)
    model = T.AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="base.gguf", dtype=torch.float32).eval()
    assert_close(found["base"], model(torch.tensor([IDS])).logits[0])


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q4_0", "Q5_1", "Q3_K", "Q6_K", "IQ4_NL", "IQ4_XS"])
def test_other_types_run_too(dnd, kind, tmp_path):
    base = MODELS["llama"]
    model = gguf_models.write(base.model(), base.gguf, tmp_path / "base.gguf", kind)
    found = logits(dnd, write_adapter(base, tmp_path / "adapter"), tmp_path / "base.gguf", tmp_path)
    assert_close(found["base"], model(torch.tensor([IDS])).logits[0])


@pytest.mark.parametrize("place", ["part", "folder"])
def test_a_file_in_parts_is_one_model(dnd, place, tmp_path):
    base = MODELS["llama"]
    adapter = write_adapter(base, tmp_path / "adapter")
    (tmp_path / "base").mkdir()
    model = gguf_models.write(base.model(), base.gguf, tmp_path / "base/x.gguf", "Q8_0", parts=3)
    parts = sorted((tmp_path / "base").iterdir())
    assert [path.name for path in parts] == [f"x-0000{i}-of-00003.gguf" for i in (1, 2, 3)]
    found = logits(dnd, adapter, parts[0] if place == "part" else tmp_path / "base", tmp_path)
    assert_close(found["base"], model(torch.tensor([IDS])).logits[0])


def layout(dnd, base) -> dict:
    return json.loads(dnd.run("layout", "--base", base, "--rank", 8, "--json"))


@pytest.mark.parametrize("name", MODELS)
def test_layouts_are_those_of_the_folder(dnd, name, tmp_path):
    base = MODELS[name]
    model = base.model()
    model.save_pretrained(tmp_path / "folder")
    gguf_models.write(model, base.gguf, tmp_path / "base.gguf")
    found, expected = layout(dnd, tmp_path / "base.gguf"), layout(dnd, tmp_path / "folder")
    for one in (found, expected):
        one["layout"].pop("base_model", None)
    assert found == expected


# --- Merging --------------------------------------------------------------------------------------------------------


def values(path) -> dict[str, tuple[str, bytes]]:
    return {tensor.name: (tensor.tensor_type.name, tensor.data.tobytes()) for tensor in gguf.GGUFReader(path).tensors}


def fields(path) -> dict:
    reader = gguf.GGUFReader(path)
    return {key: (tuple(field.types), field.contents()) for key, field in reader.fields.items()
            if not key.startswith("GGUF.")}


@pytest.mark.parametrize("dora", [False, True], ids=["lora", "dora"])
@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("name", ["llama", "qwen2"])
def test_it_merges_as_into_the_folder(dnd, name, kind, dora, tmp_path):
    """The bytes of merging into the folder, converted."""
    base, dtype = MODELS[name], {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[kind]
    adapter = tmp_path / "adapter"
    with torch.inference_mode(False), torch.no_grad():
        config = peft.LoraConfig(task_type="CAUSAL_LM", target_modules=list(base.modules), r=4, lora_alpha=8,
                                 use_dora=dora)
        tuned = peft.get_peft_model(base.model(), config)
        for key, parameter in tuned.named_parameters():
            if "lora_magnitude" in key:
                parameter.mul_(1.1)
            elif "lora_" in key:
                parameter.normal_(0.0, 0.2)
        tuned.save_pretrained(adapter)
    with torch.inference_mode(False):
        model = base.model().to(dtype).float()  # the converter keeps norms as F32
        gguf_models.write(model, base.gguf, tmp_path / "base.gguf", kind)
        model.to(dtype).save_pretrained(tmp_path / "folder")
    dnd.run("merge", adapter, "--base", tmp_path / "base.gguf", "--out", tmp_path / "merged.gguf")
    dnd.run("merge", adapter, "--base", tmp_path / "folder", "--out", tmp_path / "out")
    with torch.inference_mode(False):
        merged = T.AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype=torch.float32)
    gguf_models.write(merged, base.gguf, tmp_path / "expected.gguf", kind)
    found, expected = values(tmp_path / "merged.gguf"), values(tmp_path / "expected.gguf")
    assert found == expected
    assert found != values(tmp_path / "base.gguf")
    assert fields(tmp_path / "merged.gguf") == fields(tmp_path / "base.gguf")


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("options, kind, number", [([], "F16", 1), (["--dtype", "f32"], "F32", 0),
                                                   (["--dtype", "bf16"], "BF16", 32)])
def test_quantised_bases_become_floats(dnd, options, kind, number, parts, tmp_path):
    base = MODELS["llama"]
    adapter = write_adapter(base, tmp_path / "adapter")
    (tmp_path / "base").mkdir()
    model = gguf_models.write(base.model(), base.gguf, tmp_path / "base/x.gguf", "Q4_K", parts)
    dnd.run("merge", adapter, "--base", tmp_path / "base", "--out", tmp_path / "merged.gguf", "--threads", 3, *options)
    found = values(tmp_path / "merged.gguf")
    assert {name for name, (found_kind, _) in found.items() if found_kind == kind} >= {"blk.0.attn_q.weight"}
    assert found["blk.0.attn_norm.weight"][0] == "F32"
    merged = T.AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="merged.gguf", dtype=torch.float32)
    expected = adapted(model, adapter).merge_and_unload().state_dict()
    for name, tensor in merged.state_dict().items():
        rounding = {"F32": 1e-6, "F16": 2**-10, "BF16": 2**-7}[kind]
        torch.testing.assert_close(tensor, expected[name], rtol=rounding, atol=1e-6)
    kept, before = fields(tmp_path / "merged.gguf"), fields(sorted((tmp_path / "base").iterdir())[0])
    assert kept.pop("general.file_type")[1] == number
    before.pop("general.file_type")
    assert kept == {key: value for key, value in before.items() if not key.startswith("split.")}
    dnd.run("merge", adapter, "--base", tmp_path / "base", "--out", tmp_path / "again.gguf", "--threads", 1, *options)
    assert (tmp_path / "again.gguf").read_bytes() == (tmp_path / "merged.gguf").read_bytes()


def test_what_does_not_go_together_is_refused(dnd, tmp_path):
    base = MODELS["llama"]
    adapter = write_adapter(base, tmp_path / "adapter")
    gguf_models.write(base.model(), base.gguf, tmp_path / "base.gguf")
    base.model().save_pretrained(tmp_path / "folder")
    for options, words in [(["--base", tmp_path / "base.gguf", "--out", tmp_path / "x"], "ends with .gguf"),
                           (["--base", tmp_path / "folder", "--out", tmp_path / "x", "--dtype", "f16"],
                            "--dtype is for a GGUF base")]:
        result = dnd.attempt("merge", adapter, *options)
        assert result.returncode == 64 and words in result.stderr
    other = write_adapter(BASES["llama"], tmp_path / "other")
    result = dnd.attempt("merge", other, "--base", tmp_path / "base.gguf", "--out", tmp_path / "x.gguf")
    assert result.returncode == 65 and not (tmp_path / "x.gguf").exists()
