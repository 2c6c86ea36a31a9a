"""GGUF files against gguf-py and llama.cpp's converter, in both directions."""

import json
import pathlib

import numpy
import pytest
from safetensors.numpy import load_file

gguf = pytest.importorskip("gguf")

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "data/interop"
BASES = ("llama", "qwen2")


def contents(reader) -> dict:
    return {key: (tuple(field.types), field.contents()) for key, field in reader.fields.items()}


def convert(dnd, base: str, dtype: str, out: pathlib.Path):
    dnd.run("convert", GOLDEN / base / "adapter", "--to", "gguf", "--base", GOLDEN / base / "base", "--out", out,
            "--adapter-dtype", dtype)
    return gguf.GGUFReader(out)


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
@pytest.mark.parametrize("base", BASES)
def test_gguf_py_reads_what_the_converter_would_have_written(dnd, base, dtype, tmp_path):
    found = convert(dnd, base, dtype, tmp_path / "x.gguf")
    golden = gguf.GGUFReader(GOLDEN / base / f"adapter-{dtype}.gguf")
    ours, expected = contents(found), contents(golden)
    for key in ("general.architecture", "general.type", "adapter.type", "adapter.lora.alpha",
                "general.quantization_version"):
        assert ours[key] == expected[key], key
    assert [tensor.name for tensor in found.tensors] == [tensor.name for tensor in golden.tensors]
    for tensor, other in zip(found.tensors, golden.tensors, strict=True):
        assert tensor.tensor_type == other.tensor_type, tensor.name
        assert tensor.shape.tolist() == other.shape.tolist(), tensor.name
        assert tensor.data.tobytes() == other.data.tobytes(), tensor.name


@pytest.mark.parametrize("base", BASES)
def test_q8_0_is_what_gguf_py_makes_of_peft_s_matrices(dnd, base, tmp_path):
    found = {tensor.name: tensor for tensor in convert(dnd, base, "q8_0", tmp_path / "x.gguf").tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[base.upper()], 2)
    checked = 0
    for key, values in load_file(GOLDEN / base / "adapter/adapter_model.safetensors").items():
        if not key.endswith(".lora_A.weight"):
            continue
        module = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        tensor = found[f"{names.get_name(module)}.weight.lora_a"]
        whole = values.shape[1] % 32 == 0
        kind = gguf.GGMLQuantizationType.Q8_0 if whole else gguf.GGMLQuantizationType.F16
        assert tensor.tensor_type == kind, key
        assert tensor.data.tobytes() == gguf.quants.quantize(values.astype(numpy.float32), kind).tobytes(), key
        checked += 1
    assert checked == 14


def inspect(dnd, path) -> dict:
    return json.loads(dnd.run("inspect", "--json", path))


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_inspect_reads_every_value_that_gguf_py_writes(dnd, tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_custom_alignment(64)
    numbers = {"uint8": 200, "int8": -100, "uint16": 60000, "int16": -30000, "uint32": 2**32 - 1, "int32": -(2**31),
               "uint64": 2**64 - 1, "int64": -(2**63), "float32": 0.5, "float64": 0.1}
    for kind, value in numbers.items():
        getattr(writer, f"add_{kind}")(f"a.{kind}", value)
    writer.add_bool("a.bool", True)
    writer.add_string("a.string", "Grüße")
    writer.add_array("a.strings", ["x", "", "yz"])
    writer.add_array("a.floats", [0.5, 0.25])
    for index in range(3):
        writer.add_tensor(f"t{index}", numpy.full((2, 3 + index), index, numpy.float32))
    finish(writer)
    found = inspect(dnd, tmp_path / "x.gguf")
    assert found["alignment"] == 64
    assert {key: found["metadata"][f"a.{key}"] for key in numbers} == numbers
    assert found["metadata"]["a.bool"] is True
    assert found["metadata"]["a.string"] == "Grüße"
    assert found["metadata"]["a.strings"] == {"array": "string", "count": 3, "first": ["x", "", "yz"]}
    assert found["metadata"]["a.floats"]["first"] == [0.5, 0.25]
    assert [tensor["shape"] for tensor in found["tensors"]] == [[2, 3], [2, 4], [2, 5]]


# Q8_1 is never stored, and gguf-py and ggml differ about its size.
TYPES = [kind for kind in gguf.GGMLQuantizationType if kind.name != "Q8_1"]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.name)
def test_inspect_knows_every_tensor_type(dnd, kind, tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    block, size = gguf.GGML_QUANT_SIZES[kind]
    rows = numpy.zeros((3, 256 // block * size), numpy.uint8)
    writer.add_tensor("a", rows, raw_dtype=kind)
    writer.add_tensor("b", numpy.zeros(4, numpy.float32))  # its offset depends on the size of `a`
    finish(writer)
    tensor = inspect(dnd, tmp_path / "x.gguf")["tensors"][0]
    assert tensor == {"name": "a", "dtype": kind.name, "shape": [3, 256], "bytes": rows.nbytes}
