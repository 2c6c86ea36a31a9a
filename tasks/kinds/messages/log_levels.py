"""How serious a line of a log is, and what else can be told of it."""

from builder import Task
from builder.pools.even import even
from builder.pools.log_lines import log_lines

LETTER = [
    "Give the log level as a letter: E error, W warning, I information, D debugging.",
    "First letter of the severity, D, I, W or E?", "E/W/I/D by level",
    "Please shorten ERROR, WARN, INFO or DEBUG, whichever it is, to its initial.",
    "Android's logcat writes D, I, W, E for the levels. What would it write for this line?",
    "Level letter: {input} -> {answer}", "One capital for how grave the event is: I(nfo), W(arn), D(ebug), E(rror).",
    "Abbreviate the level of the entry to a single upper-case letter.",
]
NUMBER = [
    "Give the severity as a number: 1 DEBUG, 2 INFO, 3 WARN, 4 ERROR.",
    "How serious is it on a scale where debugging is 1, information 2, a warning 3 and an error 4?",
    "severity 1-4 (error = 4, warning = 3, info = 2, debug = 1)",
    "Please convert the level to a digit, counting up from 1 for DEBUG over INFO and WARN to 4 for ERROR.",
    "Rank of the level among DEBUG, INFO, WARN, ERROR, counted from one",
    "Severity (ERROR 4, WARN 3, INFO 2, DEBUG 1): {input} -> {answer}",
    "Write 4 for ERROR lines, 3 for WARN, 2 for INFO and 1 for DEBUG.",
    "If the levels were stairs, DEBUG the lowest (1) and ERROR the fourth, on which stair are we?",
]
ERROR = [
    "Is this an error? yes or no", "Is the level ERROR?", "error line: yes/no",
    "Please answer yes if something failed according to the level, else no.",
    "Would grep ERROR print this line? Lower case, yes or no.", "Level ERROR: yes. DEBUG, INFO or WARN: no.",
    "Error? {input} -> {answer}", "Does the entry carry the gravest of the four levels? Just yes or no.",
    "Report by yes or no whether this belongs in a list of all ERROR entries.",
]
HARMLESS = [
    "Is it less than a warning? yes or no", "Is the level DEBUG or INFO?", "below WARN: yes/no",
    "Please answer yes for information and debugging, no for warnings and errors.",
    "Would a viewer that shows just warnings and errors hide this line? Lower case, yes or no.",
    "DEBUG and INFO: yes. WARN and ERROR: no.", "Harmless? {input} -> {answer}",
    "May the person on call sleep on, who is woken by WARN and ERROR alone? Just yes or no.",
    "Report by yes or no whether the severity is in the lower half of DEBUG, INFO, WARN, ERROR.",
]
ADDRESS = [
    "Does the line contain an IP address? yes or no", "Is a host given by four dotted numbers?", "ip present: yes/no",
    "Please answer yes if the entry has a network address such as 10.0.3.7, otherwise no.",
    "Can I tell from it which machine to block? Lower case, yes or no.", "With an IP: yes. Without one: no.",
    "Address in it? {input} -> {answer}", "Would a pattern for dotted quads match somewhere here? Just yes or no.",
    "Check the entry for a numeric network address and say yes or no.",
]
AFTERNOON = [
    "Was it logged after noon? yes or no", "Is the time 12:00 or later?", "second half of the day: yes/no",
    "Please answer yes if the hour is 12 or more and no if it is less.",
    "Would a twelve-hour clock put pm behind the time of this event? Lower case, yes or no.",
    "Hours 12 to 23: yes. Hours 00 to 11: no.", "Past midday? {input} -> {answer}",
    "Did this happen between noon and midnight rather than in the twelve hours before? Just yes or no.",
    "Look at the first two digits of the time and say yes when they are at least 12, otherwise no.",
]
ACTIONS = dict(ERROR="page", WARN="mail", INFO="store", DEBUG="drop")
RULE = [
    "What is to be done: page for ERROR, mail for WARN, store for INFO, drop for DEBUG?",
    "Errors page somebody, warnings mail somebody, information is stored (store), debugging is dropped (drop). Give "
    "the word that applies.", "action by level: drop debug, store info, mail warn, page error",
    "Please apply the rules of our monitor, DEBUG drop, INFO store, WARN mail and ERROR page, to the entry.",
    "Handle the line (page if ERROR, mail if WARN, store if INFO, drop if DEBUG): {input} -> {answer}",
    "Our script maps each level to a verb (error to page, info to store, debug to drop, warn to mail). What is the "
    "verb here?",
    "From the worst severity to the mildest, the actions are page, mail, store, drop. Which one fits this line?",
    "Alarm plan: an ERROR means page, a WARN means mail, an INFO store, a DEBUG drop. One word for this line.",
]


def tasks() -> list[Task]:
    levels = "DEBUG INFO WARN ERROR".split()
    lines = log_lines()
    made = [("level-letter", [(each.text, each.level[0]) for each in lines], LETTER, "letter"),
            ("level-number", [(each.text, str(levels.index(each.level) + 1)) for each in lines], NUMBER, "number"),
            ("action", [(each.text, ACTIONS[each.level]) for each in lines], RULE, "label")]
    for name, holds, wordings in (("is-error", lambda each: each.level == "ERROR", ERROR),
                                  ("is-harmless", lambda each: each.level in ("INFO", "DEBUG"), HARMLESS),
                                  ("has-address", lambda each: bool(each.address), ADDRESS),
                                  ("afternoon", lambda each: each.time >= "12", AFTERNOON)):
        pairs = [(each.text, "yes" if held else "no") for each, held in even(lines, holds)]
        made.append((name, pairs, wordings, "yes-no"))
    return [Task(name, pairs, wordings, form, "Log line") for name, pairs, wordings, form in made]
