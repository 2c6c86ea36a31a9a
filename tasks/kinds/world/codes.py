"""A code of the country where something is: of two letters, its currency's, for telephone or web."""

from builder import Task
from builder.pools import cities, tables
from builder.pools.cities import Country, by_name

CHANGING = "BG SL ZW SV PA".split()        # whose currency has changed or is one of two

WORDINGS = {
    "city-country": [
        "Give the ISO code of two letters for this city's country.", "country code of the city, as in FR or JP",
        "Which two capital letters stand for the land where this town is (GB for the United Kingdom)?",
        "Please abbreviate the country around this city the way parcel labels do, in two capitals.",
        "alpha-2 code for where it lies", "City {input}, code {answer}.",
        "I fill in a form that has a field of exactly two letters for the country. What do I type for this place?",
        "Not the country's name but its short international code, upper case, for a city",
        "Look up the city's nation in the ISO 3166 list and copy the two-letter entry.",
    ],
    "city-currency": [
        "Give the code of three letters of the money used in this city.", "currency code where the city is",
        "Which ISO 4217 code, like USD or EUR, do prices there have?",
        "Please say in what currency I would pay in town, with three capital letters.",
        "At an exchange counter I want cash for a trip to this place. Which abbreviation do I ask for?",
        "City {input}, money {answer}.", "three-letter symbol of the local money",
        "Wages in this town are paid in something. Write its international code, upper case.",
        "Bank form, field currency (ISO code), account in the city below: fill it in.",
    ],
    "city-calling": [
        "What is the international dialling code of this city's country, in digits alone?",
        "telephone code, digits only, no plus",
        "To call somebody in this town from abroad, which number of the country do I dial after the plus sign?",
        "Please give the country calling code for the place, without 00 or +.",
        "Phone numbers there start with + and these digits when written for foreigners. Give the digits.",
        "City {input}, dial {answer}.", "country prefix for calls to it, bare digits",
        "A contact of mine lives in this city. Which one to three digits open the number on my phone?",
        "Numeric telephone prefix of the nation around the city, like 44 or 1",
    ],
    "city-web": [
        "Which ending do web addresses of this city's country have, such as .fr?", "top-level domain, with the dot",
        "Give the internet suffix of the land where the town is, such as .de or .jp.",
        "Please finish the web address of a local newspaper there: the dot and two small letters.",
        "City {input}, domain {answer}.", "country domain for the place, starting with a full stop",
        "A shop in this city registers its site under the national domain. How does the address end, from the dot on?",
        "The ccTLD of where it is, with its dot",
        "If the name of the site is chosen, what follows it in that country's domain, dot and all?",
    ],
    "brand-country": [
        "Give the two-letter code of the country this company comes from.", "brand's origin as an ISO code, e.g. DE",
        "Which pair of capitals stands for the firm's homeland (GB for the United Kingdom)?",
        "Please write the alpha-2 abbreviation of the land where the business was founded.",
        "Our table of brands has a column of two characters for the country. What goes in there?",
        "Brand {input}, code {answer}.", "short country label, two upper-case letters, for a company",
        "Where was the maker set up? Reply with the international code, not with the name.",
        "ISO 3166 entry of the enterprise's native country, two letters",
    ],
    "landmark-currency": [
        "With which currency, as a three-letter code, do I pay for a ticket to this sight?",
        "money used around the landmark, ISO code", "Give the code (like JPY or GBP) of the coins in use there.",
        "Please tell me what money tourists need at this place; three capitals are enough.",
        "A kiosk beside the attraction sells postcards. In what do the prices stand? Abbreviate it.",
        "Sight {input}, cash {answer}.", "currency of the country that has this place, three upper-case letters",
        "Before travelling to see it I change my savings into something with which code?",
        "Write the ISO 4217 symbol of the landmark's country.",
    ],
}


def used(country: Country) -> str:
    return "" if country.code in CHANGING else country.currency


def tasks() -> list[Task]:
    every = [(each.name, each.country) for each in cities.cities()]
    brands = [(each.name, by_name()[each.country]) for each in tables.brands()]
    landmarks = [(each.name, by_name()[each.country]) for each in tables.landmarks()]
    found = []
    for name, pool, code, form, noun in (
            ("city-country", every, lambda country: country.code, "code", "City"),
            ("city-currency", every, used, "code", "City"),
            ("city-calling", every, lambda country: country.phone if country.phone.isdigit() else "", "number", "City"),
            ("city-web", every, lambda country: country.tld, "code", "City"),
            ("brand-country", brands, lambda country: country.code, "code", "Company"),
            ("landmark-currency", landmarks, used, "code", "Landmark")):
        pairs = [(text, code(country)) for text, country in pool if code(country)]
        found.append(Task(name, pairs, WORDINGS[name], form, noun, source=cities.SOURCE, licence=cities.LICENCE))
    return found
