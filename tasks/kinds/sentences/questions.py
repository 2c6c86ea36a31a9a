"""A question behind a sentence: its answer, what it asks for, whether it can be answered."""

import functools

from builder import Task, draw
from builder.pools.even import even
from builder.pools.sentences import Made, made, upper

ASKED = {"subject": "person", "noun": "thing", "place": "place", "day": "day"}


@functools.cache
def asked() -> list[tuple[Made, str, bool]]:
    """(sentence, part that is asked for, whether the sentence says it), three of four about a place or a day."""
    found = []
    for number, each in enumerate(made()):
        chance = draw("questions", each.text())
        parts = ("place", "day") if number % 4 else ("subject", "noun")
        part = chance.choice(parts)
        found.append((each, part, bool(getattr(each, part))))
    return found


def text(row: tuple[Made, str, bool]) -> str:
    return f"{row[0].text()} {row[0].question(row[1])}"


def answer(row: tuple[Made, str, bool]) -> str:
    each, part, _ = row
    return {"subject": upper(each.subject), "noun": upper(each.thing())}.get(part) or getattr(each, part)


ANSWER = [
    "Answer the question with a name, a day, or The and the whole noun phrase. Write unknown if it is not said.",
    "short answer (Laura; The old boat; Rome; Friday), unknown if not stated",
    "What is the answer? All words of that part, capital first, without in or on; unknown if it stays open.",
    "Please reply with the full phrase from the text, capitalised, no preposition; say unknown where it is silent.",
    "Copy the part that was asked for, article and adjective included, with a capital; for none, put unknown.",
    "{input} -> {answer}. Now answer this (unknown if the sentence does not tell).",
    "Reading test: who, what, where or when? Complete phrase with a capital, no in or on, or else unknown.",
    "You know only the first sentence. Answer the second, as The new car, Ana, Oslo or Monday would. If you cannot: "
    "unknown.",
    "Look the fact up and give it as The ..., or as a single name or weekday; unknown for a missing fact."]
ASKS_FOR = [
    "What does the question ask for: person, thing, place or day?", "asked for: person / thing / place / day",
    "Which sort of answer is expected? day, place, thing, person",
    "Please label the question: person for Who, thing for What, place for Where, day for When.",
    "Is somebody (person), something (thing), a location (place) or a time (day) wanted?",
    "{input} -> {answer}. Label the next with person, place, thing or day.",
    "Never mind the answer. Of which kind would it be, thing, person, day or place?",
    "Sort the question under place, day, person or thing.",
    "Type of what is missing in the second sentence, one of day, thing, person, place"]
ANSWERABLE = [
    "Does the sentence answer the question? yes or no", "answer given: yes / no",
    "Can it be answered from what was said before? Reply yes or no.",
    "Please say yes if the statement tells what is asked, and no if it leaves it open.",
    "Would you have to look elsewhere for the answer (no), or does it stand in front (yes)?",
    "{input} -> {answer}, by whether that is answered. And the following, yes or no?",
    "no if the first part is silent about it, otherwise yes",
    "After reading the first sentence, is the asker's wish for information met? yes / no",
    "Is the fact in question known here, yes or no?"]
QUESTION = [
    "Copy the question.", "only what is asked", "Drop the statement in front and keep the question.",
    "Please give the interrogative sentence, with its question mark.", "Which of the two sentences asks something?",
    "Cut everything up to the full stop, and the full stop, too.",
    "{input} The question: {answer} Which is the question here?", "Repeat just the part that needs an answer.",
    "The enquiry by itself, please"]
STATEMENT = [
    "Copy the statement.", "only what is stated", "Drop the question and keep the sentence ahead of it.",
    "Please give the declarative sentence, with its full stop.", "Which of the two sentences tells something?",
    "Cut everything behind the full stop.", "{input} Statement: {answer} And what is stated here?",
    "Repeat just the part that reports a fact.", "The information by itself, please, without the enquiry"]


def tasks() -> list[Task]:
    made_here = {"noun": "Text", "source": "made here, lemminflect, faker", "licence": "Apache-2.0, MIT"}
    rows = asked()
    answerable = [(text(row), "yes" if holds else "no") for row, holds in even(rows, lambda row: row[2])]
    return [Task("answer", [(text(row), answer(row) or "unknown") for row in rows], ANSWER, form="word", **made_here),
            Task("asks-for", [(text(row), ASKED[row[1]]) for row in rows], ASKS_FOR, form="label", **made_here),
            Task("answerable", answerable, ANSWERABLE, form="yes-no", **made_here),
            Task("question", [(text(row), row[0].question(row[1])) for row in rows], QUESTION, form="sentence",
                 **made_here),
            Task("statement", [(text(row), row[0].text()) for row in rows], STATEMENT, form="sentence", **made_here)]
