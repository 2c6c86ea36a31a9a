"""A detail that a customer's message gives: order, product, day, sender."""

from builder import Task
from builder.pools.messages import messages
from builder.sources.inflection import inflected

ORDER = [
    "Give the order number, digits only.", "Which order is it about? Leave out any #.", "order number without sign",
    "Please extract the number of the order from the message.",
    "What would I type into the order search, given that it takes nothing but digits?",
    "Copy the figure that identifies the purchase, but no #.", "Order no. as bare digits: {input} gives {answer}",
    "I need to look up the customer's order; write the number they quote.",
    "Reduce the message to the digits of its order reference.",
]
HASH = [
    "Give the order number with a # in front.", "Which order is it about? Write # and the digits.",
    "order as #number", "Please extract the order reference and make sure that it begins with a hash sign.",
    "In our system orders look like #12345. How does the one in the message look?",
    "Copy the figure that identifies the purchase and prefix it by #.", "Order tag: {input} gives {answer}",
    "Hash sign plus digits of the order mentioned, without space.",
    "What reference, starting with the character #, shall I quote in the reply's subject line?",
]
PRODUCT = [
    "Which product is it about?", "Name the device, one word in lower case.", "product only",
    "Please extract the article that the customer mentions.",
    "What thing that we sell does the customer mention? A single word.",
    "Copy the noun for the thing sold, without an article.", "Product: {input} -> {answer}",
    "For the statistics I need the item concerned, nothing else.",
    "What appliance or gadget is named here? Write just its name.",
]
PLURAL = [
    "Which kind of product is it about? Answer in the plural.", "Name the device as a plural noun, in lower case.",
    "product category, plural (kettles, drills ...)", "Please extract the article that is mentioned and add its plural "
    "ending.", "In our catalogue, sections are called lamps, ovens and so on. Where is this item found?",
    "More than one of the thing sold: write that word.", "Shop section, plural: {input} falls under {answer}",
    "What would a shop be full of if it sold only this item?",
]
DAY = [
    "Which day of the week is mentioned? Begin with a capital.", "Name the weekday in full.", "weekday only",
    "Please extract the day, spelled like Monday.", "On what day did it happen or shall it happen? Capitalise it.",
    "Copy the word for a day, with its first letter in upper case.", "Day mentioned: {input} has {answer}",
    "I keep a calendar of such messages. Under which day, Monday to Sunday, must I enter this?",
    "There is one weekday in the text, and that is all I want (upper-case initial).",
]
SHORT_DAY = [
    "Which day of the week is mentioned? Three letters, as Mon.",
    "Name the weekday in its short form of three letters.", "weekday, abbreviated: Mon Tue Wed Thu Fri Sat Sun",
    "Please extract the day and cut it after its third letter, starting with a capital.",
    "On what day did it happen or shall it happen? Use Sat for Saturday and so on.",
    "Calendar abbreviation, such as Tue, of the day that occurs in the text", "Short day: {input} has {answer}",
    "Mon, Tue, Wed, Thu, Fri, Sat, Sun: which of these stands for the day named?",
    "Write the first three characters of the day found in the message, the first as a capital, no dot.",
]
SENDER = [
    "Who signed this message?", "Give the sender's first name.", "name at the end",
    "Please extract the name of the person who wrote it.", "To whom would my answer be addressed? Just the name.",
    "Copy the signature without the words before it.", "Sender: {input} comes from {answer}",
    "I want to begin the reply with Dear and a name; which name is it?",
    "Which customer is speaking, according to the last word?",
]


def tasks() -> list[Task]:
    known = messages()
    made = {
        "order-number": ([(each.text, each.order) for each in known], ORDER, "number"),
        "order-with-hash": ([(each.text, each.order and f"#{each.order}") for each in known], HASH, "code"),
        "product": ([(each.text, each.product) for each in known], PRODUCT, "word"),
        "product-plural": ([(each.text, each.product and inflected(each.product, "NNS")) for each in known], PLURAL,
                           "word"),
        "weekday": ([(each.text, each.day.capitalize()) for each in known], DAY, "word"),
        "weekday-short": ([(each.text, each.day[:3].capitalize()) for each in known], SHORT_DAY, "word"),
        "sender": ([(each.text, each.sender) for each in known], SENDER, "word"),
    }
    return [Task(name, [(text, answer) for text, answer in pairs if answer], wordings, form, "Message")
            for name, (pairs, wordings, form) in made.items()]
