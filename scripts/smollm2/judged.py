"""WORK/PART.judged.json: a part's tasks to judge, beside the training tasks that have adapters of their own.

    judged.py WORK PART
"""

import pathlib
import sys

from data import read_tasks, write_tasks


def main() -> None:
    work, part = pathlib.Path(sys.argv[1]), sys.argv[2]
    tuned = work / "neighbours/tasks.json"
    train = [task | {"adapters": str((tuned.parent / task["adapters"]).resolve())}
             for task in read_tasks(tuned)["train"]]
    write_tasks(work / f"{part}.judged.json", train, read_tasks(work / f"{part}.json")["held_out"])


if __name__ == "__main__":
    main()
