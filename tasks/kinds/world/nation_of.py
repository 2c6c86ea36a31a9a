"""The nationality or the language that goes with a city, a landmark, a brand, a person or a work."""

from builder import Task
from builder.pools import cities, tables

# Where most people speak one language, or one is known as the country's.
LANGUAGES = {
    "French": "FR", "English": "GB US AU NZ IE BS BB", "German": "DE AT", "Italian": "IT", "Japanese": "JP",
    "Spanish": "ES MX AR CL PE CO VE EC BO UY CU DO PA NI HN SV", "Portuguese": "PT BR", "Russian": "RU",
    "Arabic": "EG MA DZ TN LY SA OM BH YE JO SY LB IQ SD", "Chinese": "CN TW", "Korean": "KR KP",
    "Dutch": "NL SR", "Swedish": "SE", "Norwegian": "NO", "Danish": "DK", "Finnish": "FI", "Icelandic": "IS",
    "Polish": "PL", "Czech": "CZ", "Slovak": "SK", "Hungarian": "HU", "Romanian": "RO MD", "Bulgarian": "BG",
    "Greek": "GR", "Turkish": "TR", "Ukrainian": "UA", "Serbian": "RS", "Croatian": "HR", "Slovenian": "SI",
    "Albanian": "AL", "Estonian": "EE", "Latvian": "LV", "Lithuanian": "LT", "Thai": "TH", "Vietnamese": "VN",
    "Persian": "IR", "Hebrew": "IL", "Nepali": "NP", "Bengali": "BD", "Burmese": "MM", "Khmer": "KH",
    "Indonesian": "ID", "Malay": "MY", "Mongolian": "MN", "Georgian": "GE", "Armenian": "AM", "Maltese": "MT",
}
# Where another one is spoken, too.
OTHER = set("Lhasa|Nazareth|Erbil|Mosul|Barcelona|Valencia|Bilbao|Kharkiv|Odesa|Donetsk|Mariupol|Miami|Tabriz|"
            "Urmia|George Town|Johor Bahru|Potala Palace|Sagrada Familia|Camp Nou|Park Guell|Ibiza|Majorca|"
            "Menorca".split("|"))
LANGUAGE = {code: name for name, codes in LANGUAGES.items() for code in codes.split()}

WORDINGS = {
    "city-language": [
        "Which language do most people speak in this city?", "main language of the town",
        "Name the tongue that street signs there are written in, in English, like Turkish or Portuguese.",
        "Please tell me which language I should learn before I move to this place.",
        "In what language would a local newspaper of the city be printed?", "City {input}, language {answer}.",
        "I need an interpreter for a visit to this city. For which language?",
        "The everyday speech of the inhabitants, by its English name",
        "What is the mother tongue of most children there? Its English name, please.",
    ],
    "landmark-language": [
        "What language is spoken where this sight is?", "national language around the landmark",
        "A guide at this place talks to the locals. In which tongue?",
        "Please name, in English, the language of the country that has this attraction.",
        "Which phrase book should a traveller to this spot buy?", "Sight {input}, language {answer}.",
        "The information board in front of it is in the country's own language. Which is that?",
        "speech of the people living near it, e.g. Greek or Korean",
        "Say which language the ticket sellers there speak at home.",
    ],
    "city-nationality": [
        "Which adjective of nationality describes this city?",
        "is it a French, a Polish, an Indian city? one adjective",
        "Fill in with a country's adjective: the well-known ... town.",
        "Please give the word, such as Danish or Kenyan, for belonging to the country of this city.",
        "What nationality do natives of the place normally have?", "City {input}, adjective {answer}.",
        "Turn the city's country into the adjective that goes in front of passport.",
        "demonym adjective for the state around this town",
        "A story from there stands in the paper under the heading ... affairs. Which adjective of a country?",
    ],
    "brand-nationality": [
        "Which nationality does this company have?", "brand: German, Swedish, Chinese or what else? adjective only",
        "Complete the report with an adjective of origin: the ... firm announced new plans.",
        "Please characterise the business by where it was founded, in one word like Italian.",
        "What sort of brand is it by nation? One adjective.", "Company {input}, adjective {answer}.",
        "A journalist introduces the maker as the Spanish, Danish or some other giant. Which word is right here?",
        "the adjective made from the name of this enterprise's home country",
        "Say of which nationality the founder's firm is, British for anything from the United Kingdom.",
    ],
    "person-nationality": [
        "What nationality did this person have?", "English, Scottish and Welsh count as British; adjective wanted",
        "Complete the first line of the biography by a nationality: he or she was a ... celebrity.",
        "Please give the nationality of the famous man or woman in one word, like Norwegian.",
        "In a quiz they ask: American, French, Russian or which other?", "Person {input}, nationality {answer}.",
        "The adjective derived from the home country of whoever bears this name",
        "Of which nation was she or he a member? Reply as in Japanese or Polish.",
        "passport nationality, historical people by the country of today",
    ],
    "work-nationality": [
        "Which nationality did the maker of this work have?", "creator's nationality, adjective",
        "Complete the catalogue entry with an adjective of nation: by a ... artist or author.",
        "Please say, in one word such as Irish or Mexican, what the creator of the title was by nation.",
        "Is it the work of a Frenchman, a Briton, an American? Give the adjective for that nation.",
        "Title {input}, its maker {answer}.", "nation's adjective for whoever wrote, painted, composed or directed it",
        "Of what nationality was the mind behind this masterpiece?",
        "Under which heading, like Swedish culture, would the title be listed? Only the first word of it.",
    ],
}


def nationalities(pool: list[tables.Known]) -> list[tuple[str, str]]:
    pairs = [(each.name, tables.NATIONALITIES.get(each.country, "")) for each in pool]
    return [pair for pair in pairs if pair[1] and pair[1] != "New Zealand"]


def tasks() -> list[Task]:
    every = [(each.name, each.country) for each in cities.cities()]
    places = [(each.name, cities.by_name()[each.country]) for each in tables.landmarks()]
    nations = [(name, tables.NATIONALITIES.get(country.name, "")) for name, country in every]
    speaking = [[(name, LANGUAGE[country.code]) for name, country in pool
                 if country.code in LANGUAGE and name not in OTHER]
                for pool in (every, places)]
    geonames = {"source": cities.SOURCE, "licence": cities.LICENCE}
    return [
        Task("city-language", speaking[0], WORDINGS["city-language"], "word", "City", **geonames),
        Task("landmark-language", speaking[1], WORDINGS["landmark-language"], "word", "Landmark"),
        Task("city-nationality", [pair for pair in nations if pair[1] not in ("", "New Zealand")],
             WORDINGS["city-nationality"], "word", "City", **geonames),
        *(Task(f"{name}-nationality", nationalities(pool), WORDINGS[f"{name}-nationality"], "word", noun)
          for name, pool, noun in (("brand", tables.brands(), "Company"), ("person", tables.people(), "Person"),
                                   ("work", tables.works(), "Title"))),
    ]
