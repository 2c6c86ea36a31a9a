"""Two numbers: one of them by its place, or both put in another form."""

from builder import Task
from builder.pools.numbers import pairs

FIRST = [
    "Which number comes first?",
    "Copy the number on the left.",
    "first of the two, whatever its size",
    "Please write down only what stands before the space.",
    "Drop the second number.",
    "The score is given, home team in front. How many points did the home team get?",
    "Width, then height: tell me the width.",
    "Keep the opening value, as {answer} of {input}",
    "Split at the blank and take part one.",
]
SECOND = [
    "Which number comes second?",
    "Copy the number on the right.",
    "latter of the two, whatever its size",
    "Please write down only what stands behind the space.",
    "Drop the first number.",
    "The score is given, visitors at the end. How many points did the visitors get?",
    "Width, then height: tell me the height.",
    "Keep the closing value, as {answer} of {input}",
    "Split at the blank and take part two.",
]
SWAPPED = [
    "Swap the two numbers.",
    "Write both the other way round, with a space between them.",
    "second, space, first",
    "Please let them change places and separate them by a blank as before.",
    "Row and column got mixed up here. Put them into the reverse order, nothing added.",
    "The right one goes left and the left one goes right.",
    "What is (b, a) if this is (a, b)? Without brackets or comma, please.",
    "Order turned round: {input} becomes {answer}",
    "Start from the back: print number two, a blank, and number one.",
]
PLUS = [
    "Put a plus sign between these numbers, with spaces, and don't work it out.",
    "Write the pair as an addition that is still to be done, like 3 + 5.",
    "a + b, not calculated",
    "Please join the numbers by + with a blank on either side; no result, no equals sign.",
    "What must a pupil write before the equals sign to add them, in the style of 14 + 2?",
    "Unsolved addition: {input} becomes {answer}",
    "Make a sum of it such as 20 + 7, without solving it.",
    "Only insert a spaced + in the middle.",
]
FRACTION = [
    "Write these numbers as a fraction with a slash, not reduced.",
    "Put a slash between them and no spaces.",
    "numerator/denominator as they stand",
    "Please make the first number the top and the second the bottom of a fraction in the form a/b; don't simplify.",
    "How is the former over the latter written on one line, before any cancelling?",
    "Top, slash, bottom: give it like 7/9, with nothing shortened.",
    "As an unsimplified fraction, {input} becomes {answer}",
    "Replace the blank by the sign /.",
    "Left number, stroke as in 1/2, right number",
]
COORDINATES = [
    "Write the numbers as the coordinates of a point: (x, y).",
    "Put both in round brackets with a comma and a space between them.",
    "as a Python tuple",
    "Please turn x and y into the notation for a point in the plane, such as (3, 8).",
    "How would a maths book name the point with this x-coordinate and this y-coordinate, in parentheses?",
    "Ordered pair in brackets, like (10, 4)",
    "Point notation: {input} becomes {answer}",
    "Parenthesis, first number, comma, blank, second number, parenthesis",
    "On the map grid we note places as (5, 2). Do so with these values.",
]
HYPHEN = [
    "Write the two as a match result with a hyphen, like 3-1.",
    "Join the numbers by a hyphen, without spaces.",
    "score, hyphenated, in this order",
    "Please replace the gap with a short dash as in the pages 12-15, keeping the order.",
    "How would a sports page print the score if it put - between the teams' points?",
    "a-b from a and b, not a subtraction to solve",
    "Hyphenated, {input} becomes {answer}",
    "Only a minus key's sign goes in the middle; the blank disappears.",
    "Final score wanted in the form 88-79.",
]


def tasks() -> list[Task]:
    made = {
        "first": ("{0}", FIRST, "number"),
        "second": ("{1}", SECOND, "number"),
        "swapped": ("{1} {0}", SWAPPED, "list"),
        "plus": ("{0} + {1}", PLUS, "code"),
        "fraction": ("{0}/{1}", FRACTION, "code"),
        "coordinates": ("({0}, {1})", COORDINATES, "code"),
        "hyphen": ("{0}-{1}", HYPHEN, "code"),
    }
    return [Task(name, [(f"{a} {b}", form.format(a, b)) for a, b in pairs()], wordings, kind, "Numbers")
            for name, (form, wordings, kind) in made.items()]
