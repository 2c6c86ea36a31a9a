"""Records of orders by invented people, in the ways that programs write them."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.pools import people
from builder.pools.dates import days, iso

CITIES = ("Oslo Rome Paris Berlin Vienna Madrid London Dublin Lisbon Prague Athens Cairo Delhi Tokyo Seoul Lima Boston "
          "Denver Miami Sydney Perth Geneva Zurich Milan Turin Nice Lyon Porto Riga Bern Graz Turku Bergen Gdansk "
          "Malmo Ghent Delft Leeds York Derby").split()
STATUSES = "paid open sent".split()
WEIGHTS = dict(name=5, city=5, order=4, status=4, total=3, date=3)  # how often a field is there


@dataclass(frozen=True)
class Record:
    fields: tuple[tuple[str, str], ...]   # key and value, as they stand
    written: str                          # name of the format
    text: str

    def value(self, key: str) -> str:
        """"" if it is missing."""
        return dict(self.fields).get(key, "")


def joined(between: str, fields: tuple[tuple[str, str], ...], apart: str) -> str:
    return apart.join(f"{key}{between}{value}" for key, value in fields)


FORMATS = {
    "colons": lambda fields: joined(": ", fields, "; "),                 # name: Laura Stone; city: Oslo
    "equals": lambda fields: joined("=", fields, ", "),                  # name=Laura Stone, city=Oslo
    "pipes": lambda fields: joined(" = ", fields, " | "),                # name = Laura Stone | city = Oslo
    "json": lambda fields: "{" + ", ".join(f'"{key}": "{value}"' for key, value in fields) + "}",
    "csv": lambda fields: ",".join(value for _, value in fields),        # Laura Stone,Oslo
}


@functools.cache
def records() -> list[Record]:
    """About 1,400: two to five fields in any order, in FORMATS; one in eight as CSV."""
    found = {}
    for number in range(1400):
        chance = draw("records", number)
        size = chance.choice((2, 2, 2, 2, 3, 3, 4, 5))
        keys = sorted(WEIGHTS, key=lambda key: chance.random() ** (1 / WEIGHTS[key]), reverse=True)[:size]
        first, last = chance.choice(people.names())
        values = dict(name=chance.choice((first, f"{first} {last}")), city=chance.choice(CITIES),
                      order=str(chance.randrange(100, 9999)), status=chance.choice(STATUSES),
                      total=f"{chance.randrange(5, 300)}.{chance.randrange(100):02}", date=iso(chance.choice(days())))
        fields = tuple((key, values[key]) for key in chance.sample(keys, size))
        written = chance.choice(("colons", "colons", "equals", "equals", "pipes", "pipes", "json", "csv"))
        each = Record(fields, written, FORMATS[written](fields))
        found.setdefault(each.text, each)
    return list(found.values())
