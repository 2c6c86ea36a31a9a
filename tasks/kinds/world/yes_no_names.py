"""Whether something holds of a person, a brand or a work."""

from builder import Task
from builder.pools import cities, tables
from builder.pools.even import even
from builder.pools.tables import Known

EATEN = {"food", "drinks", "restaurants"}


def european(each: Known) -> bool:
    return cities.by_name()[each.country].continent == "Europe"


def placed(each: Known) -> bool:
    return bool(cities.by_name()[each.country].continent)


def always(_: Known) -> bool:
    return True


def dated(each: Known) -> bool:
    return each.year > 0


def modern(each: Known) -> bool:
    return each.year > 1900


# Name: (what can be asked about, what holds, wordings).
PERSON = {
    "person-writer": (always, lambda each: each.sort == "writer", [
        "Was this person a writer? yes or no", "author, poet or playwright: yes/no",
        "Write yes if the name stands on the covers of novels, plays or poems as their author, otherwise no.",
        "Please tell me, yes or no, whether to look for this celebrity in a history of literature.",
        "Literature gets a yes; music, science, art, sport and politics get a no.",
        "Did he or she live by the pen? Yes or no.", "Writer or not: {input}, {answer}.",
        "Could the bookshop have a shelf of this one's works of fiction or verse (yes, no)?",
        "A literary name? Reply with yes or with no."]),
    "person-modern": (dated, modern, [
        "Was this person born after 1900? yes or no", "born 1901 or later: yes/no",
        "Write yes for somebody whose birthday is in the twentieth century or after, no for anybody earlier.",
        "Please say by yes or no if the life of the one named began when there were already aeroplanes and radios.",
        "People of the last hundred or so years: yes. People born in 1900 or before: no.",
        "Could a grandmother of ours have gone to school with him or her? Born past 1900 is yes, else no.",
        "Modern birth date? {input}, {answer}.",
        "Did she or he come into the world only after the nineteenth century was over (yes, no)?"]),
    "person-european": (placed, european, [
        "Was this person from Europe? yes or no", "European celebrity: yes/no",
        "Write yes when the homeland is a country like France, Poland or Sweden, no when it is overseas.",
        "Please tell me whether the famous man or woman came from the continent of Rome and London, by yes or no.",
        "Europeans are yes, Americans, Asians, Africans and Australians are no.",
        "Would a gallery of great Europeans hang a portrait of this one? Yes or no.",
        "Origin in Europe? {input}, {answer}.",
        "Home on the old continent, yes or no, for whoever bears this name"]),
}
BRAND = {
    "brand-european": (placed, european, [
        "Is this a European company? yes or no", "brand from Europe: yes/no",
        "Write yes if the firm started in a country such as Italy or Germany, no if in America, Asia or elsewhere.",
        "Please tell me whether buying from this maker means buying European, by yes or no.",
        "yes to European businesses, no to all the others",
        "Was the enterprise born on the continent of Madrid and Berlin? Yes or no.",
        "Europe's own? {input}, {answer}.",
        "Does the brand have its roots between Lisbon and Warsaw, roughly (yes, no)?"]),
    "brand-edible": (always, lambda each: each.sort in EATEN, [
        "Is this brand about eating or drinking? yes or no", "food, drinks or restaurants: yes/no",
        "Write yes if the company feeds people or quenches their thirst, no if it sells anything else.",
        "Please say whether its products go into the mouth, by a plain yes or no.",
        "Could I have it for lunch or in a glass? Yes or no.",
        "yes for meals and beverages; no for cars, clothes, banks, gadgets and the like",
        "Edible or drinkable? {input}, {answer}.", "Does it stand for what kitchens and bars offer (yes, no)?"]),
    "brand-american": (always, lambda each: each.country == "United States", [
        "Is this an American company? yes or no", "brand from the United States: yes/no",
        "Write yes if the firm was founded in the USA, no if it was founded anywhere else.",
        "Please tell me if the logo stands for business made in America, yes or no.",
        "Stars and stripes get a yes, any other flag gets a no.",
        "Does this enterprise come from the country of New York and Chicago? Yes or no.",
        "US origin? {input}, {answer}.", "Is it a business of the States by birth (yes, no)?"]),
}
WORK = {
    "work-novel": (always, lambda each: each.sort == "novel", [
        "Is this the title of a novel? yes or no", "novel: yes/no",
        "Write yes if it is a long story in prose to be read, no if it is a film, a picture, a stage work or a poem.",
        "Please say by yes or no whether I should search for the title among novels.",
        "Stories in book form get a yes, everything else that art has made gets a no.",
        "Could one read it in bed, chapter by chapter? Yes or no.", "Prose fiction? {input}, {answer}.",
        "Does a novelist's fame rest on it (yes, no)?"]),
    "work-modern": (dated, modern, [
        "Was this work made after 1900? yes or no", "from the twentieth or twenty-first century: yes/no",
        "Write yes if it is of 1901 or later, no if it is older.",
        "Please tell me whether the title first came before the public in the age of cars and electricity, yes or no.",
        "Everything that the nineteenth century or earlier ones left us is a no, the rest a yes.",
        "Could the first audience, readers or viewers have owned a telephone? From 1901 on say yes, else no.",
        "Modern? {input}, {answer}.", "Is it younger than the year 1900 (yes, no)?"]),
}


def tasks() -> list[Task]:
    found = []
    for pool, questions, noun in ((tables.people(), PERSON, "Person"), (tables.brands(), BRAND, "Company"),
                                  (tables.works(), WORK, "Title")):
        for name, (known, holds, wordings) in questions.items():
            pairs = [(each.name, "yes" if held else "no") for each, held in even(filter(known, pool), holds)]
            found.append(Task(name, pairs, wordings, "yes-no", noun))
    return found
