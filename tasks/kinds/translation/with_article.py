"""A noun in French, German, Spanish, Italian, Portuguese or Dutch, with its definite article."""

from builder import Task
from builder.pools import dictionary

WORDINGS = {
    "fr": [
        "Translate into French with the definite article, such as la mer or l'air.", "French with le, la or l'",
        "Say the ... in French: article and noun, lower case.",
        "Please give both the French noun and the le, la or l' before it.",
        "the {input}, in French: {answer}.",
        "Put the definite article before the English word, then turn both into French.",
        "A Parisian child learns nouns together with the definite article. How would it learn this one?",
        "French vocabulary card, noun preceded by article",
        "Which two words of French, or one with l', mean the + this?",
    ],
    "de": [
        "Translate into German with the article der, die or das.", "German with der, die or das",
        "Say the ... in German: definite article in lower case, noun with a capital.",
        "Please give both the German noun and the nominative article that tells its gender.",
        "the {input}, in German: {answer}.",
        "Put the definite article before the English word, then turn both into German.",
        "Pupils in Berlin's language schools learn a noun with der, die or das. How is this one learned?",
        "German vocabulary card, article first, such as das Meer", "Artikel und Hauptwort auf Deutsch",
    ],
    "es": [
        "Translate into Spanish with the article el or la.", "Spanish with el or la",
        "Say the ... in Spanish: article, then noun.", "Please give the noun as in Spain, with its definite article.",
        "the {input}, in Spanish: {answer}.",
        "Put the definite article before the English word, then turn both into Spanish.",
        "How would a teacher in Salamanca write the thing on the board, noun and el or la together?",
        "Spanish vocabulary card, such as la mesa or el sol", "artículo y sustantivo en español",
    ],
    "it": [
        "Translate into Italian with the article il, lo, la or l'.", "Italian with its article",
        "Say the ... in Italian: il, lo, la or l' and the noun.",
        "Please give the Italian noun in the singular with the definite article that it needs.",
        "the {input}, in Italian: {answer}.",
        "Put the definite article before the English word, then turn both into Italian.",
        "In a course in Florence every new noun gets its article, as in lo zio. What do I write for this?",
        "Italian vocabulary card: definite article + noun", "articolo e nome in italiano",
    ],
    "pt": [
        "Translate into Portuguese with the article o or a.", "Portuguese with o or a",
        "Say the ... in Portuguese: article, then noun.",
        "Please give the noun in Portuguese and before it the definite article.",
        "the {input}, in Portuguese: {answer}.",
        "Put the definite article before the English word, then turn both into Portuguese.",
        "How would a primer from Lisbon show the thing, noun and article together, like o sol?",
        "Portuguese vocabulary card, article first", "artigo e substantivo em português",
    ],
    "nl": [
        "Translate into Dutch with the article de or het.", "Dutch with de or het",
        "Say the ... in Dutch: article, then noun.",
        "Please give the word in Dutch with the definite article that goes with it.",
        "the {input}, in Dutch: {answer}.",
        "Put the definite article before the English word, then turn both into Dutch.",
        "Newcomers in Amsterdam learn each noun along with de or het. What do they learn for this?",
        "Dutch vocabulary card, such as het water or de zon", "lidwoord en woord in het Nederlands",
    ],
}


def tasks() -> list[Task]:
    found = []
    for code, wordings in WORDINGS.items():
        pairs = [(row["en"][0], dictionary.with_article(code, *row[code])) for row in dictionary.rows()
                 if code in row and row[code][0] not in dictionary.PLURAL]
        found.append(Task(dictionary.NAMES[code].lower(), pairs, wordings, "word", "Word"))
    return found
