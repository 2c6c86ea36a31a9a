"""Writes the family of tasks: prompts, tests and the two lists of tasks (see TASKS in the README).

    data.py OUT     OUT/prompts, OUT/test, OUT/tasks<base>.json and OUT/validation<base>.json
"""

import json
import pathlib
import sys

from family import Task, all_tasks, distinct, group_of, task_examples

BASES = (0, 1)
PROMPTS = 128   # per task, from the training questions: no answers
QUESTIONS = 64  # per task, from the questions held back


def write_lines(path: pathlib.Path, records: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def write_task_files(out: pathlib.Path, task: Task, suffix: str, unseen_wording: bool) -> dict[str, str]:
    prompts = distinct(task_examples(task, 1, held_back=False, unseen_wording=unseen_wording), PROMPTS)
    test = distinct(task_examples(task, 2, held_back=True, unseen_wording=unseen_wording), QUESTIONS)
    files = {"prompts": f"prompts/{task.name}{suffix}.jsonl", "test": f"test/{task.name}{suffix}.jsonl"}
    write_lines(out / files["prompts"], [{"prompt": example.prompt} for example in prompts])
    write_lines(out / files["test"], [{"prompt": e.prompt, "answer": e.answer} for e in test])
    return files


def describe(out: pathlib.Path, task: Task, base: int) -> dict:
    record = {"name": task.name, **write_task_files(out, task, "", False),
              "adapters": f"adapters{base}/{task.name}",
              "attributes": {"domain": task.domain, "convention": task.convention}}
    if group_of(task):
        record["paraphrase"] = write_task_files(out, task, ".paraphrase", True)
        record["group"] = group_of(task)
    return record


def write_lists(out: pathlib.Path, base: int) -> None:
    """tasks: the final lists, validation tasks trained on. validation: for tuning, no final task in it."""
    records = [describe(out, task, base) for task in all_tasks()]
    of = lambda *starts: [r for r in records if str(r.get("group", "")).startswith(starts)]
    train = [r for r in records if "group" not in r]
    tuned_on = [{k: v for k, v in r.items() if k not in ("group", "paraphrase")} for r in of("validation")]
    for name, trained, held_out in (("tasks", train + tuned_on, of("combinations", "subject", "domain")),
                                    ("validation", train, of("validation"))):
        document = {"format": "dnd-tasks", "version": 1, "train": trained, "held_out": held_out}
        (out / f"{name}{base}.json").write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    for base in BASES:
        write_lists(out, base)
    print(f"{len(all_tasks())} tasks in {out}")


if __name__ == "__main__":
    main()
