"""tasks/build."""

import argparse
import pathlib
import sys
import time

from builder import checks
from builder.corpus import TASKS, Kind, faults_of, files, load, names_of, read_reserved
from builder.draws import draw
from builder.rows import make_rows
from builder.task import Reserved, Unsound
from builder.write import write_corpus


def list_kinds(only: list[str]) -> None:
    kinds = [load(path) for path in files(only)]
    for kind in kinds:
        print(f"{kind.group}/{kind.name}  {len(kind.tasks)} tasks: {', '.join(task.name for task in kind.tasks)}")
    print(f"{len(kinds)} kinds, {sum(len(kind.tasks) for kind in kinds)} tasks")


def table(only: list[str]) -> None:
    print("| group | kind | tasks | about |\n|---|---|---|---|")
    for kind in map(load, files(only)):
        print(f"| {kind.group} | {kind.name} | {len(kind.tasks)} | {kind.about} |")


def wordings(only: list[str]) -> None:
    for kind in map(load, files(only)):
        for name, task in zip(kind.full_names(), kind.tasks, strict=True):
            print(*(f"{name}\t{each}" for each in task.instructions), sep="\n")


def show(only: list[str], count: int, seed: str, reserved: Reserved) -> None:
    """To be read by somebody who did not write the kind."""
    for kind in map(load, files(only)):
        for name, task in zip(kind.full_names(), kind.tasks, strict=True):
            print(f"=== {name} ({kind.group}, {task.form})")
            rows = make_rows(task, reserved)
            for row in draw("show", seed, name).sample(rows["answers"] + rows["test"], count):
                print(f"--- {row['layout']}\n{row['prompt']}\n=> {row['answer']}")


def sound(kinds: list[Kind], reserved: Reserved, whole: bool) -> bool:
    faults = [fault for kind in kinds for fault in faults_of(kind, reserved)]
    for fault in faults:
        print(f"tasks: {fault}", file=sys.stderr)
    demands = checks.demands(kinds, reserved) if whole and not faults else []
    for text, met in demands:
        print(f"tasks: {'' if met else 'NOT MET: '}{text}", file=sys.stderr)
    return not faults and all(met for _, met in demands)


def read_kinds(only: list[str]) -> list[Kind]:
    kinds = []
    for path in files(only):
        begun = time.monotonic()
        kinds.append(load(path))
        print(f"tasks: {names_of(path)[2]}: {len(kinds[-1].tasks)} tasks, {time.monotonic() - begun:.1f} s",
              file=sys.stderr)
    return kinds


def main() -> int:
    parser = argparse.ArgumentParser(prog="tasks/build", description="Builds the corpus of small tasks.")
    parser.add_argument("--out", type=pathlib.Path, default=TASKS / "corpus", help="folder to make (tasks/corpus)")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="kinds or groups")
    parser.add_argument("--list", action="store_true", help="kinds and their tasks")
    parser.add_argument("--table", action="store_true", help="kinds as a table")
    parser.add_argument("--wordings", action="store_true", help="every instruction, behind its task")
    parser.add_argument("--check", action="store_true", help="find faults, write nothing")
    parser.add_argument("--show", type=int, metavar="N", help="N questions of every task, to read")
    parser.add_argument("--seed", default="", help="of --show")
    args = parser.parse_args()
    reserved = read_reserved()
    for asked, printed in ((args.list, list_kinds), (args.table, table), (args.wordings, wordings)):
        if asked:
            printed(args.only)
            return 0
    if args.show:
        show(args.only, args.show, args.seed, reserved)
        return 0
    kinds = read_kinds(args.only)
    if not sound(kinds, reserved, not args.only):
        return 1
    if not args.check:
        write_corpus(kinds, reserved, args.out)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Unsound as error:
        print(f"tasks: {error}", file=sys.stderr)
        sys.exit(64)
