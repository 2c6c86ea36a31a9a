"""The English of a French, German, Spanish, Italian, Portuguese or Dutch noun."""

from builder import Task
from builder.pools import dictionary

WORDINGS = {
    "fr": [
        "Translate this French noun into English.", "French to English, one word",
        "What does the French word mean?", "Please tell me in English what a Parisian means by this.",
        "I read it on a sign in Marseille. What is it in my own language, English?",
        "From French: {input} is {answer}.", "en anglais",
        "Meaning of the word in a French menu or book, as an English noun",
        "Turn the mot into English, no article.",
    ],
    "de": [
        "Translate this German noun into English.", "German to English, one word",
        "What does the German word stand for?", "Please explain the Hauptwort by its English equivalent.",
        "A letter from Munich has this in it. Which English noun do I write above it?",
        "From German: {input} is {answer}.", "auf Englisch",
        "English sense of what somebody from Cologne said, lower case",
        "Give the meaning; the source is German, the target English.",
    ],
    "es": [
        "Translate this Spanish noun into English.", "Spanish to English, one word",
        "What does the Spanish word signify?", "Please render the palabra in English, without an article.",
        "On a street in Granada I saw this written. What would it be in London?",
        "From Spanish: {input} is {answer}.", "en inglés",
        "I look for the English noun that a Spanish-English dictionary has here.",
        "English for what a Madrilenian calls so",
    ],
    "it": [
        "Translate this Italian noun into English.", "Italian to English, one word",
        "What is meant by the Italian word?", "Please give the English for this parola.",
        "A Venetian uses it. Which noun would an English person use?",
        "From Italian: {input} is {answer}.", "in inglese",
        "Subtitles turn Italian into English. What appears on the screen for this noun?",
        "State in English what the thing is that Italians name so.",
    ],
    "pt": [
        "Translate this Portuguese noun into English.", "Portuguese to English, one word",
        "What does the Portuguese word denote?", "Please put the palavra of Lisbon and Rio into English.",
        "A recipe, poem or sign from Portugal has it. What is the English noun for it?",
        "From Portuguese: {input} is {answer}.", "em inglês",
        "Gloss the word in English: a single noun in lower case.",
        "My Brazilian colleague said it. Tell me the sense in English.",
    ],
    "nl": [
        "Translate this Dutch noun into English.", "Dutch to English, one word",
        "What does the Dutch word refer to?", "Please find the English noun that matches this woord.",
        "Someone from Rotterdam wrote it on a list. What is it for English readers?",
        "From Dutch: {input} is {answer}.", "in het Engels",
        "The English column of a Dutch vocabulary list is blank on this line. Fill it in.",
        "I heard it in Antwerp and again in The Hague. Its sense in English, please.",
    ],
}


def tasks() -> list[Task]:
    return [Task(dictionary.NAMES[code].lower(), dictionary.pairs_back(code), wordings, "word", "Word")
            for code, wordings in WORDINGS.items()]
