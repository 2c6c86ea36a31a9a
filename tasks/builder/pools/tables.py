"""Well-known people, brands, landmarks and works, and what is known of them; written for this."""

import functools
import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from builder.draws import shuffled

TABLES = pathlib.Path(__file__).parent / "tables"
NATIONALITIES = dict(pair.split(":") for pair in """
United Kingdom:British|United States:American|Germany:German|France:French|Greece:Greek|Austria:Austrian|Spain:Spanish
Italy:Italian|Netherlands:Dutch|Russia:Russian|India:Indian|South Africa:South African|Brazil:Brazilian
Argentina:Argentine|Portugal:Portuguese|Ireland:Irish|China:Chinese|Norway:Norwegian|Switzerland:Swiss
Serbia:Serbian|Jamaica:Jamaican|Sweden:Swedish|Denmark:Danish|Poland:Polish|Mexico:Mexican|Cuba:Cuban
Colombia:Colombian|Chile:Chilean|Venezuela:Venezuelan|Peru:Peruvian|Canada:Canadian|Australia:Australian
New Zealand:New Zealand|Pakistan:Pakistani|Japan:Japanese|Egypt:Egyptian|Nigeria:Nigerian|Ghana:Ghanaian
Ethiopia:Ethiopian|Kenya:Kenyan|Turkey:Turkish|Czech Republic:Czech|Hungary:Hungarian|Finland:Finnish
Belgium:Belgian|Iceland:Icelandic|Croatia:Croatian|South Korea:South Korean|Taiwan:Taiwanese|Malaysia:Malaysian
Thailand:Thai|Israel:Israeli|Romania:Romanian|Indonesia:Indonesian|Vietnam:Vietnamese|Saudi Arabia:Saudi
Singapore:Singaporean|Morocco:Moroccan|Nepal:Nepalese|Ukraine:Ukrainian|Iran:Iranian|Iraq:Iraqi|Syria:Syrian
Bulgaria:Bulgarian|Tunisia:Tunisian|Algeria:Algerian|Bolivia:Bolivian|Ecuador:Ecuadorian|Cambodia:Cambodian
Jordan:Jordanian|Slovakia:Slovak|Slovenia:Slovenian|Malta:Maltese|Estonia:Estonian|Tanzania:Tanzanian
Lithuania:Lithuanian|Latvia:Latvian|Libya:Libyan|Sri Lanka:Sri Lankan|Georgia:Georgian|Armenia:Armenian
Lebanon:Lebanese|North Korea:North Korean|Albania:Albanian|Angola:Angolan|Sudan:Sudanese|Zambia:Zambian
""".replace("\n", "|").strip("|").split("|"))


@dataclass(frozen=True)
class Known:
    name: str
    country: str              # where it, or who made it, comes from
    sort: str                 # profession, line of business, what it is; "" where more than one word fits
    year: int = 0             # 0: not known
    maker: str = ""           # of works


def lines(table: str) -> Iterable[list[str]]:
    for line in (TABLES / f"{table}.txt").read_text().splitlines()[1:]:
        head, _, names = line.partition(": ")
        yield [*head.split(" | "), names]


def dated(text: str) -> tuple[str, int]:
    name, year = re.fullmatch(r"(.*?)(?: (\d{4}))?", text).groups()
    return name, int(year or 0)


@functools.cache
def people() -> list[Known]:
    """630 people; writer, painter, composer, singer, actor, scientist, philosopher, leader, explorer, athlete."""
    found = [Known(name, country, sort, year) for country, sort, names in lines("people")
             for name, year in map(dated, names.split(", "))]
    return shuffled(found, "people")


@functools.cache
def brands() -> list[Known]:
    """530 companies and brands."""
    found = [Known(name, country, sort) for country, sort, names in lines("brands") for name in names.split(", ")]
    return shuffled(found, "brands")


@functools.cache
def landmarks() -> list[Known]:
    """530 buildings, mountains, rivers and the like that lie in one country."""
    found = [Known(name, country, sort.strip("-")) for country, sort, names in lines("landmarks")
             for name in names.split(", ")]
    return shuffled(found, "landmarks")


@functools.cache
def works() -> list[Known]:
    """460 novels, plays, poems, paintings, sculptures, operas, ballets and films."""
    found = [Known(title, country, sort, year, maker) for country, maker, sort, titles in lines("works")
             for title, year in map(dated, titles.split("; "))]
    return shuffled(found, "works")
