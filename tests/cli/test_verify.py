"""verify: silent no-op adapters are caught with the reason; good ones pass."""

import json
import pathlib
import shutil
import struct

import pytest
from support import DATA, GOLDEN, LAYOUT, Exit, dnd, read_safetensors, safetensors_bytes

QWEN2 = DATA / "interop/qwen2"
LLAMA = DATA / "interop/llama"


def rewrite(folder, change) -> str:
    """A copy of the golden adapter whose list of (name, dtype, shape, bytes) went through `change`."""
    shutil.copytree(QWEN2 / "adapter", folder)
    source = read_safetensors(folder / "adapter_model.safetensors")
    tensors = [(name, t["dtype"], t["shape"], source.data[slice(*t["data_offsets"])])
               for name, t in source.tensors.items()]
    header, data = {}, b""
    for name, dtype, shape, content in change(tensors):
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    (folder / "adapter_model.safetensors").write_bytes(safetensors_bytes(header, data))
    return str(folder)


def transpose(tensor):
    name, dtype, (rows, columns), content = tensor
    values = [content[i:i + 4] for i in range(0, len(content), 4)]
    assert len(values) == rows * columns and dtype == "F32"
    return name, dtype, [columns, rows], b"".join(values[r * columns + c] for c in range(columns) for r in range(rows))


def wrong_prefix(tensors):
    return [(t[0].replace("model.layers", "transformer.layers"), *t[1:]) for t in tensors]


def zero_b(tensors):
    return [(*t[:3], bytes(len(t[3])) if ".lora_B." in t[0] else t[3]) for t in tensors]


def missing_layer(tensors):
    return [t for t in tensors if ".layers.1." not in t[0]]


def transposed(tensors):
    return [transpose(t) for t in tensors]


def not_a_number(tensors):
    name, dtype, shape, content = tensors[0]
    return [(name, dtype, shape, struct.pack("<f", float("nan")) + content[4:]), *tensors[1:]]


def verify(adapter, *options, expect=Exit.DONE) -> dict:
    return dnd("verify", adapter, *options, "--json", engine=False, expect=expect).json[0]


def test_a_good_adapter_passes_against_every_kind_of_base():
    for base in (QWEN2 / "base", QWEN2 / "base/config.json", QWEN2 / "base/model.safetensors"):
        report = verify(QWEN2 / "adapter", "--base", base)
        assert report["ok"] and report["findings"] == []
        verdicts = {r["runtime"]: r["verdict"] for r in report["runtimes"]}
        assert verdicts["PEFT, transformers"] == verdicts["vLLM"] == "loads"
        assert verdicts["llama.cpp"] == verdicts["Ollama"] == verdicts["MLX-LM"] == "refuses"


def test_a_gguf_adapter_passes():
    report = verify(QWEN2 / "adapter-f16.gguf", "--base", QWEN2 / "base")
    assert report["ok"]
    found = {r["runtime"]: r for r in report["runtimes"]}
    assert found["llama.cpp"]["verdict"] == "loads" and found["Ollama"]["verdict"] == "refuses"
    assert {r["release"]: r["verdict"] for r in found["Ollama"]["releases"]} == {
        "Ollama 0.34.1": "refuses", "Ollama 0.33": "loads"}


@pytest.mark.parametrize("change, check, reason", [
    (wrong_prefix, "modules", "wrong prefix? the base has 'model.layers.0."),
    (zero_b, "zero", "the adapter does nothing"),
    (missing_layer, "coverage", "'model.layers.1."),
    (not_a_number, "finite", "1 of"),
], ids=lambda value: value.__name__ if callable(value) else "")
def test_what_would_not_act_is_caught_with_the_reason(tmp_path, change, check, reason):
    report = verify(rewrite(tmp_path / "a", change), "--base", QWEN2 / "base", expect=Exit.DATA)
    assert not report["ok"]
    assert [f["check"] for f in report["findings"]] == [check]
    assert report["findings"][0]["severity"] == "error" and reason in report["findings"][0]["message"]


def test_matrices_the_wrong_way_round_are_refused(tmp_path):
    result = dnd("verify", rewrite(tmp_path / "a", transposed), "--base", QWEN2 / "base", engine=False,
                 expect=Exit.DATA)
    assert "transposed" in result.err or "wrong way round" in result.out


def test_the_wrong_base_is_named():
    wide = json.loads((QWEN2 / "base/config.json").read_text())
    wide["hidden_size"] *= 2
    with open("config.json", "w") as file:
        json.dump(wide, file)
    report = verify(QWEN2 / "adapter", "--base", "config.json", expect=Exit.DATA)
    assert "made for another base?" in report["findings"][0]["message"]


def test_partial_accepts_missing_layers(tmp_path):
    adapter = rewrite(tmp_path / "a", missing_layer)
    assert verify(adapter, "--base", QWEN2 / "base", "--partial")["ok"]


def test_a_generated_adapter_passes_against_its_generator(bundle, adapter):
    report = verify(adapter, "--model", bundle)
    assert report["ok"] and report["findings"] == []


def test_norms_are_held_against_the_training_adapters(tmp_path):
    bundle = tmp_path / "bundle"
    dnd("import", GOLDEN / "decoder.pth", "--layout", LAYOUT, "--out", bundle, "--encoder", "all-MiniLM-L6-v2",
        "--training-adapters", tmp_path / "usual", engine=False, expect=Exit.NO_INPUT)
    tokens = DATA / "decoder/plain-k3/adapter_fp32.safetensors"
    dnd("codec", "tokenize", tokens, "--layout", LAYOUT, "--out", "t.safetensors", engine=False)
    dnd("codec", "detokenize", "t.safetensors", "--layout", LAYOUT, "--out", "usual", engine=False)
    dnd("import", GOLDEN / "decoder.pth", "--layout", LAYOUT, "--out", bundle, "--encoder", "all-MiniLM-L6-v2",
        "--training-adapters", "usual", engine=False)
    assert json.loads((bundle / "generator.json").read_text())["statistics"]["adapters"] == 1
    assert verify("usual", "--model", bundle)["findings"] == []
    config = json.loads(pathlib.Path("usual/adapter_config.json").read_text())
    config["lora_alpha"] *= 100
    with open("usual/adapter_config.json", "w") as file:
        json.dump(config, file)
    report = verify("usual", "--model", bundle)
    assert report["ok"] and [f["check"] for f in report["findings"]] == ["norms"]
    assert report["findings"][0]["severity"] == "warning"


def test_people_read_it_too():
    text = dnd("verify", QWEN2 / "adapter", "--base", QWEN2 / "base", engine=False).out
    assert text.splitlines()[0].endswith("adapter: ok (peft, 14 modules)")
    assert "  vLLM: loads" in text


def test_several_adapters_are_all_reported(tmp_path):
    bad = rewrite(tmp_path / "bad", zero_b)
    result = dnd("verify", bad, QWEN2 / "adapter", "missing", LLAMA / "adapter", "--json", engine=False,
                 expect=Exit.DATA)
    assert [r["ok"] for r in result.json] == [False, True, True]
    assert "missing" in result.last_error
