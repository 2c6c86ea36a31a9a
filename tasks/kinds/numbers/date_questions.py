"""What can be said of a date: before a year, season, quarter, half."""

from builder import Task
from builder.pools.dates import certain

SEASONS = ("winter", "spring", "summer", "autumn")


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


BEFORE_2000 = [
    "Is this date before the year 2000? Answer yes or no.",
    "Yes or no: does the year start with 19?",
    "earlier than 1 January 2000 (yes/no)",
    "Please write yes if that day lies in the nineteen-hundreds and no if it is 2000 or later.",
    "Does it lie ahead of the big party on New Year's Day 2000, so in 1999 at the latest? Reply yes or no.",
    "Is the year nineteen-something, yes or no?",
    "Prior to 2000? {input}: {answer}",
    "Say yes for years up to 1999, no for all later ones.",
    "We only archive what is older than 2000. Must this be archived, yes or no?",
]
APRIL_TO_SEPTEMBER = [
    "Is this date between the start of April and the end of September? Answer yes or no.",
    "Yes or no: April, May, June, July, August or September?",
    "in the months 4 to 9 (yes/no)",
    "Please write yes if the month is one of the six from April to September, else no.",
    "The garden is open from 1 April to 30 September. Is it open that day? Reply yes or no.",
    "Summer timetable runs April through September; does it apply, yes or no?",
    "Within April-September? {input}: {answer}",
    "Say no for the months from October to March and yes for the others.",
]
AFTER_15TH = [
    "Is the day of the month later than the 15th? Answer yes or no.",
    "Yes or no: does the day number exceed fifteen?",
    "day 16 or higher (yes/no)",
    "Please write yes if it falls into the back part of its month, from the 16th, and no up to the 15th.",
    "Rent is due by the 15th of each month. Would paying on this day be late? Reply yes or no.",
    "Past mid-month, that is beyond day 15: yes or no?",
    "Day over 15? {input}: {answer}",
    "Ignore month and year. Say yes for days 16 to 31, no for days 1 to 15.",
]
SEASON = [
    "Which season is it, going by whole months in the northern hemisphere: spring, summer, autumn or winter?",
    "Name the season. March to May is spring, June to August summer, September to November autumn, the rest winter.",
    "winter / spring / summer / autumn, as meteorologists count in Europe",
    "Please tell me the season of that day in Britain; each begins on the first of March, June, September or "
    "December.",
    "Is it a day of autumn, winter, spring or summer, with December being the start of winter?",
    "Time of year in one word (autumn, not fall), by the calendar month, as in England",
    "Season north of the equator by month: {input} is in {answer}",
    "Would you need clothes for spring, summer, autumn or winter in Paris? Winter covers December, January and "
    "February.",
]
QUARTER = [
    "Which quarter of the year is it: Q1, Q2, Q3 or Q4?",
    "Give the calendar quarter, as Q and a digit.",
    "quarter (Q1-Q4)",
    "Please answer Q1 for January to March, Q2 for April to June, Q3 for July to September and Q4 for the rest.",
    "In what three months' report does it belong, the one for Q4, Q3, Q2 or Q1?",
    "Split the year into four equal parts named Q1 to Q4. Into which one does the date fall?",
    "Business quarter in short: {input} is {answer}",
    "The accountants need each invoice marked with its quarter in the usual two characters.",
]
HALF = [
    "Is it in the first or the second half of the year?",
    "Say which half of the year: first (to June) or second (from July).",
    "half-year: first/second",
    "Please write first for a day from January to June and second for one from July to December.",
    "Has the middle of the year been passed? If so answer second, otherwise first.",
    "Two terms of six months each, first and second. Which one contains the date?",
    "First or second six months: {input} is in the {answer}",
    "Cut the calendar after the thirtieth of June and name the part by its order, second or first.",
]
MONTH_THIRD = [
    "Is the day early (1 to 10), middle (11 to 20) or late (21 and on) in its month?",
    "Say where in the month it lies: early, middle or late, in tens of days.",
    "early up to the 10th / middle up to the 20th / late after that",
    "Please answer late from the 21st, middle from the 11th, early for anything sooner.",
    "Divide the month into its days 1-10, 11-20 and 21-31, called early, middle and late. Which part?",
    "Third of the month in a word (early, middle, late): {input} is {answer}",
    "Going by the day alone, late means over twenty, early ten at most, and middle what is in between.",
    "We deliver early, middle or late in a month, a new batch every ten days. Which batch is it?",
]


def tasks() -> list[Task]:
    made = {
        "before-2000": (lambda day: yes(day.year < 2000), BEFORE_2000, "yes-no"),
        "april-to-september": (lambda day: yes(4 <= day.month <= 9), APRIL_TO_SEPTEMBER, "yes-no"),
        "after-15th": (lambda day: yes(day.day > 15), AFTER_15TH, "yes-no"),
        "season": (lambda day: SEASONS[day.month % 12 // 3], SEASON, "label"),
        "quarter": (lambda day: f"Q{(day.month + 2) // 3}", QUARTER, "label"),
        "half": (lambda day: "first" if day.month <= 6 else "second", HALF, "label"),
        "month-third": (lambda day: ("early", "middle", "late")[min((day.day - 1) // 10, 2)], MONTH_THIRD, "label"),
    }
    return [Task(name, [(text, tell(day)) for day, text in certain()], wordings, form, "Date")
            for name, (tell, wordings, form) in made.items()]
