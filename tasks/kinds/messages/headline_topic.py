"""The section of a newspaper that a headline belongs to."""

from builder import Task
from builder.pools.even import even
from builder.pools.headlines import SAID, headlines

TOPIC = [
    "Which section: sport, politics, business, science or culture?",
    "Label the headline with culture, business, science, politics or sport.",
    "news topic (business/culture/politics/science/sport)",
    "Please file this under one of the desks science, sport, culture, business, politics.",
    "What is the article about, in one word out of politics, sport, business, culture, science?",
    "Section (sport, politics, business, science, culture): {input} -> {answer}",
    "A news site has tabs named sport, science, politics, culture and business. On which tab is this?",
    "Choose the part of the paper that prints it: politics, culture, sport, science, business.",
]
LETTER = [
    "Give the section as a letter: S sport, P politics, B business, R research, C culture.",
    "Which letter does the archive use here? B business, C culture, P politics, R research and science, S sport.",
    "one capital: R(esearch), C(ulture), S(port), B(usiness), P(olitics)",
    "Please code the subject by the capital initial of politics, sport, research, culture or business.",
    "Letter (S sport, P politics, B business, R research, C culture): {input} -> {answer}",
    "News about studies gets R, matches S, parliaments P, companies B, the arts C. What does this get?",
    "Shorten the fitting one of research, business, culture, sport, politics to its first letter, upper case.",
    "Stamp the clipping with C, P, R, S or B (culture, politics, research, sport, business).",
]
PAGE = [
    "On which page is it: 1 sport, 2 politics, 3 business, 4 science, 5 culture?",
    "Sport is category 1, politics 2, business 3, science 4, culture 5. Give the category number.",
    "class id 1-5 (sport, politics, business, science, culture)",
    "Please answer with the class index, counting from one in the order sport, politics, business, science, culture.",
    "Page (sport 1, politics 2, business 3, science 4, culture 5): {input} -> {answer}",
    "Channel 1 shows sport, 2 politics, 3 business, 4 science and 5 culture. Which channel has this news?",
    "Number of the drawer for the clipping; from the top: sport, politics, business, science, culture",
    "Write 5 for the arts, 4 for research, 3 for the economy, 2 for government, 1 for games and matches.",
]
YES_NO = {
    "politics-or-business": (("politics", "business"), [
        "Is it political or economic news? yes or no", "Does the headline belong to politics or business?",
        "politics or business: yes/no",
        "Please say yes if the state or the economy is the subject, no for sport, science and the arts.",
        "Would the desk for government and trade print this, rather than those for sport, science and the arts? Lower "
        "case, yes or no.", "State and economy: yes. Everything else: no.", "Power or money? {input} -> {answer}",
        "Is this about laws, elections, ministers, diplomats, firms, markets or the like? Just yes or no."]),
    "sport-or-culture": (("sport", "culture"), [
        "Is it sport or culture? yes or no",
        "Does the headline belong to the leisure pages, those on games and the arts?", "sport or arts: yes/no",
        "Please say yes if sport or art in any form is the subject, no for politics, business and science.",
        "Does it come from the world of stadiums, stages, novels and museums? Lower case, yes or no.",
        "Matches and shows: yes. Everything else: no.", "Games or arts? {input} -> {answer}",
        "Is this about teams, matches, films, music, books, museums or the like? Just yes or no."]),
    "science": (("science",), [
        "Is it science news? yes or no", "Does the headline report on research?", "science: yes/no",
        "Please say yes if scholars or their instruments found, measured or examined something, otherwise no.",
        "Would a journal of natural science care about the article? Lower case, yes or no.",
        "Research: yes. Sport, politics, business and culture: no.", "Research? {input} -> {answer}",
        "Do we read of a discovery, an experiment or an observation here? Just yes or no."]),
}
COUNTRY = [
    "Which country is named in the headline?", "Copy the name of the country.", "country only",
    "Please extract the nation that the news concerns.", "Where does it happen, or who is involved? One country.",
    "Country: {input} -> {answer}", "Whose flag would illustrate the article? Write that land's name.",
    "I collect news by country. In which folder does this one go?",
]


def tasks() -> list[Task]:
    known, topics = headlines(), list(SAID)
    made = [("topic", [(each.text, each.topic) for each in known], TOPIC, "label"),
            ("letter", [(each.text, "R" if each.topic == "science" else each.topic[0].upper()) for each in known],
             LETTER, "letter"),
            ("page", [(each.text, str(topics.index(each.topic) + 1)) for each in known], PAGE, "number"),
            ("country", [(each.text, each.country) for each in known], COUNTRY, "word")]
    for name, (wanted, wordings) in YES_NO.items():
        pairs = even(known, lambda each, wanted=wanted: each.topic in wanted)
        made.append((name, [(each.text, "yes" if held else "no") for each, held in pairs], wordings, "yes-no"))
    return [Task(name, pairs, wordings, form, "Headline") for name, pairs, wordings, form in made]
