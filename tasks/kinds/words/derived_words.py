"""Nouns and adjectives made of a verb, and back; adjectives made of a noun."""

import re
from collections import Counter

from builder import Task
from builder.pools.derivations import MORE_ABLE, MORE_OF_NOUNS, ODD
from builder.pools.words import nouns, verbs
from builder.sources import wordnet
from builder.sources.wordnet import common_words, frequency, senses, synsets

ACTION = re.compile("(ion|ment|al|ance|ence)$")
DOER = re.compile("(er|or)$")
# Not what a reader would expect, or said of something else.
STRANGE = set(
    "abyssal acceptant adjunction agential agonal albuminous arcuate areal assemblage attention aversion beauteous "
    "beggary better bitty bookish bosomy botheration branchy butcher character chesty collegial comical conceptional "
    "conscientious considerable constitution corny corporal creature critical cruciality crystal dependency despisal "
    "devisal duteous easement ejaculation ejaculator elementary emergent equable equator exceedance feller "
    "forbiddance fosterage foundation fringy furniture glazier gradual hearable heroical homogeneous horny hummer "
    "ideal idiot idiotic impregnable impressionistic incurable incurrence incursion industrious information "
    "institution intentional interactional jerker layer legal liable livery looker lossy mammary maniacal mannerly "
    "medical meeter murmuration notable occurrent ordinance ouster peaky pecker plantal pliable ponderable poser "
    "prayer preachment precedence precession predecessor prevalence probable procedure provisionary pupillary "
    "pursuance quality rammer reception remainder remembrance rendition ritual sable scopal seer sewer shiner skipper "
    "specialistic stance stander succession sufferance surficial suspender suspenders sustenance tendency tender "
    "tenderer timely tinny tosser tucker typic unbendable union urgency valuable viable".split())

WORDINGS = {
    "doer": [
        "Give the noun for a person or thing that does this.", "agent noun in -er or -or",
        "Who does it? One word made of the verb.", "What do you call somebody whose action this is?",
        "Please name the one performing the action, with the ending er or or.", "verb + er/or",
        "The doer of {input} is the {answer}; name the doer here.",
        "Someone does that all the time. He or she is a ..."],
    "action": [
        "Give the noun for this action.",
        "What is the act of doing it called? Use the noun in -ion, -ment, -al or -ance.",
        "Turn the verb into an abstract noun, but not the one in -ing.", "nominalization with a Latin ending",
        "Please name the event or result that this verb describes in a single noun.",
        "The ... of something: which noun from the verb goes into the gap?", "noun derived from the verb, not the doer",
        "Process instead of verb, as {input} leads to {answer}"],
    "able": [
        "Give the adjective in -able.", "What can be done with it: one word ending in able", "verb + able",
        "It can be ...ed. Say so with an adjective made of the verb.",
        "Please form the adjective of possibility, ending in able.",
        "How do you describe a thing to which this may be done?",
        "Suffix able, with the spelling it needs", "It is possible to do this to it: {input}, {answer}"],
    "doer-back": [
        "Which verb is behind this noun for a doer?", "What does such a person or thing do? One verb.",
        "Take away -er or -or and restore the verb.", "Please say what is typically done by the one named here.",
        "agent noun to verb", "He or she has this name because of an action. Which one?",
        "verb inside the word", "The {input} got the name from the verb {answer}; do the same."],
    "action-back": [
        "Which verb is behind this abstract noun?", "Say it with a verb instead of a noun: plain form.",
        "Take away the ending -ion, -ment, -al, -ance or -ence and restore the verb.",
        "Please tell me what somebody does when this takes place.", "action noun to verb",
        "denominalize, infinitive without to", "The process is named; what is it to carry it out, in one word?",
        "The noun {input} comes from {answer}, and this one from?"],
    "adjective": [
        "Give the adjective that belongs to this noun.", "noun to adjective", "Which describing word is made of it?",
        "Please derive an adjective from the thing named, with whatever ending it needs.",
        "Full of it, like it or to do with it: one adjective from the same root.",
        "How do you turn this noun into a word that can stand before another noun?",
        "adjectival form, same stem", "Related describing word, e.g. {answer} goes with {input}"],
}


def derived(word: str, part: str, to: str) -> list[str]:
    """Words of another part that WordNet derives from its main senses, with the same beginning, the frequent first."""
    found = set()
    for synset in senses().get((word, part), [])[:4]:
        for symbol, key, of, place in synset.pointers:
            if symbol == "+" and place and of == synset.words.index(word) + 1 and synsets()[key].part == to:
                found.add(synsets()[key].words[place - 1])
    fitting = [each for each in found if re.fullmatch("[a-z]+", each) and each[:3] == word[:3] and each != word]
    return sorted(fitting, key=lambda each: (-frequency(each, to), each))


def usual(found: list[str], part: str) -> str:
    """The only one, or one that is clearly the most used; "" if there is none."""
    found = [each for each in found if each not in STRANGE]
    clear = len(found) == 1 or len(found) > 1 and frequency(found[0], part) > 2 * frequency(found[1], part)
    return found[0] if clear else ""


def able(verb: str) -> str:
    """By the rules of spelling, where WordNet has the word; "" where it does not, or has two."""
    stem = verb[:-3] if verb.endswith("ate") else verb[:-1] if re.search("[^ceg]e$", verb) else verb
    stem = stem[:-1] + "i" if re.search("[^aeiou]y$", stem) else stem
    forms = [form for form in (stem + "able", verb + "able", verb + verb[-1] + "able")
             if {(form, "a"), ("un" + form, "a")} & senses().keys()]
    return forms[0] if len(set(forms)) == 1 and forms[0] not in STRANGE else ""


def all_of(pool: list[str], part: str, count: int) -> list[str]:
    """The pool's words, then other common ones."""
    return list(dict.fromkeys(pool + common_words(part)[:count]))


def tasks() -> list[Task]:
    actions = all_of(verbs(), "v", 4600)
    found = {
        "doer": [(verb, usual([each for each in derived(verb, "v", "n") if DOER.search(each)], "n"))
                 for verb in actions[:1300]],
        "action": [(verb, usual([each for each in derived(verb, "v", "n") if ACTION.search(each)], "n"))
                   for verb in actions[:1300]],
        "able": [(verb, able(verb)) for verb in actions],
        "adjective": [(noun, usual([each for each in derived(noun, "n", "a") if len(each) >= len(noun)], "a"))
                      for noun in all_of(nouns(), "n", 3600)]}
    found["adjective"] = [(noun, each) for noun, each in found["adjective"] if noun in nouns() or frequency(each, "a")]
    found = {name: [pair for pair in pairs if pair[1] and pair[1] not in ODD] for name, pairs in found.items()}
    for name, more in (("able", MORE_ABLE), ("adjective", MORE_OF_NOUNS)):
        found[name] = list({**dict(found[name]), **more}.items())
    for name in ("doer", "action"):
        made = Counter(word for _, word in found[name])
        found[f"{name}-back"] = [(word, verb) for verb, word in found[name] if made[word] == 1]
    return [Task(name, found[name], wordings, form="word", noun="Noun" if name == "adjective" else "Word",
                 source=wordnet.SOURCE, licence=wordnet.LICENCE)
            for name, wordings in WORDINGS.items()]
