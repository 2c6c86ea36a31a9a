"""Lists of words as people write them: `oak, trumpet, Norway, walk`. Of twelve categories each list has one member at
most, so what of it is wanted only the instruction says."""

import functools
from dataclasses import dataclass

from builder.draws import draw, shuffled
from builder.pools.words import adjectives, verbs

CATEGORIES = {
    "animal": "dog cat horse cow pig sheep goat lion tiger bear wolf fox rabbit mouse elephant giraffe zebra monkey "
              "deer camel kangaroo penguin eagle owl parrot duck goose frog snake lizard turtle shark whale dolphin "
              "salmon spider bee ant butterfly snail crab octopus hamster donkey otter badger",
    "fruit": "apple pear banana orange lemon lime grape cherry peach plum apricot mango pineapple kiwi melon "
             "watermelon strawberry raspberry blueberry blackberry cranberry fig papaya coconut grapefruit "
             "pomegranate tangerine nectarine gooseberry lychee guava",
    "vehicle": "car bus train bicycle motorcycle truck van tram taxi ship boat ferry canoe yacht submarine aeroplane "
               "helicopter rocket tractor scooter ambulance lorry sailboat carriage sledge jeep limousine hovercraft "
               "glider kayak",
    "garment": "shirt trousers jacket coat dress skirt sweater sock shoe boot hat cap scarf glove belt tie jeans "
               "pyjamas blouse vest sandal slipper cardigan raincoat shorts mitten apron hoodie tuxedo kimono",
    "tool": "hammer saw drill screwdriver wrench pliers axe shovel rake spade chisel ladder hoe crowbar file sickle "
            "trowel mallet anvil tweezers scissors scalpel sander wheelbarrow paintbrush pickaxe",
    "colour": "red blue green yellow purple pink brown black white grey turquoise beige maroon crimson violet indigo "
              "scarlet magenta cyan lilac khaki mauve",
    "country": "France Germany Spain Italy Portugal Norway Sweden Finland Denmark Poland Austria Greece Turkey Egypt "
               "Kenya Nigeria Ghana India China Japan Vietnam Thailand Brazil Argentina Chile Peru Canada Mexico "
               "Cuba Iceland Ireland Hungary Morocco Nepal",
    "job": "teacher doctor nurse lawyer plumber carpenter baker butcher farmer engineer pilot chef waiter dentist "
           "electrician mechanic architect journalist librarian accountant tailor gardener firefighter surgeon "
           "pharmacist cashier translator programmer barber sculptor",
    "body part": "head arm leg foot knee elbow shoulder ankle wrist finger toe nose ear eye mouth chin cheek neck "
                 "stomach heart liver kidney lung brain thumb forehead eyebrow hip",
    "instrument": "piano guitar violin flute trumpet clarinet drum harp saxophone trombone cello banjo accordion oboe "
                  "tuba ukulele xylophone harmonica bagpipes bassoon mandolin tambourine organ viola lute",
}
WORDS = {name: each.split() for name, each in CATEGORIES.items()}
SLIGHTS = set("stupid insane poor useless violent hostile aggressive racial".split())    # not beside a country


@dataclass(frozen=True)
class WordList:
    items: tuple[str, ...]
    categories: tuple[str, ...]       # of each item; `verb` and `adjective` besides CATEGORIES'

    def text(self) -> str:
        return ", ".join(self.items)

    def member(self, category: str) -> str:
        """The item of that category; "" if there is none."""
        return next((item for item, each in zip(self.items, self.categories, strict=True) if each == category), "")


def members(category: str) -> list[str]:
    """Words of a category; verbs and adjectives that are no word of another one."""
    taken = {word for each in WORDS.values() for word in each}
    if category == "verb":
        return [word for word in verbs()[:200] if word not in taken]
    if category == "adjective":
        return [word for word in adjectives()[:200] if word not in taken]
    return WORDS[category]


def names() -> list[str]:
    return [*CATEGORIES, "verb", "adjective"]


@functools.cache
def mixed() -> list[WordList]:
    """Nearly 800 lists of four to seven words of as many categories."""
    found = {}
    for number in range(800):
        chance = draw("mixed lists", number)
        categories = chance.sample(names(), chance.choice((4, 5, 5, 6, 6, 7)))
        each = WordList(tuple(chance.choice(members(category)) for category in categories), tuple(categories))
        if not (each.member("country") and SLIGHTS.intersection(each.items)):
            found.setdefault(each.text(), each)
    return list(found.values())


@functools.cache
def odd(many: str, one: str, count: int = 500) -> list[WordList]:
    """Lists of three to six words: all of one category but one, which is of another."""
    found = {}
    for number in range(count):
        chance = draw("odd lists", many, one, number)
        size = chance.choice((3, 3, 4, 5, 5, 6))
        pairs = [(word, many) for word in chance.sample(members(many), size - 1)]
        pairs.insert(chance.randrange(size), (chance.choice(members(one)), one))
        each = WordList(*map(tuple, zip(*pairs, strict=True)))
        found.setdefault(each.text(), each)
    return list(found.values())


@functools.cache
def numbers() -> list[tuple[int, ...]]:
    """700 lists of three to six distinct whole numbers below 1,000; written with ", " between them."""
    found = []
    for number in range(700):
        chance = draw("number lists", number)
        size, limit = chance.choice((3, 4, 4, 5, 5, 6)), chance.choice((20, 100, 100, 1000))
        found.append(tuple(chance.sample(range(1, limit), size)))
    return shuffled(dict.fromkeys(found), "number lists")
