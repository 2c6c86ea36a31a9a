"""A task's three files: prompts to generate from, questions with answers to learn from and to be judged by."""

from builder.draws import draw, number
from builder.layouts import fitting
from builder.task import ANSWERS, PROMPTS, TEST, Reserved, Task

Pair = tuple[str, str]


def split(task: Task, reserved: Reserved) -> tuple[list[Pair], list[Pair]]:
    """(to learn from, to be judged by): an input is on the same side in every task that has it, as far as their
    numbers go."""
    pairs = in_order(task.kept(reserved), "split")
    return pairs[TEST:TEST + ANSWERS], pairs[:TEST]


def in_order(pairs: list[Pair], name: str) -> list[Pair]:
    """In an order by the inputs alone."""
    return sorted(pairs, key=lambda pair: number(name, pair[0]))


def question(task: Task, place: str, turn: int, pair: Pair, examples: list[Pair]) -> dict:
    """A row of cli.md's `answers`: wording and layout go round in turn, from a start by the task."""
    text, answer = pair
    chance = draw(task.name, place, turn, text)
    wording = (turn + chance.randrange(2)) % len(task.instructions)
    layout = chance.choice(fitting(text))
    prompt = layout.fill(task.instructions[wording], text, task.noun)
    if "{input}" in task.instructions[wording]:
        shown = chance.choice([each for each in examples if each[0] != text and "\n" not in each[0]] or examples)
        prompt = prompt.replace("{input}", shown[0]).replace("{answer}", shown[1])
    return {"prompt": prompt, "answer": answer, "bare": text,
            "wording": wording, "layout": layout.name}


def make_rows(task: Task, reserved: Reserved) -> dict[str, list[dict]]:
    learned, judged = split(task, reserved)
    examples = sorted(learned, key=lambda pair: len(pair[0]))[:len(learned) // 2]
    rows = {"answers": [question(task, "answers", i, pair, examples) for i, pair in enumerate(learned)],
            "test": [question(task, "test", i, pair, examples) for i, pair in enumerate(judged)]}
    asked = in_order(learned, "prompts")[:PROMPTS]
    rows["prompts"] = [{"prompt": question(task, "prompts", i, pair, examples)["prompt"]}
                       for i, pair in enumerate(asked)]
    return rows
