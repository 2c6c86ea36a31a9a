"""The digits of a number in words of French, German, Spanish, Italian, Portuguese or Dutch."""

from builder import Task
from builder.pools import foreign_numbers
from builder.pools.dictionary import NAMES

WORDINGS = {
    "fr": [
        "Write this French number in digits.", "French number words to figures",
        "How much is that, said in Paris? Figures only.", "Please turn the nombre into an ordinary numeral.",
        "French {input}, digits {answer}.", "en chiffres", "A market woman in Nice names her price so. Key it in.",
        "What number did the French speaker say? 0 to 999, as digits",
        "Decode the words, which are French, into an Arabic numeral.",
    ],
    "de": [
        "Write this German number in digits.", "German number word to figures",
        "How much is that, said in Munich? Figures only.", "Please take the long Zahlwort apart and give the numeral.",
        "German {input}, digits {answer}.", "in Ziffern",
        "The loudspeaker at Cologne station announces it. Note the digits.",
        "Which number stands in words here? The language is German, ones come before tens.",
        "For a spreadsheet I need the figure that a German form has in letters.",
    ],
    "es": [
        "Write this Spanish number in digits.", "Spanish number words to figures",
        "How much is that, said in Valencia? Figures only.", "Please put the cantidad into cifras.",
        "Spanish {input}, digits {answer}.", "en cifras",
        "The winner of the lottery in Madrid is read out. Which digits are on the ticket?",
        "A recording in castellano contains a number; type it as a numeral.",
        "Value of the Spanish words, with no letters in the answer",
    ],
    "it": [
        "Write this Italian number in digits.", "Italian number word to figures",
        "How much is that, said in Rome? Figures only.", "Please read the parola and give the numeral.",
        "Italian {input}, digits {answer}.", "in cifre", "A waiter in Naples names the sum. What is on the bill?",
        "Which integer do Italians mean by that?",
        "Convert from words, Italian ones, to the digits of a pocket calculator.",
    ],
    "pt": [
        "Write this Portuguese number in digits.", "Portuguese number words to figures",
        "How much is that, said in Porto? Figures only.", "Please convert what is written por extenso into a numeral.",
        "Portuguese {input}, digits {answer}.", "em algarismos",
        "The number of my room was told to me in Lisbon. What stands on the door?",
        "A Brazilian dictates an amount; enter it with keys 0 to 9.",
        "Numeral for the words, whose language is Portuguese",
    ],
    "nl": [
        "Write this Dutch number in digits.", "Dutch number word to figures",
        "How much is that, said in Utrecht? Figures only.",
        "Please undo the spelling out and give the getal as a numeral.",
        "Dutch {input}, digits {answer}.", "in cijfers",
        "On the platform in The Hague a voice names a train by number. Which digits are on the display?",
        "What quantity has a Netherlander in mind who says so?",
        "From the long word, Dutch, back to one, two or three figures",
    ],
}


def tasks() -> list[Task]:
    return [Task(NAMES[code].lower(), [(word, str(number)) for number, word in foreign_numbers.spelled(code)], wordings,
                 "number", "Number", source=foreign_numbers.SOURCE, licence=foreign_numbers.LICENCE)
            for code, wordings in WORDINGS.items()]
