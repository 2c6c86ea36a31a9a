"""Another word for a word, or its opposite, in several ways of answering."""

from builder import Task
from builder.pools.word_pairs import OPPOSITE, SAME, read
from builder.pools.words import adjectives, nouns, verbs, words

FORMS = {
    "opposite": (OPPOSITE, "{1}", [
        "Give the opposite of this word.", "antonym", "Which word means the contrary?",
        "Please name the word that stands at the other end of the scale.",
        "What is it if it is the exact reverse? One word.", "contrary term, no explanation",
        "Find the counterpart that says just the reverse.", "Turn the meaning round, {input} into {answer}"]),
    "synonym": (SAME, "{1}", [
        "Give a synonym of this word.", "other word for it", "How else can one say it, in one word?",
        "Please name the common word that could stand in its place.",
        "What would a thesaurus list first here?", "near-equivalent, single word",
        "Replace it by a word that means just as much.", "Same sense, different word: {input}, {answer}"]),
    "not-opposite": (OPPOSITE, "not {1}", [
        "Say the same by negating the opposite: not and a word.", "not + antonym",
        "Express the word by denying its contrary, in two words.",
        "Please paraphrase it as not being its reverse.",
        "Which two words, the first of them not, come to the same thing?",
        "litotes of two words", "If it is this, what is it not? Begin with the word not.",
        "Put it negatively, as {input} becomes {answer}"]),
    "opposite-question": (OPPOSITE, "{0} or {1}?", [
        "Ask a question of three words: this or its opposite?", "word or antonym, with a question mark",
        "Let somebody choose between the word and its contrary.",
        "Please turn it into an alternative question with the contrary in second place.",
        "How do you ask whether it is this or the reverse?", "X or its counterpart?",
        "Give the choice: the given word, or, the word for the other extreme, question mark.",
        "In the manner of {input} -> {answer}"]),
    "opposite-sentence": (OPPOSITE, "The opposite of {0} is {1}.", [
        "Complete: The opposite of ... is ...", "full sentence that names the opposite",
        "Tell me in a sentence starting with The opposite of what the contrary of this word is.",
        "Please write a line for a textbook on antonyms: The opposite of this is that.",
        "What is its contrary? Do not answer with one word but with The opposite of ... is ... and a full stop.",
        "antonym, but in a whole statement", "State the contrast formally, beginning with The opposite.",
        "{input}: {answer} Do likewise."]),
    "synonym-brackets": (SAME, "{0} ({1})", [
        "Repeat the word and put a synonym in brackets after it.", "word (synonym)",
        "Add in round brackets what else it is called.",
        "Please gloss the word with one of the same meaning, in parentheses.",
        "How would an annotated text show the word with another for it behind?",
        "append an equivalent, bracketed", "First the word itself, then, enclosed, a second word for the same thing.",
        "Annotate by meaning: {input} gives {answer}"]),
}


def both_ways(table: dict[str, str]) -> list[tuple[str, str]]:
    """Every word with its partner: those of the pools first."""
    partner = {}
    for pair in read(table, ""):
        partner |= {pair.first: pair.second, pair.second: pair.first}
    order = dict.fromkeys([*words(), *adjectives(), *verbs(), *nouns(), *partner])
    return [(word, partner[word]) for word in order if word in partner]


def tasks() -> list[Task]:
    return [Task(name, [(word, form.format(word, other)) for word, other in both_ways(table)], wordings, noun="Word",
                 form="sentence" if name == "opposite-sentence" else "word")
            for name, (table, form, wordings) in FORMS.items()]
