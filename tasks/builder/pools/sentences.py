"""Sentences: real ones, from WordNet's examples of use, and made ones of which all parts are known."""

import functools
import re
from dataclasses import dataclass, replace

from builder.draws import draw, shuffled
from builder.pools.dates import DAYS
from builder.pools.people import female, male
from builder.sources import wordnet
from builder.sources.inflection import inflected

# What a sentence that many tasks ask about should not be about.
HARSH = re.compile(r"hitler|\bjew|serb|bosnia|geisha|faithful|tumor|cancer|drunk|\bdead\b|\bdie\b|\bdied|death|"
                   r"bomb|shoot|\bshot\b|victim|blood|bodies|bullet|\bpot\b|corpse|persecut|taliban|israel|"
                   r"palestin|\brob|weapon|murder|\bgun|prison|divorc|mistress|terror|enem(y|ies)|soldier|"
                   r"\bwars?\b|abus|suicid|strangl|tortur|beat her|beat him|negro|indian|muslim|virgin|pregnan|"
                   r"womb|sperm|urine|stupid|\bstrip|womaniz|smother|rifle|squat|mauler|german|refugee|immigrant|"
                   r"\baxe\b|incompetent|motormouth|dyslex|natural child|smack|conked|burglar|nazi|\bfat\b|"
                   r"\blovers?\b|black eye|fatal|dated|dating|mugger|prejudice|\bsexy|bastard",
                   re.IGNORECASE)


@functools.cache
def real() -> list[str]:
    """700 sentences of four to twelve words that somebody wrote, with their capital and full stop."""
    found = set()
    for synset in wordnet.synsets().values():
        texts = [sentence(text) for text in synset.examples if looks_whole(text)]
        if texts and not wordnet.offensive(synset):
            found.update(text for text in texts if not HARSH.search(text))
    return shuffled(sorted(found), "real sentences")[:700]


def looks_whole(text: str) -> bool:
    words = text.rstrip(".!?").split()
    return bool(4 <= len(words) <= 12 and re.fullmatch(r"[A-Z][a-z']* [a-zA-Z' ,-]+[.!?]?", text)
                and not re.search(r"--|  ", text))


def sentence(text: str) -> str:
    return text if text[-1] in ".!?" else text + "."


# What happens: verb, things it happens to.
ACTIONS = {
    "buy": "car lamp bicycle jacket camera", "sell": "house boat guitar painting horse",
    "repair": "roof bicycle clock radio fence", "paint": "wall door portrait fence boat",
    "clean": "kitchen window car oven floor", "find": "key wallet ring map coin",
    "lose": "ticket phone glove umbrella letter", "write": "letter poem report song book",
    "read": "book newspaper letter contract menu", "carry": "box suitcase ladder table basket",
    "break": "window cup vase chair plate", "open": "door parcel bottle window letter",
    "cook": "soup meal goose stew dinner", "eat": "apple sandwich cake pizza salad",
    "build": "wall shed boat tower bridge", "visit": "museum castle zoo factory church",
    "draw": "picture map horse tree plan", "hide": "ring key present map letter",
    "wash": "car shirt dog plate carpet", "move": "table piano sofa desk cupboard",
}
COLOURS = "red blue green yellow white black grey brown".split()
SIZES = "old new small large heavy cheap expensive beautiful".split()
PLACES = ("Paris London Berlin Madrid Rome Vienna Oslo Dublin Lisbon Boston Chicago Denver Toronto Sydney Tokyo Cairo "
          "Athens Prague Warsaw Geneva").split()
ROLES = ("teacher doctor farmer lawyer nurse student baker plumber pilot waiter painter soldier singer captain clerk "
         "engineer neighbour tourist judge gardener").split()


@dataclass(frozen=True)
class Made:
    """`The farmer sold the old boat in Oslo on Monday.` or `Laura sold the red boat on Friday.`"""

    subject: str              # `the farmer` or `Laura`
    verb: str                 # plain form
    noun: str                 # what it happens to
    adjective: str            # of it
    place: str                # "" where none is said
    day: str                  # "" where none is said

    def named(self) -> bool:
        return not self.subject.startswith("the ")

    def tail(self) -> str:
        return (f" in {self.place}" if self.place else "") + (f" on {self.day}" if self.day else "")

    def thing(self) -> str:
        return f"the {self.adjective} {self.noun}"

    def past(self) -> str:
        return inflected(self.verb, "VBD")

    def text(self) -> str:
        return upper(f"{self.subject} {self.past()} {self.thing()}{self.tail()}.")

    def question(self, part: str) -> str:
        """That asks for a part (`subject`, `noun`, `place` or `day`) and says the others."""
        if part == "subject":
            return f"Who {self.past()} {self.thing()}{self.tail()}?"
        word = {"noun": "What", "place": "Where", "day": "When"}[part]
        rest = self if part == "noun" else replace(self, **{part: ""})
        thing = "" if part == "noun" else f" {self.thing()}"
        return f"{word} did {self.subject} {self.verb}{thing}{rest.tail()}?"


def upper(text: str) -> str:
    """With its first letter in upper case."""
    return text[:1].upper() + text[1:]


@functools.cache
def made() -> list[Made]:
    """700: half with a name, half with a role; two of three say a place, two of three a day."""
    found = {}
    for number in range(700):
        chance = draw("made sentences", number)
        subject = chance.choice([*female()[:40], *male()[:40]]) if number % 2 else f"the {chance.choice(ROLES)}"
        verb = chance.choice(sorted(ACTIONS))
        each = Made(subject, verb, chance.choice(ACTIONS[verb].split()), chance.choice(COLOURS + SIZES),
                    chance.choice(PLACES) if chance.random() < 0.67 else "",
                    chance.choice(DAYS) if chance.random() < 0.67 else "")
        found.setdefault(each.text(), each)
    return list(found.values())
