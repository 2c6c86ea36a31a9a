"""A number in another notation: separators, zeros, currency, percent, sign, scientific."""

from builder import Task, draw
from builder.pools.numbers import integers


def scientific(number: int) -> str:
    """`1.26e2`; as many digits as are needed."""
    digits = str(number)
    rest = digits[1:].rstrip("0")
    return f"{digits[0]}{'.' if rest else ''}{rest}e{len(digits) - 1}"


def large() -> list[int]:
    """Numbers of five to seven digits."""
    chance = draw("large numbers")
    return [number for size in (5, 6, 7) for number in chance.sample(range(10**(size - 1), 10**size), 80)]


GROUPED = [
    "Put a comma after the thousands, and after the millions if there are any.",
    "Insert thousands separators (commas).",
    "with commas for grouping, English style",
    "Please make the number easier to read by marking off every three digits from the right with a comma.",
    "Where do the commas go in this figure? Rewrite it with them.",
    "Format it as an English newspaper would print a big count, in groups of three.",
    "Grouped digits: {input} -> {answer}",
    "How would an English bank statement separate the digits of this amount? No currency, no decimals.",
    "I can't read long rows of digits. Split this one by commas.",
]
SIX_DIGITS = [
    "Pad this number with zeros on the left to six digits.",
    "Write it with leading zeros so that it is six figures long.",
    "zero-fill, width 6",
    "Please turn the value into a six-digit serial number by filling up with noughts in front.",
    "What does the counter show, if it always has six places and the empty ones are 0?",
    "Our file names need exactly six digits. Prepend as many zeros as it takes.",
    "As a fixed-width code of length six, {input} is {answer}",
    "Format like Python's 06d.",
    "Right-align in a field of 6 characters; blanks become zeros.",
]
DOLLARS = [
    "Write this number of dollars as a price with two decimals and no comma.",
    "Put a dollar sign before it and .00 behind it.",
    "as US currency, cents shown, no commas",
    "Please give the amount the way a simple till in New York prints whole dollars: sign, digits, point, two zeros.",
    "How does a plain price tag show exactly this many dollars, zero cents included?",
    "That many bucks, in the form $0.00",
    "Dollar amount with decimals: {input} turns into {answer}",
    "Treat the value as USD and add both the sign and two digits for the cents, without a thousands separator.",
    "It is a sum in whole dollars. Make it look like an invoice entry such as $1500.00.",
]
CENTS = [
    "This is a number of cents. Write it as a price in dollars.",
    "How many dollars are so many cents? Use the form $0.00.",
    "cents to $, two decimals",
    "Please divide by a hundred and show the result as US money, with a dollar sign and two decimals.",
    "I have this many pennies; what is it as a dollar price, like $0.07 or $31.40?",
    "The payment service counts in cents. Convert to the dollar notation that customers see, no commas.",
    "Pennies into a dollar price: {input} -> {answer}",
    "Set the decimal point before the last two figures, with $ at the front and zeros where figures are missing.",
    "A shop stores its prices as whole cents; print the label for this one in dollars and cents.",
]
PERCENT = [
    "Write so many per cent with the sign instead of the words.",
    "Add a percent sign.",
    "percentage symbol after it, no space",
    "Please follow the figure directly with the symbol for parts per hundred.",
    "How do you write this many out of a hundred with the usual sign?",
    "It is a rate in hundredths. Show it with % and without decimals.",
    "Percentage notation: {input} becomes {answer}",
    "Our chart labels need the unit %, right after the digits; give the label.",
]
NEGATIVE = [
    "Give the negative of this number.",
    "Put a minus sign in front.",
    "opposite number",
    "Please tell me which value, added to this one, makes zero.",
    "What is it multiplied by minus one?",
    "Reflect the value at zero on the number line.",
    "Change of sign, e.g. {input} to {answer}",
    "The account is overdrawn by this amount. Write the balance, with a hyphen for the minus.",
    "Subtract the number from 0.",
]
SCIENTIFIC = [
    "Write this number in scientific notation with e, such as 7.1e4.",
    "scientific form, letter e, shortest mantissa",
    "Please express the value as a mantissa from 1 up to 10, then e, then the power of ten.",
    "How would a programmer write it with an exponent? No trailing zeros and no plus sign, like 5.02e3.",
    "Normalise: one digit before the point, the others behind it, and e with the exponent.",
    "As a float literal with an exponent, {input} is {answer}",
    "Shift the decimal point behind the leading digit and note the shift after an e, dropping zeros at the end.",
    "I need E-notation in lower case, no spaces, as short as it can be.",
    "Give mantissa and exponent joined by the letter e, for instance 3e2 for three hundred.",
]


def tasks() -> list[Task]:
    some = [number for number in integers() if number]
    big = [number for number in integers() if number >= 1000] + large()
    made = {
        "thousands": (big, lambda n: f"{n:,}", GROUPED),
        "six-digits": (integers(), lambda n: f"{n:06}", SIX_DIGITS),
        "dollars": (some, lambda n: f"${n}.00", DOLLARS),
        "cents": (some, lambda n: f"${n // 100}.{n % 100:02}", CENTS),
        "percent": (integers(), lambda n: f"{n}%", PERCENT),
        "negative": (some, lambda n: f"-{n}", NEGATIVE),
        "scientific": (some, scientific, SCIENTIFIC),
    }
    return [Task(name, [(str(number), write(number)) for number in numbers], wordings, "number", "Number")
            for name, (numbers, write, wordings) in made.items()]
