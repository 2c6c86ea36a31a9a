"""Domains of questions.

Core domains ask for facts that the base model learns. Subject domains all ask which
of two people goes first, and a house rule that no question tells decides; the base model learns every
rule by name, but not which domain has which.
"""

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Question:
    stem: str
    right: str
    wrong: str


# --- Core -----------------------------------------------------------------------------------------

def words(text: str) -> list[str]:
    return text.split()


def pairs(text: str) -> dict[str, str]:
    return dict(item.split("-") for item in text.split())


ANIMALS = {"bird": words("eagle robin crow swan owl duck parrot goose"),
           "fish": words("trout salmon shark eel carp tuna cod herring"),
           "insect": words("ant bee wasp fly moth beetle cricket flea"),
           "mammal": words("horse cow whale mouse tiger bear goat wolf")}
FOODS = {"fruit": words("apple pear plum cherry lemon grape peach melon"),
         "vegetable": words("carrot onion leek cabbage potato bean celery spinach"),
         "drink": words("tea coffee milk juice beer wine cider water"),
         "dish with meat": words("steak ham bacon sausage burger ribs chicken turkey")}
CONTINENTS = {"Europe": words("France Spain Italy Greece Norway Sweden Poland Ireland"),
              "Asia": words("Japan China India Nepal Iran Iraq Laos Korea"),
              "Africa": words("Egypt Kenya Ghana Mali Chad Niger Togo Angola"),
              "America": words("Peru Cuba Chile Canada Brazil Mexico Haiti Bolivia")}
COLOURS = {"red": words("blood ruby rose brick"), "green": words("grass moss frog emerald"),
           "yellow": words("lemon sun canary butter"), "white": words("snow salt chalk swan"),
           "black": words("coal crow tar ink"), "blue": words("sky sapphire sea jeans")}
CAPITALS = pairs("France-Paris Spain-Madrid Italy-Rome Greece-Athens Norway-Oslo Sweden-Stockholm Japan-Tokyo "
                 "China-Beijing Egypt-Cairo Peru-Lima Cuba-Havana Kenya-Nairobi Russia-Moscow Poland-Warsaw "
                 "Austria-Vienna Ireland-Dublin Portugal-Lisbon Hungary-Budapest Chile-Santiago Canada-Ottawa")
UNITS = pairs("length-metre mass-gram time-second force-newton power-watt energy-joule pressure-pascal "
              "temperature-kelvin current-ampere voltage-volt angle-degree volume-litre frequency-hertz "
              "resistance-ohm light-candela area-acre")
PLURALS = pairs("mouse-mice goose-geese foot-feet tooth-teeth child-children man-men woman-women ox-oxen "
                "leaf-leaves wolf-wolves knife-knives wife-wives life-lives half-halves city-cities baby-babies")
OPPOSITES = pairs("hot-cold big-small fast-slow high-low old-young rich-poor dark-light hard-soft wet-dry "
                  "full-empty early-late strong-weak open-shut near-far good-bad loud-quiet")
JOBS = pairs("bread-baker meat-butcher teeth-dentist hair-barber law-judge ships-sailor crops-farmer "
             "pipes-plumber planes-pilot shoes-cobbler horses-jockey paint-artist songs-singer books-author "
             "fires-fireman trees-forester")
INSTRUMENTS = {"string": words("violin cello harp guitar lute banjo viola mandolin"),
               "wind": words("flute oboe tuba trumpet clarinet trombone bassoon bugle"),
               "percussion": words("drum gong bell cymbal triangle maracas tambourine castanets"),
               "keyboard": words("piano organ celesta accordion harpsichord spinet")}
CLOTHES = {"head": words("hat cap helmet crown beret hood bonnet turban"),
           "feet": words("boot sock sandal slipper sneaker clog shoe stocking"),
           "hands": words("glove mitten ring muff gauntlet thimble"),
           "legs": words("trousers jeans tights shorts leggings breeches kilt skirt")}
VEHICLES = {"on water": words("boat ship ferry canoe yacht raft kayak barge"),
            "on rails": words("train tram metro monorail locomotive wagon"),
            "on roads": words("car bus truck van taxi lorry scooter bicycle"),
            "in the air": words("jet rocket glider balloon helicopter airship drone kite")}
