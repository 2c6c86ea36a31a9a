"""Merging and composing beside PEFT and torch: the same checkpoints, the same sums, the best low-rank ones."""

import json

import peft
import pytest
import tiny_models
import torch
import transformers
from safetensors.torch import load_file, save_file

DTYPES = [torch.bfloat16, torch.float16, torch.float32]


def write_base(folder, dtype=torch.bfloat16, **saving):
    tiny_models.qwen2().to(dtype).save_pretrained(folder, **saving)
    return folder


def write_adapter(folder, base, seed: int, rank: int = 4, **config):
    """A PEFT adapter of all projections with random A, B and, for DoRA, magnitudes near the base's."""
    torch.manual_seed(seed)
    config = peft.LoraConfig(r=rank, lora_alpha=3 * rank, target_modules="all-linear", task_type="CAUSAL_LM", **config)
    model = peft.get_peft_model(transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), config)
    for name, parameter in model.named_parameters():
        if "lora_magnitude" in name:
            parameter.data *= 1 + 0.2 * torch.rand_like(parameter)
        elif "lora_" in name:
            parameter.data = 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    return folder


def merged_by_peft(base, adapter, dtype):
    model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=dtype)
    return peft.PeftModel.from_pretrained(model, adapter).merge_and_unload().state_dict()


