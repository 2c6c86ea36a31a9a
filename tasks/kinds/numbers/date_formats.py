"""A date written in another way."""

from builder import Task
from builder.pools.dates import MONTHS, american, british, certain, iso

ISO = [
    "Write this date in ISO form.",
    "Convert to YYYY-MM-DD.",
    "ISO 8601 date",
    "Please put year, month and day in that order, all in digits with hyphens between them and zeros to two places.",
    "How would the date be stored in a database, sortable and with hyphens, like 1987-02-09?",
    "Big-endian date with dashes: {input} is {answer}",
    "What does Python's isoformat print for the day?",
    "Standardise the date to the international notation with the year in front and two hyphens.",
    "Four digits of year, hyphen, two of month, hyphen, two of day.",
]
AMERICAN = [
    "Write this date the American way, with the month's name first.",
    "Convert to the form July 4, 1976.",
    "US long format",
    "Please give month in full, day, comma and year.",
    "How would a newspaper in New York print the date, the month spelled out?",
    "Month name, then the day without a zero, then a comma and the year",
    "Use the style of the United States with words: {input} turns into {answer}",
    "An American friend wants to read it as a long date such as October 12, 1992.",
    "Make it B d, Y: full month, plain day, year after a comma.",
]
BRITISH = [
    "Write this date the British way, with the day first and the month's name.",
    "Convert to the form 4 July 1976.",
    "UK long format, no comma",
    "Please give the plain day, the month in full and the year, with only spaces between them.",
    "How would a letter from London be dated, without th or any comma?",
    "Day without zero, month as a word, year",
    "Use the style of Great Britain with words: {input} turns into {answer}",
    "An English friend wants to read it like 12 October 1992.",
    "Little-endian and with the month spelled out, nothing but blanks in between.",
]
DOTS = [
    "Write this date with dots: DD.MM.YYYY.",
    "Convert to the German form, such as 09.02.1987.",
    "two-digit day, two-digit month, year; full stops between",
    "Please separate day, month and year by points, with zeros to two places, and no other signs.",
    "How is the date written in numbers in Germany, with leading zeros?",
    "Point-separated, day in front: {input} turns into {answer}",
    "The form on this Austrian website wants TT.MM.JJJJ. What do I enter?",
    "Only digits and periods please, day before month before year, 10 characters altogether.",
]
MONTH_YEAR = [
    "Write only month and year, such as July 1976.",
    "Leave out the day and give the rest with the month's name.",
    "month in full + year, no comma",
    "Please shorten the date to the month, spelled out, and the year.",
    "Which issue of a monthly magazine is current on that day? Answer like October 1992.",
    "Less exact, please: {input} turns into {answer}",
    "A CV needs only the name of the month followed by four digits of the year.",
    "To which monthly report, titled by month name and year, does that day belong?",
    "Format it as %B %Y.",
]
SHORT = [
    "Write this date with a three-letter month, in the style of 04 Jul 1976.",
    "Convert to DD Mon YYYY.",
    "two-digit day, abbreviated month name, full year",
    "Please cut the month's name to its first three letters and put a two-digit day before it and the year behind.",
    "How does a date look on an e-mail header, like 12 Oct 1992 or 03 May 2011?",
    "Abbreviated month, no full stop, day padded to two: {input} turns into {answer}",
    "What would strftime give for %d %b %Y in English?",
    "Stamp it as on a passport, for instance 01 Feb 1968, with spaces.",
]
COMPACT = [
    "Write this date as eight digits, YYYYMMDD.",
    "Join year, month and day with nothing between them.",
    "compact form, year first, digits only",
    "Please give a date stamp for a file name: four digits of year, two of month, two of day.",
    "How would the date look in a log without any separators, like 19870209?",
    "Basic ISO without hyphens",
    "Squeezed to eight figures, {input} turns into {answer}",
    "What is printed by strftime with %Y%m%d?",
    "No spaces, dashes or names; from the largest unit to the smallest, with zeros where needed.",
]


def tasks() -> list[Task]:
    made = {
        "iso": (iso, ISO, "code"),
        "american": (american, AMERICAN, "code"),
        "british": (british, BRITISH, "code"),
        "dots": (lambda day: f"{day.day:02}.{day.month:02}.{day.year}", DOTS, "code"),
        "month-and-year": (lambda day: f"{MONTHS[day.month - 1]} {day.year}", MONTH_YEAR, "code"),
        "short": (lambda day: f"{day.day:02} {MONTHS[day.month - 1][:3]} {day.year}", SHORT, "code"),
        "compact": (lambda day: f"{day:%Y%m%d}", COMPACT, "code"),
    }
    return [Task(name, [(text, write(day)) for day, text in certain() if write(day) != text], wordings, form, "Date")
            for name, (write, wordings, form) in made.items()]
