"""What can be said of an amount: what it measures, whether its unit is metric, the unit's name and symbol."""

from builder import Task
from builder.pools.numbers import amounts


def yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


QUANTITY = [
    "What does this measure: length, mass, volume, temperature, time or speed?",
    "Name the physical quantity. Choose from speed, time, temperature, volume, mass and length.",
    "length / mass / volume / speed / time / temperature",
    "Please say which of the six it is: time, length, temperature, mass, speed, volume.",
    "Look at the unit and sort the amount under mass, speed, length, volume, time or temperature.",
    "Is the unit one of length, of time, of mass, of speed, of volume or of temperature? One word.",
    "Quantity (volume, temperature, speed, length, mass, time): {input} is {answer}",
    "Grams are mass, metres length, litres volume, hours time, knots speed, kelvins temperature. And this?",
    "A converter has tabs for temperature, mass, time, volume, length and speed. Which tab must be open here?",
]
METRIC = [
    "Is this a metric unit? Answer yes or no.",
    "Yes or no: does the unit belong to the metric system?",
    "metric (yes/no)",
    "Please write no for units such as inches, miles, pounds, pints or Fahrenheit, and yes for those built on metres, "
    "grams, litres or Celsius.",
    "Would a schoolbook in France measure in this unit? Reply yes or no.",
    "Metres, kilos, litres and their kin? {input}: {answer}",
    "Say yes for metric and no for imperial or US customary.",
    "I want to get rid of imperial units in my text. May this one stay, yes or no?",
    "Would it be right for a label, road sign or thermometer in Germany, yes or no?",
]
LENGTH = [
    "Is this a length? Answer yes or no.",
    "Yes or no: does the unit tell how long or how far something is?",
    "length or distance (yes/no)",
    "Please write yes for anything like metres or inches, and no for weights, volumes, times, temperatures and speeds.",
    "Going by the unit, could it be the height of something or the way to somewhere? Say yes or no.",
    "Can it be the distance between two points, yes or no?",
    "A measure along a line? {input}: {answer}",
    "Space in one dimension is yes, everything else no.",
    "Would a ruler, tape measure or mileage counter show it? Just yes or no.",
]
NAME = [
    "What is the unit called in full? Singular, British spelling.",
    "Name a single one of these units as it is spelled in Britain.",
    "unit name, one only, British (metre, foot)",
    "Please leave the number away and write the unit out in the singular, with litre and metre as in British English.",
    "Under what name would a British reference book list the unit, in the singular?",
    "If there were just 1 of it, what would the unit be, without the 1 and with the English -re?",
    "Full singular name, UK style: {answer} for {input}",
    "Ignore how many there are: which unit is it, as a word in British spelling with no plural ending?",
    "No figures, no symbols, no plural: only the unit's name the way they spell it in England.",
]
SYMBOL = [
    "What is the standard symbol of the unit?",
    "Give the unit's abbreviation, leaving out the number.",
    "unit symbol only",
    "Please write the short form of the unit as found on measuring instruments; no digits, no full stop.",
    "How is the unit itself abbreviated?",
    "Which letters or signs stand for the unit in a formula, such as mm for millimetres?",
    "Symbol, as {answer} for {input}",
    "A column of figures is headed by just the unit, as short as the norm allows. What is printed there?",
    "Drop the figure; if the unit is in words, shorten it the official way, else copy it.",
]
ABOVE_40 = [
    "Is the number more than 40? Answer yes or no.",
    "Yes or no: whatever the unit, does the figure exceed forty?",
    "over 40 (yes/no)",
    "Please disregard what is measured; write yes if there are more than 40 of it and no if there are fewer.",
    "The dial goes up to 40 units. Is this beyond its end? Reply yes or no.",
    "Past the mark of 40? {input}: {answer}",
    "Say no for figures under forty, yes for those above.",
    "Compare the numeric part with 40 and tell me by yes or no whether it is the greater.",
    "The customs limit is 40 of each unit. Is that amount too much, yes or no?",
]
WRITTEN = [
    "Is the unit abbreviated or written out? Answer short or full.",
    "Say how the unit is given: full for words, short for a symbol.",
    "unit: short/full",
    "Please reply short if the unit is a symbol like mm or ml, and full if it is spelled as in millimetres.",
    "Does a symbol (short) or a name (full) stand after the number?",
    "Two styles of units, full and short. Which has the writer used?",
    "Full name or short sign? {input} is {answer}",
    "An editor marks units that are whole words as full and the rest as short. What is the mark here?",
]


def tasks() -> list[Task]:
    made = {
        "quantity": (lambda each: each.unit.quantity, QUANTITY, "label"),
        "is-metric": (lambda each: yes(each.unit.metric) if each.unit.quantity != "time" else "", METRIC, "yes-no"),
        "is-length": (lambda each: yes(each.unit.quantity == "length"), LENGTH, "yes-no"),
        "unit-name": (lambda each: each.unit.one, NAME, "word"),
        # `75 pounds` may be money, with another sign.
        "unit-symbol": (lambda each: "" if each.unit.one == "pound" and not each.short else each.unit.symbol, SYMBOL,
                        "word"),
        "above-40": (lambda each: yes(float(each.number) > 40) if each.number != "40" else "", ABOVE_40, "yes-no"),
        "short-or-full": (lambda each: "short" if each.short else "full", WRITTEN, "label"),
    }
    return [Task(name, pairs(tell), wordings, form, "Amount") for name, (tell, wordings, form) in made.items()]


def pairs(tell) -> list[tuple[str, str]]:
    found = [(each.text(), tell(each)) for each in amounts()]
    return [(text, answer) for text, answer in found if answer]
