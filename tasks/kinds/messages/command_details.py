"""When, where and for whom a command to a digital assistant is meant."""

from builder import Task
from builder.pools import people
from builder.pools.commands import clock, commands
from builder.pools.even import even

TIME = [
    "At what time? Copy it with am or pm.", "Give the time of day that is mentioned, as it stands.",
    "time slot, unchanged", "Please extract the clock time from the command.",
    "What time does the user name? Keep the am or pm.", "Fill the slot TIME with the words used.",
    "Time: {input} has {answer}", "When shall it happen? Write the figures and am or pm, not the day.",
    "Of the whole sentence I need just the part that a clock would show, with its half of the day.",
]
CLOCK = [
    "At what time? Use the 24-hour clock with four digits, as 18:30.",
    "Give the time that is mentioned as HH:MM, hours from 00 to 23.", "time, 24 h, zero-padded",
    "Please extract the time and convert am or pm to hours from 00 to 23, a colon before the minutes.",
    "What would a 24-hour timetable print for the time the user names? Four digits and a colon.",
    "Fill the slot TIME in military style with a colon, such as 07:00.", "24-hour time: {input} has {answer}",
    "When shall it happen? No am or pm: the hour counts up to 23, then a colon, then two digits for the minutes.",
    "Convert the clock time found in the command to the format of strftime's %H:%M.",
]
DAY = [
    "On which day? Copy it.", "Give the weekday that is mentioned.", "day slot",
    "Please extract the day of the week from the command.", "For when is it meant, Monday, Tuesday or which other day?",
    "Fill the slot DAY.", "Day: {input} has {answer}", "Tell me the one of the seven days that the user says.",
    "In which column of a planner that runs from Monday to Sunday does the wish belong?",
]
PLACE = [
    "Which city is mentioned?", "Give the place that the user asks about.", "location slot",
    "Please extract the name of the town from the command.", "Where is the user going, or curious about?",
    "Fill the slot PLACE.", "City: {input} has {answer}", "Tell me what I would look for on a map.",
    "In the sentence stands one geographical name. Write it down.",
]
PERSON = [
    "Which person is mentioned?", "Give the name of the contact.", "contact slot",
    "Please extract who is to be reached.", "Whom does the user want to speak or write to?", "Fill the slot PERSON.",
    "Contact: {input} has {answer}", "Tell me which entry of the address book is needed.",
    "In the sentence stands one first name. Write it down.",
]
HAS_TIME = [
    "Is a time of day given? yes or no", "Does the user say am or pm?", "clock time in it: yes/no",
    "Please answer yes if the command tells the hour, else no.",
    "Does it tell at which hour something shall happen? Lower case, yes or no.",
    "With a time like 7 am: yes. Without: no.", "Time given? {input} -> {answer}",
    "Would the assistant be able to fill in the hour, or would it have to ask for it? yes = it can, no = it cannot",
    "Check for a time on the clock and report by a plain yes or no.",
]


def tasks() -> list[Task]:
    known = commands()
    made = [("time", [(each.text, each.time) for each in known], TIME, "code"),
            ("time-24h", [(each.text, each.time and clock(each.time)) for each in known], CLOCK, "code"),
            ("day", [(each.text, each.day) for each in known], DAY, "word"),
            ("place", [(each.text, each.place) for each in known], PLACE, "word"),
            ("person", [(each.text, each.person) for each in known], PERSON, "word"),
            ("has-time", [(each.text, "yes" if held else "no") for each, held in even(known, lambda e: bool(e.time))],
             HAS_TIME, "yes-no")]
    return [Task(name, [pair for pair in pairs if pair[1]], wordings, form, "Command", source=people.SOURCE,
                 licence=people.LICENCE)
            for name, pairs, wordings, form in made]
