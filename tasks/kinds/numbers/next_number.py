"""A sum with one number: a step up or down, rounding, times ten."""

from builder import Task
from builder.pools.numbers import integers

PLUS_ONE = [
    "What comes after this number?",
    "Add one.",
    "successor",
    "Please give the next whole number when counting upwards.",
    "The counter clicks on once. What does it read then?",
    "Increase the value by 1 and write down only the result.",
    "Count one further.",
    "Next in the row of integers, as {answer} after {input}",
    "One more guest has arrived; how many are there now, if this was the number before?",
]
MINUS_ONE = [
    "What comes before this number?",
    "Subtract one.",
    "predecessor",
    "Please give the whole number that precedes it in counting.",
    "One item has been sold. How many of these are left?",
    "Decrease the value by 1 and write only what results.",
    "Count a single step backwards.",
    "Integer just below, as {answer} for {input}",
    "In a countdown, which number is said directly after this one?",
]
PLUS_TEN = [
    "What is ten more than this number?",
    "Add 10.",
    "plus ten",
    "Please raise the value by one full ten and tell me the outcome.",
    "Ten people join the group; how large is it after that?",
    "Count on by ten and answer with the number you reach.",
    "Which number is higher than this by exactly ten?",
    "Tens digit up by one, carrying where needed: {input} gives {answer}",
    "The price has gone up by ten. Write the new one, digits only.",
]
MINUS_TEN = [
    "What is ten less than this number?",
    "Take away 10.",
    "minus ten",
    "Please lower the value by one full ten and report what remains.",
    "Ten of them were broken; how many are still whole?",
    "Count back by ten and answer with the number you land on.",
    "Which number is smaller than this by exactly ten?",
    "Reduced by ten, {input} is {answer}",
    "There is a discount of ten on this price. What must be paid, digits only?",
]
TO_TEN = [
    "Round this number to the nearest ten.",
    "Which multiple of 10 is closest?",
    "rounded to tens",
    "Please make the last digit a zero by going up or down, whichever way is shorter.",
    "Give it as a round number that ends in 0 and is as near as possible.",
    "To tens: down if the ones digit is below five, up if it is above.",
    "Precision of ten is enough: {input} may become {answer}",
    "If you could only count in steps of ten, what would you say instead of this?",
    "Approximate to full tens.",
]
TO_HUNDRED = [
    "Round this number to the nearest hundred.",
    "Which multiple of 100 lies closest to it?",
    "to full hundreds",
    "Please drop tens and ones in favour of 00, rounding up from fifty.",
    "About how much is that, as a number of full hundreds such as 300 or 1900?",
    "Give a rough figure whose last two digits are zeros and which is as near as can be.",
    "Precision of a hundred will do: {input} may become {answer}",
    "A map shows heights in steps of a hundred metres. Which height fits this best, in digits?",
    "Approximate by hundreds.",
]
TIMES_TEN = [
    "What is ten times this number?",
    "Multiply by 10.",
    "tenfold",
    "Please move every digit one place up and fill the free place with a nought.",
    "How many pens are in so many boxes of ten?",
    "Append a zero.",
    "Ten bags hold this many marbles each. Give the total number of marbles.",
    "Product with ten, as {answer} of {input}",
    "Converted from centimetres to millimetres, what is the figure?",
]


def tasks() -> list[Task]:
    some = [number for number in integers() if number]
    made = {
        "plus-one": (integers(), lambda n: n + 1, PLUS_ONE),
        "minus-one": (some, lambda n: n - 1, MINUS_ONE),
        "plus-ten": (integers(), lambda n: n + 10, PLUS_TEN),
        "minus-ten": ([n for n in some if n >= 10], lambda n: n - 10, MINUS_TEN),
        "nearest-ten": ([n for n in some if n % 5], lambda n: (n + 5) // 10 * 10, TO_TEN),
        "nearest-hundred": ([n for n in some if n % 50 and n > 50], lambda n: (n + 50) // 100 * 100, TO_HUNDRED),
        "times-ten": (some, lambda n: n * 10, TIMES_TEN),
    }
    return [Task(name, [(str(number), str(reckon(number))) for number in numbers], wordings, "number", "Number")
            for name, (numbers, reckon, wordings) in made.items()]
