#!/usr/bin/env python3
"""What an adapter costs as the work grows: time against prompts, tokens a prompt, decoder size and tasks a call.

    scaling.py --dnd build/bin/dnd --encoder ENCODER_DIR --threads 2 --svg scaling.svg
    scaling.py ... --axes tasks --tasks 1,2,4,8,16,32,64 --json scaling.json

Small generators with random weights, one thing varied at a time. Each point is the median of several runs of the whole
program; stages as `dnd generate --json` reports them. Needs the Python of the tests (PyTorch makes the checkpoints).
"""

import argparse
import dataclasses
import itertools
import json
import os
import pathlib
import sys
import tempfile

from compare_with_pytorch import ROOT, Comparison, Run, median_of, write_prompts

sys.path.insert(0, str(ROOT / "scripts"))

STAGES = ("encode", "decode", "wall")
AXES = ("prompts", "tokens", "size", "tasks")


@dataclasses.dataclass(frozen=True)
class Point:
    prompts: int = 16
    tokens: int = 128
    size: float = 1.0  # factor of the decoder's inner channels: work grows with its square
    tasks: int = 1

    def features(self) -> list[tuple[int, int, int]]:
        def of(n: int) -> int:
            return max(2, round(n * self.size) // 2 * 2)
        return [(self.prompts, self.tokens, 384), (of(64), 64, 200), (of(128), 25, 150), (of(256), 10, 130)]


def measure(args: argparse.Namespace, point: Point) -> Run:
    """Seconds an adapter, whatever the tasks of the call."""
    with tempfile.TemporaryDirectory(dir=args.work) as folder:
        job = argparse.Namespace(**vars(args), preset=None, features=point.features(), kernel=9, projection=None,
                                 checkpoint=None, condition_only=False, words=point.tokens // 2, precision="fast")
        comparison = Comparison(job, pathlib.Path(folder))
        files = []
        for task in range(point.tasks):
            files.append(comparison.work / f"task{task}.jsonl")
            write_prompts(files[-1], point.prompts, job.words, task)
        whole = comparison.work / "tasks.jsonl"
        whole.write_text("".join(file.read_text() for file in files))
        run = median_of([comparison.run_dnd(["--prompts", whole]) for _ in range(args.repeat)])
    return Run({stage: seconds / point.tasks for stage, seconds in run.seconds.items()}, run.peak_gib)


def draw(points: dict[str, list[dict]]) -> str:
    from plot_metrics import COLOURS, GAP, HEIGHT, Panel, document
    titles = {"prompts": "seconds an adapter against prompts", "tokens": "against tokens a prompt",
              "size": "against the decoder's TFLOP", "tasks": "against tasks a call"}
    panels = []
    for i, (axis, rows) in enumerate(points.items()):
        panels.append(Panel(titles[axis], GAP + i * (HEIGHT + GAP), False))
        for colour, stage in zip(COLOURS, STAGES, strict=False):
            x = "tflop" if axis == "size" else axis
            panels[-1].add(stage, colour, 1.0, [(row[x], row[stage]) for row in rows])
    return document(panels)


def decoder_tflop(features: list[tuple[int, int, int]], kernel: int) -> float:
    products = 0
    for (n, h, w), (n_out, h_out, w_out) in itertools.pairwise(features):
        products += w * w_out * h * n + h * h_out * n * w_out + h * h_out * n * w + w * w_out * h_out * n
        products += n * n_out * h_out * w_out
    return 2e-12 * kernel**2 * products


def numbers(text: str) -> list[float]:
    return [float(word) if "." in word else int(word) for word in text.split(",")]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dnd", type=pathlib.Path, default=os.environ.get("DND_BIN"), help="default $DND_BIN")
    parser.add_argument("--encoder", type=pathlib.Path, required=True, help="folder of a text encoder of width 384")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--axes", choices=AXES, nargs="+", default=AXES)
    parser.add_argument("--prompts", type=numbers, default=[4, 8, 16, 32, 64])
    parser.add_argument("--tokens", type=numbers, default=[64, 128, 256, 384, 512])
    parser.add_argument("--size", type=numbers, default=[0.5, 1.0, 2.0, 3.0, 4.0])
    parser.add_argument("--tasks", type=numbers, default=[1, 2, 4, 8, 16, 32, 64])
    parser.add_argument("--svg", type=pathlib.Path, help="draw it")
    parser.add_argument("--json", type=pathlib.Path, help="the numbers")
    parser.add_argument("--work", type=pathlib.Path, help="where the temporary files go")
    args = parser.parse_args()
    if not args.dnd:
        parser.error("--dnd PROGRAM, or set DND_BIN")
    return args


def main() -> int:
    args = parse_arguments()
    points: dict[str, list[dict]] = {}
    for axis in args.axes:
        print(f"{axis:>10}{'TFLOP':>10}" + "".join(f"{stage:>10}" for stage in STAGES) + f"{'peak GiB':>10}")
        for value in getattr(args, axis):
            point = Point(**{axis: value})
            run, tflop = measure(args, point), decoder_tflop(point.features(), 9)
            points.setdefault(axis, []).append({axis: value, "tflop": tflop, "peak_gib": run.peak_gib,
                                                **{stage: run.seconds[stage] for stage in STAGES}})
            print(f"{value:10}{tflop:10.4f}" + "".join(f"{run.seconds[stage]:10.4f}" for stage in STAGES)
                  + f"{run.peak_gib:10.3f}", flush=True)
    if args.json:
        args.json.write_text(json.dumps({"threads": args.threads, "repeat": args.repeat, "points": points}, indent=1))
    if args.svg:
        args.svg.write_text(draw(points))
    return 0


if __name__ == "__main__":
    sys.exit(main())
