"""What something is: the sort of a landmark, business, work or person, or which of these it is."""

from collections import Counter
from itertools import chain

from builder import Task
from builder.pools import cities, tables

LANDMARK = [
    "What kind of landmark is this, for instance river, castle, museum or island?",
    "type of place in one lower-case noun: lake, mountain, palace, park, stadium ...",
    "Say which it is: airport, beach, bridge, castle, church, desert, island, lake, mosque, mountain, museum, palace, "
    "park, river, skyscraper, square, stadium, statue, temple, tower, university or waterfall.",
    "Please put the sight into a category such as bridge, church, square or tower.",
    "I saw the name on a map but not the symbol beside it. What is there, in a word like lake or temple?",
    "Place {input}, kind {answer}.",
    "Did nature or man make it, and what is it exactly? Give just the common noun, like waterfall or statue.",
    "A geographical or architectural term for the place below, one word, as in mountain or university",
    "If you had to draw it, what would you draw: an island, a stadium, a mosque or what?",
]
BRAND = [
    "What line of business is this brand in: cars, food, drinks, fashion, electronics, software, banking, oil, "
    "airline, shops, media, cosmetics, medicines, toys, watches, restaurants or hotels?",
    "industry of the company, e.g. cars, banking, shops or medicines",
    "What is the name known for? Answer like toys, oil, media or watches.",
    "Please sort the firm into a branch such as fashion, drinks, airline or software.",
    "Where would its annual report stand in the business pages: hotels, cosmetics, electronics, food ...?",
    "Company {input}, sector {answer}.",
    "Say what customers pay this enterprise for, with one plain word as in restaurants or cars.",
    "A trade register lists it under one heading in lower case, for example drinks, toys or banking. Under which?",
    "what it sells or runs: shops? medicines? oil? software?",
]
WORK = [
    "Is this a novel, a play, a poem, a painting, a sculpture, an opera, a ballet or a film?",
    "kind of work: film, opera, novel, painting, play, poem, ballet, sculpture",
    "Which form of art does the title belong to? Use a noun like poem or opera.",
    "Please classify the title by genre: painting, ballet, novel, film, sculpture, play, opera or poem.",
    "Would I read, watch, hear or look at it? Say more precisely what it is, like film or painting.",
    "Title {input}, form {answer}.",
    "An archive has boxes labelled novel, film, opera and so forth; name the right box.",
    "What is it that carries this famous name? One of the arts' products in a single word, as in play",
    "In a quiz on culture the category is asked: painting, ballet, sculpture, poem or another?",
]
PERSON = [
    "What was this person: writer, painter, composer, singer, actor, scientist, philosopher, leader, explorer or "
    "athlete?",
    "occupation in one word, e.g. writer, scientist, athlete, leader (for rulers and politicians)",
    "For what sort of achievement is the name famous? Answer as in painter, explorer or singer.",
    "Please tell me the profession, from the list actor, athlete, composer, explorer, leader, painter, philosopher, "
    "scientist, singer, writer.",
    "The encyclopedia calls him or her a ... . Fill in composer, actor, philosopher or the like.",
    "Person {input}, profession {answer}.",
    "How did she or he earn a place in history, as a leader, an athlete, a painter or as something else?",
    "Put the celebrity in a drawer: scientist, singer, writer, explorer ...",
    "What stands after the name on the plaque, one lower-case noun such as philosopher or composer?",
]
ANY = [
    "Is this the name of a city, a person, a company, a landmark or a work?",
    "city / company / landmark / person / work",
    "Work out what bears this name and answer with person, city, work, landmark or company.",
    "Please label the proper name: company for brands and firms, work for titles, landmark for sights, person or city.",
    "Who or what is it? One of five labels: landmark, company, city, work, person.",
    "Entity type wanted, as in {input} = {answer}.",
    "In an index of names, does this belong to the people, the cities, the firms, the sights or the titles? Reply by "
    "person, city, company, landmark or work.",
    "kind of named thing, out of work, person, landmark, city, company",
    "A reader does not recognise the name. Explain with a single word whether it is a city, person, company, landmark "
    "or work.",
]

# Of two sorts: a town and what stands in it, a founder and the firm, a ruler and the opera.
TWOFOLD = set("Cambridge|Luton|Versailles|Fontainebleau|Como|Garda|Berkeley|Princeton|Stanford|Orly|Banff|Jasper|"
              "Gatwick|Stansted|Pompeii|Troy|Ephesus|Carthage|Hollywood|Windermere|Balmoral|Bled|Delphi|Himeji|Narita|Lalibela|"
              "Ralph Lauren|Calvin Klein|Tommy Hilfiger|Yves Saint Laurent|Hugo Boss|Fred Perry|Louis Vuitton|Jim Beam|"
              "Jack Daniel's|Patek Philippe|Johnnie Walker|Jose Cuervo|Massimo Dutti|Juan Valdez|Albert Heijn|"
              "Eli Lilly|Boris Godunov|Cyrano de Bergerac|Macbeth|Billy Budd|Rob Roy".split("|"))


def given_away(each: tables.Known) -> bool:
    return each.sort in each.name.lower()


def of_any() -> list[tuple[str, str]]:
    pools = (("landmark", tables.landmarks()), ("work", tables.works()), ("person", tables.people()),
             ("company", tables.brands()), ("city", cities.cities()))
    counts = Counter(each.name for _, pool in pools for each in pool)
    clear = ([(each.name, label) for each in pool if counts[each.name] == 1 and each.name not in TWOFOLD]
             for label, pool in pools)
    return list(chain.from_iterable(zip(*clear, strict=False)))


def tasks() -> list[Task]:
    landmarks = [(each.name, each.sort) for each in tables.landmarks() if each.sort and not given_away(each)]
    return [
        Task("landmark", landmarks, LANDMARK, "label", "Landmark"),
        *(Task(name, [(each.name, each.sort) for each in pool if not given_away(each)], wordings, "label", noun)
          for name, pool, wordings, noun in (("brand", tables.brands(), BRAND, "Company"),
                                             ("work", tables.works(), WORK, "Title"),
                                             ("person", tables.people(), PERSON, "Person"))),
        Task("any", of_any(), ANY, "label", "Name", source=f"{cities.SOURCE}, and made here",
             licence=cities.LICENCE),
    ]
