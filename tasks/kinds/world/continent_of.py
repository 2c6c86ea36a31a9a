"""The continent of a city, a landmark, a brand, a person or a work."""

from builder import Task
from builder.pools import cities, tables
from builder.pools.cities import by_name, continent_of
from builder.pools.even import even

CITY = [
    "On which continent is this city: Africa, Asia, Europe, North America, South America or Oceania?",
    "continent of the town (Australia counts as Oceania)",
    "Choose from Europe, Asia, Africa, Oceania, North America and South America the part of the world it lies in.",
    "Please sort the city by continent; there are six, Oceania among them and both Americas apart.",
    "Which continent, Oceania being one, would a plane to this place head for?",
    "City to continent, as {input} to {answer}.",
    "I fly there tomorrow. What continent, or Oceania, should I tell my grandmother?",
    "Place the urban area in one of the six: South America, North America, Oceania, Europe, Africa, Asia.",
    "Part of the globe where people live in this city: its continent, Oceania for Australia",
]
LANDMARK = [
    "Which continent is this landmark on (Oceania counts as one)?",
    "sight: Europe, Asia, Africa, North America, South America, Oceania?",
    "Tell me the part of the world where tourists find it, one of six with Oceania and two Americas.",
    "Please give the continent that this building, water or mountain belongs to, Oceania in the case of Australia.",
    "A school atlas has six chapters named after continents, Oceania the last. In which one is the attraction?",
    "Say North America, South America, Europe, Africa, Asia or Oceania according to where the sight stands.",
    "Attraction to continent: {input} gives {answer}.",
    "What is the name of the continent, or else Oceania, with this place on it?",
    "world region by continent or Oceania, for a famous spot",
]
BRAND = [
    "Which continent, Oceania included, does the company come from?",
    "origin of the brand: Africa, Europe, Oceania, Asia, South America, North America",
    "Write the name of the continent on which the firm was founded, or Oceania.",
    "Please locate the head of this business roughly: the continent is enough, Oceania for Australian ones.",
    "Not the country, just the part of the world this maker's home lies in, such as Asia or Oceania",
    "Brand to continent, as {input} to {answer}.",
    "Was it set up in North America, South America, Asia, Africa, Oceania or Europe?",
    "Imagine a map of all headquarters. What continent, counting Oceania, is this one drawn on?",
    "My list of enterprises is split by continent, from Africa to Oceania; where does this go?",
]
PERSON = [
    "Which continent was this person from, Oceania being among the answers?",
    "home continent of the celebrity: Europe, North America, South America, Africa, Asia, Oceania",
    "Name the part of the world he or she belonged to, with Oceania and the Americas told apart.",
    "Please file this famous name under one of the six continents, of which Oceania is one.",
    "If everybody's native land is on some continent, on which is this one's (Oceania for Australia)?",
    "Person to continent: {input}, {answer}.",
    "Give just Africa, Asia, Europe, Oceania, North America or South America for the man or woman.",
    "Where on the globe did she or he come from? I do not need the country, only the continent or Oceania.",
    "A hall of fame has a room a continent and one for Oceania. Which room shows this portrait?",
]
WORK = [
    "Which continent did the maker of this work come from (Oceania is one)?",
    "creator's continent, out of Oceania, Asia, Africa, Europe, South America, North America",
    "Think of who wrote, painted, composed or directed it; on what continent, or in Oceania, was that person at home?",
    "Please give the part of the world that produced this title, Oceania if Australia.",
    "By continent, not by country: where was the author or artist from (Oceania possible)?",
    "Title to continent of its maker, e.g. {input} to {answer}.",
    "Our library shelves books, films, music and pictures by Europe, North America, Oceania and so on. Name the shelf.",
    "Is it the work of somebody from Africa, Asia, Europe, North or South America or Oceania?",
    "The continent on which its creator's country lies, Oceania for islands of the Pacific",
]


def pairs(places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of (name, continent) those known, Europe in 58 % at most."""
    return [place for place, _ in even((each for each in places if each[1]), lambda each: each[1] == "Europe")]


def tasks() -> list[Task]:
    source = {"source": f"{cities.SOURCE}, and made here", "licence": cities.LICENCE}
    found = [Task("of-city", pairs([(each.name, continent_of(each.name, each.country)) for each in cities.cities()]),
                  CITY, "label", "City", source=cities.SOURCE, licence=cities.LICENCE)]
    for name, pool, wordings, noun in (("landmark", tables.landmarks(), LANDMARK, "Landmark"),
                                       ("brand", tables.brands(), BRAND, "Company"),
                                       ("person", tables.people(), PERSON, "Person"),
                                       ("work", tables.works(), WORK, "Title")):
        places = [(each.name, continent_of(each.name, by_name()[each.country])) for each in pool]
        found.append(Task(f"of-{name}", pairs(places), wordings, "label", noun, **source))
    return found
