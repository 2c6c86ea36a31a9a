"""A list of numbers: its extremes, its ends, its order."""

from builder import Task
from builder.pools.lists import numbers
from builder.task import LONGEST, tokens

LARGEST = [
    "Give the largest number in this list.",
    "Which value is the highest?",
    "maximum of the list",
    "Please find the number that no other one here exceeds.",
    "These are the marks of a class; what was the best, if more is better?",
    "Look for the peak and copy it.",
    "The numbers are prices. How much does the most expensive thing cost?",
    "Biggest of all, as {answer} in {input}",
    "If they were sorted upwards, what would stand at the far right?",
]
SMALLEST = [
    "Give the smallest number in this list.",
    "Which value is the lowest?",
    "minimum of the list",
    "Please find the number that is less than all others here.",
    "These are running times in seconds; how long did the winner take?",
    "Look for the bottom value and copy it.",
    "The numbers are prices. How much does the cheapest thing cost?",
    "Least of all, as {answer} in {input}",
    "If they were sorted downwards, what would stand at the far right?",
]
FIRST = [
    "Give the first number in this list.",
    "What does the row of numbers start with?",
    "opening value",
    "Please copy only what stands before the first comma.",
    "Readings were taken in this order; which was the earliest?",
    "Number one of the sequence, unsorted",
    "The leftmost entry, nothing more.",
    "Head of the list, as {answer} in {input}",
    "Leave out everything from the second number on.",
]
LAST = [
    "Give the last number in this list.",
    "What does the row of numbers end with?",
    "closing value",
    "Please copy only what follows the final comma.",
    "Readings were taken in this order; which is the most recent?",
    "Final one of the sequence, unsorted",
    "The entry on the very right, without the rest.",
    "Tail of the list, as {answer} in {input}",
    "Strike out all numbers but the concluding one.",
]
COUNT = [
    "How many numbers are in this list?",
    "Count the entries.",
    "length of the list",
    "Please tell me the quantity of values that are separated by commas.",
    "What would len() return for it?",
    "I don't care what the values are, only how many of them were given.",
    "Number of items as a digit",
    "Size of the set of readings, e.g. {input} has {answer}",
    "One more than there are commas: which number is that?",
]
ASCENDING = [
    "Sort these numbers from smallest to largest, separated by commas.",
    "Put the list in ascending order.",
    "sorted, increasing",
    "Please arrange the values so that each is greater than the one before it.",
    "In which order would they be met when counting upwards? Keep the commas.",
    "List them again, least first, greatest last.",
    "Line them up like children by height, the shortest in front.",
    "Low to high, as {input} becomes {answer}",
    "Rewrite the whole row so that it rises from left to right.",
]
DESCENDING = [
    "Sort these numbers from largest to smallest, separated by commas.",
    "Put the list in descending order.",
    "sorted, decreasing",
    "Please arrange the values so that each is less than the one before it.",
    "In which order would they be met in a countdown? Keep the commas.",
    "Show them again with the greatest first and the least last.",
    "They are scores. Make a ranking with the highest on top, on one line with commas.",
    "High to low, as {input} becomes {answer}",
    "Rewrite the whole row so that it falls from left to right.",
]


def tasks() -> list[Task]:
    made = {
        "largest": (max, LARGEST),
        "smallest": (min, SMALLEST),
        "first": (lambda each: each[0], FIRST),
        "last": (lambda each: each[-1], LAST),
        "count": (len, COUNT),
        "ascending": (sorted, ASCENDING),
        "descending": (lambda each: sorted(each, reverse=True), DESCENDING),
    }
    return [Task(name, [(written(each), written(choose(each))) for each in numbers()
                        if tokens(written(choose(each))) <= LONGEST], wordings,
                 "list" if "scending" in name else "number", "List")
            for name, (choose, wordings) in made.items()]


def written(found: object) -> str:
    return str(found) if isinstance(found, int) else ", ".join(map(str, found))
