"""A sentence with something left out, moved or written otherwise."""

from dataclasses import replace

from builder import Task
from builder.pools.people import female
from builder.pools.sentences import Made, made


def in_front(each: Made, part: str) -> str:
    """With the place or the day at the front, where it has one."""
    said = {"place": f"In {each.place}", "day": f"On {each.day}"}[part]
    rest = replace(each, **{part: ""})
    return getattr(each, part) and f"{said}, {rest.subject} {rest.past()} {rest.thing()}{rest.tail()}."


def with_pronoun(each: Made) -> str:
    return each.named() and replace(each, subject="she" if each.subject in female() else "he").text()


TASKS = {
    "without-place-and-day": (lambda each: each.tail() and replace(each, place="", day="").text(), [
        "Leave out where and when.", "only who did what, full stop included",
        "Shorten the sentence: it should stop after the object.",
        "Please remove the place and the weekday, whichever is there, and keep the rest.",
        "What remains if nothing is said of time and location?", "Cut the phrases with in and on.",
        "{input} Shorter: {answer} Shorten the next likewise.", "Place and day are secret; drop them.",
        "Keep the core (subject, verb, object) as a sentence."]),
    "without-adjective": (lambda each: each.text().replace(f" {each.adjective} ", " "), [
        "Leave out the adjective.", "same sentence, no adjective", "Do not say what the object is like; keep the rest.",
        "Please delete the one word that describes the thing.", "How does it read without the describing word?",
        "One word says red, old, cheap or the like; strike it.",
        "{input} Plainer: {answer} Make the next one plainer, too.", "Remove colour, size, age, price or quality.",
        "Strip the object of its attribute and repeat the whole sentence."]),
    "exclamation": (lambda each: f"{each.text()[:-1]}!", [
        "End it with an exclamation mark.", "full stop out, exclamation mark in",
        "Replace the full stop by an exclamation mark and copy all else.",
        "Please write the sentence as an excited shout, by its punctuation only.",
        "How is it written if someone exclaims it? Change no word.", "Same words, but ! at the end",
        "{input} Exclaimed: {answer} Write the following in that way.",
        "It is a great surprise. Show this by the final mark.", "Swap the closing dot for a !"]),
    "lower-case": (lambda each: each.text().lower(), [
        "Write the sentence in small letters.", "all lower case", "No capitals, please: change each to a small letter.",
        "Please convert the line to lower case, names included.", "How would somebody type it who never presses shift?",
        "Turn every large letter into its little one, the rest stays.",
        "{input} Small: {answer} Write the next one small.", "Uncapitalise everything",
        "Repeat it with no upper-case letter in it."]),
    "pronoun": (with_pronoun, [
        "Replace the name by He or She.", "He/She for the first name",
        "Write a pronoun, He or She, in place of the person's name.",
        "Please hide who it was: put She for a woman, He for a man, and keep the other words.",
        "How does the sentence go on about a person already known, as He or She?",
        "Pronominalise the subject: He or She, the rest unchanged.",
        "{input} With a pronoun: {answer} Do it to the following.",
        "Do not repeat the name; a personal pronoun does.", "The reader knows the person. Say He or She instead."]),
    "day-first": (lambda each: in_front(each, "day"), [
        "Put the weekday at the front, with a comma after it.", "begin with On and the day, then a comma",
        "Move the time of the event to the start (On ...,), the rest follows in its order.",
        "Please rearrange the sentence so that its first words say when, and set a comma behind them.",
        "How does it read if it opens with when it happened? Use a comma.",
        "Start with On; end with what came before the day.",
        "{input} Day in front: {answer} Rearrange this one.", "Fronted day, comma, main clause",
        "Let the answer to when lead the sentence, followed by a comma."]),
    "place-first": (lambda each: in_front(each, "place"), [
        "Put the city at the front, with a comma after it.", "begin with In and the place, then a comma",
        "Move the location to the start (In ...,), the rest follows in its order.",
        "Please reorder the words so that the line opens by saying where, and set a comma behind that.",
        "How does it sound if we hear first in which town it was? Use a comma.",
        "Start with In; then a comma and all that is left.",
        "{input} Place in front: {answer} Change this one alike.", "Fronted place, comma, main clause",
        "Let the answer to where lead the sentence, followed by a comma."]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text(), answer(each)) for each in made() if answer(each)], wordings, form="sentence",
                 noun="Sentence", source="made here, lemminflect, faker", licence="Apache-2.0, MIT")
            for name, (answer, wordings) in TASKS.items()]
