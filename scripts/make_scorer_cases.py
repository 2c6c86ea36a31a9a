#!/usr/bin/env python3
"""Writes tests/data/scorers/cases.jsonl: answers with what reference implementations of the scorers give them.

Usage: make_scorer_cases.py (rouge-score 0.1.2)

rouge_l is the package rouge-score's. f1, number and regex follow their authors' code with Python's own `re` and `str`:
SQuAD's evaluate-v1.1.py (normalize_answer, f1_score), lm-evaluation-harness's flexible-extract of GSM8K and its
RegexFilter.
"""

import collections
import json
import pathlib
import random
import re
import string

from rouge_score import rouge_scorer

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/data/scorers/cases.jsonl"
WORDS = ["the", "a", "an", "The", "cat", "Cat's", "sat", "on", "mat", "42", "42.0", "1,234", "$5.50", "-3", "3.",
         "...", "x_1", "Caf\u00e9", "\u0411\u0423\u041a\u0412\u0410", "\u2014", "\u00a0", "\n", "(A)", "Answer:",
         "answer:", "!", "1.2.3",
         "--7", "theory", "\u201cthe\u201d", "5-3", "\U0001f600", "0", "", "NaN", "1e5", "7%"]
PATTERNS = [
    r"\((\w)\)", r"[Aa]nswer:\s*(\S+)", r"\d+", r"(cat)|(mat)", r"\b\w{3}\b", r"^\w+", r"x*", r"(\d)?c",
    "[\u0411-\u042f]+",
]
ROUGE = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def squad_words(text: str) -> list[str]:
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def f1(answer: str, right: str) -> float:
    said, wanted = squad_words(answer), squad_words(right)
    common = sum((collections.Counter(said) & collections.Counter(wanted)).values())
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def last_number(text: str) -> str:
    found = [a or b for a, b in re.findall(r"(-?[$0-9.,]{2,})|(-?[0-9]+)", text)]
    found = [number for number in found if re.search("[0-9]", number)]
    return re.sub(r"[$,]", "", found[-1]).rstrip(".") if found else ""


def number(answer: str, right: str) -> float:
    a, b = last_number(answer), last_number(right)
    if not a or not b:
        return 0.0
    try:
        return float(float(a) == float(b))
    except ValueError:
        return float(a == b)


def regex(answer: str, right: str, pattern: str, select: int) -> float:
    found = re.findall(pattern, answer)
    if not found:
        return 0.0
    match = found[select]
    if isinstance(match, tuple):
        match = next((group for group in match if group), "")
    return float(trimmed(match) == trimmed(right))


def trimmed(text: str) -> str:
    return text.strip(" \t\n\r\f\v")


def first_line(answer: str, right: str) -> float:
    return float(trimmed(trimmed(answer).split("\n")[0]) == trimmed(right))


def text(draw: random.Random) -> str:
    return draw.choice(["", " ", "\n"]).join([""] + [
        draw.choice(WORDS) + draw.choice([" ", " ", " ", "", "\n"]) for _ in range(draw.randrange(1, 7))])


def case(draw: random.Random) -> dict:
    answer, right = text(draw), text(draw)
    if draw.random() < 0.3:
        word = draw.choice(answer.split() or ["x"])
        right = draw.choice([answer.strip(), answer.split("\n")[0], word, answer.upper()])
    pattern = draw.choice(PATTERNS)
    found = re.findall(pattern, answer)
    if found and draw.random() < 0.6:
        match = draw.choice([found[0], found[-1]])
        right = "".join(match) if isinstance(match, tuple) else match
    fold = (answer.lower(), trimmed(right).lower())
    return {"answer": answer, "right": right, "pattern": pattern, "scores": {
        "exact": float(trimmed(answer) == trimmed(right)),
        "exact, any case": float(trimmed(fold[0]) == fold[1]),
        "first_line": first_line(answer, right),
        "contains": float(trimmed(right) in answer),
        "contains, any case": float(fold[1] in fold[0]),
        "regex": regex(answer, right, pattern, 0),
        "regex, last": regex(answer, right, pattern, -1),
        "number": number(answer, right),
        "f1": f1(answer, right),
        "rouge_l": ROUGE.score(right, answer)["rougeL"].fmeasure,
    }}


def main() -> None:
    draw = random.Random(7)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text("".join(json.dumps(case(draw)) + "\n" for _ in range(600)))


if __name__ == "__main__":
    main()
