"""A time of day written in another way, or one part of it."""

from builder import Task
from builder.pools.dates import clock, times
from builder.pools.numbers import spelled


def twelve_hours(hour: int, minute: int) -> str:
    """`5:05 pm`; "" for noon and midnight, which are not agreed on."""
    return f"{(hour - 1) % 12 + 1}:{minute:02} {'am' if hour < 12 else 'pm'}" if minute or hour % 12 else ""


def in_words(hour: int, minute: int) -> str:
    """`seventeen oh five`; "" where a zero would have to be said on its own."""
    return f"{spelled(hour)} {'oh ' if minute < 10 else ''}{spelled(minute)}" if hour and minute else ""


TWELVE_HOURS = [
    "Write this time on the 12-hour clock, like 3:20 pm.",
    "Convert to am/pm: small letters after a space, no zero in front of the hour.",
    "12-hour form, e.g. 9:45 am",
    "Please turn the 24-hour reading into one with hours up to twelve, a space, and am or pm in lower case.",
    "How does it read on a clock that only knows the hours 1 to 12? Answer as in 11:08 pm.",
    "A friend in Texas gets lost with hours over 12. Tell her the time in the style of 7:31 am.",
    "Hour without a leading zero, colon, minutes, blank, then am or pm",
    "From 24 to 12 hours: {input} is {answer}",
    "What would strftime give for %-I:%M %p, put in lower case?",
]
MILITARY = [
    "Write this time as four digits, military style.",
    "Drop the colon.",
    "HHMM",
    "Please give hours and minutes as one block of four figures with nothing between them.",
    "How would an army order print the time? Leave the word hours off.",
    "What do I key in on an alarm panel that has no colon?",
    "Remove the sign between hour and minute and close the gap.",
    "Compact clock time: {input} is {answer}",
    "The flight plan needs times such as 0915 or 2240.",
]
DOTTED = [
    "Write this time with a full stop instead of the colon.",
    "Put a dot between hour and minutes.",
    "HH.MM",
    "Please swap the colon for a point and keep both pairs of digits as they are.",
    "Some British timetables have a period between hours and minutes. How is the time printed there?",
    "What does strftime make of it with %H.%M?",
    "Two digits, dot, two digits: {input} is {answer}",
    "My style guide says 08.40, not 08:40. Bring the time into line with it.",
    "Change only the separator, to the sign that ends a sentence.",
]
SECONDS = [
    "Add the seconds, which are zero.",
    "Write this time as HH:MM:SS, exactly on the minute.",
    "with :00 for seconds",
    "Please extend the reading to hours, minutes and seconds; the minute has only just begun.",
    "How does a display that also counts seconds show the start of that minute?",
    "What does time.isoformat print in Python when second is 0?",
    "Three pairs of digits rather than two: {input} is {answer}",
    "Our log wants times such as 13:20:00. Fill it up to that form.",
    "Colon and two noughts at the end",
]
HOUR = [
    "What is the hour of this time, from 0 to 23?",
    "Give the hour only, as in 8 for 08.",
    "hour as an integer, 24-hour clock",
    "Please leave out the minutes and tell me the number before the colon, with no zero ahead of it.",
    "How many full hours have passed since midnight?",
    "What would time.hour return in Python?",
    "The hours alone, as {answer} in {input}",
    "Of the 24 rows in my day planner, numbered from 0, which one holds this?",
    "Keep what is left of the colon; write 7 rather than 07.",
]
MINUTE = [
    "What is the minute of this time, from 0 to 59?",
    "Give the minutes only, as in 4 for 04.",
    "minute as an integer",
    "Please forget about the hour and tell me the number after the colon, with no zero ahead of it.",
    "How much past the full hour is it? State the minutes as a plain number.",
    "At which of its sixty marks does the long hand of a clock stand, the top being 0?",
    "The minutes alone, as {answer} in {input}",
    "Keep what is right of the colon; 07 should become 7.",
    "What would time.minute return in Python?",
]
IN_WORDS = [
    "Write this time in words, hour and minutes, with oh for a zero before the minutes.",
    "Read it out as a digital clock is read, such as nineteen oh four or six forty-seven.",
    "spoken 24-hour time, e.g. twenty-one thirty or eight oh two",
    "Please spell out the hour and then the minute; a minute below ten gets an oh, an hour below ten does not.",
    "How would a train announcer say it, if she says thirteen fifty-six or nine oh one?",
    "Letters for digits, with no colon and no zero on the hour: {input} is {answer}",
    "Turn both numbers into English with a space between them; 08 minutes are oh eight, 08 hours just eight.",
    "Hours as a word, minutes as a word (oh five for 05), nothing else",
]


def tasks() -> list[Task]:
    made = {
        "twelve-hours": (twelve_hours, TWELVE_HOURS, "code"),
        "military": (lambda hour, minute: f"{hour:02}{minute:02}", MILITARY, "code"),
        "dotted": (lambda hour, minute: f"{hour:02}.{minute:02}", DOTTED, "code"),
        "seconds": (lambda hour, minute: f"{hour:02}:{minute:02}:00", SECONDS, "code"),
        "hour": (lambda hour, _: str(hour), HOUR, "number"),
        "minute": (lambda _, minute: str(minute), MINUTE, "number"),
        "in-words": (in_words, IN_WORDS, "word"),
    }
    return [Task(name, [(clock(time), write(*time)) for time in times() if write(*time)], wordings, form, "Time")
            for name, (write, wordings, form) in made.items()]
