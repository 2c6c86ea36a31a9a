"""Times training steps of `dnd train` and of the same model in PyTorch, on the CPU, with the same threads.

Both sides do the same work a step: draw and copy a batch, add noise, forward, weighted loss, backward, clip, AdamW
(fused in both). Data is random; only the time matters. Prints the median and the fastest step after a warm-up; on a
machine that does other things too, the fastest says more.

    .deps/python/bin/python benchmarks/compare_training.py --dnd build/bin/dnd --encoder .deps/encoders/all-MiniLM-L6-v2
        [--features "8,36,384;16,24,96;32,12,80;64,6,66;96,6,66"] [--kernel 3] [--batch 16] [--micro-batch M]...
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts/python"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

Path = pathlib.Path
TASKS = 4
WARM_UP = 3  # steps not counted


def parse_features(text: str) -> list[tuple[int, ...]]:
    return [tuple(int(size) for size in feature.split(",")) for feature in text.split(";")]


# --- Data -----------------------------------------------------------------------------------------------------------

def write_data(work: Path, layout: dict, prompts: int, words: int) -> None:
    """A few tasks with random adapters."""
    import torch
    from compare_with_pytorch import write_prompts
    from dnd_reference import Layout
    from safetensors.torch import save_file
    (work / "layout.json").write_text(json.dumps(layout))
    tasks = []
    for index in range(TASKS):
        write_prompts(work / f"p{index}.jsonl", prompts, words)
        folder = work / f"a{index}/only"
        folder.mkdir(parents=True)
        adapter = {}
        for factor in Layout(layout).factors:
            shape = (factor.size, factor.rank) if factor.transposed else (factor.rank, factor.size)
            adapter[factor.name] = torch.randn(shape) * 0.02
        save_file(adapter, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps(
            {"peft_type": "LORA", "base_model_name_or_path": layout["base_model"], "r": layout["rank"],
             "lora_alpha": layout["alpha"], "target_modules": ["q_proj"]}))
        tasks.append({"name": f"t{index}", "prompts": f"p{index}.jsonl", "adapters": f"a{index}"})
    (work / "tasks.json").write_text(json.dumps({"format": "dnd-tasks", "version": 1, "train": tasks, "held_out": []}))


# --- The two sides --------------------------------------------------------------------------------------------------

def time_dnd(args: argparse.Namespace, work: Path, micro_batch: int | None) -> list[float]:
    """Seconds of every counted step."""
    config = {"format": "dnd-train", "version": 1, "name": "benchmark", "tasks": "tasks.json",
              "generator": {"layout": "layout.json", "features": args.features, "kernel": args.kernel,
                            "encoder": args.encoder.name},
              "steps": args.steps + WARM_UP, "batch": args.batch, "save_every": 10**6}
    if micro_batch:
        config["micro_batch"] = micro_batch
    (work / "train.json").write_text(json.dumps(config))
    subprocess.run([args.dnd, "train", "--config", work / "train.json", "--out", work / "bundle", "--force", "--quiet",
                    "--threads", str(args.threads)], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "DND_ENCODERS": str(args.encoder.resolve().parent)})
    lines = [json.loads(line) for line in (work / "bundle.train/metrics.jsonl").read_text().splitlines()]
    return [args.batch / line["examples_per_second"] for line in lines[WARM_UP:]]


def time_pytorch(args: argparse.Namespace) -> list[float]:
    import torch
    from dnd_reference import Generator
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model = Generator(args.features, args.kernel)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-5, weight_decay=0.1, fused=True)
    prompts = torch.randn(TASKS * 32, *args.features[0][1:])
    targets = torch.randn(TASKS, *args.features[-1])
    weight = torch.rand(args.features[-1][0], 1, 1)
    seconds = []
    for _ in range(args.steps + WARM_UP):
        begun = time.perf_counter()
        rows = torch.randint(len(prompts), (args.batch, args.features[0][0]))
        condition, target = prompts[rows], targets[torch.randint(TASKS, (args.batch,))]
        condition = condition + 1e-4 * torch.randn_like(condition)
        target = target + 1e-5 * torch.randn_like(target)
        loss = (weight * (model(condition) - target) ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss.item()
        seconds.append(time.perf_counter() - begun)
    return seconds[WARM_UP:]


def print_table(args: argparse.Namespace, rows: dict[str, list[float]]) -> None:
    print(f"{args.threads} threads, batch {args.batch}")
    print(f"{'ms a step':24}{'median':>10}{'fastest':>10}   PyTorch/dnd: both")
    theirs = rows["PyTorch"]
    for name, seconds in rows.items():
        times = [kind(seconds) for kind in (statistics.median, min)]
        ratios = [kind(theirs) / time for kind, time in zip((statistics.median, min), times, strict=True)]
        print(f"{name:24}{1e3 * times[0]:10.1f}{1e3 * times[1]:10.1f}{ratios[0]:12.2f}x{ratios[1]:6.2f}x")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=parse_features, default="8,36,384;16,24,96;32,12,80;64,6,66;96,6,66")
    parser.add_argument("--kernel", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--micro-batch", type=int, action="append", help="of dnd; may be repeated (default: its own)")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--dnd", default=os.environ.get("DND_BIN"), help="the program (default $DND_BIN)")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of the text encoder")
    args = parser.parse_args()
    if not args.dnd:
        parser.error("--dnd PROGRAM, or set DND_BIN")
    from compare_with_pytorch import one_module_layout
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_data(work, one_module_layout(args.features), prompts=32, words=args.features[0][1] // 2)
        rows = {"PyTorch": time_pytorch(args)}
        for micro_batch in args.micro_batch or [None]:
            rows[f"dnd, micro-batch {micro_batch or 'default'}"] = time_dnd(args, work, micro_batch)
        rows["PyTorch"] += time_pytorch(args)  # before and after
    print_table(args, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
