"""Which tasks are learned from and which judge: fixed by the names of the kinds, before anything is tuned."""

from builder.corpus import Kind
from builder.draws import draw, shuffled

VALIDATION, SIBLINGS, NEW = 12, 30, 10   # kinds that give one task each; and that are new as a whole, 1 in 10
PARTS = ("train", "validation", "siblings", "new")


def deal(kinds: list[Kind]) -> dict[str, str]:
    """The part of every task, by `kind.task`."""
    order = shuffled([kind.name for kind in kinds], "parts")
    new = set(order[:len(order) // NEW])
    rest = order[len(new):]
    validation, siblings = set(rest[:VALIDATION]), set(rest[VALIDATION:VALIDATION + SIBLINGS])
    parts = {}
    for kind in kinds:
        names = kind.full_names()
        parts |= dict.fromkeys(names, "new" if kind.name in new else "train")
        if kind.name in validation | siblings:
            chosen = draw("left out", kind.name).choice(sorted(names))
            parts[chosen] = "validation" if kind.name in validation else "siblings"
    return parts
