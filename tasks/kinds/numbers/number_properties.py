"""What can be said of a number: parity, size, its digits."""

from builder import Task
from builder.pools.numbers import integers


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def size(number: int) -> str:
    return "small" if number < 100 else "medium" if number < 1000 else "large"


PARITY = [
    "Is this number even or odd?",
    "Tell the parity: even or odd.",
    "odd or even?",
    "Please write even if the number can be divided by two without a remainder, and odd if it can't.",
    "On which side of a street is the house, where the two sides are called even and odd?",
    "Look at the last digit and answer with one word, either odd or even.",
    "Parity in a word, as {answer} for {input}",
    "Sort the number into one of two heaps named odd and even; which heap is it?",
    "Can it be halved into whole numbers? Say even for those that can, odd for the others.",
]
IS_ODD = [
    "Is the number odd? Answer yes or no.",
    "Yes or no: does dividing this by two leave a remainder of one?",
    "odd (yes/no)",
    "Please say yes when the last digit is 1, 3, 5, 7 or 9, otherwise no.",
    "I need to know whether so many people can't be put in pairs. Reply with yes or no.",
    "Not a multiple of two: yes or no?",
    "Does the value belong to the series 1, 3, 5, 7 and so on? Just yes or no.",
    "Oddness test: {input}? {answer}",
    "If one is left over when the number is split in halves write yes, else no.",
]
ABOVE_750 = [
    "Is this more than 750? Answer yes or no.",
    "Yes or no: does the value exceed seven hundred and fifty?",
    "over 750 (yes/no)",
    "Please write yes if the number is greater than 750 and no if it isn't.",
    "Our hall seats 750. Would so many guests be too many? Reply with yes or no.",
    "Compare with 750: yes for anything higher, no for anything up to it.",
    "Limit of 750 broken? {input}: {answer}",
    "On the number line, does it lie to the right of 750? A yes or no will do.",
    "Alarm goes off above 750. Say yes if it rings at this reading, no if it stays silent.",
]
SIZE = [
    "Call this number small (below 100), medium (100 to 999) or large (1000 and up).",
    "Two digits at most are small, three are medium, four are large. Which is it?",
    "size class: small under 100 / medium under 1000 / large",
    "Please sort by magnitude and answer small, medium or large, where the limits are 100 and 1000.",
    "Is it a small one (less than a hundred), a medium one (less than a thousand) or a large one?",
    "Label with large from one thousand, medium from one hundred, small otherwise.",
    "Orders under 100 pieces are small, under 1000 medium, the rest large: {input} is {answer}",
    "One word for how big it is. Below a hundred that is small, in the hundreds medium, in the thousands large.",
]
DIGIT_COUNT = [
    "How many digits does this number have?",
    "Count the figures.",
    "number of digits",
    "Please tell me how long the number is, as a count of its digits in numerals.",
    "How many keys must be pressed to type it?",
    "A digit is one character of the number; say how many there are.",
    "Give the length of the numeral: 1 for units only, 2 for tens, and so forth.",
    "Digits in all, for example {answer} in {input}",
    "How many places would a display need to show the value?",
]
FIRST_DIGIT = [
    "What is the first digit of this number?",
    "Copy just the leading figure.",
    "leftmost digit",
    "Please tell me which figure the number begins with.",
    "Give the digit of the highest place value.",
    "Strike out everything but the initial digit.",
    "The number starts with which digit?",
    "Only the opening numeral, as {answer} in {input}",
    "Someone covers all digits except the one at the far left. What is still seen?",
]
LAST_DIGIT = [
    "What is the last digit of this number?",
    "Copy just the final figure.",
    "rightmost digit",
    "Please tell me which figure the number ends in.",
    "Give the digit in the ones place.",
    "Take the remainder after dividing by ten.",
    "How many units are there besides full tens?",
    "Only the closing numeral, as {answer} in {input}",
    "Someone covers all digits except the one at the far right. What is still seen?",
]


def tasks() -> list[Task]:
    some = [number for number in integers() if number]
    long = [number for number in some if number >= 10]
    made = {
        "parity": (some, lambda n: "odd" if n % 2 else "even", PARITY, "label"),
        "is-odd": (some, lambda n: yes(n % 2 == 1), IS_ODD, "yes-no"),
        "above-750": (integers(), lambda n: yes(n > 750), ABOVE_750, "yes-no"),
        "size": (integers(), size, SIZE, "label"),
        "digit-count": (integers(), lambda n: str(len(str(n))), DIGIT_COUNT, "number"),
        "first-digit": (long, lambda n: str(n)[0], FIRST_DIGIT, "number"),
        "last-digit": (long, lambda n: str(n)[-1], LAST_DIGIT, "number"),
    }
    return [Task(name, [(str(number), tell(number)) for number in numbers], wordings, form, "Number")
            for name, (numbers, tell, wordings, form) in made.items()]
