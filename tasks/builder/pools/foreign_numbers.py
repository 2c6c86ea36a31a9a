"""Numbers below 1,000 in words of six languages (num2words is only run; nothing of it is in the tasks)."""

import functools

from num2words import num2words

from builder.pools.numbers import integers

SOURCE, LICENCE = "made here", "Apache-2.0"


def clear(code: str, number: int) -> bool:
    """Whether there is one way to write it, and the package has that one."""
    if code == "de":
        return not 100 <= number < 200                   # hundert, einhundert
    if code == "it":
        return number < 20 or number % 10 != 3           # ventitré
    if code == "pt":
        return number % 100 not in (14, 16, 17, 19)      # dezasseis, dezesseis
    return code != "nl" or number % 100 != 1             # een, één


@functools.cache
def spelled(code: str) -> list[tuple[int, str]]:
    """(number, words), in the order of integers()."""
    return [(number, num2words(number, lang=code)) for number in integers() if number < 1000 and clear(code, number)]
