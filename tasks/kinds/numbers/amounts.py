"""An amount with its unit: either of them alone, or the whole in another form."""

from builder import Task
from builder.pools.numbers import Amount, amounts, spelled

NUMBER = [
    "What is the number in this amount?",
    "Copy only the figure, without the unit.",
    "value, unit removed",
    "Please strip the unit of measurement off and give what remains.",
    "How many units are there? Digits only.",
    "The spreadsheet column takes numerals and nothing else. What do I enter for this?",
    "Numeric part, as {answer} in {input}",
    "Delete everything from the space onwards.",
    "Read the measurement and report its magnitude as a bare number.",
]
UNIT = [
    "What is the unit in this amount, exactly as it is written here?",
    "Copy only the unit of measurement.",
    "unit as given, number removed",
    "Please cut the number off and repeat what comes after it, letter by letter.",
    "In what is this measured? Use the very words or signs of the text.",
    "Delete the digits and give the rest unchanged.",
    "What follows the figure?",
    "Just the unit in the form it has, like {answer} in {input}",
    "A table has the figures in one column and the units, unaltered, in the next. Fill in the second.",
]
FULL = [
    "Write this amount with the unit's name in full, in British spelling.",
    "Expand the abbreviation as in British English.",
    "number + unit spelled out, UK style",
    "Please replace the symbol by the name of the unit, spelled as in Britain, and leave the digits.",
    "How would an English schoolbook say it without abbreviating the unit? Keep the figure.",
    "Unit as whole words, with -re rather than -er: {input} becomes {answer}",
    "Don't shorten the unit. Digits stay, and it should be metres and grams, never meters or grammes.",
    "Make it readable for a child in London who knows no unit symbols; the number may stay in digits.",
    "After numbers, a British paper's style guide forbids symbols for units. Correct the amount.",
]
SHORT = [
    "Write this amount with the unit's symbol.",
    "Abbreviate the unit.",
    "number, space, standard abbreviation",
    "Please keep the digits, then a space, and shorten the unit to its usual sign without full stops.",
    "How does it look on a technical drawing or a label, where units are symbols?",
    "Replace the spelled-out unit by its official short form, as in 5 mm.",
    "Save room in the table: {input} becomes {answer}",
    "Unit to symbol (no plural s, no point), figure unchanged",
    "A scientist would not write out the unit's name after the number. What would she write?",
]
IN_WORDS = [
    "Write the number in words and leave the unit as it is.",
    "Spell out the figure; don't touch the unit.",
    "digits to words, unit unchanged",
    "Please replace only the numeral with English words, in lower case, and copy the unit behind it.",
    "How does the amount look when no digits are allowed? The unit keeps its form.",
    "Number as on a cheque, unit as given: {input} becomes {answer}",
    "Say the quantity in letters, with point for a decimal point, followed by the same unit.",
    "I need seven instead of 7, twelve instead of 12 and so on, but nothing else changed.",
    "Put the numeral into words, e.g. two point five, then repeat whatever comes after it.",
]
DOUBLED = [
    "Double this amount.",
    "Twice as much, in the same unit",
    "times two, unit kept",
    "Please multiply the number by 2 and leave the unit as it stands.",
    "What do you get when the same amount is added to it once more?",
    "We need 2 packs, and each has this in it. State what they hold together, unit included.",
    "Two of them: {input} becomes {answer}",
    "200 per cent of it, as a figure and the unit",
    "If this is one half, how much is the whole? Don't change the unit.",
]
TENFOLD = [
    "Multiply this amount by ten.",
    "Ten times as much, with the unit as written",
    "x 10, same unit",
    "Please raise the figure tenfold; what it is measured in stays.",
    "A box holds ten of these. How much is that in all, in the unit given?",
    "Shift the decimal point one place to the right, which for whole numbers means adding a zero.",
    "One order of magnitude up: {input} becomes {answer}",
    "If this is a tenth, what is the whole? Keep the unit.",
    "Instead of one there are 10 equal portions. Put down their total, unit included.",
]


def in_words(number: str) -> str:
    """`three point five`; of numbers below 100."""
    return " point ".join(spelled(int(part)) for part in number.split("."))


def times(number: str, factor: int) -> str:
    return f"{round(float(number) * factor, 1):g}"


def rewritten(short: bool) -> list[tuple[str, str]]:
    """(with the unit in one form, with the other): those of the pool first, then the rest in that form."""
    return [(Amount(each.number, each.unit, short).text(), Amount(each.number, each.unit, not short).text())
            for each in sorted(amounts(), key=lambda each: each.short != short)]


def tasks() -> list[Task]:
    texts = [(each, *each.text().split(" ", 1)) for each in amounts()]
    things = [each for each in texts if each[0].unit.quantity not in ("temperature", "speed")]

    def pairs(write, chosen):
        return [(each.text(), write(number, unit)) for each, number, unit in chosen]

    return [
        Task("number", pairs(lambda number, _: number, texts), NUMBER, "number", "Amount"),
        Task("unit", pairs(lambda _, unit: unit, texts), UNIT, "word", "Amount"),
        Task("unit-in-full", rewritten(True), FULL, "code", "Amount"),
        Task("unit-as-symbol", [pair for pair in rewritten(False) if "pounds" not in pair[0]], SHORT, "code", "Amount"),
        Task("in-words", pairs(lambda number, unit: f"{in_words(number)} {unit}",
                               [each for each in texts if float(each[1]) < 100]), IN_WORDS, "word", "Amount"),
        Task("doubled", pairs(lambda number, unit: f"{times(number, 2)} {unit}", things), DOUBLED, "code", "Amount"),
        Task("tenfold", pairs(lambda number, unit: f"{times(number, 10)} {unit}", things), TENFOLD, "code", "Amount"),
    ]
