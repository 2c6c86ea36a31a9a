#!/usr/bin/env python3
"""`dnd merge` beside a plain copy of the same bytes, both flushed to the disk, in turn.

Writes a sharded bf16 checkpoint of 7B-like shapes and an adapter for all its projections, then prints seconds
(medians), GB/s, their ratio and the peak memory of the merge. Needs twice the size on the disk; everything is removed
afterwards.

    merge_speed.py --dnd build/bin/dnd --gb 8 --rank 16 --repeat 3 [--warm] [--folder DIR]
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time

Path = pathlib.Path
HIDDEN, INNER, VOCABULARY = 4096, 11008, 32000
PROJECTIONS = {f"self_attn.{name}_proj": (HIDDEN, HIDDEN) for name in "qkvo"} | {
    "mlp.gate_proj": (INNER, HIDDEN), "mlp.up_proj": (INNER, HIDDEN), "mlp.down_proj": (HIDDEN, INNER)}
SHARD_BYTES = 5e9
PIECE = 1 << 22


def byte_size(shape: tuple[int, ...]) -> int:
    size = 2
    for length in shape:
        size *= length
    return size


def layer_tensors(layer: int) -> dict[str, tuple[int, ...]]:
    prefix = f"model.layers.{layer}."
    tensors = {f"{prefix}{name}.weight": shape for name, shape in PROJECTIONS.items()}
    return tensors | {f"{prefix}{name}_layernorm.weight": (HIDDEN,) for name in ("input", "post_attention")}


def base_tensors(gigabytes: float) -> dict[str, tuple[int, ...]]:
    ends = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN), "lm_head.weight": (VOCABULARY, HIDDEN)}
    left = gigabytes * 1e9 - sum(map(byte_size, ends.values()))
    layers = max(1, round(left / sum(map(byte_size, layer_tensors(0).values()))))
    return {name: shape for layer in range(layers) for name, shape in layer_tensors(layer).items()} | ends


def random_piece(seed: int) -> bytes:
    """4 MiB of bf16 of magnitude 2^-6 and less: no infinity, no NaN."""
    values = bytearray(random.Random(seed).randbytes(PIECE))
    for i in range(1, PIECE, 2):
        values[i] = values[i] & 0x80 | 0x3C
    return bytes(values)


def write_safetensors(path: Path, tensors: dict[str, tuple[int, ...]], piece: bytes) -> None:
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in tensors.items():
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + byte_size(shape)]}
        end += byte_size(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _ in range(end // PIECE):
            file.write(piece)
        file.write(piece[:end % PIECE])
        file.flush()
        os.fsync(file.fileno())


def write_base(folder: Path, gigabytes: float) -> None:
    folder.mkdir()
    shards, size = [{}], 0
    for name, shape in base_tensors(gigabytes).items():
        if size + byte_size(shape) > SHARD_BYTES:
            shards.append({})
            size = 0
        shards[-1][name] = shape
        size += byte_size(shape)
    piece, weight_map = random_piece(1), {}
    for i, tensors in enumerate(shards, 1):
        name = f"model-{i:05}-of-{len(shards):05}.safetensors"
        write_safetensors(folder / name, tensors, piece)
        weight_map |= dict.fromkeys(tensors, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    (folder / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))


def write_adapter(folder: Path, gigabytes: float, rank: int) -> None:
    folder.mkdir()
    tensors = {}
    for name, shape in base_tensors(gigabytes).items():
        if "_proj" in name:
            key = "base_model.model." + name.removesuffix(".weight")
            tensors |= {f"{key}.lora_A.weight": (rank, shape[1]), f"{key}.lora_B.weight": (shape[0], rank)}
    write_safetensors(folder / "adapter_model.safetensors", tensors, random_piece(2))
    (folder / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "target_modules": sorted(
            name.split(".")[1] for name in PROJECTIONS), "fan_in_fan_out": False, "bias": "none"}))


def forget(folder: Path) -> None:
    """Drops the files from the page cache, so that they are read from the disk."""
    for path in folder.iterdir():
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def recall(folder: Path) -> None:
    for path in folder.iterdir():
        with open(path, "rb") as file:
            while file.read(PIECE):
                pass


def timed(commands: list[list]) -> tuple[float, float, int]:
    """Seconds of all, processor seconds of all, peak resident bytes of the largest."""
    peak, processor, started = 0, 0.0, time.perf_counter()
    for command in commands:
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{command[0]}: exit code {process.returncode}")
        peak = max(peak, usage.ru_maxrss * 1024)
        processor += usage.ru_utime + usage.ru_stime
    return time.perf_counter() - started, processor, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dnd", type=Path, default=Path("build/bin/dnd"))
    parser.add_argument("--gb", type=float, default=8)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warm", action="store_true", help="base in the page cache (default: read from the disk)")
    parser.add_argument("--folder", type=Path, help="where to work (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="merge-speed-", dir=options.folder) as name:
        folder = Path(name)
        base, adapter, out = folder / "base", folder / "adapter", folder / "out"
        write_base(base, options.gb)
        write_adapter(adapter, options.gb, options.rank)
        size = sum(path.stat().st_size for path in base.iterdir())
        files = [out / path.name for path in base.iterdir()]
        ways = {"copy": [["cp", "-r", "--reflink=never", base, out], ["sync", *files]],
                "merge": [[options.dnd, "merge", adapter, "--base", base, "--out", out, "--threads",
                           options.threads, "-q"]]}
        seconds, peaks = {way: [] for way in ways}, dict.fromkeys(ways, 0)
        for _ in range(options.repeat):
            for way, commands in ways.items():
                (recall if options.warm else forget)(base)
                taken, processor, peak = timed(commands)
                seconds[way].append(taken)
                peaks[way] = max(peaks[way], peak)
                print(f"{way}: {taken:.2f} s, {size / taken / 1e9:.2f} GB/s, processor {processor:.2f} s, peak "
                      f"{peak / 1e6:.0f} MB", flush=True)
                shutil.rmtree(out)
                os.sync()
        copy, merge = (statistics.median(seconds[way]) for way in ways)
        largest = max(map(byte_size, base_tensors(options.gb).values()))
        weights = (adapter / "adapter_model.safetensors").stat().st_size
        print(f"{size / 1e9:.2f} GB, {'warm' if options.warm else 'cold'}: copy {copy:.2f} s, merge {merge:.2f} s, "
              f"merge runs at {100 * copy / merge:.0f} % of the copy's speed; peak memory {peaks['merge'] / 1e6:.0f} "
              f"MB, adapter {weights / 1e6:.0f} MB, largest tensor {largest / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
