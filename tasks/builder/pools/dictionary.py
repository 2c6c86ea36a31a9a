"""Common nouns in seven languages; written for this."""

import functools
import pathlib
from collections import Counter

from builder.draws import shuffled
from builder.pools import words

CODES = ("fr", "de", "es", "it", "pt", "nl")
NAMES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "pt": "Portuguese",
         "nl": "Dutch"}
OWN_NAMES = {"en": "English", "fr": "français", "de": "Deutsch", "es": "español", "it": "italiano",
             "pt": "português", "nl": "Nederlands"}
TABLE = pathlib.Path(__file__).parent / "tables/dictionary.txt"
PLURAL = {"cheveux", "ciseaux", "tijeras", "pantaloni", "capelli", "forbici", "soldi", "calças"}
# With el, although feminine.
STRESSED = {"agua", "águila", "arma", "hacha", "ala", "arpa", "ancla"}
# Have two genders, by sense or country.
UNCLEAR = set("See Leiter Moment tour vase mort page livre radio azúcar mar frente rádio fronte stof bot bos bal "
              "katoen après-midi enfant artiste dentiste architecte journaliste pilote artista dentista periodista "
              "estudiante giornalista insegnante jornalista estudante presidente pilota".split())
# Words of another language that are English, too.
ENGLISH = set("ago ail ape been boom bot brood cane champ chat chemise corps das dent envelop front hart lit "
              "long loup main mare mist mono mot mug os pain pan pane pays phrase pianoforte pie plume pop "
              "quarto queue red rook sale sera slang spin tong tour valise vie".split())
ASPIRATED = {"hache", "hibou", "hamster", "harpe"}


@functools.cache
def rows() -> list[dict[str, tuple[str, str]]]:
    """455 nouns: of each, by the code of the language, the word and its gender; English ones that other tasks have
    come first."""
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        english, *cells = line.split(" | ")
        found.append({"en": (english, "")} | {code: tuple(cell.rsplit(" ", 1))
                                              for code, cell in zip(CODES, cells, strict=True) if cell != "-"})
    place = {word: number for number, word in enumerate(words.nouns())}
    return sorted(shuffled(found, "dictionary"), key=lambda row: place.get(row["en"][0], len(place)))


def pairs(code: str) -> list[tuple[str, str]]:
    """(English, other language's)"""
    return [(row["en"][0], row[code][0]) for row in rows() if code in row]


def pairs_back(code: str) -> list[tuple[str, str]]:
    """(other language's, English), those that are one word's alone."""
    counts = Counter(foreign for _, foreign in pairs(code))
    return [(foreign, english) for english, foreign in pairs(code) if counts[foreign] == 1 and foreign != english]


def genders(code: str) -> list[tuple[str, str]]:
    """(noun, gender), each noun once."""
    found = {}
    for row in rows():
        if code in row and row[code][0] not in PLURAL | UNCLEAR:
            found.setdefault(row[code][0], set()).add(row[code][1])
    return [(noun, *each) for noun, each in found.items() if len(each) == 1]


def with_article(code: str, noun: str, gender: str) -> str:
    """`der Hund`, `l'arbre`, `lo zucchero`: with the definite article."""
    masculine, vowel = gender == "m", noun[0].lower() in "aeiouâéêœîà" or noun[:1] == "h" and noun not in ASPIRATED
    if code == "fr":
        return f"l'{noun}" if vowel else f"{'le' if masculine else 'la'} {noun}"
    if code == "it":
        if noun[0] in "aeiou":
            return f"l'{noun}"
        hard = noun[0] == "z" or noun[:2] == "ps" or noun[0] == "s" and noun[1] not in "aeiou"
        return f"{('lo' if hard else 'il') if masculine else 'la'} {noun}"
    if code == "es":
        return f"{'el' if masculine or noun in STRESSED else 'la'} {noun}"
    articles = {"de": {"m": "der", "f": "die", "n": "das"}, "pt": {"m": "o", "f": "a"}, "nl": {"c": "de", "n": "het"}}
    return f"{articles[code][gender]} {noun}"


@functools.cache
def mixed() -> list[tuple[str, str]]:
    """(word, code of its language): words that are spelled so in one of the seven alone, the languages in turn."""
    counts = Counter(row[code][0].lower() for row in rows() for code in row)
    found = []
    for number, row in enumerate(rows()):
        for step in (0, 3):
            code = ("en", *CODES)[(number + step) % 7]
            if code in row and counts[row[code][0].lower()] == 1 and not (code != "en" and row[code][0] in ENGLISH):
                found.append((row[code][0], code))
    return found
