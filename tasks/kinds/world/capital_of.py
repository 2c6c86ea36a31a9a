"""The capital of the country where a city, a landmark, a brand, a person or a work comes from."""

from builder import Task
from builder.pools import cities, tables
from builder.pools.cities import by_name

WORDINGS = {
    "city": [
        "What is the capital of the country that this city is in?", "capital of the city's country",
        "Name the town from which the land around this place is governed.",
        "Please tell me where the parliament of this city's nation sits; it may be the city itself.",
        "Find the country first, then give me its capital.", "City {input}, capital {answer}.",
        "To which capital would somebody from there go to see their country's president or prime minister?",
        "Seat of the national government for people in the city below",
        "The national train timetable starts with the capital. Which city is that, seen from here?",
    ],
    "landmark": [
        "What is the capital of the country that has this sight?", "capital, for a landmark",
        "I want to visit the place and also the capital of the same country. Which city is the latter?",
        "Please name the city where the government of the landmark's state works.",
        "Go from the attraction to the chief city of its land and write that down.",
        "Sight {input}, capital {answer}.", "national seat of government of the land with this spot on it",
        "The ministry of tourism that looks after this has its office in the capital, that is to say where?",
        "Which city stands with a star on the map of the country that this belongs to?",
    ],
    "brand": [
        "What is the capital of this company's home country?", "capital, for a brand",
        "The firm was founded in some land. Which city is that land governed from?",
        "Please go from the business to its nation and from there to the nation's capital.",
        "Not where its head office is, but the capital of its country of origin", "Brand {input}, capital {answer}.",
        "In which city does the government sit under which this enterprise came into being?",
        "A lobbyist of the maker travels to his or her own national parliament. To what city?",
        "Name the main city, by constitution, of the native land of the brand.",
    ],
    "person": [
        "What is the capital of the country this person came from?", "capital, for a famous man or woman",
        "He or she had a homeland; name its capital of today.",
        "Please give the city that governs the nation of the one named here.",
        "Name the seat of government of the land that counts this celebrity as its own.",
        "Person {input}, capital {answer}.",
        "A national monument to this figure is planned in the capital of the homeland. In which city, then?",
        "The chief city of his or her country, in English",
        "Nationality tells you the state, the state has a capital: what is it?",
    ],
    "work": [
        "What is the capital of the country that the maker of this work came from?", "capital, for a title",
        "Whoever created it was at home in some country. Which city governs that country now?",
        "Please think of the author, painter, composer or director and write the capital of the homeland.",
        "From masterpiece to nation to capital: only the last is wanted.", "Title {input}, capital {answer}.",
        "The national library or gallery of its creator's land is in the capital. Name the city.",
        "Seat of government of the native country of the artist behind this",
        "Where does the parliament meet that represents the creator's people?",
    ],
}


def tasks() -> list[Task]:
    every = [(each.name, each.country.capital) for each in cities.cities()]
    found = [Task("city", [pair for pair in every if pair[1]], WORDINGS["city"], "word", "City",
                  source=cities.SOURCE, licence=cities.LICENCE)]
    for name, pool, noun in (("landmark", tables.landmarks(), "Landmark"), ("brand", tables.brands(), "Company"),
                             ("person", tables.people(), "Person"), ("work", tables.works(), "Title")):
        pairs = [(each.name, by_name()[each.country].capital) for each in pool]
        found.append(Task(name, [pair for pair in pairs if pair[1]], WORDINGS[name], "word", noun))
    return found
