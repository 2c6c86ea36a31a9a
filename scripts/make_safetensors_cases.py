#!/usr/bin/env python3
"""Writes tests/data/safetensors: files of the reference writer, for byte-for-byte comparison.

Byte i of every tensor is i modulo 256 (of 2 for BOOL). Usage: make_safetensors_cases.py
(safetensors 0.8.0)
"""

import ctypes
import pathlib

import safetensors

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "safetensors"
BYTES = {"bool": 1, "uint8": 1, "int8": 1, "int16": 2, "uint16": 2, "float16": 2, "bfloat16": 2,
         "int32": 4, "uint32": 4, "float32": 4, "float64": 8, "int64": 8, "uint64": 8}
KEPT = []  # the reference takes bare addresses


def tensor(dtype, *shape):
    size = BYTES[dtype]
    for length in shape:
        size *= length
    limit = 2 if dtype == "bool" else 256
    data = ctypes.create_string_buffer(bytes(i % limit for i in range(size)), size + 1)
    KEPT.append(data)
    return safetensors.TensorSpec(dtype=dtype, shape=list(shape), data_ptr=ctypes.addressof(data),
                                  data_len=size)


def save(name, tensors, metadata=None):
    (OUT / f"{name}.safetensors").write_bytes(safetensors.serialize(tensors, metadata))


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    save("order", {f"{n} of {dtype}": tensor(dtype, 3, 1) for n in "ba" for dtype in BYTES},
         {"format": "pt"})
    save("shapes", {"scalar": tensor("float32"), "none": tensor("float32", 2, 0, 3), "one":
         tensor("float16", 1), "": tensor("uint8", 5)})
    save("names", {'quote " backslash \\ tab \t': tensor("float32", 2), "größe ☃ 𝄞": tensor("float32", 1),
         "\x01\x1f\x7f": tensor("int8", 1), "a/b": tensor("int8", 2)}, {"ключ\n": "значение \"x\""})
    save("empty", {})
    save("metadata_only", {}, {"format": "pt"})
