"""The kinds that stand in tasks/kinds, and their tasks."""

import importlib.util
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass

from builder.task import Reserved, Task, Unsound, find_faults

TASKS = pathlib.Path(__file__).resolve().parents[1]
GROUPS = ("words", "world", "translation", "numbers", "messages", "sentences", "lists")
SMALLEST, LARGEST = 4, 8      # tasks of a kind


@dataclass(frozen=True)
class Kind:
    group: str
    name: str
    about: str                # the first line of its file
    tasks: tuple[Task, ...]

    def full_names(self) -> list[str]:
        return [f"{self.name}.{task.name}" for task in self.tasks]


def files(only: Iterable[str] = ()) -> list[pathlib.Path]:
    """Of all kinds, or those named: `words`, `words/rhymes` or `rhymes`."""
    found = sorted(path for group in GROUPS for path in (TASKS / "kinds" / group).glob("[a-z]*.py"))
    names = list(only)
    for name in names:
        if not any(name in names_of(path) for path in found):
            raise Unsound(f"--only {name}: there is no such kind or group; --list names them")
    return [path for path in found if not names or any(name in names_of(path) for name in names)]


def names_of(path: pathlib.Path) -> tuple[str, str, str]:
    kind = path.stem.replace("_", "-")
    return kind, path.parent.name, f"{path.parent.name}/{kind}"


def load(path: pathlib.Path) -> Kind:
    spec = importlib.util.spec_from_file_location(f"kinds.{path.parent.name}.{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Kind(path.parent.name, path.stem.replace("_", "-"), module.__doc__.splitlines()[0], tuple(module.tasks()))


def faults_of(kind: Kind, reserved: Reserved) -> list[str]:
    found = []
    if not SMALLEST <= len(kind.tasks) <= LARGEST:
        found.append(f"{kind.group}/{kind.name}: {len(kind.tasks)} tasks, {SMALLEST} to {LARGEST} are wanted")
    if len({task.name for task in kind.tasks}) < len(kind.tasks):
        found.append(f"{kind.group}/{kind.name}: two tasks have one name")
    for task in kind.tasks:
        faults = find_faults(task)
        if len(task.kept(reserved)) < 260:
            faults.append(f"{len(task.kept(reserved))} pairs are left without the reserved ones, 260 are needed")
        found += [f"{kind.name}.{task.name}: {fault}" for fault in faults[:5]]
        if len(faults) > 5:
            found.append(f"{kind.name}.{task.name}: and {len(faults) - 5} more")
    return found


def read_reserved() -> Reserved:
    lines = (TASKS / "reserved.txt").read_text().splitlines()
    return Reserved(line for line in lines if not line.startswith("#"))
