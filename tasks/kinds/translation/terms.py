"""A country, region, language, month, day or colour in French, German, Spanish, Italian, Portuguese or Dutch."""

from builder import Task
from builder.pools import terms
from builder.pools.dictionary import NAMES

WORDINGS = {
    "fr": [
        "Give the French name of this country, region, language, month, weekday or colour.", "French exonym or term",
        "What is it called on a French map or calendar?",
        "Please write the term below as French people do, countries without article, days and languages in lower case.",
        "Name in English: {input}. Name in French: {answer}.",
        "Localise the entry of a drop-down menu into the language of France.",
        "A Parisian atlas or diary has this under which name?", "Put the geographical or calendar term into French.",
        "nom français",
    ],
    "de": [
        "Give the German name of this country, region, language, month, weekday or colour.", "German exonym or term",
        "What is it called on a German map or calendar?",
        "Please write the term below as in Germany, with capitals for countries, languages, months and days.",
        "Name in English: {input}. Name in German: {answer}.",
        "A website's menu of places, tongues and dates is turned into German. What does this entry become?",
        "Look it up in a Berlin newspaper: how do they spell the name?", "deutsche Bezeichnung",
        "In Zurich and Vienna, where German is spoken, this goes by which name?",
    ],
    "es": [
        "Give the Spanish name of this country, region, language, month, weekday or colour.", "Spanish exonym or term",
        "What is it called on a Spanish map or calendar?",
        "Please write the term below in Spanish, languages and days in lower case, colours in the masculine.",
        "Name in English: {input}. Name in Spanish: {answer}.",
        "Our app goes to Madrid. Its list of countries, tongues and dates needs this entry in español.",
        "A school atlas from Bilbao lists it in Castilian. How?", "nombre en español",
        "How would the announcer of a Spanish radio station name it?",
    ],
    "it": [
        "Give the Italian name of this country, region, language, month, weekday or colour.", "Italian exonym or term",
        "What is it called on an Italian map or calendar?",
        "Please write the term below in Italian, small letters for languages and months, no article.",
        "Name in English: {input}. Name in Italian: {answer}.",
        "The diary was printed in Milan, the atlas in Novara. What stands there for this?",
        "How does a Roman newsreader name it?", "nome italiano",
        "Translate the name, of a place, tongue, shade or date, into the language of Italy.",
    ],
    "pt": [
        "Give the Portuguese name of this country, region, language, month, weekday or colour.",
        "Portuguese exonym or term",
        "What is it called on a Portuguese map or calendar?",
        "Please write the term below as both Lisbon and Brasilia do.",
        "Name in English: {input}. Name in Portuguese: {answer}.",
        "Settings menu, language português: what is the label of this entry?",
        "A child in Porto learns the names of lands, tongues, months and days. Which one is this?",
        "nome em português",
        "Say the name as a Brazilian would, accents included.",
    ],
    "nl": [
        "Give the Dutch name of this country, region, language, month, weekday or colour.", "Dutch exonym or term",
        "What is it called on a Dutch map or calendar?",
        "Please write the term below in the spelling of the Netherlands, languages with a capital, days without.",
        "Name in English: {input}. Name in Dutch: {answer}.",
        "An atlas printed in Groningen has it in the index. Under which name?",
        "What would the radio in Hilversum call this?", "Nederlandse naam",
        "Turn a name from an English list of lands, tongues, dates and hues into one for readers in The Hague.",
    ],
}


def tasks() -> list[Task]:
    return [Task(NAMES[code].lower(), terms.pairs(code), wordings, "word", "Term", source=terms.SOURCE,
                 licence=terms.LICENCE) for code, wordings in WORDINGS.items()]
