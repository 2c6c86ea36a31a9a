"""The language of a word: by its name, its code, its own name, its family, or yes or no."""

from builder import Task
from builder.pools.dictionary import NAMES, OWN_NAMES, mixed
from builder.pools.even import even

ROMANCE = ("fr", "es", "it", "pt")

LABELS = {
    "name": ([
        "Which language is this word: Dutch, English, French, German, Italian, Portuguese or Spanish?",
        "language of the word (English, French, German, Spanish, Italian, Portuguese, Dutch)",
        "Recognise the tongue that the word below belongs to and give its English name, like Italian.",
        "Please tell me what language somebody speaks who says this: Spanish, German, Dutch or which other?",
        "What should I set as source language in a translation program for this word? Write it out, as in Portuguese.",
        "Word {input}, language {answer}.",
        "It was cut from a dictionary. Of French, of Dutch, of English, of what?",
        "In which of seven languages, among them English and French, is that a noun?",
        "Identify the language by the spelling; one capitalised English name such as German."],
        lambda code: NAMES[code]),
    "code": ([
        "Give the ISO code of this word's language: de, en, es, fr, it, nl or pt.", "language code, two small letters",
        "Which of fr, en, nl, pt, de, it and es belongs to the language of the word?",
        "Please tag the word for a spelling checker with the code of its language, like it or es.",
        "HTML has lang attributes such as nl. What would this word's be?", "Word {input}, code {answer}.",
        "Mark the tongue by its ISO 639-1 abbreviation in lower case.",
        "Detect the language, print two letters: en, de, fr, ...",
        "A file is named after the language in it, by the short code. This word is all it contains; name it."],
        lambda code: code),
    "own-name": ([
        "What do its speakers call the language of this word: Deutsch, English, español, français, italiano, "
        "Nederlands or português?", "own name of the language, as français or Deutsch",
        "Choose what a menu for languages would show for this word: English, français, español, Deutsch, italiano, "
        "português, Nederlands.",
        "Please write the name of the word's language in that language, for example português.",
        "Ask a native speaker who uses the word what he or she speaks, and answer in that tongue, as in español.",
        "Word {input}, autonym {answer}.", "The language, not in English but as it names itself, like Nederlands",
        "Wikipedia lists languages by what they are called by themselves, such as italiano. Under which is this word?",
        "Self-name of the tongue to which the noun belongs: français? Nederlands? Deutsch? another?"],
        lambda code: OWN_NAMES[code]),
    "family": ([
        "Is the language of this word Romance or Germanic?", "Germanic / Romance",
        "Write Romance for French, Spanish, Italian or Portuguese, Germanic for English, German or Dutch.",
        "Please name the branch, Romance or Germanic, of the tongue that has this noun.",
        "Does the word come out of a daughter language of Latin (Romance) or out of a cousin of German (Germanic)?",
        "Word {input}, branch {answer}.",
        "Linguists split Western Europe into Germanic and Romance; where is it at home?",
        "Language family for the noun below, one of the adjectives Germanic and Romance, capitalised",
        "To which side of the border between Romance and Germanic speech does the speaker of this belong?"],
        lambda code: "Romance" if code in ROMANCE else "Germanic"),
}
TESTS = {
    "is-romance": (lambda code: code in ROMANCE, [
        "Is this word French, Spanish, Italian or Portuguese? yes or no", "daughter language of Latin: yes/no",
        "Write yes when the noun is from a Romance language, no when it is English, German or Dutch.",
        "Please tell me if people in Rome, Madrid, Paris or Lisbon would own this word, by yes or no.",
        "Romance gets yes, Germanic gets no.", "Is the tongue of the word descended from Latin? Yes or no.",
        "Romance? {input} gets {answer}.", "Would a student of Romance languages meet it in class (yes, no)?"]),
    "is-english-or-dutch": (lambda code: code in ("en", "nl"), [
        "Is this word English or Dutch? yes or no", "English or Nederlands: yes/no",
        "Write yes if somebody in London or Amsterdam would say it at home, no for any other language.",
        "Please say by yes or no whether the noun stands in an English or a Dutch dictionary.",
        "For the languages of Oxford and Leiden a yes, for German, French, Italian, Spanish and Portuguese a no.",
        "Would a paper from Manchester or from The Hague print it in its own language? Yes or no.",
        "English or Dutch? {input} gets {answer}.",
        "Shakespeare's language or Rembrandt's, or neither: answer yes or no."]),
    "is-german-or-french": (lambda code: code in ("de", "fr"), [
        "Is this word German or French? yes or no", "deutsch or français: yes/no",
        "Write yes if somebody from Berlin or Paris would say it at home, no for any other language.",
        "Please say by yes or no whether the noun stands in a German or a French dictionary.",
        "For the languages on both banks of the upper Rhine a yes, for English, Dutch, Spanish, Italian and "
        "Portuguese a no.",
        "Would a paper from Munich or from Lyon print it in its own language? Yes or no.",
        "One of these two, French and German? {input} gets {answer}.",
        "The language of Goethe or of Molière, or neither: answer yes or no."]),
}


def tasks() -> list[Task]:
    found = [Task(name, [(word, label(code)) for word, code in mixed()], wordings,
                  "code" if name == "code" else "label", "Word") for name, (wordings, label) in LABELS.items()]
    for name, (holds, wordings) in TESTS.items():
        asked = even(mixed(), lambda each, by=holds: by(each[1]))
        pairs = [(word, "yes" if held else "no") for (word, _), held in asked]
        found.append(Task(name, pairs, wordings, "yes-no", "Word"))
    return found
