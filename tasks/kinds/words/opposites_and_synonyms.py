"""Another word for a word, or its opposite, in several ways of answering."""

from builder import Task
from builder.pools.word_pairs import OPPOSITE, SAME, read
from builder.pools.words import adjectives, nouns, verbs, words

# Words of several senses, or whose partner in the table is not what most people would say first.
MANY_SYNONYMS = set(
    "accord accurate act advise agreement alien amaze anger appear astound attractive beat border boy bug calm "
    "certain chief close cold color command complain complete continue cord correct crowd cruel custom danger "
    "decline delicious delight describe distant dull eager edge emerge era excellent fake fasten field finish first "
    "fit flat foreign fortune fragile gain grasp grin grumble habit healthy hold idle illness image immense inform "
    "job joy just kind lazy lie lift light little live loud luck mad main meadow modern move mystery need obvious "
    "order part peaceful perform peril piece plan power praise precise pretty profit provisional raise rapid ready "
    "recognize rope rule safe sailor scheme secret secure send shake shatter shine smash sparkle speech spin "
    "stomach stop strange strength swift tear temporary tie top total trick uncommon various vast wander waste "
    "watch wonderful work".split())
MANY_OPPOSITES = set(
    "absolute advance assemble bold build busy clever cool cover crooked crowded cry dark deliberate despise "
    "dismiss enlarge expenditure falsehood fat fertile flexible freedom front guest hard healthy hide hire host "
    "improve income insert keep kind laugh lazy leave light live lose lower minor odd old order patient practical "
    "present pride protect proud punish rear reduce relative respect retreat right rough save sharp short simple "
    "single stop stupid sure teacher tender thin timid tough truth voluntary wild".split())

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
        "Replace it by the usual word that means just as much.", "Same sense, different word: {input}, {answer}"]),
    "not-opposite": (OPPOSITE, "not {1}", [
        "Say the same by negating the opposite: not and a word.", "not + antonym",
        "Express the word by denying its contrary, in two words.",
        "Please paraphrase it as not being its reverse.",
        "Which two words, the first of them not, come to the same thing?",
        "litotes of two words", "If it is this, what is it not? Begin with the word not.",
        "Put it negatively, as {input} becomes {answer}"]),
    "opposite-question": (OPPOSITE, "{0} or {1}?", [
        "Ask a question of three words: this or its opposite?", "word or antonym, with a question mark",
        "Let somebody choose between the word and its contrary by asking: X or Y?",
        "Please turn it into an alternative question with the contrary in second place.",
        "How do you ask whether it is this or the reverse?", "X or its counterpart, put as a question of three words",
        "Give the choice: the given word, or, the word for the other extreme, question mark.",
        "In the manner of {input} -> {answer}"]),
    "opposite-sentence": (OPPOSITE, "The opposite of {0} is {1}.", [
        "Complete: The opposite of ... is ...", "full sentence that names the opposite",
        "Tell me in a sentence starting with The opposite of what the contrary of this word is.",
        "Please write a line for a textbook on antonyms: The opposite of this is that.",
        "What is its contrary? Do not answer with one word but with The opposite of ... is ... and a full stop.",
        "antonym, but in the whole statement The opposite of X is Y.",
        "State the contrast formally, beginning with The opposite.",
        "{input}: {answer} Do likewise."]),
    "synonym-brackets": (SAME, "{0} ({1})", [
        "Repeat the word and put a synonym in brackets after it.", "word (synonym)",
        "Add in round brackets what else it is called.",
        "Please gloss the word with one of the same meaning, in parentheses.",
        "How would an annotated text show the word, with another for it in brackets behind?",
        "append an equivalent, bracketed", "First the word itself, then, enclosed, a second word for the same thing.",
        "Annotate by meaning: {input} gives {answer}"]),
}


def both_ways(table: dict[str, str]) -> list[tuple[str, str]]:
    """Every word with its partner: those of the pools first."""
    partner = {}
    for pair in read(table, ""):
        partner |= {pair.first: pair.second, pair.second: pair.first}
    order = dict.fromkeys([*words(), *adjectives(), *verbs(), *nouns(), *partner])
    vague = MANY_SYNONYMS if table is SAME else MANY_OPPOSITES
    return [(word, partner[word]) for word in order if word in partner and word not in vague]


def tasks() -> list[Task]:
    return [Task(name, [(word, form.format(word, other)) for word, other in both_ways(table)], wordings, noun="Word",
                 form="sentence" if name == "opposite-sentence" else "word")
            for name, (table, form, wordings) in FORMS.items()]
