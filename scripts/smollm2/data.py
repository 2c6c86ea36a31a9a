"""Task sets made of tasks/corpus, for the stages of scripts/smollm2/build.sh.

    data.py CORPUS WORK [EXTERNAL]

    WORK/learn.json       the training tasks, and as held_out those of validation, 20 questions of each: for dnd train
    WORK/joint.json       the training tasks, 16 questions of each, every second one bare: for dnd tune --joint
    WORK/neighbours.json  60 of the training tasks, by a seed, their questions bare: for the rows nearest and ridge
    WORK/own.json         30 of all tasks, by a seed: what the base, the joint adapter and own ones are worth on them
    WORK/PART.json        validation, siblings, new as held_out, and external where EXTERNAL is its tasks.json
"""

import json
import pathlib
import random
import sys

JOINT_QUESTIONS, WATCHED, NEIGHBOURS, OWN = 16, 20, 60, 30
FILES = ("prompts", "answers", "test")


def read_rows(path: pathlib.Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_tasks(path: pathlib.Path) -> dict[str, list[dict]]:
    """The lists of a tasks.json, with whole paths."""
    document = json.loads(path.read_text(encoding="utf-8"))
    folder = path.parent.resolve()
    return {part: [task | {key: str(folder / task[key]) for key in FILES if key in task} for task in tasks]
            for part, tasks in document.items() if isinstance(tasks, list)}


def write_tasks(path: pathlib.Path, train: list[dict], held_out: list[dict] = ()) -> None:
    document = {"format": "dnd-tasks", "version": 1, "train": train, "held_out": list(held_out)}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_rows(path: pathlib.Path, rows: list[dict]) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path.resolve())


def watched_task(task: dict, folder: pathlib.Path) -> dict:
    """With fewer questions: they are asked again and again while the generator learns."""
    rows = read_rows(pathlib.Path(task["test"]))[:WATCHED]
    return task | {"test": write_rows(folder / f"{task['name']}.jsonl", rows)}


def joint_task(task: dict, folder: pathlib.Path, number: int) -> dict:
    """A part of its questions, every second bare: the joint adapter learns both ways of asking."""
    rows = read_rows(pathlib.Path(task["answers"]))[:JOINT_QUESTIONS]
    asked = [{"prompt": row["bare" if (number + i) % 2 else "prompt"], "answer": row["answer"]}
             for i, row in enumerate(rows)]
    answers = write_rows(folder / f"{task['name']}.jsonl", asked)
    return {"name": task["name"], "prompts": task["prompts"], "answers": answers}


def external_tasks(path: pathlib.Path) -> list[dict]:
    """With their questions under the corpus' names."""
    tasks = read_tasks(path)["held_out"]
    return [task | {"answers": task["test"].replace("test", "own"), "scorer": "first_line"} for task in tasks]


def main() -> None:
    corpus, work = read_tasks(pathlib.Path(sys.argv[1]) / "tasks.json"), pathlib.Path(sys.argv[2])
    write_tasks(work / "learn.json", corpus["train"],
                [watched_task(task, work / "watched") for task in corpus["validation"]])
    write_tasks(work / "joint.json", [joint_task(task, work / "joint", i) for i, task in enumerate(corpus["train"])])
    names = sorted(task["name"] for task in corpus["train"])
    chosen = set(random.Random("neighbours").sample(names, NEIGHBOURS))
    write_tasks(work / "neighbours.json", [task for task in corpus["train"] if task["name"] in chosen])
    everything = [task for part in corpus.values() for task in part]
    chosen = set(random.Random("own").sample(sorted(task["name"] for task in everything), OWN))
    write_tasks(work / "own.json", [], [task for task in everything if task["name"] in chosen])
    parts = {part: corpus[part] for part in ("validation", "siblings", "new")}
    if len(sys.argv) > 3:
        parts["external"] = external_tasks(pathlib.Path(sys.argv[3]))
    for part, tasks in parts.items():
        write_tasks(work / f"{part}.json", [], tasks)


if __name__ == "__main__":
    main()
