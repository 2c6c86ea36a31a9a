"""inspect: every kind of file, and an exit code that scripts can trust."""

import json
import pathlib
import re
import struct

import pytest
from support import DATA, GOLDEN, LAYOUT, ROOT, Exit, dnd, fails, safetensors_bytes


def inspect(path) -> dict:
    (found,) = dnd("inspect", "--json", path, engine=False).json
    assert found["path"] == str(path)
    return found


def test_a_bundle(bundle):
    weights = inspect(bundle / "decoder.safetensors")
    for path in (bundle, bundle / "generator.json"):
        found = inspect(path)
        assert (found["kind"], found["has_encoder"]) == ("generator bundle", False)
        assert found["generator"]["untrained"] is True
        assert found["parameters"] == sum(tensor["bytes"] for tensor in weights["tensors"]) // 4


def test_an_adapter(adapter):
    found = inspect(adapter)
    assert (found["kind"], found["config"]["r"], len(found["tensors"])) == ("adapter folder", 4, 28)
    assert found["metadata"]["dnd.generator"] == "nano"
    assert sum(tensor["bytes"] for tensor in found["tensors"]) == 6720


def folder_in(adapter, to: str) -> pathlib.Path:
    """The adapter as a folder of another format."""
    pathlib.Path("a").mkdir()
    out = {"mlx": pathlib.Path("a"), "diffusers": pathlib.Path("a/pytorch_lora_weights.safetensors")}[to]
    dnd("convert", adapter, "--to", to, "--out", out, engine=False)
    return pathlib.Path("a")


def test_an_mlx_adapter(adapter):
    found = inspect(folder_in(adapter, "mlx"))
    assert (found["kind"], len(found["tensors"])) == ("mlx adapter folder", 28)
    assert found["config"]["lora_parameters"]["rank"] == 4
    assert (found["metadata"]["format"], found["metadata"]["dnd.generator"]) == ("mlx", "nano")
    assert found["tensors"] == inspect("a/adapters.safetensors")["tensors"]


def test_a_diffusers_adapter(adapter):
    found = inspect(folder_in(adapter, "diffusers"))
    assert (found["kind"], len(found["tensors"])) == ("diffusers adapter folder", 28)
    assert "config" not in found and "lora_adapter_metadata" in found["metadata"]
    assert found["tensors"] == inspect("a/pytorch_lora_weights.safetensors")["tensors"]


def test_an_adapter_whose_matrices_are_a_checkpoint(adapter):
    pathlib.Path("a").mkdir()
    config = (adapter / "adapter_config.json").read_bytes()
    pathlib.Path("a/adapter_config.json").write_bytes(config)
    pathlib.Path("a/adapter_model.bin").write_bytes((GOLDEN / "decoder.pth").read_bytes())
    found = inspect("a")
    assert (found["kind"], found["config"]) == ("adapter folder", json.loads(config))
    assert found["tensors"] == inspect("a/adapter_model.bin")["tensors"]
    assert dnd("inspect", "a", engine=False).lines[0] == "a: adapter folder"
    pathlib.Path("a/adapter_model.bin").write_bytes(b"")
    assert "a/adapter_model.bin" in fails(Exit.DATA, "inspect", "a")
    weights = (adapter / "adapter_model.safetensors").read_bytes()
    pathlib.Path("a/adapter_model.safetensors").write_bytes(weights)  # goes first, as in PEFT
    assert inspect("a")["tensors"] == inspect(adapter)["tensors"]


@pytest.mark.parametrize("config, missing", [
    ({"peft_type": "LORA"}, "adapter_model.safetensors"), ({"fine_tune_type": "lora"}, "adapters.safetensors")])
def test_an_adapter_without_matrices(config, missing):
    pathlib.Path("a").mkdir()
    pathlib.Path("a/adapter_config.json").write_text(json.dumps(config))
    assert f"a/{missing}: " in fails(Exit.NO_INPUT, "inspect", "a")
    pathlib.Path("a/adapter_config.json").write_text("{")
    assert "a/adapter_config.json: " in fails(Exit.DATA, "inspect", "a")


def test_a_checkpoint():
    found = inspect(GOLDEN / "decoder.pth")
    assert found["kind"] == "torch checkpoint"
    assert {tensor["dtype"] for tensor in found["tensors"]} == {"F32"}


def test_a_layout():
    found = inspect(LAYOUT)
    assert (found["kind"], found["tokens"]) == ("layout", [70, 6, 14])


@pytest.mark.parametrize("path", sorted((DATA / "safetensors").iterdir()), ids=lambda path: path.stem)
def test_safetensors(path):
    assert inspect(path)["kind"] == "safetensors"


GGUF_ADAPTER = DATA / "interop/llama/adapter-f16.gguf"


