"""Copies what the repository ships from the working folder, and writes the card.

    ship.py WORK OUT

The first base model and its first generator seed ship, whatever their results; the table holds all.
"""

import json
import pathlib
import shutil
import sys

from data import QUESTIONS
from family import all_tasks, group_of
from held_out import WHOLE_HELD_OUT

BASE_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json",
              "base.gguf")
SHIPPED = "0-1"
# What the quickstart prints.
SUMMARY = ("test/base", "test/mean_adapter", "test/nearest_adapter", "test/best_single_adapter", "test/ridge",
           "test/generated", "test/other:convention", "test/other:domain", "test/random_text", "test/own_adapter")
LIMIT = 40 * 2**20  # bytes


def figures_of(results):
    """Without the questions and every answer, which are many times as much."""
    if isinstance(results, list):
        return [figures_of(value) for value in results]
    if not isinstance(results, dict):
        return results
    texts = ("answers", "paraphrase_questions")
    return {key: figures_of(value) for key, value in results.items()
            if key not in texts and not (key == "questions" and isinstance(value, dict))}


def copy(source: pathlib.Path, target: pathlib.Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def ship_tasks(work: pathlib.Path, out: pathlib.Path) -> None:
    """Questions and answers of every held-out task, and a list of them that `dnd eval` takes."""
    records = json.loads((work / f"tasks{SHIPPED[0]}.json").read_text())["held_out"]
    for record in records:
        for part, suffix in ((record, ""), (record["paraphrase"], ".paraphrase")):
            for kind in ("prompts", "test"):
                copied = f"{record['name']}/{kind}{suffix}.jsonl"
                copy(work / part[kind], out / copied)
                part[kind] = copied
        del record["adapters"]
    document = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": records}
    (out / "tasks.json").write_text(json.dumps(document, indent=1) + "\n")


def cell(summary: dict) -> str:
    if summary["mean"] is None:
        return "-"
    low, mean, high = (100 * summary[key] for key in ("low", "mean", "high"))
    return f"{mean:.1f} [{low:.0f}, {high:.0f}]"


def behaviour_table(results: dict, rows: tuple[str, ...] = ()) -> str:
    """Exact match, pooled over the generators: padded markdown. `rows` are (set, id) as "set/id"; all by default."""
    pooled = [row for row in results["pooled"]["behaviour"]["rows"]
              if not rows or f"{row['set']}/{row['id']}" in rows and row["over_draws"] == "mean"]
    groups = [summary["group"] for summary in pooled[0]["groups"]]
    tasks = {summary["group"]: summary["tasks"] for summary in pooled[0]["groups"]}
    lines = [["exact match, %", *(f"{group} ({tasks[group]} tasks)" for group in groups)]]
    lines += [[row["label"], *(cell(summary) for summary in row["groups"])] for row in pooled]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["| " + " | ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)) + " |"
            for line in lines]
    return "\n".join([text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]]) + "\n"


def card(tables: list[tuple[str, str]], settings: dict) -> str:
    template = (pathlib.Path(__file__).parent / "card.md").read_text()
    groups = [group_of(task) for task in all_tasks()]
    numbers = {"train": sum(g == "" or g.startswith("validation") for g in groups),
               "combinations": groups.count("combinations"), "subject": groups.count("subject"),
               "domain": groups.count("domain"), "whole": ", ".join(WHOLE_HELD_OUT),
               "all": sum(g in ("combinations", "subject", "domain") for g in groups), "draws": settings["draws"],
               "questions": settings["questions"] or QUESTIONS}
    for name, number in numbers.items():
        template = template.replace(f"@{name}@", str(number))
    return template.replace("@tables@", "\n\n".join(f"### {title}\n\n{table.strip()}" for title, table in tables))


def main() -> None:
    work, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    for kept in ("base", "generator", "tasks", "results"):
        shutil.rmtree(out / kept, ignore_errors=True)
    for file in BASE_FILES:
        if (work / f"base{SHIPPED[0]}" / file).exists():
            copy(work / f"base{SHIPPED[0]}" / file, out / "base" / file)
    shutil.copytree(work / f"generator{SHIPPED}", out / "generator")
    ship_tasks(work, out / "tasks")
    tables, settings = [], {"draws": 0, "questions": 0}
    for folder in sorted(work.glob("eval?")):
        base = folder.name[4:]
        results = json.loads((folder / "results.json").read_text())
        settings = results["settings"]
        (out / "results").mkdir(exist_ok=True)
        (out / f"results/base{base}.json").write_text(json.dumps(figures_of(results), separators=(",", ":")) + "\n")
        copy(folder / "results.svg", out / f"results/base{base}.svg")
        copy(folder / "table.md", out / f"results/base{base}.md")
        tables.append((f"Base {base}", behaviour_table(results)))
        if base == SHIPPED[0]:
            (out / "results/summary.md").write_text(behaviour_table(results, SUMMARY))
    (out / "README.md").write_text(card(tables, settings))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > LIMIT:
        raise SystemExit(f"{out} has {size} bytes, more than {LIMIT}")
    print(f"{size} bytes in {out}")


if __name__ == "__main__":
    main()
