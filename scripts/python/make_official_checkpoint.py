"""Write a random-weight generator as the released training script would: `torch.save` of an fp32 state_dict, storages
tagged with a GPU, ZIP64 above 4 GiB. For tests and benchmarks; the weights mean nothing but keep activations healthy.

    make_official_checkpoint.py --preset qwen2.5-0.5b --out qwen0.5lora__test.pth
    make_official_checkpoint.py --features "4,384,384;6,16,20;70,6,14" --kernel 3 --out small__test.pth
    make_official_checkpoint.py --features ... --kernel 3 --projection 1024,24 --dtype bf16 --location cpu --out x.pth
"""

import argparse
import dataclasses
import math
import pathlib
import sys
import tempfile
from collections import OrderedDict
from unittest import mock

import torch
from dnd_reference import Feature, Generator
from torch import Tensor

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


@dataclasses.dataclass(frozen=True)
class Architecture:
    kernel: int
    features: list[Feature]
    projection: tuple[int, int] | None = None  # (L, L')

    @property
    def condition_shape(self) -> tuple[int, int, int]:
        prompts, length, width = self.features[0]
        return prompts, self.projection[0] if self.projection else length, width


def parse_features(text: str) -> list[Feature]:
    """"4,384,384;70,6,14" -> [(4, 384, 384), (70, 6, 14)]"""
    return [tuple(int(size) for size in feature.split(",")) for feature in text.split(";")]


_QWEN_7B = parse_features("16,1000,384;64,500,384;256,125,400;512,64,400;1024,64,400;2048,32,400;4928,18,514")

PRESETS = {
    "qwen2.5-0.5b": Architecture(9, parse_features(
        "128,384,384;128,200,300;128,100,256;256,50,200;512,50,200;1024,25,200;1024,10,200;2048,10,200;4296,10,130")),
    "qwen2.5-1.5b-math": Architecture(11, parse_features(
        "32,1000,384;64,500,300;256,500,300;512,125,300;1024,64,256;2048,32,256;4508,18,258"), (4608, 1000)),
    "qwen2.5-1.5b-code": Architecture(11, parse_features(
        "16,1000,384;64,500,300;256,125,300;512,64,300;1024,64,256;2048,32,256;4508,18,258"), (26624, 1000)),
    "qwen2.5-vl-3b": Architecture(11, parse_features(
        "16,1536,384;64,500,300;256,125,300;1024,64,300;2048,16,256;7308,18,258")),
    "qwen2.5-7b-math": Architecture(11, _QWEN_7B, (4608, 1000)),
    "qwen2.5-7b-code": Architecture(11, _QWEN_7B, (26624, 1000)),
}


def random_state(architecture: Architecture, seed: int, scale: float, dtype: torch.dtype,
                 scratch: pathlib.Path) -> OrderedDict[str, Tensor]:
    """Weights of variance (scale^2 / fan-in), norms around the identity. The tensors live in deleted files under
    `scratch`, so the system may evict them: a 9 GiB generator does not need 9 GiB of memory."""
    with torch.device("meta"):
        shapes = Generator(architecture.features, architecture.kernel, architecture.projection).state_dict()
    random = torch.Generator().manual_seed(seed)
    state = OrderedDict()
    for name, like in shapes.items():
        with tempfile.NamedTemporaryFile(dir=scratch) as file:
            tensor = torch.from_file(file.name, shared=True, size=like.numel(), dtype=dtype).view(like.shape)
        state[name] = fill(tensor, name, scale, random)
    return state


def fill(tensor: Tensor, name: str, scale: float, random: torch.Generator) -> Tensor:
    if name == "criterion_weight":
        return tensor.uniform_(0.5, 1.5, generator=random)
    if name.endswith("norm.weight"):
        return tensor.normal_(1.0, 0.2, generator=random)
    fan_in = math.prod(tensor.shape[1:]) if name.endswith(".weight") else 100
    return tensor.normal_(0.0, scale / math.sqrt(fan_in), generator=random)


def save(state: OrderedDict[str, Tensor], out: pathlib.Path, location: str = "cuda:0") -> None:
    """torch.save, claiming that the storages live on `location`."""
    with mock.patch("torch.serialization.location_tag", return_value=location):
        torch.save(state, out)


def make_checkpoint(architecture: Architecture, out: pathlib.Path, *, seed: int = 0, scale: float = 1.3,
                    dtype: str = "f32", location: str = "cuda:0") -> None:
    save(random_state(architecture, seed, scale, DTYPES[dtype], out.parent), out, location)


def add_architecture_options(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--preset", choices=PRESETS)
    which.add_argument("--features", type=parse_features, help="N,H,W;... from the condition to the tokens")
    parser.add_argument("--kernel", type=int, default=3)
    parser.add_argument("--projection", metavar="L,L'", help="condition projection, e.g. 4608,1000")


def architecture_of(args: argparse.Namespace) -> Architecture:
    if args.preset:
        return PRESETS[args.preset]
    projection = tuple(int(size) for size in args.projection.split(",")) if args.projection else None
    return Architecture(args.kernel, args.features, projection)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_architecture_options(parser)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.3, help="gain of the weights; 1.3 keeps tokens of order 1")
    parser.add_argument("--dtype", choices=DTYPES, default="f32")
    parser.add_argument("--location", default="cuda:0", help="device tag of the storages")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    make_checkpoint(architecture_of(args), args.out, seed=args.seed, scale=args.scale, dtype=args.dtype,
                    location=args.location)
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
