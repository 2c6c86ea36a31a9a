"""Days and times of day, in the ways they are written."""

import datetime
import functools

from builder.draws import draw

MONTHS = ("January February March April May June July August September October November December").split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


@functools.cache
def days() -> list[datetime.date]:
    """600 days from 1950 to 2049."""
    first = datetime.date(1950, 1, 1).toordinal()
    last = datetime.date(2049, 12, 31).toordinal()
    return [datetime.date.fromordinal(day) for day in draw("days").sample(range(first, last), 600)]


def iso(day: datetime.date) -> str:
    return day.isoformat()


def american(day: datetime.date) -> str:
    """March 5, 2021"""
    return f"{MONTHS[day.month - 1]} {day.day}, {day.year}"


def british(day: datetime.date) -> str:
    """5 March 2021"""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


@functools.cache
def written() -> list[tuple[datetime.date, str]]:
    """The days, each in one of four ways; all tasks about dates can take these: `2021-03-05`, `March 5, 2021`,
    `5 March 2021`, `05/03/2021` (day first)."""
    ways = (iso, american, british, lambda day: f"{day.day:02}/{day.month:02}/{day.year}")
    return [(day, draw("written", day).choice(ways)(day)) for day in days()]


@functools.cache
def certain() -> list[tuple[datetime.date, str]]:
    """Those of written() that read the same to everybody: not `05/03/2021`, where the day may be taken for the
    month."""
    return [(day, text) for day, text in written() if "/" not in text or day.day > 12 or day.day == day.month]


@functools.cache
def times() -> list[tuple[int, int]]:
    """500 times of day as (hour, minute)."""
    return [divmod(minute, 60) for minute in draw("times").sample(range(24 * 60), 500)]


def clock(time: tuple[int, int]) -> str:
    """17:05"""
    return f"{time[0]:02}:{time[1]:02}"
