"""Which tasks are learned from and which judge: fixed by the names of the kinds, before anything is tuned."""

from collections.abc import Container

from builder.corpus import Kind
from builder.draws import draw, shuffled

VALIDATION, SIBLINGS, NEW = 12, 30, 10   # kinds that give one task each; and that are new as a whole, 1 in 10
PARTS = ("train", "validation", "siblings", "new")


def deal(kinds: list[Kind], related: Container[str] = ()) -> dict[str, str]:
    """The part of every task, by `kind.task`. What is related to a task that judges is always learned from: there it
    is asked in other words and of other inputs."""
    order = shuffled([kind.name for kind in kinds], "parts")
    told = {kind.name for kind in kinds if any(name in related for name in kind.full_names())}
    new = set([name for name in order if name not in told][:len(order) // NEW])
    rest = [name for name in order if name not in new]
    validation, siblings = set(rest[:VALIDATION]), set(rest[VALIDATION:VALIDATION + SIBLINGS])
    parts = {}
    for kind in kinds:
        names = kind.full_names()
        parts |= dict.fromkeys(names, "new" if kind.name in new else "train")
        if kind.name in validation | siblings:
            chosen = draw("left out", kind.name).choice(sorted(name for name in names if name not in related))
            parts[chosen] = "validation" if kind.name in validation else "siblings"
    return parts
