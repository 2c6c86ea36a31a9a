"""A noun in French, German, Spanish, Italian, Portuguese or Dutch."""

from builder import Task
from builder.pools import dictionary

WORDINGS = {
    "fr": [
        "Find the French noun for this English one.", "in French, without an article",
        "What would somebody in Paris call it? One noun.",
        "Please give me the French for this word, le or la left out.",
        "English to French: {input} becomes {answer}.",
        "I am learning vocabulary for a trip to Lyon. Which noun do I need for this thing?",
        "Complete the bilingual word list with the entry in French, lower case.",
        "mot français correspondant", "How does one say this in the language of France?",
    ],
    "de": [
        "What is the German noun for this English one?", "auf Deutsch, ohne Artikel",
        "What do people in Berlin or Vienna say for this? Capital letter, no article.",
        "Please write the German word, beginning with a capital as all German nouns do.",
        "English to German: {input} becomes {answer}.",
        "Which noun would stand in a dictionary from English into the language of Germany?",
        "A friend in Hamburg does not understand the word below. Help with the one that she uses.",
        "German equivalent, der, die or das left out", "Render it in Goethe's mother tongue.",
    ],
    "es": [
        "Replace the English noun by the Spanish one.", "in Spanish, as in Spain, no article",
        "What is the word for it in Madrid? Leave out el or la.",
        "Please tell me how to say this to a shopkeeper in Seville, in one noun.",
        "English to Spanish: {input} becomes {answer}.", "traducción al español, minúsculas",
        "Name the thing as Cervantes' countrymen of today do.",
        "Which castellano noun belongs beside it on a flash card?",
        "My homework is a column of English nouns with an empty column for Spanish. Fill in this line.",
    ],
    "it": [
        "Give the noun that Italians have for this.", "in Italian, no article",
        "How would a Roman of today name this? One word without il, lo or la.",
        "Please give the Italian noun that means the same.", "English to Italian: {input} becomes {answer}.",
        "parola italiana, minuscola", "In Dante's tongue, modern spelling, what is the word for it?",
        "I point at it in a market in Bologna. What do they say its name is?",
        "The phrase book has a page from English into the language of Italy; supply the missing entry.",
    ],
    "pt": [
        "English noun in, Portuguese noun out.", "in Portuguese, no article",
        "What do people say for it both in Lisbon and in Rio? Just the noun.",
        "Please find the Portuguese word with the same meaning; o or a is not needed.",
        "English to Portuguese: {input} becomes {answer}.", "palavra em português, minúscula",
        "Somebody from Porto asks what the English noun means. Answer in his own language.",
        "Vocabulary test, second column Portuguese: what goes next to this?",
        "How is it called in the language that Brazil shares with Portugal?",
    ],
    "nl": [
        "Say the English noun in Dutch.", "in Dutch, without de or het",
        "What would you hear in Amsterdam for this? One noun.",
        "Please put the word into the language of the Netherlands.", "English to Dutch: {input} becomes {answer}.",
        "Nederlands woord, kleine letter", "A child in Utrecht learns to name it. Which word does it learn?",
        "Flemish and Dutch people have the same noun for it; write that one.",
        "Enter the Dutch equivalent in the glossary, lower case and no article.",
    ],
}


def tasks() -> list[Task]:
    return [Task(dictionary.NAMES[code].lower(), dictionary.pairs(code), wordings, "word", "Word")
            for code, wordings in WORDINGS.items()]
