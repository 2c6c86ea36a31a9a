"""WordNet 3.0 (Princeton's licence), read from its database files (wndb(5WN), cntlist(5WN))."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from builder.sources.folder import PACKAGES

LICENCE, SOURCE = "WordNet-3.0", "WordNet 3.0"
PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
NUMBERS = {"n": 1, "v": 2, "a": 3, "r": 4, "s": 5}
# Lexicographer files (lexnames(5WN)) of nouns: what a noun is about.
AREAS = ("tops act animal artifact attribute body cognition communication event feeling food group location motive "
         "object person phenomenon plant possession process quantity relation shape state substance time").split()
MOST = 5000                   # words of a part of speech that are looked at
OFFENSIVE = re.compile(r"disparag|offensive|ethnic|derogat|obscen|vulgar|sexual|\bsex\b|genital|excre|urin|rape|murder|"
                       r"prostitut|nazi|slave|corpse|suicide|kill|terroris|drug|porn|nude|naked|intercourse|lust", re.I)


@dataclass(frozen=True)
class Synset:
    key: str                              # part and offset, as n00001740
    part: str                             # n v a r
    area: str                             # of nouns; "" elsewhere
    words: tuple[str, ...]                # lemmas, the first the usual one; spaces for underscores
    pointers: tuple[tuple[str, str, int, int], ...]   # symbol, target's key, source word, target word (0: the synset)
    gloss: str                            # definition
    examples: tuple[str, ...]
    counts: tuple[int, ...]               # of each word in this sense, in tagged text


@functools.cache
def counts() -> dict[str, int]:
    """Uses of a sense in tagged text, by its key."""
    lines = (PACKAGES / "wordnet/cntlist.rev").read_text().splitlines()
    return {key: int(count) for key, _, count in map(str.split, lines)}


def read_line(line: str, part: str) -> Synset:
    fields, _, gloss = line.partition(" | ")
    parts = fields.split()
    offset, area, kind, size = parts[0], int(parts[1]), parts[2], int(parts[3], 16)
    lemmas, ids = parts[4:4 + 2 * size:2], parts[5:5 + 2 * size:2]
    rest = parts[4 + 2 * size:]
    pointers = [rest[1 + 4 * i:5 + 4 * i] for i in range(int(rest[0]))]
    texts = re.findall(r'"([^"]+)"', gloss)
    definition = re.sub(r';?\s*"[^"]*".*$', "", gloss).strip().rstrip(";")
    keys = [f"{lemma.lower()}%{NUMBERS[kind]}:{area:02}:{int(number, 16):02}::"
            for lemma, number in zip(lemmas, ids, strict=True)]
    words = tuple(re.sub(r"\((a|p|ip)\)$", "", lemma).replace("_", " ") for lemma in lemmas)
    return Synset(part + offset, part, AREAS[area - 3] if part == "n" else "", words,
                  tuple((p[0], ("a" if p[2] == "s" else p[2]) + p[1], int(p[3][:2], 16), int(p[3][2:], 16))
                        for p in pointers),
                  definition, tuple(text.strip() for text in texts), tuple(counts().get(key, 0) for key in keys))


@functools.cache
def synsets() -> dict[str, Synset]:
    """All, by key, in the files' order."""
    found = {}
    for name, part in PARTS.items():
        for line in (PACKAGES / f"wordnet/data.{name}").read_text(encoding="utf-8").splitlines():
            if not line.startswith("  "):
                synset = read_line(line, part)
                found[synset.key] = synset
    return found


@functools.cache
def senses() -> dict[tuple[str, str], list[Synset]]:
    """The synsets of (lemma, part), the most used first."""
    found = defaultdict(list)
    for synset in synsets().values():
        for word in synset.words:
            found[word, synset.part].append(synset)
    return {key: sorted(each, key=lambda s: -count_in(s, key[0])) for key, each in found.items()}


def count_in(synset: Synset, word: str) -> int:
    return synset.counts[synset.words.index(word)]


def frequency(word: str, part: str) -> int:
    return sum(count_in(synset, word) for synset in senses().get((word, part), []))


def main_part(word: str) -> str:
    """The part of speech a word mostly has; "" where another comes near it."""
    ranked = sorted(((frequency(word, part) + 0.1 * len(senses().get((word, part), [])), part)
                     for part in PARTS.values()), reverse=True)
    return ranked[0][1] if ranked[0][0] > 4 * ranked[1][0] else ""


def targets(synset: Synset, symbol: str) -> list[Synset]:
    """Where pointers of a kind lead: `@` hypernyms, `~` hyponyms, `%p` parts, `&` similar ones, `;` domains."""
    return [synsets()[key] for kind, key, _, _ in synset.pointers if kind.startswith(symbol)]


def word_targets(synset: Synset, word: str, symbol: str) -> list[str]:
    """The same for a word of the synset: antonyms, derived forms."""
    place = synset.words.index(word) + 1
    return [synsets()[key].words[to - 1] for kind, key, of, to in synset.pointers
            if kind.startswith(symbol) and of == place and to]


def hyponyms(synset: Synset) -> Iterable[Synset]:
    """All below, itself first, each once."""
    seen, queue = set(), [synset]
    while queue:
        each = queue.pop(0)
        if each.key not in seen:
            seen.add(each.key)
            yield each
            queue += targets(each, "~")


def offensive(synset: Synset) -> bool:
    texts = " ".join((synset.gloss, *synset.words, *synset.examples))
    domains = " ".join(word for target in targets(synset, ";") for word in target.words)
    return bool(OFFENSIVE.search(texts) or OFFENSIVE.search(domains))


@functools.cache
def common_words(part: str) -> list[str]:
    """Single lower-case words that are mostly of this part of speech, the most frequent first; none that offends."""
    found = [word for word, of in senses() if of == part and re.fullmatch(r"[a-z]{3,12}", word)]
    found = sorted((word for word in found if main_part(word) == part), key=lambda word: (-frequency(word, part), word))
    return [word for word in found[:MOST] if not any(map(offensive, senses()[word, part]))]
