"""A number in words of French, German, Spanish, Italian, Portuguese or Dutch."""

from builder import Task
from builder.pools import foreign_numbers
from builder.pools.dictionary import NAMES

WORDINGS = {
    "fr": [
        "Say this number in French.", "in French, spelled out",
        "How would a cashier in Paris say it?", "Please spell the figure as on a French cheque, in lower case.",
        "Digits {input}, French {answer}.", "nombre en lettres",
        "Count in the language of France up to this number; what is the last thing you say?",
        "Replace the numeral by its name in French (as in France, with soixante-dix and quatre-vingts).",
        "A pupil in Lille reads this aloud. Write down what is heard.",
    ],
    "de": [
        "Turn the digits into a German number word.", "in German, spelled out as one word",
        "How does a cashier in Berlin say the amount?",
        "Please spell the figure as on a German transfer form, in lower case and without spaces.",
        "Digits {input}, German {answer}.", "Zahl in Worten",
        "Someone counts auf Deutsch and stops here. Which word comes last?",
        "Convert the numeral into the long word that Germans use for it.",
        "Dictate the figure to a secretary in Hamburg, in her language.",
    ],
    "es": [
        "What is this number in Spanish words?", "in Spanish, spelled out",
        "How does a lottery announcer in Madrid call it?",
        "Please spell the figure en letras, lower case, with accents.",
        "Digits {input}, Spanish {answer}.", "número en palabras",
        "The house number is to be said to a taxi driver in Seville. What do I say?",
        "Change the numeral to the words that stand for it in castellano.",
        "Counting from cero, uno, dos, what is this called?",
    ],
    "it": [
        "Name the number as an Italian would.", "in Italian, spelled out as one word",
        "How is it called at a bingo in Naples?", "Please spell the figure in lettere, as Italians do, without spaces.",
        "Digits {input}, Italian {answer}.", "numero in parole",
        "Counting from zero, uno, due, what will be said for this?",
        "Give the name that the numeral has in the language of Italy.",
        "A bank clerk in Turin writes the sum out in full. What is on the paper?",
    ],
    "pt": [
        "Give the Portuguese words for this number.", "in Portuguese, spelled out",
        "How does a tram conductor in Lisbon say it?", "Please spell the figure por extenso, with e between the parts.",
        "Digits {input}, Portuguese {answer}.", "número por extenso",
        "In Brazil or Portugal, what do people say for these digits?",
        "Counting from zero, um, dois, what is the name of this one?",
        "Exchange the numeral for what it is in words in the language of Camoes.",
    ],
    "nl": [
        "Spell the number in Dutch.", "in Dutch, spelled out as one word",
        "How does a market trader in Amsterdam say it?", "Please spell the figure voluit, in lower case and unspaced.",
        "Digits {input}, Dutch {answer}.", "getal in woorden",
        "Counting from nul, een, twee, what is said when this is reached?",
        "Substitute for the numeral the word that Netherlanders have for it.",
        "A clerk in Rotterdam fills in the amount in letters. What does the clerk write?",
    ],
}


def tasks() -> list[Task]:
    return [Task(NAMES[code].lower(), [(str(number), word) for number, word in foreign_numbers.spelled(code)], wordings,
                 "word", "Number", source=foreign_numbers.SOURCE, licence=foreign_numbers.LICENCE)
            for code, wordings in WORDINGS.items()]
