"""Two numbers compared or reckoned with."""

from builder import Task
from builder.pools.numbers import pairs

SUM = [
    "Add these two numbers.",
    "What do they come to together?",
    "sum",
    "Please tell me the total of both values.",
    "One basket holds the first number of eggs, another the second. How many eggs are there in all?",
    "Put a plus between the numbers and give the result only.",
    "How much is it altogether?",
    "Addition, for example {input} makes {answer}",
    "I paid both amounts. What did I spend?",
]
DIFFERENCE = [
    "Subtract the smaller of these numbers from the larger.",
    "How far apart are the two on the number line?",
    "absolute difference",
    "Please tell me by how much the greater value exceeds the lesser one.",
    "Two old trees have this many rings. How many rings does one have more than the other?",
    "Take the lower from the higher and give what is left.",
    "What must be added to the lesser to reach the greater?",
    "Gap between both, for example {input} leaves {answer}",
    "The scores of a match are given. By how many points did the winner win?",
]
LARGER = [
    "Which of the two numbers is larger?",
    "Copy the greater one.",
    "maximum",
    "Please write down the higher value and leave the other out.",
    "Of two prices, I want to know the dearer.",
    "These are the points of two players; how many has the winner, if more is better?",
    "Keep whichever is bigger.",
    "Upper value of the pair, as {answer} of {input}",
    "Two temperatures were measured. Name the warmer one.",
]
SMALLER = [
    "Which of the two numbers is smaller?",
    "Copy the lesser one.",
    "minimum",
    "Please write down the lower value and drop the other.",
    "Of two prices, I want to know the cheaper.",
    "Two runners needed so many seconds; what was the time of the faster?",
    "Keep the number that would come earlier in counting.",
    "Bottom value of the pair, as {answer} of {input}",
    "Two temperatures were measured. Name the colder one.",
]
LARGER_PLACE = [
    "Is the first or the second number larger? Answer first or second.",
    "Say which is bigger by its place: first, second.",
    "greater one: first/second",
    "Please reply first if the left number exceeds the right one, second if it is the other way round.",
    "Two teams scored these points, home team written first. Who won, the first or the second?",
    "Where does the higher value stand? One word, second or first.",
    "Position of the maximum as an ordinal word (first or second): {input} -> {answer}",
    "I hold two boxes of so many kilos, first one and second one. Tell me which of them is heavier.",
]
SIGN = [
    "Which sign goes between these numbers, < or >?",
    "Compare them with a symbol: > when the left one is greater, < when it is less.",
    "relation sign only (> or <)",
    "Please fill the gap between the numbers with < or > to make a true statement, and give just that sign.",
    "If left is below right write <, if it is above write >.",
    "A pupil must put the wedge > or < in between. What is correct?",
    "Symbol of comparison, as {answer} for {input}",
    "Less-than or greater-than? Answer by < or > alone.",
    "The crocodile's mouth opens to the bigger number: > for the left, < for the right. Which way here?",
]
BOTH_BELOW_70 = [
    "Are both numbers below 70? Answer yes or no.",
    "Yes or no: is each of the two less than seventy?",
    "all under 70 (yes/no)",
    "Please write yes only if neither number reaches 70, otherwise no.",
    "Two parcels weigh so many kilos and each must be lighter than 70. May both be sent? Reply yes or no.",
    "Does the pair stay beneath seventy throughout? A yes or no is enough.",
    "If one of them or both are 70 or more say no, else yes.",
    "Check of both values against the bound 70: {input}? {answer}",
    "Just yes or no, please. I'd like to know whether the greater one is still smaller than 70.",
]


def tasks() -> list[Task]:
    made = {
        "sum": (lambda a, b: a + b, SUM, "number"),
        "difference": (lambda a, b: abs(a - b), DIFFERENCE, "number"),
        "larger": (max, LARGER, "number"),
        "smaller": (min, SMALLER, "number"),
        "larger-place": (lambda a, b: "first" if a > b else "second", LARGER_PLACE, "label"),
        "sign": (lambda a, b: ">" if a > b else "<", SIGN, "label"),
        "both-below-70": (lambda a, b: "yes" if max(a, b) < 70 else "no", BOTH_BELOW_70, "yes-no"),
    }
    return [Task(name, [(f"{a} {b}", str(reckon(a, b))) for a, b in pairs()], wordings, form, "Numbers")
            for name, (reckon, wordings, form) in made.items()]
