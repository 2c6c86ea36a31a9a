"""Two sentences side by side: what follows, what differs."""

import functools
from dataclasses import replace

from builder import Task, draw
from builder.pools.even import even
from builder.pools.sentences import Made, made

PARTS = ("subject", "noun", "place", "day")
CALLED = {"": "nothing", "subject": "person", "noun": "thing", "place": "place", "day": "day"}


@functools.cache
def couples() -> list[tuple[Made, Made, str]]:
    """(first, second, what is different in the second): a part, or "" where the second only says less."""
    complete = [each for each in made() if each.place and each.day]
    rest = [each for each in made() if bool(each.place) != bool(each.day)]
    found = []
    for each in [*complete, *rest]:
        chance = draw("two sentences", each.text())
        other = chance.choice([one for one in complete if one.verb == each.verb and one.subject != each.subject]
                              or complete)
        part = chance.choice(["", "", *(name for name in PARTS if getattr(each, name)
                                        and getattr(other, name) != getattr(each, name))])
        second = replace(each, **{part: getattr(other, part)}) if part else each
        dropped = [name for name in ("place", "day") if name != part and getattr(second, name)]
        if dropped:
            second = replace(second, **{chance.choice(dropped): ""})
        if second != each:
            found.append((each, second, part))
    return found


def text(couple: tuple[Made, Made, str]) -> str:
    return f"{couple[0].text()} {couple[1].text()}"


YES_NO = {
    "follows": (lambda couple: not couple[2], [
        "Does the second sentence follow from the first? yes or no", "second implied by first: yes / no",
        "If the first sentence is true, must the second be true, too? Answer yes or no.",
        "Please say yes when the second sentence only repeats part of the first, and no when it says something else.",
        "Can one conclude the latter statement from the former, yes or no?",
        "Textual entailment, reply yes or no.", "{input} -> {answer}, by whether the second follows. Next, yes or no?",
        "Is everything in the later sentence already said in the earlier one? yes / no",
        "no if the second adds or changes a fact, otherwise yes"]),
    "same-person": (lambda couple: couple[2] != "subject", [
        "Do both sentences have the same person in them? yes or no", "same subject twice: yes / no",
        "Is it one and the same one who acts in the two sentences? Answer yes or no.",
        "Please compare who acts: yes for equal, no for different people.",
        "Would one photograph of a single person do for both, yes or no?",
        "Look at the two subjects only; yes if they match and no if not.",
        "{input} -> {answer}, by whether the persons are equal. The following, yes or no?",
        "Are we told twice about the same man or woman? yes / no",
        "no as soon as a different person appears in the second sentence, else yes"]),
    "same-thing": (lambda couple: couple[2] != "noun", [
        "Is it done to the same kind of thing in both sentences? yes or no", "same object twice: yes / no",
        "Do the nouns of the two objects agree? Answer yes or no.",
        "Please compare what it happens to: yes for equal nouns, no for different ones.",
        "Leave people, towns and days aside. Are the two things equal, yes or no?",
        "Look at the two objects only; yes if they match and no if not.",
        "{input} -> {answer}, by whether the objects are equal. The following, yes or no?",
        "Does one noun name the object in both statements? yes / no",
        "no as soon as another object turns up in the second sentence, else yes"]),
}
DIFFERENCE = [
    "What is different in the second sentence: person, thing, place, day or nothing? Less counts as nothing.",
    "changed part (person / thing / place / day / nothing)",
    "One fact may have been exchanged. Which: the day, the place, the person, the thing, or nothing?",
    "Please name what the second sentence says otherwise than the first; nothing, if it merely leaves something out.",
    "Find the contradiction and answer with thing, day, person or place, or with nothing where there is none.",
    "Label the pair by what differs: nothing, place, person, day, thing.",
    "{input} Exchanged: {answer}. Which part is exchanged in the next pair (nothing, if none)?",
    "Two witnesses. On which point do they disagree? person, place, thing, day, nothing",
    "Compare part by part and name the kind of the one that was replaced, or say nothing."]
FIRST = ["Copy the first sentence.", "first one only", "Drop the second statement and keep what stands before it.",
         "Please give the earlier of the two sentences, full stop included.", "Which sentence opens the pair?",
         "What comes up to the first full stop? Write that with the full stop.",
         "{input} The first of these: {answer} And of the following?", "Half of it will do: the front half.",
         "What did the witness say at first? Full stop included."]
SECOND = ["Copy the second sentence.", "second one only", "Drop the first statement and keep what stands behind it.",
          "Please give the later of the two sentences, full stop included.", "Which sentence closes the pair?",
          "What comes behind the first full stop?", "{input} The second of these: {answer} And of the following?",
          "Half of it will do: the back half.", "Repeat just the statement that was made last"]


def tasks() -> list[Task]:
    made_here = {"noun": "Sentences", "source": "made here, lemminflect, faker", "licence": "Apache-2.0, MIT"}
    checks = {name: [(text(couple), "yes" if holds else "no") for couple, holds in even(couples(), test)]
              for name, (test, _) in YES_NO.items()}
    differing = [(text(couple), CALLED[couple[2]]) for couple in couples()]
    opening = [(text(couple), couple[0].text()) for couple in couples()]
    return [*(Task(name, pairs, YES_NO[name][1], form="yes-no", **made_here) for name, pairs in checks.items()),
            Task("difference", differing, DIFFERENCE, form="label", **made_here),
            Task("first-sentence", opening, FIRST, form="sentence", **made_here),
            Task("second-sentence", [(text(c), c[1].text()) for c in couples()], SECOND, form="sentence", **made_here)]
