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

BASE_FILES = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.model", "tokenizer_config.json",
              "base.gguf")
SHIPPED = "0-1"
LIMIT = 40 * 2**20  # bytes


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


def card(tables: list[tuple[str, str]], settings: dict) -> str:
    template = (pathlib.Path(__file__).parent / "card.md").read_text()
    groups = [group_of(task) for task in all_tasks()]
    numbers = {"train": sum(g == "" or g.startswith("validation") for g in groups),
               "combinations": groups.count("combinations"), "subject": groups.count("subject"),
               "domain": groups.count("domain"), "draws": settings["draws"],
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
        settings = json.loads((folder / "results.json").read_text())["settings"]
        for kind in ("json", "svg"):
            copy(folder / f"results.{kind}", out / "results" / f"base{base}.{kind}")
        tables.append((f"Base {base}, three generator seeds", (folder / "table.md").read_text()))
    (out / "README.md").write_text(card(tables, settings))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    if size > LIMIT:
        raise SystemExit(f"{out} has {size} bytes, more than {LIMIT}")
    print(f"{size} bytes in {out}")


if __name__ == "__main__":
    main()