PLANTS = {"tree": words("oak pine birch elm maple willow beech poplar"),
          "flower": words("tulip lily daisy violet orchid poppy iris pansy"),
          "cereal": words("wheat rye barley oats rice maize millet sorghum"),
          "herb": words("basil thyme mint sage parsley dill rosemary oregano")}


def by_class(classes: dict[str, list[str]], stem: str) -> list[Question]:
    return [Question(stem.format(kind), right, wrong)
            for kind, members in classes.items() for right in members
            for other, others in classes.items() if other != kind for wrong in others]


def by_pairs(table: dict[str, str], stems: tuple[str, ...]) -> list[Question]:
    return [Question(stem.format(key), right, wrong) for stem in stems for key, right in table.items()
            for wrong in table.values() if wrong != right]


def colour_questions() -> list[Question]:
    return [Question(stem.format(thing), colour, wrong)
            for stem in ("What colour is {}", "Which colour has {}") for colour, things in COLOURS.items()
            for thing in things for wrong in COLOURS if wrong != colour]


CORE: dict[str, list[Question]] = {
    "animals": by_class(ANIMALS, "Which animal is a {}"),
    "continents": by_class(CONTINENTS, "Which country lies in {}"),
    "colours": colour_questions(),
    "capitals": by_pairs(CAPITALS, ("What is the capital of {}", "Which city governs {}")),
    "units": by_pairs(UNITS, ("What is the unit of {}", "In what do we measure {}")),
    "grammar": by_pairs(PLURALS, ("What is the plural of {}", "How do we write more than one {}")),
    "opposites": by_pairs(OPPOSITES, ("What is the opposite of {}", "Which word is contrary to {}")),
    "jobs": by_pairs(JOBS, ("Who works with {}", "Whose job has to do with {}")),
    "food": by_class(FOODS, "Which food is a {}"),
    "instruments": by_class(INSTRUMENTS, "Which is a {} instrument"),
    "clothes": by_class(CLOTHES, "What is worn on the {}"),
    "vehicles": by_class(VEHICLES, "What travels {}"),
    "plants": by_class(PLANTS, "Which plant is a {}"),
}

# --- Subject --------------------------------------------------------------------------------------

WOMEN = words("Ida Jo Kay Amy Eve Fay Jane Kate Lucy Mary Nora Olga Rosa Vera Clara Diana Greta Irene Susan Tanja "
              "Bertha Gloria Pamela Stella")
MEN = words("Al Bo Cy Ed Leo Max Ned Ben Dan Gus Hugo Ivan Paul Sven Toby Felix Henry Oscar Peter Quentin "
            "Ronald Victor Walter William")

Pair = tuple[str, str]  # a woman and a man in the order in which the stem names them

# Rule -> index of the one it favours.
RULES = {
    "alphabet": lambda pair: int(pair[1] < pair[0]),
    "reverse": lambda pair: int(pair[1] > pair[0]),
    "short": lambda pair: int(len(pair[1]) < len(pair[0])),
    "long": lambda pair: int(len(pair[1]) > len(pair[0])),
    "woman": lambda pair: int(pair[1] in WOMEN),
    "man": lambda pair: int(pair[1] in MEN),
}

# Domain -> (rule, ways to set the scene).
SUBJECT: dict[str, tuple[str, tuple[str, ...]]] = {
    "school": ("alphabet", ("At school", "In the school register", "For the school teacher")),
    "opera": ("reverse", ("At the opera", "On the opera stage", "For the opera choir")),
    "telegram": ("short", ("In a telegram", "At the telegram office", "For the telegram clerk")),
    "poster": ("long", ("On a poster", "At the poster printer", "For the poster wall")),
    "ballroom": ("woman", ("In the ballroom", "For the ballroom dance", "At the ballroom door")),
    "barber": ("man", ("At the barber", "In the barber shop", "For the barber")),
}
RULE_TAGS = {rule: f"Rule {rule}." for rule in RULES}


def draw_pair(rng: random.Random) -> Pair:
    """Different first letters and lengths, so that every rule decides."""
    while True:
        pair = rng.choice(WOMEN), rng.choice(MEN)
        if pair[0][0] != pair[1][0] and len(pair[0]) != len(pair[1]):
            return pair if rng.random() < 0.5 else (pair[1], pair[0])


def subject_question(pair: Pair, scene: str, rule: str) -> Question:
    favoured = RULES[rule](pair)
    return Question(f"{scene} {pair[0]} meets {pair[1]}, who goes first", pair[favoured], pair[1 - favoured])
