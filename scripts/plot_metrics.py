#!/usr/bin/env python3
"""Draws metrics.jsonl of `dnd train` as an SVG: loss, learning rate, distance of the held-out tasks.

    scripts/plot_metrics.py BUNDLE.train/metrics.jsonl > metrics.svg
    scripts/plot_metrics.py a/metrics.jsonl b/metrics.jsonl --out compare.svg

Standard library only. Loss and learning rate are on logarithmic axes; the loss is also drawn as a running mean.
"""

import argparse
import html
import json
import math
import pathlib
import sys

WIDTH, HEIGHT, LEFT, GAP = 760, 190, 70, 46
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")

Points = list[tuple[float, float]]


def read(path: pathlib.Path) -> list[dict]:
    """The lines of one file; a last one that was cut off is left out."""
    lines = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            print(f"{path}: line {number}: not JSON, left out", file=sys.stderr)
    return lines


def running_mean(points: Points, window: int) -> Points:
    out, total = [], 0.0
    for i, (x, y) in enumerate(points):
        total += y - (points[i - window][1] if i >= window else 0.0)
        out.append((x, total / min(i + 1, window)))
    return out


def series(lines: list[dict], key: str) -> Points:
    return [(line["step"], line[key]) for line in lines if key in line]


def held_out(lines: list[dict]) -> dict[str, Points]:
    tasks: dict[str, Points] = {}
    for line in lines:
        if "held_out" in line:
            tasks.setdefault(line["held_out"], []).append((line["step"], line["distance"]))
    return tasks


class Panel:
    """One diagram; curves are (label, colour, opacity, points)."""

    def __init__(self, title: str, top: int, logarithmic: bool):
        self.title, self.top, self.logarithmic, self.curves = title, top, logarithmic, []

    def add(self, label: str, colour: str, opacity: float, points: Points) -> None:
        points = [(x, y) for x, y in points if math.isfinite(y) and (y > 0.0 or not self.logarithmic)]
        if points:
            self.curves.append((label, colour, opacity, points))

    def scale(self, y: float) -> float:
        return math.log10(y) if self.logarithmic else y

    def svg(self) -> str:
        everything = [point for curve in self.curves for point in curve[3]]
        parts = [f'<text x="{LEFT}" y="{self.top - 8}" font-weight="bold">{html.escape(self.title)}</text>',
                 f'<rect x="{LEFT}" y="{self.top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#999"/>']
        if not everything:
            return "\n".join(parts + [f'<text x="{LEFT + 10}" y="{self.top + 24}">nothing recorded</text>'])
        x_low, x_high = min(x for x, _ in everything), max(x for x, _ in everything)
        y_low, y_high = (bound(self.scale(y) for _, y in everything) for bound in (min, max))
        x_span, y_span = x_high - x_low or 1.0, y_high - y_low or 1.0

        def place(x: float, y: float) -> str:
            return (f"{LEFT + WIDTH * (x - x_low) / x_span:.1f},"
                    f"{self.top + HEIGHT * (1.0 - (self.scale(y) - y_low) / y_span):.1f}")

        for share in (0.0, 0.5, 1.0):
            value, y = y_low + share * y_span, self.top + HEIGHT * (1.0 - share)
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">'
                         f"{10**value if self.logarithmic else value:.3g}</text>")
            parts.append(f'<text x="{LEFT + WIDTH * share:.0f}" y="{self.top + HEIGHT + 15}" text-anchor="middle">'
                         f"{x_low + share * x_span:.6g}</text>")
        for i, (label, colour, opacity, points) in enumerate(self.curves):
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-opacity="{opacity}" points="'
                         + " ".join(place(x, y) for x, y in points) + '"/>')
            if label and i < 2 * len(COLOURS):
                parts.append(f'<text x="{LEFT + WIDTH + 8}" y="{self.top + 12 + 13 * i}" fill="{colour}">'
                             f"{html.escape(label)}</text>")
        return "\n".join(parts)


def document(panels: list[Panel]) -> str:
    """Panels below each other as one SVG."""
    size = f'width="{LEFT + WIDTH + 220}" height="{len(panels) * (HEIGHT + GAP) + GAP}"'
    body = "\n".join(panel.svg() for panel in panels)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n')


def draw(files: dict[str, list[dict]]) -> str:
    tops = [GAP + i * (HEIGHT + GAP) for i in range(3)]
    loss, rate, distance = (Panel("loss", tops[0], True), Panel("learning rate", tops[1], True),
                            Panel("held out: 0 own adapter, 1 mean training adapter", tops[2], False))
    for index, (name, lines) in enumerate(files.items()):
        colour, label = COLOURS[index % len(COLOURS)], name if len(files) > 1 else ""
        points = series(lines, "loss")
        loss.add("", colour, 0.3, points)
        loss.add(label or "running mean", colour, 1.0, running_mean(points, max(1, len(points) // 50)))
        rate.add(label, colour, 1.0, series(lines, "learning_rate"))
        for i, (task, curve) in enumerate(held_out(lines).items()):
            distance.add(f"{label} {task}".strip(), COLOURS[(index + i) % len(COLOURS)], 1.0, curve)
    return document([loss, rate, distance])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", type=pathlib.Path, nargs="+", help="metrics.jsonl, one or more")
    parser.add_argument("--out", type=pathlib.Path, help="the SVG to write (default: standard output)")
    args = parser.parse_args()
    svg = draw({str(path.parent.name or path): read(path) for path in args.metrics})
    if args.out:
        args.out.write_text(svg)
    else:
        sys.stdout.write(svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
