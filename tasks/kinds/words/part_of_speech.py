"""Whether a word is a noun, a verb or an adjective, in several ways of answering."""

from builder import Task
from builder.pools.even import even
from builder.pools.words import nouns, verbs, words
from builder.sources import wordnet

ANSWERS = {
    "name": ({"noun": "noun", "verb": "verb", "adjective": "adjective"}, "label", [
        "Is this word a noun, a verb or an adjective?", "noun / verb / adjective",
        "Name the part of speech: adjective, noun or verb.",
        "Which word class does it mostly belong to (verb, adjective, noun)?",
        "Please tag the word with noun, verb or adjective.",
        "Grammar check: say adjective, verb or noun, whichever is the word's usual class.",
        "A thing is a noun, an action a verb, a quality an adjective. What is this?",
        "Word class in full (noun, verb, adjective), e.g. {input} is {answer}"]),
    "letter": ({"noun": "N", "verb": "V", "adjective": "A"}, "letter", [
        "Write N for a noun, V for a verb, A for an adjective.", "N, V or A?",
        "Give the word class as one capital letter: A adjective, N noun, V verb.",
        "One letter only: what part of speech is it (V = verb, A = adjective, N = noun)?",
        "Please code the word by its class, using the initials N, V, A of noun, verb and adjective.",
        "Initial of its part of speech, upper case",
        "Tagging by letter. Things get N, actions get V, qualities get A.",
        "Mark it N, V or A, as {input} is marked {answer}"]),
    "abbreviation": ({"noun": "n.", "verb": "v.", "adjective": "adj."}, "label", [
        "Give the part of speech as a dictionary abbreviates it: n., v. or adj.", "n. / v. / adj.",
        "What stands after this headword in italics, adj., n. or v.?",
        "Label the entry with v., n. or adj., full stop included.",
        "Please abbreviate the word class with a point: adj., v., n.",
        "Lexicographer's short mark for the class of the word, out of n., adj., v.",
        "I am compiling a glossary and need n., v. or adj. for this one.",
        "Short label with a dot; {input} has {answer} (n., v., adj.)"]),
    "what-it-names": ({"noun": "thing", "verb": "action", "adjective": "quality"}, "label", [
        "Does the word name a thing, an action or a quality?", "thing / action / quality",
        "Sort the word: action if one can do it, quality if something can be like it, thing if a noun names it.",
        "Which of quality, thing, action does it stand for (people and places count as things)?",
        "Please answer thing, action or quality for the word below.",
        "Explain its class to a child with one word of these: action, thing, quality.",
        "Say thing for a naming word, action for a doing word, quality for a describing word.",
        "{input} is: {answer}. And this, out of action, quality and thing?"]),
    "in-use": ({"noun": "the {}", "verb": "to {}", "adjective": "is {}"}, "word", [
        "Put the before a noun, to before a verb, is before an adjective.", "the / to / is + word, by its word class",
        "Show the class of the word by a little word in front: to for actions, is for qualities, the for things.",
        "Which of the, to and is goes with it, depending on its part of speech? Write both words.",
        "Please prefix the word with the (noun), to (verb) or is (adjective).",
        "Infinitives get to, nouns get the, adjectives get is. Write the word so.",
        "Add the marker that suits its class: is, the or to.",
        "By class with the, to or is: {input} becomes {answer}"]),
}
QUESTIONS = {
    "is-noun": ("noun", [
        "Is this mostly used as a noun? yes or no", "noun? yes/no", "Does the word name a person, place or thing?",
        "Please reply yes if the word below is a noun and no if it is a verb or an adjective.",
        "Could it usually follow the article the and stand there alone?", "yes for nouns, no for all others",
        "Would you look for it among the substantives of a vocabulary list?",
        "Substantive or not, yes or no: {input} - {answer}"]),
    "is-verb": ("verb", [
        "Is this mostly used as a verb? yes or no", "verb? yes/no",
        "Does the word say what somebody does or what happens?",
        "Please reply yes if the word below is a verb and no if it is a noun or an adjective.",
        "Would it normally be conjugated, with a past tense and so on?", "yes for verbs, no for all others",
        "Is it a doing word, one that can follow the pronoun they?",
        "Something to do? Yes or no, e.g. {input} - {answer}"]),
    "is-adjective": ("adjective", [
        "Is this mostly used as an adjective? yes or no", "adjective? yes/no",
        "Does the word describe what something is like?",
        "Please reply yes if the word below is an adjective and no if it is a noun or a verb.",
        "Can it typically stand between an article and a noun to say of what kind the thing is?",
        "yes for adjectives, no for all others", "Describing word: true (yes) or not (no)?",
        "A quality? {input} - {answer}, and this one, yes or no?"]),
}


def part(word: str) -> str:
    return "noun" if word in nouns() else "verb" if word in verbs() else "adjective"


def tasks() -> list[Task]:
    facts = {"source": wordnet.SOURCE, "licence": wordnet.LICENCE, "noun": "Word"}
    found = [Task(name, [(word, answers[part(word)].format(word)) for word in words()], wordings, form=form, **facts)
             for name, (answers, form, wordings) in ANSWERS.items()]
    for name, (wanted, wordings) in QUESTIONS.items():
        held = even(words(), lambda word, wanted=wanted: part(word) == wanted)
        found.append(Task(name, [(word, "yes" if holds else "no") for word, holds in held], wordings,
                          form="yes-no", **facts))
    return found
