"""What is demanded of the whole corpus: sizes of groups, inputs that tasks have in common, and that none is another."""

from collections import Counter
from itertools import combinations

from builder.corpus import Kind
from builder.rows import split
from builder.task import Reserved

TASKS, KINDS = 300, 50
KINDS_OF = {"words": 8, "world": 6, "translation": 5, "numbers": 6, "messages": 8, "sentences": 6}
MOST_LISTS = 12               # kinds about strings and lists
SHARED, OTHERS = 0.3, 4       # a task is confusable if it has 30 % of its inputs in common with 4 of other kinds
CONFUSABLE, CONFUSABLE_IN_FORM = 150, 60
EQUAL = 0.6                   # of the pairs of two tasks


class Overlaps:
    """What every two tasks have in common."""

    def __init__(self, kinds: list[Kind], reserved: Reserved):
        self.pairs = {}       # by the task's whole name
        self.kind, self.form = {}, {}
        for kind in kinds:
            for name, task in zip(kind.full_names(), kind.tasks, strict=True):
                learned, judged = split(task, reserved)
                self.pairs[name] = dict(learned + judged)
                self.kind[name], self.form[name] = kind.name, task.form
        self.common = Counter()
        by_input = {}
        for name, pairs in self.pairs.items():
            for text in pairs:
                by_input.setdefault(text, []).append(name)
        for names in by_input.values():
            self.common.update(combinations(names, 2))

    def share(self, a: str, b: str) -> float:
        """Of a's inputs, those that b has too."""
        return (self.common[a, b] or self.common[b, a]) / len(self.pairs[a])

    def confusable_with(self, name: str) -> list[str]:
        """Tasks of other kinds that have SHARED of its inputs."""
        return [other for other in self.pairs
                if self.kind[other] != self.kind[name] and self.share(name, other) >= SHARED]

    def in_form_with(self, name: str) -> list[str]:
        """Tasks, of its kind too, that have SHARED of its inputs and its form of answer."""
        return [other for other in self.pairs
                if other != name and self.form[other] == self.form[name] and self.share(name, other) >= SHARED]

    def equal(self, a: str, b: str) -> float:
        if not (self.common[a, b] or self.common[b, a]):
            return 0.0
        same = sum(self.pairs[b].get(text) == answer for text, answer in self.pairs[a].items())
        return same / min(len(self.pairs[a]), len(self.pairs[b]))


def demands(kinds: list[Kind], reserved: Reserved) -> list[tuple[str, bool]]:
    """Each demand of the whole corpus in words with what was found, and whether it is met."""
    overlaps = Overlaps(kinds, reserved)
    count, groups = len(overlaps.pairs), Counter(kind.group for kind in kinds)
    confusable = sum(len(overlaps.confusable_with(name)) >= OTHERS for name in overlaps.pairs)
    in_form = sum(bool(overlaps.in_form_with(name)) for name in overlaps.pairs)
    twins = [(a, b) for a, b in combinations(overlaps.pairs, 2) if overlaps.equal(a, b) > EQUAL]
    found = [(f"{count} tasks ({TASKS})", count >= TASKS), (f"{len(kinds)} kinds ({KINDS})", len(kinds) >= KINDS)]
    found += [(f"{groups[group]} kinds of {group} ({least})", groups[group] >= least)
              for group, least in KINDS_OF.items()]
    found += [(f"{groups['lists']} kinds of lists (at most {MOST_LISTS})", groups["lists"] <= MOST_LISTS),
              (f"{confusable} tasks have inputs of {OTHERS} tasks of other kinds ({CONFUSABLE})",
               confusable >= CONFUSABLE),
              (f"{in_form} tasks have inputs and form of another ({CONFUSABLE_IN_FORM})",
               in_form >= CONFUSABLE_IN_FORM),
              (f"{len(twins)} pairs of tasks are nearly the same (0) {twins[:5] or ''}".rstrip(), not twins)]
    return found
