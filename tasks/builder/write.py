"""tasks.json and the three files of each task."""

import json
import pathlib
import shutil
import sys
from collections.abc import Callable

from builder.corpus import TASKS, Kind
from builder.parts import PARTS, deal
from builder.rows import make_rows
from builder.task import Reserved, Task


def write_lines(path: pathlib.Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def entry(kind: Kind, task: Task, related: dict[str, list[str]]) -> dict:
    name = f"{kind.name}.{task.name}"
    files = {each: f"{name}/{each}.jsonl" for each in ("prompts", "answers", "test")}
    known = {"related": related[name]} if name in related else {}
    return {"name": name, **files, "scorer": task.scorer, "kind": kind.name, "group": kind.group, "form": task.form,
            **known, "source": task.source, "licence": task.licence, **task.extra}


def write_corpus(kinds: list[Kind], reserved: Reserved, out: pathlib.Path,
                 on_kind: Callable[[Kind], None] = lambda kind: None) -> None:
    """Whole or not at all: the folder that was there stays until the new one is ready."""
    staging = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    related = json.loads((TASKS / "related.json").read_text())
    parts, document = deal(kinds, related), {"format": "dnd-tasks", "version": 1, **{part: [] for part in PARTS}}
    for kind in kinds:
        for task in kind.tasks:
            record = entry(kind, task, related)
            (staging / record["name"]).mkdir(parents=True)
            for name, rows in make_rows(task, reserved).items():
                write_lines(staging / record[name], rows)
            document[parts[record["name"]]].append(record)
        on_kind(kind)
    (staging / "tasks.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    staging.rename(out)
    print(f"tasks: {len(reserved.dropped)} questions were left out: they judge generators", file=sys.stderr)
