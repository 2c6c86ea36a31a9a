#!/usr/bin/env python3
"""Writes tests/data/gguf/blocks.gguf: random blocks of every tensor type that dnd decodes, each beside its meaning
in fp32 by gguf-py. Usage: make_gguf_cases.py (gguf 0.19, numpy)
"""

import pathlib

import gguf
import numpy

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/gguf/blocks.gguf"
TYPES = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
         "IQ4_NL", "IQ4_XS")
# Where the fp16 scales stand in a block.
SCALES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0]}


def random_blocks(name: str, rows: int, blocks: int, rng: numpy.random.Generator,
                  largest: float | None = None) -> numpy.ndarray:
    """(rows, bytes): random bytes; with `largest` the scales are finite and no larger."""
    size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]][1]
    data = rng.integers(0, 256, (rows * blocks, size), numpy.uint8)
    if largest is not None:
        for place in SCALES[name]:
            scales = rng.uniform(-largest, largest, (rows * blocks, 1)).astype(numpy.float16)
            data[:, place:place + 2] = scales.view(numpy.uint8)
    return data.reshape(rows, blocks * size)


def main():
    rng = numpy.random.default_rng(0)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(OUT, "llama")
    for name in TYPES:
        kind = gguf.GGMLQuantizationType[name]
        blocks = 64 if name in ("F32", "F16", "BF16") else 1
        data = random_blocks(name, 3, blocks, rng)
        for place in SCALES.get(name, []):  # no NaN, whose bits processors choose
            data[0, place:place + 2] = [1, 0x80]  # the least subnormal
            data[1, place + 1] &= 0xBF  # at most 1.99
            data[2, place:place + 2] = [0xFF, 0x7B]  # the largest
        if not SCALES.get(name):
            data &= 0xBF
        writer.add_tensor(name, data, raw_dtype=kind)
        writer.add_tensor(f"{name} as F32", gguf.quants.dequantize(data, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
