"""How people put an instruction and an input into one prompt."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    name: str
    fill: Callable[[str, str, str], str]      # instruction, input, noun
    fits: Callable[[str], bool]               # by the input


def without_end(instruction: str) -> str:
    return instruction.rstrip(" .:")


def with_end(instruction: str) -> str:
    """So that what follows on the line is not taken for a part of it."""
    return instruction if instruction[-1] in ".?!:" else f"{instruction}:"


def one_line(text: str) -> bool:
    return "\n" not in text and len(text) <= 120


def quotable(text: str) -> bool:
    return one_line(text) and '"' not in text


def always(_: str) -> bool:
    return True


LAYOUTS = (
    Layout("below", lambda i, x, n: f"{i}\n{x}", always),
    Layout("below-blank", lambda i, x, n: f"{i}\n\n{x}", always),
    Layout("one-line", lambda i, x, n: f"{without_end(i)}: {x}", one_line),
    Layout("same-line", lambda i, x, n: f"{with_end(i)} {x}", lambda x: one_line(x) and x[:1] not in ".,;:"),
    Layout("input-output", lambda i, x, n: f"{i}\n\nInput: {x}\nOutput:", always),
    Layout("noun", lambda i, x, n: f"{i}\n{n}: {x}\nAnswer:", always),
    Layout("above", lambda i, x, n: f"{x}\n\n{i}", always),
    Layout("above-noun", lambda i, x, n: f"{n}: {x}\n{i}", always),
    Layout("quoted", lambda i, x, n: f'{without_end(i)}: "{x}"', quotable),
    Layout("quoted-first", lambda i, x, n: f'"{x}"\n{i}', quotable),
    Layout("question-answer", lambda i, x, n: f"Q: {with_end(i)} {x}\nA:", one_line),
    Layout("list", lambda i, x, n: f"- Task: {without_end(i)}\n- {n}: {x}", one_line),
    Layout("headings", lambda i, x, n: f"### Task\n{i}\n\n### {n}\n{x}", always),
)


def fitting(text: str) -> list[Layout]:
    return [layout for layout in LAYOUTS if layout.fits(text)]
