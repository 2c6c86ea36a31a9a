"""One adapter a call: where it goes, what is in it, and that it depends on its inputs alone."""

import json
import os
import pathlib
import struct
import subprocess

import pytest
from support import (
    LAYOUT,
    PROGRAM,
    QUESTIONS,
    Exit,
    dnd,
    fails,
    folder_bytes,
    prompts_sha256,
    read_adapter,
    read_safetensors,
    safetensors_bytes,
    sha256,
    tree,
    write_prompts,
)

JSON_KEYS = {"path", "format", "task", "prompts_used", "prompts_distinct", "seconds", "bytes", "sha256", "precision",
             "device", "prompts_read"}
SECONDS = {"load", "encode", "decode", "detokenize", "write", "total"}


def adapter_tensors() -> dict[str, list[int]]:
    """name -> shape, as the layout says."""
    layout = json.loads(LAYOUT.read_text())
    tensors = {}
    for block in layout["blocks"]:
        for i in range(block["count"]):
            for module in block["modules"]:
                name = f"base_model.model.{block['prefix'].format(i=i)}.{module['name']}"
                tensors[f"{name}.lora_A.weight"] = [layout["rank"], module["in"]]
                tensors[f"{name}.lora_B.weight"] = [module["out"], layout["rank"]]
    return tensors


def test_the_default_place_is_named_after_the_prompts(bundle, four):
    result = dnd("generate", "--model", bundle, "--prompts", four)
    assert result.out == "adapters/four\n"
    weights = read_adapter("adapters/four")
    assert {name: tensor["shape"] for name, tensor in weights.tensors.items()} == adapter_tensors()
    assert {tensor["dtype"] for tensor in weights.tensors.values()} == {"BF16"}
    assert "untrained" in result.err


def test_json_output(bundle, four):
    (line,) = dnd("generate", "--json", "--model", bundle, "--prompts", four, "--out", "out").json
    assert line.pop("untrained") is True
    assert line.keys() == JSON_KEYS
    assert line["seconds"].keys() == SECONDS
    assert (line["path"], line["task"], line["prompts_used"], line["prompts_distinct"]) == ("out", "", 4, 4)
    weights = "out/adapter_model.safetensors"
    assert (line["bytes"], line["sha256"]) == (os.path.getsize(weights), sha256(weights))


def test_provenance_is_recorded(bundle, adapter):
    metadata = read_adapter(adapter).metadata
    generator = json.loads((bundle / "generator.json").read_text())
    assert metadata["format"] == "pt"
    assert metadata["dnd.generator"] == "nano"
    assert metadata["dnd.generator_sha256"] == generator["decoder"]["sha256"] == sha256(bundle / "decoder.safetensors")
    assert metadata["dnd.prompts_sha256"] == prompts_sha256(QUESTIONS[:4])
    card = (adapter / "README.md").read_text()
    assert all(value in card for key, value in metadata.items() if key != "dnd.content_sha256")


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_call_writes_the_same_bytes(bundle, adapter, four, threads):
    dnd("generate", "--model", bundle, "--prompts", four, "--out", "out", "--threads", threads)
    assert folder_bytes("out") == folder_bytes(adapter)


def test_no_environment_is_needed(bundle, adapter, four):
    only_the_encoders = {name: os.environ[name] for name in ("DND_ENCODERS",) if name in os.environ}
    os.mkdir("elsewhere")
    subprocess.run([PROGRAM, "generate", "--model", bundle, "--prompts", f"../{four}", "--out", "../out"],
                   env=only_the_encoders, cwd="elsewhere", check=True, capture_output=True)
    assert folder_bytes("out") == folder_bytes(adapter)
    assert tree("elsewhere") == set()


def test_the_model_may_come_from_the_environment(bundle, four):
    dnd("generate", "--prompts", four, "--dry-run", env={"DND_MODEL": bundle}, engine=False)
    assert "/nowhere: not found" in fails(Exit.NO_INPUT, "generate", "--prompts", four, env={"DND_MODEL": "/nowhere"})


def test_generators_are_found_by_name(bundle, four):
    places = {"DND_MODEL_PATH": f"/nowhere:{bundle.parent}"}
    for call in (["--model", "nano"], []):
        dnd("generate", *call, "--prompts", four, "--dry-run", env=places | {"DND_MODEL": "nano"}, engine=False)
    wrong = fails(Exit.NO_INPUT, "generate", "--model", "nanno", "--prompts", four, env=places)
    assert "--model nanno: not found" in wrong and "did you mean 'nano'?" in wrong
    assert "bundle: ./nano: not found" in fails(Exit.NO_INPUT, "generate", "--model", "./nano", "--prompts", four,
                                                 env=places)


@pytest.mark.parametrize("name, content, options", [
    ("-", "\n".join(QUESTIONS[:4]), []),
    ("a.txt", "\r\n".join(QUESTIONS[:4]), []),
    ("a.json", json.dumps([{"ask": q, "prompt": "not this"} for q in QUESTIONS[:4]]), ["--field", "ask"]),
])
def test_prompts_of_any_kind(bundle, adapter, name, content, options):
    if name != "-":
        pathlib.Path(name).write_text(content)
    dnd("generate", "--model", bundle, "--prompts", name, "--out", "out", *options, stdin=content)
    assert folder_bytes("out") == folder_bytes(adapter)


