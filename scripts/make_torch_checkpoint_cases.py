#!/usr/bin/env python3
"""Writes tests/data/torch_checkpoint: small files of torch.save for the reader's tests.

Every tensor holds 0, 1, 2, ... so that the tests need no second copy of the values.
Usage: make_torch_checkpoint_cases.py  (torch 2.11)
"""

import hashlib
import json
import pathlib

import torch

DATA = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data"
OUT = DATA / "torch_checkpoint"
DTYPES = ["float32", "bfloat16", "float16", "float64", "int64", "int32", "int16", "int8", "uint8"]


def save(name, value, **options):
    torch.save(value, OUT / f"{name}.pth", **options)


def counting(*shape, dtype=torch.float32):
    return torch.arange(torch.Size(shape).numel()).reshape(shape).to(dtype)


def accepted():
    tensors = {name: counting(2, 3, dtype=getattr(torch, name)) for name in DTYPES}
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["scalar"] = torch.tensor(5.0)
    tensors["no elements"] = torch.zeros(3, 0, 2)
    tensors["größe"] = counting(1, 4, 1)
    save("dtypes", tensors)

    base = counting(4, 6)
    save("shared", {"whole": base, "row 1": base[1], "rows 2-3": base[2:], "again": base})
    linear = torch.nn.Linear(3, 2)
    linear.weight.data = counting(2, 3)
    save("module", linear.state_dict())  # an OrderedDict with _metadata
    save("parameter", {"weight": linear.weight})

    location_tag = torch.serialization.location_tag
    torch.serialization.location_tag = lambda storage: "cuda:3"
    save("cuda_location", {"weight": counting(2, 3)})
    torch.serialization.location_tag = location_tag


def refused():
    weight = counting(2, 3)
    save("transposed", {"weight": weight.t()})
    save("expanded", {"weight": counting(3).expand(2, 3)})
    save("nested", {"state_dict": {"weight": weight}})
    save("training_state", {"epoch": 3, "model": {"weight": weight}})
    save("optimizer", torch.optim.SGD([weight.requires_grad_()], lr=0.1).state_dict())
    save("tensor_alone", counting(2))
    save("legacy", {"weight": counting(2)}, _use_new_zipfile_serialization=False)
    save("protocol4", {"weight": counting(2)}, pickle_protocol=4)
    save("sparse", {"weight": torch.eye(2).to_sparse()})
    torch.jit.script(torch.nn.Identity()).save(OUT / "torchscript.pth")


def checksums():
    """What torch itself reads from a checkpoint in the official format."""
    tensors = torch.load(DATA / "decoder/plain-k3/decoder.pth", weights_only=True)
    rows = [
        [name, list(t.shape), hashlib.sha256(t.contiguous().numpy().tobytes()).hexdigest()]
        for name, t in tensors.items()
    ]
    (OUT / "plain-k3.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    accepted()
    refused()
    checksums()
