"""Whether something holds of a city or a landmark."""

from builder import Task
from builder.pools import cities, tables
from builder.pools.cities import City, by_name, continent_of
from builder.pools.even import even
from builder.pools.tables import Known

NATURAL = {"island", "mountain", "lake", "river", "desert", "waterfall", "beach"}
DOUBTFUL = {"Palm Jumeirah", "Murano", "Suomenlinna", "IJsselmeer", "Lake Volta", "Alcatraz", "Robben Island"}
MONARCHIES = "GB NL BE ES SE NO DK JP TH SA AE MA JO MY CA AU NZ KH BT QA OM BH JM BS PG".split()
# Where English is an official language, but not that of most homes.
OFFICIAL = {"South Africa", "Botswana", "Namibia", "Kenya", "Tanzania", "Ghana", "Singapore", "Philippines", "Malta"}
ENGLISH = {"United Kingdom", "Ireland", "United States", "Canada", "Australia", "New Zealand"}


def continent(landmark: Known) -> str:
    return continent_of(landmark.name, by_name()[landmark.country])


def city_continent(city: City) -> str:
    return continent_of(city.name, city.country)


def clear(landmark: Known) -> bool:
    """Whether everybody will say that it is of nature or that it is built."""
    return landmark.sort not in ("", "park") and landmark.name not in DOUBTFUL


# Name: (what can be asked about, what holds, wordings).
CITY = {
    "city-capital": (lambda each: each.country.capital, lambda each: each.capital, [
        "Is this city the capital of its country? yes or no", "national capital: yes/no",
        "Answer yes if the government of the country sits in this town, otherwise no.",
        "Please say by yes or no whether a map would mark it with the symbol of a capital.",
        "yes for a capital city of a state, no for any other town",
        "Does the national parliament meet here? Reply with yes or no only.",
        "My quiz card asks if this one governs its country. What do I tick, yes or no?",
        "Capital or not: {input} gets {answer}.", "Seat of the head of state's government? (yes, no)"]),
    "city-europe": (city_continent, lambda each: city_continent(each) == "Europe", [
        "Is this city in Europe? yes or no", "European town: yes/no",
        "Write yes when the place lies on the same continent as France and Poland, no when it does not.",
        "Please tell me, yes or no, if its inhabitants are Europeans.",
        "Europe gets a yes, every other continent a no.",
        "Does it lie on the continent that Vienna and Oslo lie on? Yes or no.",
        "Of all cities, only those on the old continent shall pass: does this pass, yes or no?",
        "On European soil? {input} gets {answer}.", "Is it a place for a tour of Europe (yes, no)?"]),
    "city-asia": (city_continent, lambda each: city_continent(each) == "Asia", [
        "Is this city in Asia? yes or no", "Asian town: yes/no",
        "Write yes when the place lies on the same continent as India and Japan, no when it does not.",
        "Please tell me, yes or no, if this counts among the cities of the largest continent.",
        "Asia gets a yes, all the rest a no.",
        "A magazine on Asian cities asks for articles. Would one about this fit? Yes or no.",
        "The continent of China, Iran and Vietnam: is the town there, yes or no?",
        "On Asian soil? {input} gets {answer}.", "Does somebody who lives there live in Asia (yes, no)?"]),
    "city-crown": (lambda each: True, lambda each: each.country.code in MONARCHIES, [
        "Does this city's country have a monarch as head of state? yes or no", "kingdom, emirate or the like: yes/no",
        "Write yes if a king, queen, emperor, emir or sultan stands above the government there, no for a republic.",
        "Please tell me whether people in the town live under a crown, by yes or no.",
        "Monarchies get a yes, republics a no; Canada and other realms of the British king are monarchies.",
        "Is there a royal family, reigning even if not ruling, in the state around it? Yes or no.",
        "In a republic say no, in a monarchy say yes: what about the land of this city?",
        "Crowned head of state? {input} gets {answer}.", "Could its citizens toast their king or queen (yes, no)?"]),
}
LANDMARK = {
    "landmark-natural": (clear, lambda each: each.sort in NATURAL, [
        "Is this sight a piece of nature rather than something built? yes or no", "nature: yes; building: no",
        "Write yes for mountains, waters, islands and deserts, no for what people have built.",
        "Please tell me, yes or no, whether I should bring hiking boots or a boat instead of a book on architecture.",
        "Leave buildings to others: does this belong to geography, yes or no?",
        "Would it be a green, blue or sandy place, yes, or one of stone, steel and glass, no?",
        "Landscape, yes or no? {input} gets {answer}.", "Can it be called part of the natural world (yes, no)?",
        "No architect drew it: yes or no?"]),
    "landmark-europe": (continent, lambda each: continent(each) == "Europe", [
        "Is this landmark in Europe? yes or no", "European sight: yes/no",
        "Write yes if it could stand in a guide to Europe, no if another continent has it.",
        "Please say whether the attraction is on the continent of Spain, Norway and Greece: yes, it is, or no.",
        "Europe means yes; Asia, Africa, Oceania and both Americas mean no.",
        "A coach tour never leaves Europe. Can it include this sight, yes or no?",
        "On a globe, would my finger touch Europe at this place? Yes or no.",
        "In Europe? {input} gets {answer}.", "Do Europeans have it on their own continent (yes, no)?"]),
    "landmark-english": (lambda each: each.country not in OFFICIAL, lambda each: each.country in ENGLISH, [
        "Is this sight in a country where most people speak English? yes or no", "English-speaking land: yes/no",
        "Write yes if it is in Britain, Ireland, the United States, Canada, Australia or New Zealand, no otherwise.",
        "Please say, yes or no, if I can talk to the people around it in the tongue of Shakespeare as their own.",
        "The main language there is English: yes. It is another one: no.",
        "Will I do without a phrase book at this place, being from London? Yes or no.",
        "London, Dublin, Sydney, Chicago, Toronto, Auckland: does it share their language, yes or no?",
        "Where English is at home? {input} gets {answer}.",
        "Are ticket sellers here native speakers of English (yes, no)?"]),
}


def tasks() -> list[Task]:
    found = []
    for pool, questions, noun, source in ((cities.cities(), CITY, "City", (cities.SOURCE, cities.LICENCE)),
                                          (tables.landmarks(), LANDMARK, "Landmark", ("made here", "Apache-2.0"))):
        for name, (known, holds, wordings) in questions.items():
            asked: list[City | Known] = [each for each in pool if known(each)]
            pairs = [(each.name, "yes" if held else "no") for each, held in even(asked, holds)]
            found.append(Task(name, pairs, wordings, "yes-no", noun, source=source[0], licence=source[1]))
    return found