def steps_apart(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Units in the last place between tensors of one type; counted where signs agree."""
    integers = torch.int32 if x.dtype == torch.float32 else torch.int16
    return (x.view(integers).long() - y.view(integers).long()).abs()


def load_shards(folder) -> dict[str, torch.Tensor]:
    return {name: tensor for path in folder.glob("*.safetensors") for name, tensor in load_file(path).items()}


def assert_equal_up_to_rounding(found: dict, expected: dict, adapted: str, share: float = 1e-3, fp32_steps: int = 64):
    """All but `share` of the elements bit by bit, the rest one step apart; fp32 sums may differ in order."""
    count = different = 0
    for name, tensor in found.items():
        other = expected[name]
        assert tensor.dtype == other.dtype and tensor.shape == other.shape
        if adapted not in name:
            assert torch.equal(tensor, other), name
            continue
        if tensor.dtype == torch.float32:
            torch.testing.assert_close(tensor, other, rtol=fp32_steps * 2**-24, atol=1e-6)
            continue
        apart = steps_apart(tensor, other)
        assert apart.max() <= 1, name
        count += apart.numel()
        different += int((apart > 0).sum())
    assert different <= share * count, f"{different} of {count}"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [{}, {"use_dora": True}], ids=["lora", "dora"])
def test_it_merges_as_peft(dnd, tmp_path, dtype, options):
    base = write_base(tmp_path / "base", dtype)
    adapter = write_adapter(tmp_path / "adapter", base, 1, **options)
    dnd.run("merge", adapter, "--base", base, "--out", tmp_path / "out")
    assert_equal_up_to_rounding(load_shards(tmp_path / "out"), merged_by_peft(base, adapter, dtype), "proj")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fan_in_fan_out", [True, False])
def test_transposed_layers_of_gpt2(dnd, tmp_path, dtype, fan_in_fan_out):
    torch.manual_seed(0)
    config = transformers.GPT2Config(vocab_size=64, n_positions=32, n_embd=24, n_layer=2, n_head=2)
    base = tmp_path / "base"
    transformers.GPT2LMHeadModel(config).to(dtype).save_pretrained(base)
    adapter = write_adapter(tmp_path / "adapter", base, 6, fan_in_fan_out=fan_in_fan_out)
    dnd.run("merge", adapter, "--base", base, "--out", tmp_path / "out")
    assert_equal_up_to_rounding(load_shards(tmp_path / "out"), merged_by_peft(base, adapter, dtype), ".c_")


def test_shards_load_and_act_as_the_adapted_model(dnd, tmp_path):
    base = write_base(tmp_path / "base", torch.float32, max_shard_size="20KB")
    assert len(list(base.glob("*.safetensors"))) > 2
    adapter = write_adapter(tmp_path / "adapter", base, 2)
    line = json.loads(dnd.run("--json", "merge", adapter, "--base", base, "--out", tmp_path / "out"))
    assert line["tensors_merged"] == 14
    ids = torch.arange(20)[None] * 3 % 64
    load = transformers.AutoModelForCausalLM.from_pretrained
    merged = load(tmp_path / "out", dtype=torch.float32)(ids).logits
    plain = load(base, dtype=torch.float32)(ids).logits
    adapted = peft.PeftModel.from_pretrained(load(base, dtype=torch.float32), adapter).eval()(ids).logits
    torch.testing.assert_close(merged, adapted, rtol=1e-4, atol=1e-4)
    assert (merged - plain).abs().max() > 0.01


def products(folder) -> dict[str, torch.Tensor]:
    """scale * B A of every module, in double."""
    config = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    scale = config["lora_alpha"] / config["r"]
    return {name.removesuffix(".lora_A.weight"): scale * tensors[name.replace("lora_A", "lora_B")].double() @ a.double()
            for name, a in tensors.items() if "lora_A" in name}


@pytest.fixture
def parts(tmp_path):
    base = write_base(tmp_path / "base")
    return [write_adapter(tmp_path / name, base, seed, rank) for name, seed, rank in [("one", 3, 4), ("two", 4, 2)]]


def summed(parts, weights=(1, 1)) -> dict[str, torch.Tensor]:
    every = [products(part) for part in parts]
    return {name: sum(w * part[name] for w, part in zip(weights, every, strict=True)) for name in every[0]}


def test_concat_is_the_sum_and_loads(dnd, parts, tmp_path):
    dnd.run("compose", parts[0], f"{parts[1]}:-0.7", "--out", tmp_path / "out")
    expected = summed(parts, (1, -0.7))
    for name, found in products(tmp_path / "out").items():
        torch.testing.assert_close(found, expected[name], rtol=1e-5, atol=1e-7)
    model = peft.PeftModel.from_pretrained(tiny_models.qwen2(), tmp_path / "out")
    report = model.load_adapter(tmp_path / "out", adapter_name="again")
    assert report.unexpected_keys == [] and not [key for key in report.missing_keys if "lora_" in key]


def test_concat_acts_as_pefts_cat(dnd, parts, tmp_path):
    dnd.run("compose", *parts, "--weights", "0.5,2", "--out", tmp_path / "out")
    model = peft.PeftModel.from_pretrained(tiny_models.qwen2(), parts[0], adapter_name="one")
    model.load_adapter(parts[1], "two")
    model.add_weighted_adapter(["one", "two"], [0.5, 2.0], "both", combination_type="cat")
    model.set_adapter("both")
    ids = torch.arange(20)[None] * 3 % 64
    ours = peft.PeftModel.from_pretrained(tiny_models.qwen2(), tmp_path / "out").eval()(ids).logits
    torch.testing.assert_close(ours, model.eval()(ids).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method, rank", [("svd", 3), ("svd", 1), ("add", 4)])
def test_the_best_of_its_rank(dnd, parts, tmp_path, method, rank):
    options = ["--rank", rank] if method == "svd" else []
    line = json.loads(dnd.run("--json", "compose", *parts, "--method", method, *options, "--out", tmp_path / "out"))
    assert line["rank"] == rank
    lost = whole = 0.0
    found = products(tmp_path / "out")
    for name, expected in summed(parts).items():
        u, s, v = torch.linalg.svd(expected)
        best = u[:, :rank] * s[:rank] @ v[:rank]
        torch.testing.assert_close(found[name], best, rtol=1e-4, atol=1e-6)
        share = (s[rank:].norm() / s.norm()).item()
        assert line["lost_by_module"][name.removeprefix("base_model.model.")] == pytest.approx(share, rel=1e-5)
        lost += (s[rank:]**2).sum().item()
        whole += (s**2).sum().item()
    assert line["lost"] == pytest.approx((lost / whole)**0.5, rel=1e-6)


def test_signs_are_fixed(dnd, parts, tmp_path):
    dnd.run("compose", *parts, "--method", "svd", "--rank", 3, "--out", tmp_path / "out")
    for name, tensor in load_file(tmp_path / "out/adapter_model.safetensors").items():
        if "lora_B" in name:
            assert (tensor.gather(0, tensor.abs().argmax(0)[None]) > 0).all(), name


def test_a_broken_adapter_is_refused_as_by_safe_merge(dnd, parts, tmp_path):
    path = parts[0] / "adapter_model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if "lora_B" in name)
    tensors[name][1, 1] = float("nan")
    save_file(tensors, path, {"format": "pt"})
    result = dnd.attempt("merge", parts[0], "--base", tmp_path / "base", "--out", tmp_path / "out")
    module = name.removesuffix(".lora_B.weight")
    assert result.returncode == 65 and f"'{module}'" in result.stderr and not (tmp_path / "out").exists()
    model = peft.PeftModel.from_pretrained(tiny_models.qwen2(), parts[0])
    with pytest.raises(ValueError, match="NaNs"):
        model.merge_and_unload(safe_merge=True)
