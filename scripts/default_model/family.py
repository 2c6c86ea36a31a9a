"""The family of tasks: domain x convention. Which are held out, and how one question becomes text."""

import dataclasses
import hashlib
import random
from collections.abc import Iterator

from conventions import ANSWERS, CUES, TAGS, training_cues, unseen_cues
from domains import CORE, RULE_TAGS, RULES, SUBJECT, Question, draw_pair, subject_question
from held_out import COMBINATIONS, VALIDATION, WHOLE_HELD_OUT

TEMPLATES = (
    "Question: {stem}? {x} or {y}? {cue} Answer:",
    "{cue} {stem}? {x} or {y}? Answer:",
    "{stem}? {x} or {y}? {cue} Answer:",
    "{stem}, {x} or {y}? {cue} Answer:",
)
HELD_BACK_PERCENT = 20  # of each domain's questions, for the tests
CONVENTIONS = tuple(ANSWERS)


@dataclasses.dataclass(frozen=True)
class Task:
    domain: str
    convention: str

    @property
    def name(self) -> str:
        return f"{self.domain}.{self.convention}"


@dataclasses.dataclass(frozen=True)
class Example:
    prompt: str
    answer: str


# --- Which tasks ----------------------------------------------------------------------------------

def all_tasks() -> list[Task]:
    return [Task(domain, convention) for domain in (*CORE, *SUBJECT) for convention in CONVENTIONS]


def group_of(task: Task) -> str:
    """"" for a training task, else its group of held-out tasks; "validation" is for tuning only."""
    if task.domain in WHOLE_HELD_OUT:
        return "domain"
    part = "combinations" if task.domain in CORE else "subject"
    if task.convention in COMBINATIONS[task.domain]:
        return part
    return f"validation {part}" if task.convention == VALIDATION[task.domain] else ""


def is_training(task: Task, tuning: bool = False) -> bool:
    """The final model trains on the tasks of the tuning as well."""
    return group_of(task) == "" or not tuning and group_of(task).startswith("validation")


# --- Questions ------------------------------------------------------------------------------------

def is_held_back(key: str) -> bool:
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 100 < HELD_BACK_PERCENT


def core_key(domain: str, question: Question) -> str:
    """The same for a question with right and wrong swapped."""
    return "|".join((domain, question.stem, *sorted((question.right, question.wrong))))


def draw_question(domain: str, rng: random.Random, held_back: bool, rule: str | None = None) -> Question:
    """`rule` replaces the domain's own; core domains have none."""
    if domain in CORE:
        while True:
            question = rng.choice(CORE[domain])
            if is_held_back(core_key(domain, question)) == held_back:
                return question
    own_rule, scenes = SUBJECT[domain]
    while True:
        pair = draw_pair(rng)
        if is_held_back("|".join((domain, *sorted(pair)))) == held_back:
            return subject_question(pair, rng.choice(scenes), rule or own_rule)


def write_example(question: Question, convention: str, cue: str, rng: random.Random) -> Example:
    right = rng.randrange(2)
    x, y = (question.right, question.wrong) if right == 0 else (question.wrong, question.right)
    prompt = rng.choice(TEMPLATES).format(stem=question.stem, x=x, y=y, cue=cue)
    return Example(" ".join(prompt.split()), ANSWERS[convention](x, y, right))


def task_examples(task: Task, seed: int, held_back: bool, unseen_wording: bool = False) -> Iterator[Example]:
    """Endless. Tasks of one domain and seed get the same questions, options and templates."""
    rng = random.Random(f"{task.domain}|{seed}|{held_back}")
    cues = (unseen_cues if unseen_wording else training_cues)(task.convention)
    while True:
        question = draw_question(task.domain, rng, held_back)
        yield write_example(question, task.convention, cues[rng.randrange(840) % len(cues)], rng)


def bare(task: Task, prompt: str) -> str:
    """The question without the cue that tells the convention."""
    (cue,) = (cue for cue in CUES[task.convention] if cue in prompt)
    return " ".join(prompt.replace(cue, " ").split())


def distinct(examples: Iterator[Example], count: int) -> list[Example]:
    found: dict[str, Example] = {}
    for example in examples:
        found.setdefault(example.prompt, example)
        if len(found) == count:
            break
    return list(found.values())


# --- What the base model reads --------------------------------------------------------------------

def pretraining_example(rng: random.Random, convention: str, tagged: float) -> Example:
    """`tagged`: chance that tags name shape and rule.

    Without tags the cue has nothing to do with the convention, nor the domain with the rule: the base
    learns to answer, in every shape and by every rule, but not which one a cue or domain calls for.
    """
    domain = rng.choice((*CORE, *SUBJECT, *SUBJECT))
    named = rng.random() < tagged
    rule = rng.choice(tuple(RULES)) if domain in SUBJECT else None
    question = draw_question(domain, rng, held_back=False, rule=rule)
    if named and rule:
        question = dataclasses.replace(question, stem=f"{RULE_TAGS[rule]} {question.stem}")
    cue = TAGS[convention] if named else rng.choice(training_cues(rng.choice(CONVENTIONS)))
    return write_example(question, convention, cue, rng)


def every_text() -> list[str]:
    """Words the tokenizer must know: all questions' ingredients and all cues."""
    rng = random.Random("tokenizer")
    examples = [pretraining_example(rng, rng.choice(CONVENTIONS), 0.5) for _ in range(30000)]
    unseen = [cue for cues in CUES.values() for cue in cues]
    return [f"{example.prompt} {example.answer}" for example in examples] + unseen
