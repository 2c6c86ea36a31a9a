"""One part of a date: year, month, day, decade, century."""

from builder import Task
from builder.pools.dates import MONTHS, certain

YEAR = [
    "What is the year of this date?",
    "Copy only the four digits of the year.",
    "year",
    "Please pull the year out of the date and drop day and month.",
    "In which year is that?",
    "I sort my photos into folders by year. Which folder is this one for?",
    "Day and month don't matter to me; answer with what is left.",
    "Year number, four figures, as {answer} from {input}",
    "The calendar of which year would you need to find that day?",
]
MONTH_NAME = [
    "Which month is it? Give its full English name.",
    "Name the month of this date.",
    "month in letters",
    "Please write out the month in full, without day and year.",
    "On which page of a wall calendar, by name, is that day found?",
    "January, February, March and so on: what applies here?",
    "The month as a word, as {answer} for {input}",
    "Drop the day and the year and spell the month in full, with a capital.",
    "Say in what month that falls, with nothing but the name of the month.",
]
MONTH_NUMBER = [
    "Give the number of the month, from 1 to 12.",
    "Which month is it, as a figure without a leading zero?",
    "month as an integer",
    "Please count January as 1 and December as 12 and tell me the month of the date.",
    "How many months of the year have begun by that day?",
    "What would date.month return in Python?",
    "Month index without padding: {input} gives {answer}",
    "If the months were numbered lockers, one to twelve, which locker would it be?",
    "Neither day nor year, just the number that stands for the month, e.g. 7 for July.",
]
DAY = [
    "What is the day of the month in this date?",
    "Give the day, without a leading zero.",
    "only the day number",
    "Please leave out month and year and state which day it is, from 1 to 31.",
    "How many days of that month have begun?",
    "Which square of the month's calendar sheet should I mark? Answer with a number.",
    "On which day within its month does it fall? Digits only, no ending.",
    "The day as an integer, like {answer} in {input}",
    "Extract the part between 1 and 31 that counts days.",
]
DECADE = [
    "Which decade does this date belong to? Answer like 1970s.",
    "Give the ten years it falls in, such as the 2010s, without the word the.",
    "decade, as four digits and s",
    "Please say in what decade that is, in the manner of 1950s or 2030s.",
    "A museum sorts things by tens of years (1960s, 1970s ...). On which shelf would this go?",
    "Turn the last digit of the year into 0, add an s and write that.",
    "Ten-year period in short form: {input} lies in {answer}",
    "Of day, month and year keep just the year and generalise it to a decade ending in 0s.",
]
CENTURY = [
    "Is this date in the 20th or the 21st century?",
    "Name the century: 20th or 21st.",
    "century (21st / 20th)",
    "Please write 20th if the year begins with 19 and 21st if it begins with 20.",
    "In which hundred years does it fall? Possible answers are 21st and 20th.",
    "Before the turn of the millennium is 20th, after it 21st. What holds here?",
    "Century as an ordinal with digits: {input} is in the {answer}",
    "A history book has one chapter on the 20th and one on the 21st century. In which one would I look?",
]
YEAR_END = [
    "Give the year with two digits only.",
    "What are the final two figures of the year?",
    "year, short, as on a credit card",
    "Please reduce the date to the two digits that an apostrophe would stand before, but without the apostrophe.",
    "Leave the century away and give the rest of the year, with its zero if it has one.",
    "What does %y print in strftime?",
    "Two-digit year, as {answer} in {input}",
    "Old software kept only two places for years. What did it store for this date?",
    "Of the four digits that make the year, copy the third and the fourth.",
]


def tasks() -> list[Task]:
    made = {
        "year": (lambda day: str(day.year), YEAR, "number"),
        "month-name": (lambda day: MONTHS[day.month - 1], MONTH_NAME, "word"),
        "month-number": (lambda day: str(day.month), MONTH_NUMBER, "number"),
        "day": (lambda day: str(day.day), DAY, "number"),
        "decade": (lambda day: f"{day.year // 10}0s", DECADE, "code"),
        "century": (lambda day: "21st" if day.year > 2000 else "20th", CENTURY, "label"),
        "year-end": (lambda day: f"{day.year % 100:02}", YEAR_END, "number"),
    }
    return [Task(name, [(text, part(day)) for day, text in certain() if name != "century" or day.year != 2000],
                 wordings, form, "Date") for name, (part, wordings, form) in made.items()]
