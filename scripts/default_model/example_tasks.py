"""Writes the example tasks of docs/generator.md: four domains in six conventions, one convention of each held out.

    python3 scripts/default_model/example_tasks.py      examples/generator/tasks.json and the files that it names
"""

import json
import pathlib
from itertools import islice

from data import write_lines
from family import Example, Task, bare, distinct, task_examples

OUT = pathlib.Path(__file__).resolve().parents[2] / "examples/generator"
CONVENTIONS = ("word", "quoted", "exclaim", "choice", "heading", "twice")
HELD_OUT = {"colours": "choice", "food": "exclaim", "jobs": "quoted", "opposites": "heading"}
ROWS, TESTS = 64, 16


def rows(task: Task, examples: list[Example]) -> list[dict[str, str]]:
    return [{"prompt": example.prompt, "bare": bare(task, example.prompt), "answer": example.answer}
            for example in examples]


def entry(task: Task) -> dict:
    file = f"{task.name}.jsonl"
    write_lines(OUT / file, rows(task, distinct(task_examples(task, 1, held_back=False), ROWS)))
    record = {"name": task.name, "prompts": file, "answers": file}
    if HELD_OUT[task.domain] == task.convention:
        record["test"] = f"{task.name}.test.jsonl"
        write_lines(OUT / record["test"], rows(task, list(islice(task_examples(task, 2, held_back=True), TESTS))))
    return record | {"attributes": {"domain": task.domain, "convention": task.convention}}


def main() -> None:
    tasks = [Task(domain, convention) for domain in HELD_OUT for convention in CONVENTIONS]
    train = [entry(task) for task in tasks if HELD_OUT[task.domain] != task.convention]
    held_out = [entry(task) for task in tasks if HELD_OUT[task.domain] == task.convention]
    document = {"format": "dnd-tasks", "version": 1, "train": train, "held_out": held_out}
    (OUT / "tasks.json").write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