@pytest.mark.parametrize("path", sorted((DATA / "interop").glob("*/*.gguf")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_gguf_adapter(path):
    found = inspect(path)
    assert (found["kind"], found["version"], found["alignment"]) == ("gguf adapter", 3, 32)
    assert found["metadata"] == {
        "general.architecture": path.parent.name, "general.type": "adapter", "adapter.type": "lora",
        "general.name": "Adapter", "adapter.lora.alpha": 8.0, "general.quantization_version": 2}
    assert len(found["tensors"]) == 28
    assert found["tensors"][0]["name"] == "blk.0.ffn_down.weight.lora_a"
    assert {tensor["dtype"] for tensor in found["tensors"]} == {path.stem.removeprefix("adapter-").upper()}
    assert found["tensors"][0]["shape"] == [4, 80]


def gguf_text(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


def gguf_bytes(entries: dict[bytes, tuple[int, bytes]], count: int = 0, version: int = 3) -> bytes:
    """`entries`: key to value type and bytes; `count` tensors are announced."""
    head = b"GGUF" + struct.pack("<IQQ", version, count, len(entries))
    return head + b"".join(gguf_text(key) + struct.pack("<I", kind) + value
                           for key, (kind, value) in entries.items())


def gguf_array(kind: int, values: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(values)) + b"".join(values)


def test_a_gguf_model_with_long_arrays():
    tokens = [gguf_text(b"t%d" % i) for i in range(100)]
    numbers = [struct.pack("<i", i) for i in (-1, 2)]
    pathlib.Path("model").write_bytes(gguf_bytes({
        b"general.architecture": (8, gguf_text(b"llama")), b"tokens": (9, gguf_array(8, tokens)),
        b"few": (9, gguf_array(5, numbers)), b"none": (9, gguf_array(6, [])), b"yes": (7, b"\x01")}))
    found = inspect("model")
    assert (found["kind"], found["tensors"]) == ("gguf model", [])
    assert found["metadata"]["tokens"] == {"array": "string", "count": 100, "first": [f"t{i}" for i in range(8)]}
    assert found["metadata"]["few"] == {"array": "i32", "count": 2, "first": [-1, 2]}
    assert found["metadata"]["yes"] is True
    lines = dnd("inspect", "model", engine=False).lines
    assert "  tokens = [t0, t1, t2, t3, t4, t5, t6, t7, ... ] (100 string)" in lines
    assert "  few = [-1, 2] (2 i32)" in lines and "  none = [] (0 f32)" in lines


def test_what_a_gguf_says_cannot_reach_the_terminal():
    pathlib.Path("x.gguf").write_bytes(gguf_bytes({
        b"general.type": (8, gguf_text(b"\x1b[2J")), b"\x1b\xff": (8, gguf_text(b"\x1b\n\xff")),
        b"a": (9, gguf_array(8, [gguf_text(b"\x1b")]))}))
    assert "\x1b" not in dnd("inspect", "x.gguf", engine=False).out
    assert "\x1b" not in dnd("inspect", "--json", "x.gguf", engine=False).out


GOOD_GGUF = GGUF_ADAPTER.read_bytes()
BROKEN_GGUF = {
    "empty": b"",
    "short": GOOD_GGUF[:40],
    "short data": GOOD_GGUF[:-64],
    "version 1": gguf_bytes({}, version=1),
    "big-endian": gguf_bytes({}, version=3 << 24),
    "too many tensors": gguf_bytes({}, count=1 << 60),
    "key twice": gguf_bytes({b"a": (0, b"x" + gguf_text(b"a") + struct.pack("<IB", 0, 1))}).replace(
        struct.pack("<IQQ", 3, 0, 1), struct.pack("<IQQ", 3, 0, 2)),
    "huge string": gguf_bytes({b"a": (8, struct.pack("<Q", 2**64 - 8))}),
    "array of arrays": gguf_bytes({b"a": (9, gguf_array(9, [gguf_array(0, [b"x"])]))}),
    "alignment of 3": gguf_bytes({b"general.alignment": (4, struct.pack("<I", 3))}),
    "unknown type": GOOD_GGUF.replace(struct.pack("<IQ", 1, 0), struct.pack("<IQ", 99, 0), 1),
}


@pytest.mark.parametrize("content", BROKEN_GGUF.values(), ids=BROKEN_GGUF.keys())
def test_what_llama_cpps_reader_refuses(content):
    pathlib.Path("x.gguf").write_bytes(content)
    assert "gguf: x.gguf: " in fails(Exit.DATA, "inspect", "x.gguf")


def test_text_for_people(bundle, adapter):
    result = dnd("inspect", bundle, adapter, LAYOUT, GOLDEN / "decoder.pth", GGUF_ADAPTER, engine=False)
    rank, alpha, base = (re.search(f"^  {name} +(.*)$", result.out, re.M) for name in ("rank", "alpha", "base model"))
    config = json.loads((adapter / "adapter_config.json").read_text())
    assert (rank[1], float(alpha[1])) == (str(config["r"]), config["lora_alpha"]) and base
    for words in (": gguf adapter", "  adapter.lora.alpha = 8.0", "(untrained)",
                  "28 tensors, 6.72 kB", "tokens [70,6,14], 3360 parameters", ": torch checkpoint"):
        assert words in result.out


def test_names_cannot_reach_the_terminal():
    tensor = {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}
    pathlib.Path("x.safetensors").write_bytes(safetensors_bytes({"\x1b[2Jname\n": tensor}, b"x"))
    assert "\x1b" not in dnd("inspect", "x.safetensors", engine=False).out
    assert inspect("x.safetensors")["tensors"][0]["name"] == "\x1b[2Jname\n"


def entry(shape=(2,), begin=0, end=8, dtype="F32") -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


GOOD = safetensors_bytes({"x": entry()}, bytes(8))
BROKEN = {
    "empty": b"",
    "short size": GOOD[:7],
    "short header": GOOD[:20],
    "short data": GOOD[:-1],
    "data after the end": GOOD + b"x",
    "huge header": b"\xff" * 7 + b"\x7f" + GOOD[8:],
    "not JSON": safetensors_bytes(b"{]"),
    "shape against bytes": safetensors_bytes({"x": entry(shape=(3,))}, bytes(8)),
    "overflowing shape": safetensors_bytes({"x": entry(shape=(2**62, 2**62, 4))}, bytes(8)),
    "negative size": safetensors_bytes({"x": entry(shape=(-2,))}, bytes(8)),
    "hole": safetensors_bytes({"x": entry(begin=4, end=12)}, bytes(12)),
    "overlap": safetensors_bytes({"x": entry(), "y": entry()}, bytes(8)),
    "unknown dtype": safetensors_bytes({"x": entry(dtype="F33")}, bytes(8)),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_the_reference_reader_refuses(content):
    pathlib.Path("x.safetensors").write_bytes(content)
    assert "x.safetensors" in fails(Exit.DATA, "inspect", "x.safetensors")


@pytest.mark.parametrize("name, content, read", [
    ("x.jsonl", '{"question": "one", "answer": "1"}\n{"question": "two", "answer": "2"}\n',
     "JSON Lines, 2 prompts from 'question'; left out: answers 'answer'; first 'one'"),
    ("x.csv", "prompt,answer\none,1\n", "table (commas, header row), 1 prompt"),
    ("x.txt", "one\ntwo\n", "text, a prompt a line, 2 prompts"),
])
def test_prompts(name, content, read):
    pathlib.Path(name).write_text(content)
    found = inspect(name)
    assert found["kind"] == "prompts" and read in found["read"][0]
    assert read in dnd("inspect", name, engine=False).out


def test_lines_that_are_no_prompts():
    pathlib.Path("metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n')
    assert "no prompt found in this record; it has 'step', 'loss'" in fails(Exit.DATA, "inspect", "metrics.jsonl")


@pytest.mark.parametrize("name, content", [
    ("x.json", "{}"), ("x.json", "["), ("x.json", '{"format": "dnd-layout", "version": 1}'), ("x.pth", "hello"),
    ("x", "hello world, this is text"), ("x.bin", ""),
])
def test_other_files_that_hold_nothing_known(name, content):
    pathlib.Path(name).write_text(content)
    assert name in fails(Exit.DATA, "inspect", name)


def test_a_layout_with_an_unknown_key():
    pathlib.Path("x.json").write_text(json.dumps(json.loads(LAYOUT.read_text()) | {"chunks": 3}))
    assert "'chunks'" in fails(Exit.DATA, "inspect", "x.json")


def test_a_base_model():
    base = ROOT / "examples/tiny-qwen2"
    (line,) = dnd("inspect", base, "--json", engine=False).json
    assert line["kind"] == "base model" and line["architecture"] == "Qwen2ForCausalLM"
    config = json.loads((base / "config.json").read_text())
    assert line["linears"] == 7 * config["num_hidden_layers"] and line["linear_weights"] > 0
    assert "architecture  Qwen2ForCausalLM" in dnd("inspect", base, engine=False).out


def test_a_folder_of_something_else(tmp_path):
    error = fails(Exit.DATA, "inspect", tmp_path)
    signs = ("generator.json", "config.json (base model)", "adapter_config.json", "pytorch_lora_weights.safetensors")
    for name in signs:
        assert name in error


def test_a_bundle_whose_weights_do_not_fit(bundle):
    pathlib.Path("b").mkdir()
    pathlib.Path("b/generator.json").write_bytes((bundle / "generator.json").read_bytes())
    fails(Exit.NO_INPUT, "inspect", "b")
    pathlib.Path("b/decoder.safetensors").write_bytes(GOOD)
    assert "b/decoder.safetensors" in fails(Exit.DATA, "inspect", "b")


def test_the_first_failure_gives_the_exit_code_and_the_rest_is_printed(bundle):
    pathlib.Path("bad.safetensors").write_bytes(b"")
    result = dnd("inspect", "--json", LAYOUT, "bad.safetensors", "missing", bundle, engine=False, expect=Exit.DATA)
    assert [found["kind"] for found in result.json] == ["layout", "generator bundle"]
    assert "bad.safetensors" in result.err and "missing: not found" in result.err
    dnd("inspect", "missing", "bad.safetensors", engine=False, expect=Exit.NO_INPUT)
