"""Drag-and-Drop LLMs in plain PyTorch: the yardstick for the native program.

The released architecture (arXiv 2506.16406 and its code) restated: text encoder -> condition (N, L, C) -> optional
projection -> hyper-convolutional cascade -> weight tokens (T, R, S) -> LoRA matrices. Parameter names are those of
the released checkpoints, so their state_dict loads as it is, strictly. Written for clarity, not for speed.

    dnd_reference.py golden DIR --encoder ENCODER_DIR              compare with every golden case, print the errors
    dnd_reference.py generate --checkpoint X.pth --layout layout.json --prompts p.jsonl \\
        --encoder ENCODER_DIR --max-length 384 --out adapter_model.safetensors [--bf16]
"""

import argparse
import contextlib
import dataclasses
import itertools
import json
import math
import pathlib
import re
import sys
from collections.abc import Iterator

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

ENCODER_LIMIT = 512  # Tokens one encoder call sees.


# --- Generator ------------------------------------------------------------------------------------------------------

Feature = tuple[int, int, int]  # (N, H, W)


def same_conv(inputs: int, outputs: int, kernel: int, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding="same", bias=bias)


class PlaneMixer(nn.Module):
    """(B, N, H, W) -> (B, N, H', W'): rows and columns in turn play the part of the channels."""

    def __init__(self, before: Feature, after: Feature, kernel: int):
        super().__init__()
        (_, h, w), (_, h_out, w_out) = before, after
        self.norm = nn.LayerNorm((h, w))
        self.conv1w, self.conv1h = same_conv(w, w_out, kernel), same_conv(h, h_out, kernel)
        self.conv2h, self.conv2w = same_conv(h, h_out, kernel), same_conv(w, w_out, kernel)
        self.bias = nn.Parameter(torch.zeros(h_out, w_out))

    def forward(self, x: Tensor) -> Tensor:
        n = self.norm(x)                                                       # (B, N, H, W)
        width_first = self.conv1w(n.permute(0, 3, 2, 1))                       # (B, W', H, N)
        width_first = self.conv1h(width_first.permute(0, 2, 3, 1))             # (B, H', N, W')
        height_first = self.conv2h(n.permute(0, 2, 1, 3))                      # (B, H', N, W)
        height_first = self.conv2w(height_first.permute(0, 3, 1, 2)).tanh()    # (B, W', H', N)
        return (width_first.permute(0, 2, 1, 3) + height_first.permute(0, 3, 2, 1) + self.bias) / 3


