"""A task, and what makes one sound."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

FORMS = ("word", "letter", "label", "yes-no", "number", "list", "sentence", "code")
WORDINGS, APART = 8, 0.3      # wordings of an instruction, and the least normalised edit distance of two
ANSWERS, FEWEST, TEST, PROMPTS = 400, 200, 60, 96   # questions with answers to learn from; to judge by; prompts
LONGEST = 24                  # tokens of an answer
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Unsound(Exception):
    pass


@dataclass(frozen=True)
class Task:
    """name: of the task within its kind, as `capital-of-country`.

    pairs: (input, answer) with distinct inputs, the preferred first; those beyond ANSWERS + TEST are not used. Inputs
    that many kinds share come first, in the order of their pool, so that tasks of other kinds have the same ones.

    instructions: at least WORDINGS, as people write: terse, polite, long, a question, a fragment, with the labels
    named, and one with an example, where {input} and {answer} stand for another question's.

    form: of the answer, one of FORMS: another form's prompts are the clearly wrong ones.

    noun: what an input is called in a layout ("Word", "Sentence").
    """

    name: str
    pairs: list[tuple[str, str]]
    instructions: list[str]
    form: str
    noun: str = "Input"
    scorer: str = "first_line"
    source: str = "made here"
    licence: str = "Apache-2.0"
    extra: dict = field(default_factory=dict)  # further keys of tasks.json

    def kept(self, reserved: "Reserved") -> list[tuple[str, str]]:
        """The pairs that are used: none that judges generators elsewhere."""
        return [pair for pair in self.pairs if not reserved.holds(*pair)][:ANSWERS + TEST]


class Reserved:
    """Pairs of input and answer, as hashes, that no task may have (tasks/reserved.txt)."""

    def __init__(self, hashes: Iterable[str]):
        self.hashes = frozenset(hashes)
        self.dropped: set[str] = set()    # hashes of those that were met

    @staticmethod
    def hash_of(text: str, answer: str) -> str:
        plain = "\t".join(" ".join(each.casefold().split()) for each in (text, answer))
        return hashlib.sha256(plain.encode()).hexdigest()[:12]

    def holds(self, text: str, answer: str) -> bool:
        found = self.hash_of(text, answer)
        if found in self.hashes:
            self.dropped.add(found)
        return found in self.hashes


# --- Soundness ------------------------------------------------------------------------------------------------------


def distance(a: str, b: str) -> float:
    """Levenshtein's, over the longer one's length; case does not count."""
    a, b = a.casefold(), b.casefold()
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (x != y)))
    return row[-1] / max(len(a), len(b), 1)


def tokens(text: str) -> int:
    """About what SmolLM2's tokenizer makes of a text, not fewer: digits and the space before one apart, three letters
    of a long word together, two of capitals and of letters with marks. Lists with signs between can have two more."""
    pieces = re.findall(r"[^\W\d_]+|\d|[^\w\s]|_|\n| (?=\d)", text)
    return sum(tokens_of_word(piece) if piece.isalpha() else 1 for piece in pieces)


def tokens_of_word(word: str) -> int:
    plain = word.isascii() and not word[1:].isupper()
    return -(-len(word.encode()) // (3 if plain and len(word) > 9 else 4 if plain else 2))


def find_faults(task: Task) -> list[str]:
    """What is wrong with a task, each in words; nothing if it is sound."""
    return [*faults_of_name(task), *faults_of_pairs(task), *faults_of_wordings(task)]


def faults_of_name(task: Task) -> Iterable[str]:
    if not NAME.fullmatch(task.name):
        yield f"the name {task.name!r} is not of lower-case letters, digits and single hyphens"
    if task.form not in FORMS:
        yield f"form {task.form!r} is none of {', '.join(FORMS)}"


def faults_of_pairs(task: Task) -> Iterable[str]:
    inputs = [text for text, _ in task.pairs]
    if len(inputs) < FEWEST + TEST:
        yield f"{len(inputs)} pairs, {FEWEST + TEST} are needed"
    if len(set(inputs)) != len(inputs):
        twice = sorted(a for a, b in pairwise(sorted(inputs)) if a == b)
        yield f"{len(twice)} inputs stand twice, as {twice[0]!r}"
    for text, answer in task.pairs[:ANSWERS + TEST]:
        if text.strip() != text or answer.strip() != answer or not text or not answer or "\n" in answer:
            yield f"{text!r} -> {answer!r}: empty, spaces around it or a line break in the answer"
        elif tokens(answer) > LONGEST:
            yield f"{text!r} -> {answer!r}: about {tokens(answer)} tokens, {LONGEST} are the most"
        elif len(text) > 400:
            yield f"{text[:60]!r}... has {len(text)} characters, 400 are the most"
    answers = [answer for _, answer in task.pairs[:ANSWERS + TEST]]
    most = max(set(answers), key=lambda each: (answers.count(each), each), default="")
    if answers and answers.count(most) > 0.6 * len(answers):
        yield f"{answers.count(most)} of {len(answers)} answers are {most!r}: at most 60 % may be the same"
    if answers and sum(text == answer for text, answer in task.pairs) > 0.3 * len(task.pairs):
        yield "more than 30 % of the answers are the input"


def faults_of_wordings(task: Task) -> Iterable[str]:
    if len(set(task.instructions)) < WORDINGS:
        yield f"{len(set(task.instructions))} wordings, {WORDINGS} are needed"
    for i, a in enumerate(task.instructions):
        if a.strip() != a or "\n" in a:
            yield f"wording {a!r}: spaces around it or a line break"
        yield from (f"wordings {a!r} and {b!r} are {distance(a, b):.2f} apart, {APART} is the least"
                    for b in task.instructions[:i] if distance(a, b) < APART)
    if not any("{input}" in each and "{answer}" in each for each in task.instructions):
        yield "no wording has an example, with {input} and {answer}"
