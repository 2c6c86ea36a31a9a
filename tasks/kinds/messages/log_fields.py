"""One field of a line of a log."""

from builder import Task
from builder.pools.log_lines import log_lines

WORDINGS = {
    "level": ("label", [
        "Which log level, ERROR, WARN, INFO or DEBUG?", "Copy the severity of the line in capitals.",
        "level (DEBUG/INFO/WARN/ERROR)", "Please extract how serious the entry is, as one of INFO, WARN, DEBUG, ERROR.",
        "How would a log viewer colour this, as DEBUG, ERROR, INFO or WARN?",
        "Level: {input} -> {answer}", "Answer with the upper-case word that grades the event.",
        "I filter by severity. Which of WARN, ERROR, DEBUG, INFO lets this line pass?",
        "Drop all but the level keyword."]),
    "time": ("code", [
        "At what time was this logged? Write HH:MM:SS.", "Copy the time of day from the log line.",
        "timestamp without a date", "Please extract hours, minutes and seconds.",
        "When, on the clock, did it happen? Colons included, no date.", "Time: {input} -> {answer}",
        "Answer with the part made of three two-digit numbers and colons.",
        "I line up events by the clock. What does this entry contribute?", "Drop all but the time."]),
    "hour": ("number", [
        "In which hour was this logged? Two digits.", "Copy the hours of the time stamp, with their leading zero.",
        "hour only, 00 to 23", "Please extract what stands before the first colon of the time.",
        "I count events per hour. Under which of 00 ... 23 does this one go?", "Hour: {input} -> {answer}",
        "Where was the short hand of a 24-hour clock when it happened? Write two digits.",
        "Cut minutes and seconds off the time and give what is left."]),
    "component": ("word", [
        "Which component wrote this?", "Copy the name of the subsystem from the log line.", "component only",
        "Please extract the part of the software that reports.", "Whose developers should look at it, those of which "
        "module?",
        "Module: {input} -> {answer}", "Answer with the lower-case name of the service that speaks.",
        "I group entries by where they come from. What is the group of this one?",
        "Drop all but the source of the entry."]),
    "code": ("code", [
        "What is the code in this line?", "Copy the code, a letter and digits.", "event code only",
        "Please extract the identifier that combines a capital letter with a number.",
        "Which code would I look up in the manual?", "Code: {input} -> {answer}",
        "Answer with the short token such as K52 or E104.", "The support asks for the letter-and-number code. What is "
        "it?",
        "Drop all but the event's identifier, without # or brackets."]),
    "address": ("code", [
        "Which IP address is in this line?", "Copy the address, four numbers with dots.", "ip only",
        "Please extract the network address.", "From which host does it come, by its numbers?",
        "IP: {input} -> {answer}", "Answer with the dotted quad.",
        "The firewall needs an address to block, so take it from the entry.", "Drop all but the numeric address."]),
}


def tasks() -> list[Task]:
    return [Task(name, [pair for pair in ((each.text, made(name, each)) for each in log_lines()) if pair[1]], wordings,
                 form, "Log line")
            for name, (form, wordings) in WORDINGS.items()]


def made(name: str, line: object) -> str:
    return line.time[:2] if name == "hour" else getattr(line, name)
