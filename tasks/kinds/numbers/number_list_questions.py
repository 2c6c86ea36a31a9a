"""A list of numbers: inner places, what holds for all, other signs around and between them."""

from builder import Task
from builder.pools.lists import numbers
from builder.task import LONGEST, tokens


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


SECOND = [
    "Give the second number in this list.",
    "Which value stands between the first and the second comma?",
    "entry no. 2 of the row",
    "Please skip one number and copy the next.",
    "Readings were taken in this order; what did the second one show?",
    "What comes right after the opening value?",
    "With indices from 0, the element at index 1",
    "Runner-up by place, not by size: {answer} in {input}",
    "I only want whatever is immediately to the right of the number in front.",
]
SECOND_LAST = [
    "Give the last number but one.",
    "Which value stands just before the final comma?",
    "penultimate entry of the row",
    "Please leave off the number at the end and tell me what the list closes with then.",
    "Readings were taken in this order; what was seen one step before the most recent?",
    "Counting from the back, what is number two?",
    "The element at index -2 in Python",
    "Next to last, as {answer} in {input}",
    "I only want whatever has exactly one other number behind it.",
]
FIRST_EVEN = [
    "Give the first even number in this list.",
    "Going from left to right, which number divisible by two is met first?",
    "leftmost even entry",
    "Please pass over all odd numbers and copy the earliest that isn't odd.",
    "Read on until a number ends in 0, 2, 4, 6 or 8. Which is it?",
    "If every odd value were struck out, what would the list begin with?",
    "next(n for n in list if n % 2 == 0)",
    "Even one nearest to the front, as {answer} in {input}",
    "House numbers are called out; the even side of the street is ours. Which of ours is called before all others?",
]
ALL_BELOW_90 = [
    "Are all of these numbers below 90? Answer yes or no.",
    "Yes or no: is each value less than ninety?",
    "everything under 90 (yes/no)",
    "Please write yes only if not a single entry reaches 90, otherwise no.",
    "Every parcel has to weigh less than 90. With these weights, may all be sent? Reply yes or no.",
    "Is the greatest of them still smaller than 90? A yes or no is enough.",
    "One value of 90 or more makes it a no, else it is a yes.",
    "No entry at or over 90? {input}: {answer}",
    "What is 90 centimetres long or more gets stuck. These are lengths; does everything get through, yes or no?",
]
ALL_FROM_15 = [
    "Are all of these numbers 15 or more? Answer yes or no.",
    "Yes or no: is there no value less than fifteen?",
    "minimum >= 15 (yes/no)",
    "Please write no as soon as a single entry is smaller than 15, otherwise yes.",
    "Planks must be at least 15 centimetres long. With these lengths, can all of them be used? Reply yes or no.",
    "Does even the least one come up to 15? Just yes or no.",
    "Any number from 0 to 14 makes it a no; without one it is a yes.",
    "Nothing beneath 15? {input}: {answer}",
    "An alarm rings when a reading drops under 15. Did it stay silent, yes or no?",
]
ENDS_HIGHER = [
    "Is the last number greater than the first? Answer yes or no.",
    "Yes or no: does the row end higher than it began?",
    "last > first (yes/no)",
    "Please compare only both ends and write yes when the right one is the larger, no when the left one is.",
    "These are prices of a share, oldest in front. Has it gained over the whole time? Reply yes or no.",
    "From the opening to the closing value, is there a rise, yes or no?",
    "Finish above start? {input}: {answer}",
    "Ignore what lies in the middle. If the final value exceeds the initial one it's yes, else no.",
]
SEMICOLONS = [
    "Write the list with semicolons in place of the commas.",
    "Separate the numbers by a semicolon and a space.",
    "semicolon-delimited, one space after each",
    "Please keep numbers, blanks and order but exchange each comma for the sign made of a dot over a comma.",
    "In Germany the comma is the decimal sign, so lists have semicolons. How is this one written there?",
    "All commas become ; and that is the only change.",
    "Other separator: {input} turns into {answer}",
    "Make it like 4; 17; 30, in the order given.",
]
BRACKETS = [
    "Put square brackets around the list.",
    "How does Python print this as a list?",
    "enclosed in [ ]",
    "Please add an opening square bracket in front and a closing one behind; leave the commas and blanks.",
    "Turn it into a JSON array on one line, with a space after every comma.",
    "As an array literal, {input} is {answer}",
    "The programmer wants the numbers between [ and ], otherwise untouched.",
    "Square bracket, the whole text, square bracket",
    "Make it look like [4, 17, 30], in the order given.",
]


def tasks() -> list[Task]:
    made = {
        "second": (lambda each: str(each[1]), SECOND, "number"),
        "second-last": (lambda each: str(each[-2]), SECOND_LAST, "number"),
        "first-even": (lambda each: next((str(n) for n in each if n % 2 == 0), ""), FIRST_EVEN, "number"),
        "all-below-90": (lambda each: yes(max(each) < 90), ALL_BELOW_90, "yes-no"),
        "all-from-15": (lambda each: yes(min(each) >= 15), ALL_FROM_15, "yes-no"),
        "ends-higher": (lambda each: yes(each[-1] > each[0]), ENDS_HIGHER, "yes-no"),
        "semicolons": (lambda each: "; ".join(map(str, each)), SEMICOLONS, "list"),
        "brackets": (lambda each: str(list(each)), BRACKETS, "list"),
    }
    return [Task(name, [(", ".join(map(str, each)), tell(each)) for each in numbers()
                        if tell(each) and tokens(tell(each)) <= LONGEST], wordings, form, "List")
            for name, (tell, wordings, form) in made.items()]
