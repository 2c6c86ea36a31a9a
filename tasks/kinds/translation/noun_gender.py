"""The gender of a French, German, Spanish, Italian, Portuguese or Dutch noun, by its article or label."""

from builder import Task
from builder.pools import dictionary
from builder.pools.even import even

# Language: (gender: answer, wordings).
ASKED = {
    "fr": ({"m": "un", "f": "une"}, [
        "Does this French noun take un or une?", "un / une",
        "Which indefinite article goes with the French word, un or une?",
        "Please choose between un and une for a learner of French.",
        "Put un before it if it is masculine in French, une if feminine; write only that.",
        "French noun {input}, article {answer}.",
        "My French exercise has a gap in front of this noun: un or une?",
        "Article indéfini: un ou une ?", "Is it a word that French people count as une or as un?"]),
    "de": ({"m": "der", "f": "die", "n": "das"}, [
        "Which article does this German noun have: der, die or das?", "der / die / das",
        "Put the right one of das, der and die before the word; write only the article.",
        "Please tell a learner of German which nominative article belongs to this.",
        "Masculine der, feminine die, neuter das: which does the German noun take?",
        "German noun {input}, article {answer}.", "Welcher Artikel: der, die oder das?",
        "A gap stands in front of the noun in my German homework. Is it das, die or der?",
        "Give its gender in German by naming the definite article of the singular."]),
    "es": ({"m": "masculine", "f": "feminine"}, [
        "Is this Spanish noun masculine or feminine?", "Spanish gender: feminine / masculine",
        "Write masculine or feminine, whichever a Spanish dictionary has after the word.",
        "Please label the noun of Spanish by grammatical gender, feminine or masculine.",
        "Would a Spaniard say the adjective blanco (masculine) or blanca (feminine) with it? Answer with the gender.",
        "Spanish noun {input}, gender {answer}.", "Of the labels feminine and masculine, which fits the word in Spain?",
        "Word of Cervantes' language: is it grammatically masculine, or is it feminine?",
        "Gender, spelled out in English as masculine or feminine, of the castellano noun"]),
    "it": ({"m": "m", "f": "f"}, [
        "What gender has this Italian noun, m or f?", "Italian: m / f",
        "Write m if the Italian word is masculine and f if it is feminine.",
        "Please add the dictionary's abbreviation of gender, a small m or f, for this Italian noun.",
        "maschile m, femminile f", "Italian noun {input}, mark {answer}.",
        "In Italian, would bello (m) or bella (f) describe it? One letter.",
        "A glossary of Italian lacks the letter after this word; supply f or m.",
        "One character for the grammatical gender that Italians give it: f, m"]),
    "pt": ({"m": "o", "f": "a"}, [
        "Does this Portuguese noun take o or a?", "o / a",
        "Which definite article stands before the Portuguese word, a or o?",
        "Please pick o for masculine or a for feminine, in Portuguese.",
        "Lisbon school, grade one: the pupils must put o or a in front. What is right here?",
        "Portuguese noun {input}, article {answer}.", "Artigo definido: o ou a?",
        "Only the small word before it in Portuguese, a or o, is wanted.",
        "By its article, a or o, show whether Brazilians and Portuguese treat it as feminine or masculine."]),
    "nl": ({"c": "de", "n": "het"}, [
        "Does this Dutch noun take de or het?", "de / het",
        "Which definite article has the Dutch word in the singular, het or de?",
        "Please say if a learner of Dutch should put de or het before it.",
        "Common gender means de, neuter means het: which one here?",
        "Dutch noun {input}, article {answer}.", "Lidwoord: de of het?",
        "Foreigners in Utrecht often get it wrong: is it het or is it de with this noun?",
        "Only the article, out of het and de, that Netherlanders use with the word"]),
}


def tasks() -> list[Task]:
    found = []
    for code, (answers, wordings) in ASKED.items():
        nouns = dictionary.genders(code)
        if code == "nl":
            nouns = [noun for noun, _ in even(nouns, lambda noun: noun[1] == "c")]
        found.append(Task(dictionary.NAMES[code].lower(), [(noun, answers[gender]) for noun, gender in nouns], wordings,
                          "label", "Word"))
    return found