class CascadeLayer(nn.Module):
    """(B, N, H, W) -> (B, N', H', W'), residual where the shapes agree."""

    def __init__(self, before: Feature, after: Feature, kernel: int):
        super().__init__()
        self.linear1 = PlaneMixer(before, after, kernel)
        self.linear2 = same_conv(before[0], after[0], kernel, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear2(self.linear1(x))
        return x + y if x.shape == y.shape else y


class Generator(nn.Module):
    """Condition (B, N, L, C) -> weight tokens (B, T, R, S)."""

    def __init__(self, features: list[Feature], kernel: int, projection: tuple[int, int] | None = None):
        super().__init__()
        steps = itertools.pairwise(features)
        layers = nn.ModuleList(CascadeLayer(before, after, kernel) for before, after in steps)
        self.model = nn.ModuleDict({"decoder": nn.ModuleDict({"module_list": layers})})
        self.register_buffer("criterion_weight", torch.ones(1, features[-1][0], 1, 1))
        if projection:
            length, shortened = projection
            self.down_proj, self.gate_proj = nn.Linear(length, shortened), nn.Linear(shortened, shortened)

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> "Generator":
        with torch.device("meta"):
            generator = cls(*read_architecture(state))
        generator.load_state_dict(state, strict=True, assign=True)
        return generator.eval()

    def project(self, condition: Tensor) -> Tensor:
        """(B, N, L, C) -> (B, N, L', C). Both views reinterpret memory, as in training; neither transposes."""
        if not hasattr(self, "down_proj"):
            return condition
        b, n, length, c = condition.shape
        shortened = self.gate_proj(self.down_proj(condition.reshape(b, n, c, length)))
        return shortened.reshape(b, n, -1, c)

    @property
    def layers(self) -> nn.ModuleList:
        return self.model["decoder"]["module_list"]

    def forward(self, condition: Tensor) -> Tensor:
        x = self.project(condition)
        for layer in self.layers:
            x = layer(x)
        return x


def read_architecture(state: dict[str, Tensor]) -> tuple[list[Feature], int, tuple[int, int] | None]:
    """Features, kernel size and projection (L, L'), read off a checkpoint's shapes."""
    prefix = "model.decoder.module_list"
    depth = sum(key.endswith("linear1.norm.weight") for key in state)
    features = [(state[f"{prefix}.{i}.linear2.weight"].shape[1], *state[f"{prefix}.{i}.linear1.norm.weight"].shape)
                for i in range(depth)]
    last = f"{prefix}.{depth - 1}"
    features.append((state[f"{last}.linear2.weight"].shape[0], *state[f"{last}.linear1.bias"].shape))
    down = state.get("down_proj.weight")
    return features, state[f"{last}.linear2.weight"].shape[-1], down.shape[::-1] if down is not None else None


def load_generator(checkpoint: pathlib.Path | str) -> Generator:
    state = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    return Generator.from_state_dict({key: value.float() for key, value in state.items()})


def load_generator_as_released(checkpoint: pathlib.Path | str) -> Generator:
    """By the steps of the released script: the file is read into memory, a module made with random weights, the values
    copied. (The script has the architecture written down; here it is read off the shapes.)"""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    generator = Generator(*read_architecture(state))
    generator.load_state_dict(state, strict=False)
    return generator.eval()


def precision(bf16: bool) -> contextlib.AbstractContextManager:
    """fp32, or bf16 autocast as in the released script."""
    return torch.autocast("cpu", torch.bfloat16) if bf16 else contextlib.nullcontext()


# --- Weight tokens <-> LoRA matrices --------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Factor:
    """One LoRA matrix: `name` on disk, seen as (rank, size) cut into `chunks`; B is stored transposed."""
    name: str
    rank: int
    size: int
    chunks: int
    transposed: bool

    def widths(self) -> list[int]:
        width = math.ceil(self.size / self.chunks)
        return [min(width, self.size - start) for start in range(0, self.size, width)]


class Layout:
    """Which token cells are which adapter weights (a dnd-layout file)."""

    def __init__(self, spec: dict):
        self.spec = spec
        self.rank, self.alpha, self.token_shape = spec["rank"], spec["alpha"], tuple(spec["token_shape"])
        self.factors = list(self._factors())
        self.tokens = sum(factor.chunks for factor in self.factors)

    @classmethod
    def from_file(cls, path: pathlib.Path | str) -> "Layout":
        return cls(json.loads(pathlib.Path(path).read_text()))

    def _factors(self) -> Iterator[Factor]:
        key_prefix = self.spec.get("key_prefix", "base_model.model.")
        for block in self.spec["blocks"]:
            for i in range(block["count"]):
                for module in block["modules"]:
                    name = f"{key_prefix}{block['prefix'].replace('{i}', str(i))}.{module['name']}"
                    yield Factor(f"{name}.lora_A.weight", self.rank, module["in"], module["chunks_a"], False)
                    yield Factor(f"{name}.lora_B.weight", self.rank, module["out"], module["chunks_b"], True)


def detokenize(tokens: Tensor, layout: Layout) -> dict[str, Tensor]:
    """Tokens (T, R, S) -> adapter tensors."""
    means, stds = chunk_scales(tokens)
    scaled = tokens * stds[:, None, None] + means[:, None, None]
    adapter, first = {}, 0
    for factor in layout.factors:
        chunks = scaled[first:first + factor.chunks, :factor.rank]
        matrix = torch.cat([chunk[:, :width] for chunk, width in zip(chunks, factor.widths(), strict=True)], dim=1)
        adapter[factor.name] = (matrix.T if factor.transposed else matrix).contiguous()
        first += factor.chunks
    return adapter


def chunk_scales(tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and std of every chunk (T), averaged over all the copies in the last two rows and columns."""
    count, rows, columns = tokens.shape
    along = tokens[:, -2:, :columns // 2 * 2].reshape(count, 2, -1, 2).mean(dim=2)   # (T, pair, (s0, s1))
    down = tokens[:, :rows // 2 * 2, -2:].reshape(count, -1, 2, 2).mean(dim=1)
    s = (along + down) / 2
    means, stds = s[..., 0] / 8, ((s[..., 1] - 1.6).exp() - 0.1) / 0.9
    return means.mean(dim=1), stds.mean(dim=1)


def tokenize(adapter: dict[str, Tensor], layout: Layout) -> Tensor:
    """Adapter tensors -> tokens (T, R, S); cells that carry nothing are NaN."""
    chunks = []
    for factor in layout.factors:
        matrix = adapter[factor.name].float()
        chunks += (matrix.T if factor.transposed else matrix).split(math.ceil(factor.size / factor.chunks), dim=1)
    return torch.stack([token_of(chunk, layout.token_shape) for chunk in chunks])


def token_of(chunk: Tensor, shape: tuple[int, int]) -> Tensor:
    columns = shape[1]
    mean, std = chunk.mean(), chunk.std().nan_to_num(nan=1.0)
    scales = torch.stack([mean * 8, torch.log(0.9 * std + 0.1) + 1.6])
    token = torch.full(shape, math.nan)
    token[:chunk.shape[0], :chunk.shape[1]] = (chunk - mean) / std
    token[-2:] = scales.repeat(columns // 2 + 1)[:columns]
    token[:, -2:] = scales
    return token


# --- Text -> condition ----------------------------------------------------------------------------------------------

class TextEncoder:
    """A Hugging Face encoder folder. Padding positions are encoded too and kept: the decoder was trained on them."""

    def __init__(self, folder: pathlib.Path | str, attention: str | None = "eager"):
        """`eager` adds a finite mask, so that a chunk of padding attends uniformly. None: the fastest there is."""
        import transformers  # Here, because decoding alone should not pay the import.
        self.folder = pathlib.Path(folder)
        family = transformers.AutoConfig.from_pretrained(folder).model_type
        loader = transformers.T5EncoderModel if family == "t5" else transformers.AutoModel
        self.model = loader.from_pretrained(folder, attn_implementation=attention).float().eval()
        context_readers = re.compile(r"attention\.output\.dense$|SelfAttention\.o$")
        self.context_readers = [m for name, m in self.model.named_modules() if context_readers.search(name)]
        if (self.folder / "spiece.model").exists():
            import sentencepiece
            self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(self.folder / "spiece.model"))
        else:
            self.pieces = None
            self.tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def tokenize(self, prompts: list[str], max_length: int) -> tuple[Tensor, Tensor]:
        """Ids and mask (N, L), padded to and cut at `max_length`."""
        if self.pieces:
            rows = [ids[:max_length - 1] + [self.pieces.eos_id()] for ids in self.pieces.encode(prompts)]
            ids = torch.tensor([row + [self.pieces.pad_id()] * (max_length - len(row)) for row in rows])
            return ids, torch.tensor([[int(i < len(row)) for i in range(max_length)] for row in rows])
        batch = self.tokenizer(prompts, padding="max_length", truncation=True, max_length=max_length,
                               return_tensors="pt")
        return batch["input_ids"], batch["attention_mask"]

    def encode(self, ids: Tensor, mask: Tensor, empty_chunk: str = "zero") -> Tensor:
        """(N, L) -> last hidden states (N, L, C), each run of 512 tokens on its own."""
        chunks = zip(ids.split(ENCODER_LIMIT, dim=1), mask.split(ENCODER_LIMIT, dim=1), strict=True)
        return torch.cat([self._encode_chunk(*chunk, empty_chunk) for chunk in chunks], dim=1)

    def _encode_chunk(self, ids: Tensor, mask: Tensor, empty_chunk: str) -> Tensor:
        empty = ~mask.any(dim=1)
        if empty_chunk == "uniform" or not empty.any():
            return self.model(ids, mask).last_hidden_state
        with self._zero_attention_context():
            # The mask no longer matters; all ones keep it finite.
            blank = self.model(ids[empty], torch.ones_like(mask[empty])).last_hidden_state
        states = blank.new_empty(*ids.shape, blank.shape[-1])
        states[empty] = blank
        if not empty.all():
            states[~empty] = self.model(ids[~empty], mask[~empty]).last_hidden_state
        return states

    @contextlib.contextmanager
    def _zero_attention_context(self) -> Iterator[None]:
        """What bf16 autocast made of an all-padding chunk: attention returns nothing at all."""
        hooks = [m.register_forward_pre_hook(lambda _, args: (torch.zeros_like(args[0]), *args[1:]))
                 for m in self.context_readers]
        yield
        for hook in hooks:
            hook.remove()

    def __call__(self, prompts: list[str], max_length: int, empty_chunk: str = "zero") -> Tensor:
        return self.encode(*self.tokenize(prompts, max_length), empty_chunk)


def read_prompts(path: pathlib.Path | str) -> list[str]:
    return [json.loads(line)["prompt"] for line in pathlib.Path(path).read_text().splitlines() if line.strip()]


# --- Comparison with the golden data --------------------------------------------------------------------------------

def relative_rms(actual: Tensor, expected: Tensor) -> float:
    """|actual - expected| / |expected| in fp64; NaN must meet NaN."""
    actual, expected = actual.double(), expected.double()
    if actual.shape != expected.shape or not torch.equal(actual.isnan(), expected.isnan()):
        return math.inf
    return float((actual - expected).nan_to_num().norm() / expected.nan_to_num().norm().clamp_min(1e-300))


def adapter_rms(actual: dict[str, Tensor], expected: dict[str, Tensor]) -> float:
    if actual.keys() != expected.keys():
        return math.inf
    flatten = lambda tensors: torch.cat([tensors[key].double().flatten() for key in sorted(tensors)])
    return relative_rms(flatten(actual), flatten(expected))


def compare_with_golden(golden: pathlib.Path, encoder_dir: pathlib.Path) -> Iterator[tuple[str, float]]:
    """(what, relative RMS) for every golden case of encoder, decoder, end-to-end and codec."""
    layout = Layout.from_file(golden / "decoder/layout.json")
    encoder = TextEncoder(encoder_dir)
    yield from golden_encoder(golden / "encoder", "minilm-l6.safetensors", encoder)
    yield from golden_encoder(golden / "t5", "io.safetensors", TextEncoder(golden / "t5"))
    for case in sorted((golden / "decoder").glob("*/")):
        io = load_file(case / "io.safetensors")
        yield from golden_decoder(case, io, layout, io["condition"], "")
    for case in sorted((golden / "e2e").glob("*/")):
        io, config = load_file(case / "io.safetensors"), json.loads((case / "config.json").read_text())
        ids, mask = encoder.tokenize(read_prompts(case / "prompts.jsonl"), config["max_text_length"])
        yield f"{case.name} ids", relative_rms(ids, io["input_ids"])
        for suffix, reading in (("", "zero"), ("_uniform_empty_chunk", "uniform")):
            yield from golden_decoder(case, io, layout, encoder.encode(ids, mask, reading), suffix)
    for path in sorted((golden / "codec").glob("*.safetensors")):
        yield from golden_codec(path)


def golden_tolerance(what: str) -> float:
    """fp64 shows that the algorithm is the same; fp32 moves with the machine's order of summation."""
    return 1e-13 if "fp64" in what else 2e-2 if "bf16" in what else 5e-6


def golden_encoder(folder: pathlib.Path, file: str, encoder: TextEncoder) -> Iterator[tuple[str, float]]:
    io = load_file(folder / file)
    ids, mask = encoder.tokenize(json.loads((folder / "prompts.json").read_text()), io["input_ids"].shape[1])
    yield f"{folder.name} ids", relative_rms(ids, io["input_ids"])
    yield f"{folder.name} states", relative_rms(encoder.encode(ids, mask), io["last_hidden_state"])


def golden_decoder(case: pathlib.Path, io: dict[str, Tensor], layout: Layout, condition: Tensor,
                   suffix: str) -> Iterator[tuple[str, float]]:
    generator = load_generator(case / "decoder.pth")
    branches: list[Tensor] = []  # The golden layers hold y, before the residual is added.
    for layer in generator.layers:
        layer.linear2.register_forward_hook(lambda _module, _args, y: branches.append(y[0]))
    tokens = generator(condition[None])[0]
    for i, y in enumerate(branches):
        if f"layer.{i}" in io:
            yield f"{case.name} layer {i}", relative_rms(y, io[f"layer.{i}"])
    yield f"{case.name} tokens{suffix}", relative_rms(tokens, io[f"tokens_fp32{suffix}"])
    if suffix:
        return
    yield f"{case.name} adapter", adapter_rms(detokenize(tokens, layout), load_file(case / "adapter_fp32.safetensors"))
    with precision(bf16=True):
        yield f"{case.name} tokens (bf16)", relative_rms(generator(condition[None])[0], io["tokens_fp32"])
    if "tokens_fp64" in io:
        tokens = generator.double()(condition[None].double())[0]
        yield f"{case.name} tokens (fp64)", relative_rms(tokens, io["tokens_fp64"])


def golden_codec(path: pathlib.Path) -> Iterator[tuple[str, float]]:
    golden = load_file(path)
    part = lambda prefix: {k.removeprefix(prefix): v for k, v in golden.items() if k.startswith(prefix)}
    expected, lora = part("adapter_fp32."), part("lora.")
    layout = layer_layout(expected, golden["tokens_in"].shape[1:])
    yield f"{path.stem} tokenise", relative_rms(tokenize(lora, layout), golden["tokens_nan_padded"])
    yield f"{path.stem} detokenise", adapter_rms(detokenize(golden["tokens_in"], layout), expected)


def layer_layout(adapter: dict[str, Tensor], token_shape: tuple[int, int]) -> Layout:
    """The layout of layer 0 of a Qwen2-like base, from the shapes of its adapter."""
    names = [f"self_attn.{m}_proj" for m in "qkvo"] + [f"mlp.{m}_proj" for m in ("up", "gate", "down")]
    rank, width = token_shape[0] - 2, token_shape[1] - 2
    modules = []
    for name in names:
        key = f"base_model.model.model.layers.0.{name}.lora_"
        size_in, size_out = adapter[key + "A.weight"].shape[1], adapter[key + "B.weight"].shape[0]
        modules.append({"name": name, "in": size_in, "out": size_out,
                        "chunks_a": math.ceil(size_in / width), "chunks_b": math.ceil(size_out / width)})
    return Layout({"rank": rank, "alpha": 2 * rank, "token_shape": list(token_shape),
                   "blocks": [{"prefix": "model.layers.{i}", "count": 1, "modules": modules}]})


# --- Command line ---------------------------------------------------------------------------------------------------

def run_golden(args: argparse.Namespace) -> int:
    failures = 0
    for what, error in compare_with_golden(args.folder, args.encoder):
        bad = error > golden_tolerance(what)
        failures += bad
        print(f"{error:9.2e}  {what}{'  <-- too far' if bad else ''}")
    return int(failures > 0)


def run_generate(args: argparse.Namespace) -> int:
    layout, generator = Layout.from_file(args.layout), load_generator(args.checkpoint)
    with precision(args.bf16):
        condition = TextEncoder(args.encoder)(read_prompts(args.prompts), args.max_length, args.empty_chunk)
        tokens = generator(condition[None])[0].float()
    save_file(detokenize(tokens, layout), args.out, metadata={"format": "pt"})
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    golden = commands.add_parser("golden")
    golden.add_argument("folder", type=pathlib.Path)
    golden.set_defaults(run=run_golden)
    generate = commands.add_parser("generate")
    for name in ("checkpoint", "layout", "prompts", "out"):
        generate.add_argument(f"--{name}", type=pathlib.Path, required=True)
    generate.add_argument("--max-length", type=int, required=True)
    generate.add_argument("--empty-chunk", choices=("zero", "uniform"), default="zero")
    generate.add_argument("--bf16", action="store_true", help="bf16 autocast, as the released script runs")
    generate.set_defaults(run=run_generate)
    for command in (golden, generate):
        command.add_argument("--encoder", type=pathlib.Path, required=True, help="folder of the text encoder")
    args = parser.parse_args()
    with torch.inference_mode():
        return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
