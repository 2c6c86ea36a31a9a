"""Short reviews put together from parts: what is reviewed, which side of it, and what is thought of it."""

import functools
from dataclasses import dataclass

from builder.draws import draw

# What is reviewed, and of each the sides that a review speaks of, with what is said for and against it.
SUBJECTS = {
    "restaurant": ("The restaurant", {
        "food": (("the soup was delicious", "the pasta was the best I ever had", "every dish tasted fresh",
                  "the fish was cooked perfectly", "dessert was a dream"),
                 ("the soup was cold", "the pasta was overcooked", "every dish tasted of salt", "the fish smelled odd",
                  "dessert was a lump of sugar")),
        "service": (("the waiter was friendly", "we were seated at once", "they remembered our names",
                     "the staff could not have been kinder"),
                    ("the waiter was rude", "we waited an hour for a table", "they forgot half of our order",
                     "the staff ignored us")),
        "price": (("it was cheap for what we got", "the bill was a pleasant surprise", "lunch costs next to nothing"),
                  ("it was far too expensive", "the bill was a shock", "lunch costs a fortune")),
        "place": (("the room was cosy", "the view was lovely", "the tables were spotless"),
                  ("the room was noisy", "the view was a car park", "the tables were sticky"))}),
    "hotel": ("The hotel", {
        "service": (("the receptionist was helpful", "check-in took a minute", "they carried our bags upstairs"),
                    ("the receptionist was grumpy", "check-in took an hour", "nobody answered the bell")),
        "price": (("the rate was very fair", "two nights cost less than expected"),
                  ("the rate was outrageous", "there were hidden fees")),
        "place": (("the bed was comfortable", "our room was quiet", "the bathroom was spotless",
                   "the garden was lovely"),
                  ("the bed was hard as stone", "our room faced a building site", "the bathroom was mouldy",
                   "the carpet was full of stains")),
        "food": (("breakfast was excellent", "the coffee was superb"),
                 ("breakfast was stale", "the coffee was undrinkable"))}),
    "phone": ("The phone", {
        "battery": (("the battery lasts two days", "it charges in no time"),
                    ("the battery dies by noon", "it takes ages to charge")),
        "screen": (("the screen is bright and sharp", "reading on it is a pleasure"),
                   ("the screen flickers", "the display cracked within a week")),
        "price": (("it is worth every penny", "you will not find a better bargain"),
                  ("it is not worth the money", "I paid too much for it")),
        "service": (("the support team solved everything in one call", "delivery was quick"),
                    ("the support team never called back", "delivery took a month"))}),
    "film": ("The film", {
        "story": (("the plot kept me guessing", "the ending was brilliant", "I laughed all the way through"),
                  ("the plot made no sense", "the ending was a letdown", "I nearly fell asleep")),
        "acting": (("the lead actor was outstanding", "the whole cast was wonderful"),
                   ("the lead actor was wooden", "the whole cast looked bored")),
        "music": (("the soundtrack was beautiful", "the songs stayed with me"),
                  ("the soundtrack was far too loud", "the songs were dreadful"))}),
    "book": ("The book", {
        "story": (("the story gripped me from page one", "I could not put it down"),
                  ("the story went nowhere", "I gave up after two chapters")),
        "style": (("it is beautifully written", "the language is clear and witty"),
                  ("it is badly written", "the language is dull and clumsy")),
        "price": (("the paperback is a bargain", "it was cheap second-hand"),
                  ("the paperback is overpriced", "it costs far too much for so few pages"))}),
}
OPENINGS = {"restaurant": ("Dinner last night:", "We ate here on Friday:", "First visit to the restaurant:"),
            "hotel": ("Two nights at the hotel:", "We stayed here in May:", "Family trip, hotel in the centre:"),
            "phone": ("Had the phone for a month:", "New phone:", "Bought this phone for my son:"),
            "film": ("Saw the film yesterday:", "Film night:", "Watched the film with friends:"),
            "book": ("Finished the book today:", "Book club choice:", "Read the book on holiday:")}
STRONG = {True: ("Absolutely fantastic!", "Simply perfect!", "I love it!"),
          False: ("Absolutely terrible!", "A complete disaster!", "I hate it!")}
MILD = {True: ("Quite nice.", "Rather pleased.", "Not bad at all."),
        False: ("A bit disappointing.", "Rather let down.", "Not quite what I hoped for.")}


@dataclass(frozen=True)
class Review:
    """`New phone: the battery dies by noon. Rather let down.`"""

    text: str
    subject: str              # of SUBJECTS
    side: str                 # what of it
    is_positive: bool
    is_strong: bool           # very much so


@functools.cache
def reviews() -> list[Review]:
    """About 560, positive and negative, strong and mild in equal parts."""
    found = {}
    for number in range(700):
        chance = draw("reviews", number)
        subject = chance.choice(sorted(SUBJECTS))
        sides = SUBJECTS[subject][1]
        side = chance.choice(sorted(sides))
        positive, strong = chance.random() < 0.5, chance.random() < 0.5
        said = chance.choice(sides[side][0 if positive else 1])
        closing = chance.choice((STRONG if strong else MILD)[positive])
        text = f"{chance.choice(OPENINGS[subject])} {said}. {closing}"
        found.setdefault(text, Review(text, subject, side, positive, strong))
    return list(found.values())
