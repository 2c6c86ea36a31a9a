"""Two words joined into one identifier, shortened, or put the other way round."""

from builder import Task, draw
from builder.pools import more_lists, people, words
from builder.sources import wordnet

WAYS = {
    "snake-case": (lambda a, b: f"{a}_{b}".lower(), [
        "Write this in snake_case.", "lower case with an underscore for the space",
        "What would this be as a Python variable name?", "Put _ between the words and make every letter small.",
        "Please turn the two words into a name with an underscore, without capitals.",
        "A column of a database gets this name, small letters, underscore.",
        "Join by underscore; nothing in upper case.", "small_letters_with_underscore, the Python way",
        "Snake style, as {input} becomes {answer}"]),
    "kebab-case": (lambda a, b: f"{a}-{b}".lower(), [
        "Write this in kebab-case.", "lower case with a hyphen for the space",
        "What would this be as the last part of a web address, hyphenated?",
        "Put - between the words and make every letter small.",
        "Please turn the two words into a CSS class with a hyphen, without capitals.",
        "URL slug, please.", "Join by hyphen; nothing in upper case.",
        "small-letters-with-hyphen, the way of web addresses", "Kebab style, as {input} becomes {answer}"]),
    "camel-case": (lambda a, b: a.lower() + b.capitalize(), [
        "Write this in camelCase.", "one word, small start, capital where the second word begins",
        "What would this be as a JavaScript variable name?",
        "Remove the space; only the second word gets a capital initial.",
        "Please join the words so that a hump shows the border and the front is lower case.",
        "Close up the two words, first one small, other one with a big first letter.",
        "Lower camel case.", "smallThenBig, with nothing between", "Camel style, as {input} becomes {answer}"]),
    "pascal-case": (lambda a, b: a.capitalize() + b.capitalize(), [
        "Write this in PascalCase.", "one word, each part with a capital in front",
        "What would this be as the name of a class in Java?", "Remove the space; both words get a capital initial.",
        "Please join the words so that two big letters show where they begin.",
        "Close up the pair, capitalising the two of them.",
        "Upper camel case.", "BigAndBig, with nothing between", "Pascal style, as {input} becomes {answer}"]),
    "constant": (lambda a, b: f"{a}_{b}".upper(), [
        "Write this in SCREAMING_SNAKE_CASE.", "upper case with an underscore for the space",
        "What would this be as the name of a constant in C?",
        "Put _ between the words and make every letter a capital.",
        "Please turn the two words into an environment variable's name.",
        "A macro gets this name: capitals, underscore.", "Join by underscore; nothing in lower case.",
        "BIG_WITH_UNDERSCORE, as for constants", "Constant style, as {input} becomes {answer}"]),
    "upper-case": (lambda a, b: f"{a} {b}".upper(), [
        "Write both words in capital letters.", "all caps, space kept",
        "How would this look on a poster in block letters?",
        "Change every letter to a capital and keep the space.", "Please shout these two words.",
        "Upper case throughout, words still apart.", "No small letters, no other change.",
        "BIG LETTERS, still two words", "Capitals, as {input} becomes {answer}"]),
    "acronym": (lambda a, b: (a[0] + b[0]).upper(), [
        "Make an acronym: the two first letters as capitals, without dots.", "abbreviation by initial letters, like AB",
        "Which two capitals would stand for this, no dots?",
        "Keep the first letter of each word, in upper case, closed up.",
        "Please abbreviate it to two letters as on a number plate.",
        "Monogram of the words: two big letters and nothing else.",
        "If a club had this name, what would its two-letter short form be?",
        "Two capital letters for two words, please.", "Acronym, as {input} becomes {answer}"]),
    "swapped": (lambda a, b: f"{b} {a}", [
        "Swap the two words.", "second word first, no comma", "How does it read with the words in the opposite order?",
        "Put the word at the back in front.", "Please exchange the words and change nothing about their letters.",
        "The two are in the wrong order; set that right.",
        "Write what comes after the space, a space, and what came before it.",
        "Second, then first: both words, a space between.", "Order turned, as {input} becomes {answer}"]),
}

ODD = "racial insane stupid fat dead bloody fewer many anti".split()     # before a noun here, odd or hurtful


def phrases() -> list[tuple[str, str]]:
    """Nearly 300 of an adjective and a noun: (quiet, lawn)."""
    short = [[word for word in pool if len(word) <= 8] for pool in (words.adjectives(), words.nouns())]
    found = zip(*(draw("phrases", i).choices(pool, k=300) for i, pool in enumerate(short)), strict=True)
    return [pair for pair in dict.fromkeys(found) if pair[0] not in ODD]


def tasks() -> list[Task]:
    every = more_lists.in_turn(people.names(), phrases())
    return [Task(name, [(f"{a} {b}", way(a, b)) for a, b in every], wordings,
                 form="word" if name in ("upper-case", "swapped") else "code", noun="Text",
                 source=f"{people.SOURCE}, {wordnet.SOURCE}", licence=f"{people.LICENCE} AND {wordnet.LICENCE}")
            for name, (way, wordings) in WAYS.items()]
