"""One field of a record of an order."""

from builder import Task
from builder.pools import people
from builder.pools.records import records

WORDINGS = {
    "name": ("word", [
        "Who placed the order? Copy the name.", "Give the customer's name from this record.", "name field only",
        "Please extract the person and drop everything else.", "Under which name is the customer stored?",
        "Read the record and answer with what a name badge would show.", "Name: {input} -> {answer}",
        "I want to address the buyer. What does the entry say they are called?",
        "Look up the person in the entry and write them as they stand there."]),
    "city": ("word", [
        "Which city is in the record?", "Give the place where the customer lives.", "city field only",
        "Please extract the town and drop everything else.", "To what city does the parcel go?",
        "I sort the entries by location. What do I need from this one?", "City: {input} -> {answer}",
        "Answer with the value that is the name of a town.", "Value of the place name, copied as it is"]),
    "order": ("number", [
        "What is the order number?", "Copy the whole number that identifies the order.", "order id only",
        "Please extract the reference of the purchase, a plain integer.",
        "Which order number would the customer quote?",
        "I look for the order in our system, so write its number and nothing else.", "Order: {input} -> {answer}",
        "Answer with the integer (not the amount, not the date).", "The identifier of three or four digits, please"]),
    "total": ("number", [
        "What is the total?", "Copy the amount of money, with its decimals.", "total only",
        "Please extract what the customer has to pay.", "How much was the order worth, according to the entry?",
        "I add up the sales. Which figure do I take from here?", "Amount: {input} -> {answer}",
        "Answer with the decimal number.", "The price with two places after the point, as it stands"]),
    "date": ("code", [
        "What is the date?", "Copy the day of the order in its form with hyphens.", "date field only",
        "Please extract when this happened.", "On which day was the entry made? Leave the format as it is.",
        "I put the purchases on a time line. What do I need from this one?", "Date: {input} -> {answer}",
        "Answer with year, month and day as stored.", "The part in the form 2021-03-05, if you please"]),
    "status": ("label", [
        "What is the status: paid, open or sent?", "Say whether it is sent, paid or open.", "status only",
        "Please extract the state of the order, which is one of open, sent, paid.",
        "How far has the order got? The entry says open, paid or sent.",
        "I group orders by progress. In which group is this one, paid, sent or open?", "State: {input} -> {answer}",
        "Answer with the one word of paid / open / sent that occurs.",
        "Has the thing been paid or sent, or is it still open? Copy the word used in the entry."]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text, each.value(name)) for each in records() if each.value(name)], wordings, form,
                 "Record", source=people.SOURCE, licence=people.LICENCE)
            for name, (form, wordings) in WORDINGS.items()]
