"""Names of invented people, of faker's lists (MIT) of first and last names."""

import functools
from collections.abc import Iterable

from faker.providers.person.en_US import Provider

from builder.draws import draw, shuffled

SOURCE, LICENCE = "faker", "MIT"


def plain(names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.isascii() and name.isalpha() and 3 <= len(name) <= 10})


@functools.cache
def female() -> list[str]:
    return shuffled(plain(set(Provider.first_names_female) - set(Provider.first_names_male)), "female")[:150]


@functools.cache
def male() -> list[str]:
    return shuffled(plain(set(Provider.first_names_male) - set(Provider.first_names_female)), "male")[:150]


@functools.cache
def last() -> list[str]:
    return shuffled(plain(Provider.last_names), "last")[:300]


@functools.cache
def names() -> list[tuple[str, str]]:
    """600 people as (first, last); written `Laura Stone`."""
    found = {}
    for number in range(600):
        chance = draw("people", number)
        found[chance.choice([*female(), *male()]), chance.choice(last())] = None
    return list(found)
