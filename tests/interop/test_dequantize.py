"""Block types of GGUF files, decoded, against gguf-py: the same bits."""

import os
import pathlib
import subprocess
import sys

import numpy
import pytest

gguf = pytest.importorskip("gguf")

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import make_gguf_cases

PROGRAM = pathlib.Path(os.environ.get("DND_BIN", "build/bin/dnd")).absolute().with_name("dequantize_file")
ROWS = 512
HARD = [0x0000, 0x8000, 0x0001, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x3C00]  # fp16


def blocks(name: str) -> numpy.ndarray:
    """Random bytes; every tenth row with a scale of hard fp16 numbers: zeros, subnormals, infinities, NaN."""
    rng = numpy.random.default_rng(len(name))
    whole = 256 // gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][0]
    data = make_gguf_cases.random_blocks(name, ROWS, whole, rng)
    for place in make_gguf_cases.SCALES.get(name, []):
        scales = rng.choice(numpy.array(HARD, numpy.uint16), (len(data[::10]), 1))
        data[::10, place:place + 2] = scales.view(numpy.uint8)
    return data


def decode(path: pathlib.Path) -> numpy.ndarray:
    result = subprocess.run([PROGRAM, path], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr.decode(errors="replace")
    return numpy.frombuffer(result.stdout, numpy.float32)


@pytest.mark.parametrize("name", make_gguf_cases.TYPES)
def test_every_type_has_the_bits_of_gguf_py(name, tmp_path):
    kind, data = gguf.GGMLQuantizationType[name], blocks(name)
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_tensor("x", data, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with numpy.errstate(all="ignore"):
        expected = gguf.quants.dequantize(data, kind).ravel()
    found = decode(tmp_path / "x.gguf")
    assert found.shape == expected.shape == (ROWS * 256,)
    numbers = ~numpy.isnan(expected)  # which bits a NaN has is the processor's choice
    assert numbers.mean() > 0.5
    assert (numpy.isnan(found) == ~numbers).all()
    assert (found[numbers].view(numpy.uint32) == expected[numbers].view(numpy.uint32)).all()


def test_other_types_are_refused_by_name(tmp_path):
    kind = gguf.GGMLQuantizationType.IQ2_XXS
    writer = gguf.GGUFWriter(tmp_path / "x.gguf", "llama")
    writer.add_tensor("x", numpy.zeros((1, 66), numpy.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    result = subprocess.run([PROGRAM, tmp_path / "x.gguf"], capture_output=True, text=True, check=False)
    assert result.returncode == 65 and "tensor 'x': type IQ2_XXS, expected F32, F16" in result.stderr
