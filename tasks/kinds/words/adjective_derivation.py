"""Words made of an adjective by an ending or a prefix, and back."""

import re
from collections import Counter
from collections.abc import Iterable

from builder import Task
from builder.pools.derivations import MORE_FOR_NESS, MORE_NEGATIVE, NO_ADVERB, ODD_FOR_NEGATIVE, ODD_FOR_NESS
from builder.pools.words import adjectives
from builder.sources import wordnet
from builder.sources.wordnet import common_words, frequency, senses, word_targets

STRANGE = set(
    "considerable military presidential dead likely unlikely eyed historical affixed obvious angry quiet christian "
    "continued advantageous continuous possible impossible affected composed arranged moving born turned awakened "
    "shod headed timbered questionable understood consummated lactating bitchy appendaged balconied beneficed eager "
    "curious hostile fixed vulnerable comparable".split())
NO_NESS = re.compile("(able|ible|al|ing|ant|ent|ite|ate|ile|ine|ic)$")    # rather -ity or -cy

WORDINGS = {
    "adverb": [
        "Turn the adjective into an adverb in -ly.", "corresponding adverb",
        "He did it ... : how is the word spelled there?",
        "Please change the word so that it can describe an action instead of a thing.",
        "In which manner? Answer with the adverb made of this adjective.", "add ly, minding the spelling",
        "Which word derived from it modifies a verb?", "Manner word, e.g. {input} yields {answer}"],
    "ness": [
        "Form the noun that ends in -ness.", "abstract noun in ness",
        "Name the quality itself, using the suffix -ness.",
        "What is it called to be like that? The answer ends in ness.",
        "Please nominalize this adjective with the ending ness and watch the letter y.",
        "adjective + ness, one word", "The state of being so, as {answer} is of {input}",
        "Which noun do you get by adding ness to this word?"],
    "negative": [
        "Negate the adjective with a prefix.", "Which word with un-, in-, im-, il-, ir- or dis- means the contrary?",
        "Put the right negative syllable in front, written as one word.",
        "Please deny the quality by means of a prefix, not with the word not.",
        "opposite made by prefixing", "Not so: say that in a single word that contains the given one.",
        "Choose the fitting prefix and give the negative adjective.", "Contrary by prefix: {input}, {answer}"],
    "adverb-back": [
        "Which adjective is this adverb made of?", "adverb to adjective", "Undo the ending ly.",
        "Please change the manner word into the word that would describe a thing.",
        "Strip the adverbial ending and restore the spelling of the adjective.",
        "The word modifies a verb; what would modify a noun instead?", "base of this -ly word",
        "Back to the adjective: {input} came from {answer}"],
    "ness-back": [
        "Which adjective is this noun made of?", "noun in ness to adjective", "Undo the ending ness.",
        "Please say how somebody or something is that has this quality.",
        "Strip the nominal ending and restore the spelling of the adjective.",
        "What does one call a thing with this property? One adjective.", "describing word inside this quality word",
        "Back to the adjective: {input} was built on {answer}"],
    "negative-back": [
        "Remove the negative prefix.", "positive counterpart of this negated adjective",
        "Undo un-, in-, im-, il-, ir- or dis-.",
        "Please take away the syllable that denies, and give what is left.",
        "What is it if it is not so? Shorten the word.", "affirmative form of the adjective, no prefix",
        "The opposite is contained in the word. Which is it?", "Peel off the front, {input} leaves {answer}"],
}


def all_adjectives(more: Iterable[str]) -> list[str]:
    """Those of the pool, then more, then others."""
    return list(dict.fromkeys([*adjectives(), *more, *common_words("a")[:2900]]))


def adverb(adjective: str) -> str:
    """"" where none is known."""
    if adjective in NO_ADVERB:
        return ""
    forms = {adjective + "ly", adjective + "ally" if adjective.endswith("ic") else ""}
    if adjective.endswith("y"):
        forms.add(adjective[:-1] + "ily")
    if adjective.endswith(("le", "ll")):
        forms.add(adjective[:-1] + ("y" if adjective.endswith("le") else "ly"))
    if adjective == "true":
        return "truly"
    return only(form for form in forms if (form, "r") in senses())


def ness(adjective: str) -> str:
    if adjective in ODD_FOR_NESS or NO_NESS.search(adjective):
        return ""
    forms = {adjective + "ness", adjective[:-1] + "iness" if adjective.endswith("y") else ""}
    return only(form for form in forms if (form, "n") in senses())


def negative(adjective: str) -> str:
    """The antonym that is the adjective with a prefix; "" if there is none."""
    if adjective in MORE_NEGATIVE or adjective in ODD_FOR_NEGATIVE:
        return MORE_NEGATIVE.get(adjective, "")
    forms = [prefix + adjective for prefix in ("un", "in", "im", "il", "ir", "dis")]
    return only(form for form in forms if adjective in antonyms(form) or form in antonyms(adjective))


def antonyms(word: str) -> list[str]:
    return [other for synset in senses().get((word, "a"), []) for other in word_targets(synset, word, "!")]


def only(found: Iterable[str]) -> str:
    each = sorted(set(found))
    return each[0] if len(each) == 1 else ""


def usual(adjective: str, made: str) -> bool:
    said = any(frequency(word, part) for word in (adjective, made) for part in "anr")
    return bool(made) and adjective not in STRANGE and (said or adjective in {*MORE_NEGATIVE, *MORE_FOR_NESS})


def tasks() -> list[Task]:
    found = []
    for name, form, more in (
            ("adverb", adverb, ()), ("ness", ness, MORE_FOR_NESS), ("negative", negative, MORE_NEGATIVE)):
        pairs = [(word, form(word)) for word in all_adjectives(more) if usual(word, form(word))]
        made = Counter(word for _, word in pairs)
        pairs = [pair for pair in pairs if made[pair[1]] == 1]
        back = [(long, word) for word, long in pairs]
        for each, its, noun in ((name, pairs, "Adjective"), (f"{name}-back", back, "Word")):
            found.append(Task(each, its, WORDINGS[each], form="word", noun=noun,
                              source=wordnet.SOURCE, licence=wordnet.LICENCE))
    return found
