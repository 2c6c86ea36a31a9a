"""Further lists, of what lists.py has: those where nothing but one item can be meant, and lists of two categories."""

import functools
from collections.abc import Iterable
from itertools import chain, zip_longest

from builder.draws import draw, shuffled
from builder.pools import lists
from builder.pools.lists import WordList

# Words of other categories that somebody may count to this one.
DOUBTFUL = {
    "animal": "kiwi Turkey fly",
    "vehicle": "wheelbarrow sail launch ride express horse donkey camel elephant",
    "garment": "slip",
    "tool": "register match",
    "colour": "orange lime peach plum apricot cherry lemon salmon raspberry tangerine",
    "body part": "organ",
    "job": "professional sponsor",
}
UNCERTAIN = {"file"}          # words of a category that somebody may not count to it
PAIRS = (("animal", "fruit"), ("garment", "tool"), ("country", "job"), ("colour", "instrument"))
ODD = PAIRS[:3]


def doubtful(each: WordList, category: str) -> bool:
    others = {item for item, of in zip(each.items, each.categories, strict=True) if of != category}
    return bool(others & set(DOUBTFUL.get(category, "").split()))


def clear(category: str) -> list[WordList]:
    """Those of mixed() of which everybody will say whether there is a member of the category, and which."""
    return [each for each in lists.mixed()
            if not doubtful(each, category) and each.member(category) not in UNCERTAIN]


@functools.cache
def paired(one: str, other: str) -> list[WordList]:
    """400 lists of four to six words: two or three of either category."""
    found = {}
    for number in range(400):
        chance = draw("paired lists", one, other, number)
        pairs = [(word, each) for each in (one, other)
                 for word in chance.sample(lists.members(each), chance.choice((2, 2, 3)))]
        each = WordList(*map(tuple, zip(*shuffled(pairs, "paired", one, other, number), strict=True)))
        found.setdefault(each.text(), each)
    return [each for each in found.values() if not any(doubtful(each, category) for category in (one, other))]


def of(category: str, each: WordList) -> str:
    """Its items of the category, as a list."""
    return ", ".join(item for item, its in zip(each.items, each.categories, strict=True) if its == category)


def all_paired() -> list[WordList]:
    return in_turn(*(paired(*pair) for pair in PAIRS))


def all_odd() -> list[WordList]:
    """Lists of one category but for one word, in six pairs of categories."""
    return in_turn(*(odd(*pair) for one, other in ODD for pair in ((one, other), (other, one))))


def odd(many: str, one: str) -> list[WordList]:
    return [each for each in lists.odd(many, one) if not any(doubtful(each, category) for category in (many, one))]


def in_turn(*pools: Iterable) -> list:
    """One of each pool, then the next of each, as long as there are any."""
    return [each for each in chain.from_iterable(zip_longest(*pools)) if each is not None]
