"""What can be said of a time of day: its part of the day, before noon, and what time it is later."""

from builder import Task
from builder.pools.dates import clock, times

PARTS = ("night", "morning", "afternoon", "evening")


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def later(hour: int, minute: int, minutes: int) -> str:
    return clock(divmod((60 * hour + minute + minutes) % (24 * 60), 60))


PART = [
    "Is this night (from 0), morning (from 6), afternoon (from 12) or evening (from 18)?",
    "Name the part of the day: six hours each of night, morning, afternoon and evening, midnight onwards.",
    "morning 6-12 / afternoon 12-18 / evening 18-24 / night 0-6",
    "Please answer evening from 18:00, afternoon from 12:00, morning from 6:00, and night for anything earlier.",
    "Cut the day at 6 o'clock, noon and 18 o'clock into night, morning, afternoon and evening. Which piece is it?",
    "Four shifts called night, morning, afternoon, evening begin at 0, 6, 12 and 18. Which one is on duty?",
    "Quarter of the day (night, morning, afternoon, evening, each 6 hours, first from 0:00): {input} is {answer}",
    "After midnight say night, after 6 morning, after 12 afternoon and after 18 evening.",
]
BEFORE_NOON = [
    "Is this time before noon? Answer yes or no.",
    "Yes or no: is the hour less than twelve?",
    "earlier than 12:00 (yes/no)",
    "Please write yes for the first twelve hours of a day and no for the rest.",
    "Lunch is at midday. Is it still to come at that time of day? Reply yes or no.",
    "Ahead of twelve o'clock? {input}: {answer}",
    "Say no from 12:00 on, yes until 11:59.",
    "Bids must arrive by 11:59 on the day. Would one at this time be accepted, yes or no?",
    "Does the moment lie in the hours from 00 to 11? A yes or no is enough.",
]
AM_PM = [
    "Is this am or pm?",
    "Tell which half of the day: am, pm.",
    "pm/am",
    "Please write pm if the hour is 12 or more and am if it is less, in small letters.",
    "Which two letters would follow the time on a 12-hour clock, am or pm?",
    "The hours up to 11 are am, those from 12 pm. What holds here?",
    "Two letters, pm or am: {input} is {answer}",
    "A form has a box for pm and another for am. Which box do I tick?",
    "Ante or post meridiem? Use the usual lower-case pair, pm or am.",
]
PAST_HALF = [
    "Is this past the half hour? Answer yes or no.",
    "Yes or no: are there more than thirty minutes after the full hour?",
    "minutes over 30 (yes/no)",
    "Please look only at the two digits on the right and say yes if they exceed 30, otherwise no.",
    "Is the next full hour nearer than the last one, yes or no?",
    "Has the long hand gone beyond the six at the bottom of the dial? Reply yes or no.",
    "Second half of its hour? {input}: {answer}",
    "A bus leaves at half past every hour. Has this hour's gone already, yes or no?",
    "Ignore the hour. From 0 to 29 minutes it is no, from 31 on it is yes.",
]
HALF_LATER = [
    "What time is it half an hour later?",
    "Add thirty minutes.",
    "+30 min, 24-hour clock",
    "Please tell me when a nap of half an hour that begins at this time is over.",
    "A talk starts then and takes 30 minutes. At what time does it end?",
    "Move the clock ahead by a half-hour and read it off in the same form.",
    "Thirty minutes on: {input} becomes {answer}",
    "I was expected at this time and am half an hour late. When did I come?",
    "The pizza goes in now and needs 0:30 in the oven; when do I take it out?",
]
HOUR_LATER = [
    "What time is it one hour later?",
    "Add sixty minutes.",
    "+1 h, 24-hour clock",
    "Please tell me when a lesson of an hour that starts at this time is over.",
    "Clocks in London show this. What do those in Paris, an hour ahead, show at the same moment?",
    "Raise the hour by one and leave the minutes alone; after 23 comes 00.",
    "In an hour's time: {input} becomes {answer}",
    "Summer time begins and every clock is put forward by an hour. What should mine say instead of this?",
    "Exactly 1:00 is how long the film takes, and it begins now. When is it finished?",
]
NEXT_HOUR = [
    "What is the next full hour? Answer like 14:00.",
    "Round up to the hour.",
    "next HH:00",
    "Please tell me, as HH:MM, when a church clock that only strikes on the hour will be heard next.",
    "Trains go every hour on the hour. At what time does the coming one leave?",
    "Set the minutes to 00 and the hour one higher.",
    "Up to the o'clock that follows: {input} becomes {answer}",
    "The news is read at the start of each hour. From now, when do I have to switch on, in 24-hour digits?",
    "If the meeting is put off until the minutes are 00 again, when does it begin?",
]


def tasks() -> list[Task]:
    made = {
        "part-of-day": (lambda hour, minute: PARTS[hour // 6] if minute or hour % 6 else "", PART, "label"),
        "before-noon": (lambda hour, _: yes(hour < 12), BEFORE_NOON, "yes-no"),
        "am-or-pm": (lambda hour, minute: ("am", "pm")[hour // 12] if minute or hour % 12 else "", AM_PM, "label"),
        "past-half": (lambda _, minute: yes(minute > 30) if minute != 30 else "", PAST_HALF, "yes-no"),
        "half-hour-later": (lambda *time: later(*time, 30), HALF_LATER, "code"),
        "hour-later": (lambda *time: later(*time, 60), HOUR_LATER, "code"),
        "next-full-hour": (lambda hour, minute: clock((hour + 1, 0)) if minute and hour < 23 else "", NEXT_HOUR,
                           "code"),
    }
    return [Task(name, [(clock(time), tell(*time)) for time in times() if tell(*time)], wordings, form, "Time")
            for name, (tell, wordings, form) in made.items()]
