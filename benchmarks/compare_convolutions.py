#!/usr/bin/env python3
"""Table and plot of what conv_bench measured: each convolution of the released decoders beside ATen's faster format.

    build/bin/conv_bench --benchmark_out=conv.json
    benchmarks/compare_convolutions.py conv.json --svg conv.svg --markdown

Several runs of one convolution (--benchmark_repetitions, several files) count with their fastest. `ATen/ours` above 1:
ours is faster. `of peak`: rate of direct convolution over the rate of multiply-adds from registers, same threads, same
run; a transform may pass 1. Exit code 1 where a convolution is slower than ATen's (--never-slower). Standard library
only.
"""

import argparse
import dataclasses
import json
import math
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "scripts"))

SIDES = ("ours", "aten", "aten_channels_last")
COLUMNS = ("convolution", "channels", "GFLOP", "ours ms", "ATen ms", "format", "ATen/ours", "GFLOP/s", "of peak",
           "error", "ATen's")


@dataclasses.dataclass(frozen=True)
class Side:
    milliseconds: float
    error: float


@dataclasses.dataclass(frozen=True)
class Row:
    preset: str
    name: str
    channels: tuple[int, int]
    gflop: float
    sides: dict[str, Side]

    @property
    def aten(self) -> str:
        return min((side for side in SIDES[1:] if side in self.sides), key=lambda side: self.sides[side].milliseconds)

    @property
    def ratio(self) -> float:
        return self.sides[self.aten].milliseconds / self.sides["ours"].milliseconds

    @property
    def rate(self) -> float:
        return 1e3 * self.gflop / self.sides["ours"].milliseconds

    def whole(self, side: str) -> float:
        """Milliseconds of all output channels, had they all been computed."""
        return self.sides[side].milliseconds * self.channels[1] / self.channels[0]


@dataclasses.dataclass
class Measured:
    threads: int
    peak: float  # GFLOP/s of that many threads; 0 if not measured
    rows: list[Row]


def runs_of(path: pathlib.Path) -> tuple[dict, list[dict]]:
    try:
        document = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        sys.exit(f"{path}: {error}")
    # Repetitions add their mean, median and so on: not runs.
    return document["context"], [run for run in document["benchmarks"] if run.get("run_type") == "iteration"]


def read(paths: list[pathlib.Path]) -> Measured:
    documents = [runs_of(path) for path in paths]
    threads = {context["threads"] for context, _ in documents}
    if len(threads) != 1:
        sys.exit(f"runs of different thread counts: {', '.join(sorted(threads))}")
    measured = Measured(int(threads.pop()), 0.0, [])
    rows: dict[tuple[str, str], Row] = {}
    for run in (run for _, runs in documents for run in runs):
        kind, *parts = run["name"].removesuffix("/real_time").split("/")
        if kind == "peak" and int(parts[1]) == measured.threads:
            measured.peak = max(measured.peak, run["GFLOP/s"])
        if kind == "conv":
            preset, name, side = parts
            channels = (int(run["channels"]), int(run["all_channels"]))
            row = rows.setdefault((preset, name), Row(preset, name, channels, run["GFLOP"], {}))
            if row.channels != channels:
                sys.exit(f"{run['name']}: {channels[0]} and {row.channels[0]} channels (different --max-gflop)")
            if side not in row.sides or run["real_time"] < row.sides[side].milliseconds:
                row.sides[side] = Side(run["real_time"], run["error"])
    measured.rows = [row for row in rows.values() if "ours" in row.sides and len(row.sides) > 1]
    return measured


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def by_preset(rows: list[Row]) -> dict[str, list[Row]]:
    presets: dict[str, list[Row]] = {}
    for row in rows:
        presets.setdefault(row.preset, []).append(row)
    return presets


def cells(row: Row, peak: float) -> list[str]:
    done, of = row.channels
    theirs = row.sides[row.aten]
    return [f"{row.preset} {row.name}", str(of) if done == of else f"{done} of {of}", f"{row.gflop:.1f}",
            f"{row.sides['ours'].milliseconds:.1f}", f"{theirs.milliseconds:.1f}",
            "contiguous" if row.aten == "aten" else "channels last",
            f"{row.ratio:.2f}" + (" SLOWER" if row.ratio < 1.0 else ""), f"{row.rate:.0f}",
            f"{row.rate / peak:.2f}" if peak else "-", f"{row.sides['ours'].error:.1e}", f"{theirs.error:.1e}"]


def summary(preset: str, rows: list[Row]) -> list[str]:
    ratios = [row.ratio for row in rows]
    ours, theirs = sum(row.whole("ours") for row in rows), sum(row.whole(row.aten) for row in rows)
    return [preset, str(len(rows)), f"{geometric_mean(ratios):.2f}", f"{min(ratios):.2f}",
            str(sum(ratio < 1.0 for ratio in ratios)), f"{ours / 1e3:.2f}", f"{theirs / 1e3:.2f}",
            f"{theirs / ours:.2f}"]


def print_table(head: tuple[str, ...], lines: list[list[str]], markdown: bool) -> None:
    if markdown:
        print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
        for line in lines:
            print("| " + " | ".join(line) + " |")
        print()
        return
    widths = [max(len(line[i]) for line in [list(head), *lines]) for i in range(len(head))]
    for line in [list(head), *lines]:
        print("  ".join(cell.rjust(width) if i else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip())
    print()


def draw(measured: Measured) -> str:
    from plot_metrics import COLOURS, GAP, HEIGHT, Panel, document
    ratio = Panel("time of ATen's faster format / ours, convolutions in the decoder's order", GAP, True)
    rate = Panel("GFLOP/s of direct convolution", 2 * GAP + HEIGHT, True)
    longest = max(len(rows) for rows in by_preset(measured.rows).values())
    for colour, (preset, rows) in zip(COLOURS, by_preset(measured.rows).items(), strict=False):
        ratio.add(preset, colour, 1.0, [(i, row.ratio) for i, row in enumerate(rows)])
        rate.add(preset, colour, 1.0, [(i, row.rate) for i, row in enumerate(rows)])
    ratio.add("equal", "#999", 1.0, [(0, 1.0), (longest - 1, 1.0)])
    if measured.peak:
        rate.add("peak", "#999", 1.0, [(0, measured.peak), (longest - 1, measured.peak)])
    return document([ratio, rate])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("json", type=pathlib.Path, nargs="+", help="--benchmark_out of conv_bench, one or more")
    parser.add_argument("--markdown", action="store_true", help="tables as Markdown")
    parser.add_argument("--svg", type=pathlib.Path, help="draw ratios and rates")
    parser.add_argument("--never-slower", action="store_true", help="fail where one is slower than ATen's")
    args = parser.parse_args()
    measured = read(args.json)
    if not measured.rows:
        sys.exit("no convolution was measured on both sides")
    print_table(COLUMNS, [cells(row, measured.peak) for row in measured.rows], args.markdown)
    presets = list(by_preset(measured.rows).items())
    if len(presets) > 1:
        presets.append(("all", measured.rows))
    print_table(("preset", "convolutions", "geometric mean", "least", "slower", "ours s", "ATen s", "sums' ratio"),
                [summary(*preset) for preset in presets], args.markdown)
    print(f"{measured.threads} threads; peak {measured.peak:.0f} GFLOP/s"
          + "; seconds with channels left out scaled up" * any(r.channels[0] < r.channels[1] for r in measured.rows))
    if args.svg:
        args.svg.write_text(draw(measured))
    return int(args.never_slower and any(row.ratio < 1.0 for row in measured.rows))


if __name__ == "__main__":
    sys.exit(main())
