"""Which fields a record has, and how many."""

from builder import Task
from builder.pools import people
from builder.pools.even import even
from builder.pools.records import records

HAS = {
    "name": [
        "Does the record contain a person's name? yes or no", "Is somebody's name given here?", "name present: yes/no",
        "Please check whether the entry says who the customer is, and answer yes or no.",
        "Could I greet the buyer by name with nothing but this entry? Lower case, yes or no.",
        "A person in it: yes. Nobody in it: no.", "Name there? {input} -> {answer}",
        "Is any of the values the name of a human being? Just yes or no.",
        "Tell me by a lower-case yes or no if the who-field is filled."],
    "city": [
        "Does the record contain a city? yes or no", "Is a place given here?", "city present: yes/no",
        "Please check whether the entry says where the customer is, and answer yes or no.",
        "Could I put a pin on a map with nothing but this entry? Lower case, yes or no.",
        "A town in it: yes. None: no.", "City there? {input} -> {answer}",
        "Is any of the values a location? Just yes or no.", "Tell me by a lower-case yes or no if the where-field is "
        "filled."],
    "date": [
        "Does the record contain a date? yes or no", "Is a day given here?", "date present: yes/no",
        "Please check whether the entry says when it was, and answer yes or no.",
        "Could I enter this in a calendar with nothing but the entry? Lower case, yes or no.",
        "Year, month and day in it: yes. Otherwise: no.", "Date there? {input} -> {answer}",
        "Is any of the values a point in time? Just yes or no.", "Tell me by a lower-case yes or no if the when-field "
        "is filled."],
    "total": [
        "Does the record contain a total? yes or no", "Is an amount of money given here?", "total present: yes/no",
        "Please check whether the entry says how much it cost, and answer yes or no.",
        "Could I add this to the turnover with nothing but the entry? Lower case, yes or no.",
        "A number with decimals in it: yes. None: no.", "Amount there? {input} -> {answer}",
        "Is any of the values a price? Just yes or no.", "Tell me by a lower-case yes or no if the how-much-field is "
        "filled."],
    "status": [
        "Does the record contain a status such as paid, open or sent? yes or no",
        "Is it said how far the order has got (open, sent, paid)?", "status present: yes/no",
        "Please check whether one of the words open, paid and sent occurs, and answer yes or no.",
        "Could I tell from this entry if somebody has paid or if goods were sent or nothing was done yet? yes / no, "
        "lower case", "A status in it: yes. No status in it: no.", "Status there? {input} -> {answer}",
        "Is any of the values a stage of processing? Just yes or no.",
        "Report yes if the progress of the order is stored and no if it isn't."],
}
COUNT = [
    "How many fields does the record have?", "Count the values and give the number.", "number of fields, as a digit",
    "Please tell me how many pieces of data are stored in the entry.", "How many columns would a table of this need?",
    "One, two, three ...: number the values and write the last number, in figures.", "Size: {input} -> {answer}",
    "What does len() return for the record, taken as a dictionary or row?",
]
FIRST = [
    "Which field comes first? Give its key.", "Copy the name of the leading field.", "first key",
    "Please write the label that the record opens with, without its value.",
    "What is the title of column one?", "Left of the first value stands a word. Which?",
    "First field: {input} begins with {answer}", "Starting from the left, what attribute is stated before all others?",
]
LAST = [
    "Which field comes last? Give its key.", "Copy the name of the final field.", "last key",
    "Please write the label of the value that the record ends with, but not that value.",
    "What is the title of the rightmost column?", "Directly before the closing value stands a word. Which?",
    "Last field: {input} finishes with {answer}", "From left to right, what attribute is stated after all others?",
]


def tasks() -> list[Task]:
    made = [(f"has-{key}", [(each.text, "yes" if held else "no")
                            for each, held in even(records(), lambda each, key=key: bool(each.value(key)))],
             wordings, "yes-no") for key, wordings in HAS.items()]
    keyed = [each for each in records() if each.written != "csv"]
    made += [("field-count", [(each.text, str(len(each.fields))) for each in records()], COUNT, "number"),
             ("first-key", [(each.text, each.fields[0][0]) for each in keyed], FIRST, "word"),
             ("last-key", [(each.text, each.fields[-1][0]) for each in keyed], LAST, "word")]
    return [Task(name, pairs, wordings, form, "Record", source=people.SOURCE, licence=people.LICENCE)
            for name, pairs, wordings, form in made]