def test_several_files_are_one_input(bundle, adapter):
    first, second = write_prompts("1.jsonl", QUESTIONS[:3]), write_prompts("2.jsonl", QUESTIONS[3:4])
    dnd("generate", "--model", bundle, "--prompts", first, second, "--out", "out")
    assert folder_bytes("out") == folder_bytes(adapter)


def test_a_condition_replaces_prompts_and_encoder(bundle, adapter, four):
    assert dnd("encode", "--model", bundle, "--prompts", four, "--out", "c.safetensors").out == "c.safetensors\n"
    condition = read_safetensors("c.safetensors")
    assert condition.tensors["condition"]["shape"] == [4, 32, 384]
    dnd("generate", "--model", bundle, "--condition", "c.safetensors", env={"DND_ENCODERS": "/nonexistent"})
    made = read_adapter("adapters/c")
    assert made.data == read_adapter(adapter).data
    assert made.metadata["dnd.condition_sha256"] == sha256("c.safetensors")


def test_a_condition_of_another_shape_is_refused(bundle):
    header = {"condition": {"dtype": "F32", "shape": [4, 1, 384], "data_offsets": [0, 6144]}}
    pathlib.Path("c.safetensors").write_bytes(safetensors_bytes(header, bytes(6144)))
    message = fails(Exit.DATA, "generate", "--model", bundle, "--condition", "c.safetensors", engine=True)
    assert "[4, 1, 384]" in message and "[4, 32, 384]" in message
    assert tree() == {"c.safetensors"}


def as_bf16(value: float) -> float:
    """The nearest bf16, ties to even."""
    bits, = struct.unpack("<I", struct.pack("<f", value))
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def as_f16(value: float) -> float:
    return struct.unpack("<e", struct.pack("<e", value))[0]


def test_element_types_are_roundings_of_one_result(bundle, adapter, four):
    for dtype in ("f32", "f16"):
        dnd("generate", "--model", bundle, "--prompts", four, "--out", dtype, "--adapter-dtype", dtype)
    f32, f16, bf16 = read_adapter("f32"), read_adapter("f16"), read_adapter(adapter)
    for name, tensor in f32.tensors.items():
        assert (tensor["dtype"], f16.tensors[name]["dtype"]) == ("F32", "F16")
        exact = f32.values(name)
        assert f16.values(name) == tuple(map(as_f16, exact))
        assert bf16.values(name) == tuple(map(as_bf16, exact))


def test_dry_run_computes_nothing(bundle, ten):
    call = ["generate", "--model", bundle, "--prompts", ten, "--variants", 3, "--dry-run"]
    assert "3, 6.72 kB each" in dnd(*call, engine=False).out
    (line,) = dnd(*call, "--json", "--adapter-dtype", "f32", engine=False).json
    assert (line["adapters"], line["bytes_per_adapter"]) == (3, 2 * 6720)
    assert (line["condition"], line["tokens"]) == ([4, 32, 384], [70, 6, 14])
    assert tree() == {ten}


def drawn(*arguments) -> dict:
    (line,) = dnd("generate", "--json", *arguments).json
    return line | {"sha256 of prompts": read_adapter(line["path"]).metadata["dnd.prompts_sha256"]}


def test_more_prompts_than_needed_are_drawn_by_seed(bundle, ten):
    source = ["--model", bundle, "--prompts", ten]
    variants = dnd("generate", *source, "--variants", 3, "--out", "v").lines
    assert variants == ["v/v000", "v/v001", "v/v002"]
    draws = [read_adapter(folder).metadata["dnd.prompts_sha256"] for folder in variants]
    assert len({read_adapter(folder).data for folder in variants}) == len(set(draws)) == 3

    again = drawn(*source, "--out", "again")
    assert folder_bytes("again") == folder_bytes("v/v000")
    assert (again["prompts_used"], again["prompts_distinct"]) == (4, 4)
    assert drawn(*source, "--out", "other", "--seed", 1)["sha256 of prompts"] not in draws


def test_the_first_prompts_can_be_asked_for(bundle, ten):
    made = drawn("--model", bundle, "--prompts", ten, "--out", "out", "--select", "first")
    assert made["sha256 of prompts"] == prompts_sha256(QUESTIONS[:4])


def test_too_few_prompts_are_repeated_with_a_warning(bundle):
    prompts = write_prompts("three.jsonl", ["one", "two", "one"])
    result = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--out", "out")
    assert "dnd: warning: 3 prompts (2 distinct) for a generator that takes 4" in result.err
    assert (result.json[0]["prompts_used"], result.json[0]["prompts_distinct"]) == (4, 2)
    assert read_adapter("out").metadata["dnd.prompts_sha256"] == prompts_sha256(["one", "two", "one", "one"])


def test_repeated_prompts_are_named(bundle):
    prompts = write_prompts("same.jsonl", ["one", "two", "one", "one"])
    result = dnd("generate", "--json", "--model", bundle, "--prompts", prompts, "--out", "out")
    assert "dnd: warning: only 2 of the 4 prompts in use are distinct: 'one' (3 times)\n" in result.err
    assert result.json[0]["prompts_distinct"] == 2
    assert "distinct" not in dnd("generate", "--model", bundle, "--prompts", write_prompts("four.jsonl", QUESTIONS[:4]),
                                 "--out", "fine").err


@pytest.mark.parametrize("content", ["", "\n\n", '{"prompt": "  "}\n'])
def test_no_prompts_at_all(bundle, content):
    pathlib.Path("none.jsonl").write_text(content)
    fails(Exit.DATA, "generate", "--model", bundle, "--prompts", "none.jsonl")
    assert tree() == {"none.jsonl"}
