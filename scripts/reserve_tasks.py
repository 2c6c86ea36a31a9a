"""Writes tasks/reserved.txt: of every question of a folder of tasks that judge generators, a hash of input and answer.

    scripts/reserve_tasks.py TASKS.JSON > tasks/reserved.txt
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tasks"))

from builder.task import Reserved


def main() -> None:
    document = pathlib.Path(sys.argv[1])
    tasks = [task for part in json.loads(document.read_text()).values() if isinstance(part, list) for task in part]
    hashes = set()
    for task in tasks:
        for path in sorted((document.parent / task["prompts"]).parent.glob("*.jsonl")):
            rows = map(json.loads, path.read_text().splitlines())
            hashes |= {Reserved.hash_of(row["bare"], row["answer"]) for row in rows if {"bare", "answer"} <= row.keys()}
    print("# Hashes of the questions, with their answers, of tasks that judge generators: no task has them.")
    print(*sorted(hashes), sep="\n")


if __name__ == "__main__":
    main()
