"""Whole numbers, pairs of them, and amounts with units."""

import functools
from dataclasses import dataclass

from builder.draws import draw, shuffled


@functools.cache
def integers() -> list[int]:
    """620 numbers: those below 100, 260 of three digits, 260 of four."""
    chance = draw("integers")
    return shuffled([*range(100), *chance.sample(range(100, 1000), 260), *chance.sample(range(1000, 10000), 260)],
                    "integers")


@functools.cache
def pairs() -> list[tuple[int, int]]:
    """600 pairs of different numbers of one to three digits; written with a space between them, `126 46`."""
    found = {}
    for number in range(600):
        chance = draw("pairs", number)
        limit = chance.choice((10, 50, 100, 100, 1000))
        a, b = chance.sample(range(1, limit), 2)
        found[a, b] = None
    return list(found)


ONES = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen").split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int) -> str:
    """`four thousand two hundred twelve`, without `and`; of numbers below 10,000."""
    if number < 20:
        return ONES[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return TENS[tens - 2] + (f"-{ONES[rest]}" if rest else "")
    size, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, size)
    return f"{spelled(many)} {name}" + (f" {spelled(rest)}" if rest else "")


def roman(number: int) -> str:
    """`CXXVI`; of numbers from 1 to 3,999."""
    found = ""
    for letters, worth in zip("M CM D CD C XC L XL X IX V IV I".split(),
                              (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), strict=True):
        found += letters * (number // worth)
        number %= worth
    return found


@dataclass(frozen=True)
class Unit:
    symbol: str
    one: str                  # its name, British: `metre`
    many: str
    quantity: str             # length mass volume temperature time speed
    metric: bool              # means nothing for those of time
    most: int
    step: int = 1             # amounts are multiples of it
    share: int = 2            # how often it is taken


UNITS = [Unit(*each) for each in (
    ("km", "kilometre", "kilometres", "length", True, 300, 1, 4), ("m", "metre", "metres", "length", True, 400, 1, 4),
    ("cm", "centimetre", "centimetres", "length", True, 99, 1, 4),
    ("mm", "millimetre", "millimetres", "length", True, 99, 1, 2),
    ("mi", "mile", "miles", "length", False, 200, 1, 3), ("ft", "foot", "feet", "length", False, 90, 1, 5),
    ("in", "inch", "inches", "length", False, 72, 1, 3), ("yd", "yard", "yards", "length", False, 99, 1, 3),
    ("kg", "kilogram", "kilograms", "mass", True, 90, 1, 3), ("g", "gram", "grams", "mass", True, 900, 5, 3),
    ("mg", "milligram", "milligrams", "mass", True, 900, 5), ("t", "tonne", "tonnes", "mass", True, 60, 1, 1),
    ("lb", "pound", "pounds", "mass", False, 120, 1, 3), ("oz", "ounce", "ounces", "mass", False, 48),
    ("l", "litre", "litres", "volume", True, 80, 1, 3), ("ml", "millilitre", "millilitres", "volume", True, 900, 10),
    ("cl", "centilitre", "centilitres", "volume", True, 95, 5, 1),
    ("gal", "gallon", "gallons", "volume", False, 60), ("pt", "pint", "pints", "volume", False, 24),
    ("°C", "degree Celsius", "degrees Celsius", "temperature", True, 45),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit", "temperature", False, 110, 1, 3),
    ("s", "second", "seconds", "time", False, 90), ("min", "minute", "minutes", "time", False, 90),
    ("h", "hour", "hours", "time", False, 48), ("mph", "mile per hour", "miles per hour", "speed", False, 120, 1, 3),
    ("km/h", "kilometre per hour", "kilometres per hour", "speed", True, 200, 5, 1),
    ("m/s", "metre per second", "metres per second", "speed", True, 60, 1, 1))]


@dataclass(frozen=True)
class Amount:
    number: str               # `12`, `3.5`
    unit: Unit
    short: bool               # whether its unit is written as a symbol

    def text(self) -> str:
        return f"{self.number} {self.unit.symbol if self.short else self.unit.many}"


@functools.cache
def amounts() -> list[Amount]:
    """560 amounts from 2 up, one in six with a decimal, about half of them with the unit's name: `12 km`, `3.5 kg`,
    `6 feet`. Two fifths are lengths."""
    units = [unit for unit in UNITS for _ in range(unit.share)]
    found = {}
    for number in range(2000):
        chance = draw("amounts", number)
        unit = chance.choice(units)
        value = str(chance.randrange(max(unit.step, 2), unit.most + 1, unit.step))
        if unit.step == 1 and chance.randrange(5) == 0:
            value = f"{chance.randrange(2, 10)}.{chance.choice((2, 4, 5, 5, 5, 6, 8))}"
        each = Amount(value, unit, chance.randrange(2) == 0)
        found.setdefault((value, unit), each)
    return list(found.values())[:560]
