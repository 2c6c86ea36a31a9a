"""The country of a city, a landmark, a brand, a person or a work."""

from builder import Task
from builder.pools import cities, tables

CITY = [
    "In which country does this city lie?", "country of the city",
    "Name the country, by its common English name, to which the town belongs.",
    "Please tell me what country I would be in if I walked through its streets.",
    "I only know the city. Complete the address with the country.",
    "The state whose government this municipality is subject to, e.g. United Kingdom and not England",
    "Postcard from there: which nation's stamp is on it? Give the name of the nation.",
    "City to country, as {input} to {answer}.",
    "Where in the world is that? Answer with one country and nothing else.",
]
LANDMARK = [
    "Which country would you travel to in order to see this sight?", "land where the place stands or flows",
    "Give the country that has this landmark, with its usual English name.",
    "A tourist wants to visit the place below. Please say which nation has it on its soil.",
    "Sight to country: {input} means {answer}.",
    "Name the state on whose territory this building, mountain, water or park is found.",
    "My travel guide has a chapter a country. In which chapter do I look this up?",
    "What land has this among its attractions?", "The sight's country, please; United States in full, not USA.",
]
BRAND = [
    "Which country does this company come from?", "home country of the brand",
    "State where the firm was founded, as the name of a country in English.",
    "Please look behind the logo and tell me in what land the business started.",
    "The brand has customers everywhere, but only one homeland. Which?",
    "Name the nation whose economy this enterprise grew up in.",
    "Company to country of origin, as {input} to {answer}.",
    "Where was the maker with this name set up? One country, written out in full.",
    "I collect brands by land. Under which land do I file this one?",
]
PERSON = [
    "Which country did this person come from?", "homeland of the man or woman named",
    "Give the country that counts this celebrity among its own, United Kingdom instead of England or Scotland.",
    "Please name the state, under its present name, that the historical or living figure belongs to.",
    "Whose passport does or would he or she hold? Answer with the country.",
    "Famous person to native land: {input}, {answer}.",
    "On an encyclopedia's map of the famous, in what country is the pin of this one?",
    "What nation can be proud of this name? Write the nation, no adjective.",
    "From where was she or he? country only",
]
WORK = [
    "From which country was whoever made this work?", "home country of the author, artist, composer or director",
    "Give the land that this title's creator came from.",
    "Think of who wrote, painted, composed or filmed it, and please name that person's native country.",
    "In what national section of a museum of world culture would this stand? Answer with the country.",
    "A title stands here; what I need is the country its maker belonged to, such as France or Japan.",
    "Work to maker's country, e.g. {input} to {answer}.", "Which nation gave us this masterpiece?",
    "creator's homeland, in English and spelled out",
]


def tasks() -> list[Task]:
    made = [Task(f"of-{name}", [(each.name, each.country) for each in pool], wordings, "word", noun)
            for name, pool, wordings, noun in (("landmark", tables.landmarks(), LANDMARK, "Landmark"),
                                               ("brand", tables.brands(), BRAND, "Company"),
                                               ("person", tables.people(), PERSON, "Person"),
                                               ("work", tables.works(), WORK, "Title"))]
    return [Task("of-city", [(each.name, each.country.name) for each in cities.cities()], CITY, "word", "City",
                 source=cities.SOURCE, licence=cities.LICENCE), *made]
