"""Forms of a noun, and short sentences that need one."""

from builder import Task
from builder.pools.words import nouns
from builder.sources import inflection
from builder.sources.inflection import inflected

# Without a plural, or with two, or plural already.
UNCOUNTED = set(
    "advertising advice air aircraft albumin ammunition antenna apparatus arms artillery authorities avocado beer "
    "blood brass camera cannon cheer childhood chlorine cloth clothes coffee collage communism conjugate "
    "consequence core criticism data detergent din dust earth economy effluent electricity energy equipment fallout "
    "fate fiction fish flesh fluid flux fog formula fortune front furniture gang god ground guidance hair hay "
    "headquarters helium honey hours hypothalamus ice infantry information iodine iron laughter leaders leather "
    "legislation lightning liquor literature machinery maturity medium membership men milk mist mud music musketry "
    "news nucleus oil opium oxygen papers people personnel poetry police pollen population posse pottery powder "
    "quack radiation resolution roof saline salt sand series serum sewage shear sheep sir smoke species spectrum "
    "staff stairs steel steps straw success sun testimony thyroid times tissue tomorrow top troops universe "
    "velocity voltage weather while whisky wood woods words yes".split())

FORMS = {
    "plural": (lambda noun: inflected(noun, "NNS"), [
        "Pluralize the noun.", "What would you write if there were several of them?", "plural form",
        "Please turn the singular word below into the form for more than one.",
        "one of it is given, many of it are wanted: just the word",
        "How does the noun look when it stands for two or more things?",
        "Change the number of the noun from singular to plural.",
        "Make it plural, the way {input} becomes {answer}"]),
    "possessive": (lambda noun: f"{noun}'s", [
        "Write the possessive of this singular noun.", "genitive with apostrophe and s",
        "Something belongs to this one. Add what the noun needs to show that.",
        "How do you spell the noun when it owns what comes next?",
        "Please put the word below into the possessive case, singular.",
        "singular owner form, please", "Show ownership, as in {input} -> {answer}",
        "I want to name a part of it: which form of the noun goes before the part?"]),
    "possessive-plural": (lambda noun: of_several(inflected(noun, "NNS")), [
        "Write the plural possessive of this noun.", "What is the form when several of them own something?",
        "genitive plural, apostrophe included",
        "Please make the noun plural first and then show that those many are the owners.",
        "Something belongs to a whole group of these. Spell the noun accordingly.",
        "possessive, but of more than one", "For {input} that would be {answer}: the owners are many.",
        "Take the word in the plural and put the apostrophe where it belongs."]),
    "with-article": (lambda noun: f"{article(noun)} {noun}", [
        "Put a or an before the noun.", "Add the right indefinite article.", "a/an + noun",
        "Which of the two small words goes in front? Write it together with the noun.",
        "Please repeat the word below with its indefinite article in front, nothing more.",
        "How does one introduce a single one of these, not yet known to the listener?",
        "Indefinite noun phrase in the singular, like {input} / {answer}",
        "Choose between a and an by the first sound, and write article and noun."]),
    "two-of-them": (lambda noun: f"two {inflected(noun, 'NNS')}", [
        "Say that there are two of them: number word and noun.", "a pair of these, beginning with the word two",
        "Write two and then the right form of the noun.", "What do you have if you own one and get another?",
        "Please double it: the number in letters, followed by the noun as it must be then.",
        "Count a couple of these, for example {input} - {answer}",
        "2 of this, in words", "The numeral two should come first; inflect the noun after it."]),
    "this-is": (lambda noun: f"This is {article(noun)} {noun}.", [
        "Make a sentence that points at one of these, beginning with This is.", "present a single one: This is ...",
        "Someone asks what this here is. Reply in a full sentence with the noun.",
        "Please write the simple statement that identifies the thing near you.",
        "Use the noun after This is, with article and full stop.",
        "Singular demonstrative sentence, e.g. {input} => {answer}",
        "How would a picture book caption a drawing of just one?",
        "Four words with a full stop: show one of them to me."]),
    "these-are": (lambda noun: f"These are {inflected(noun, 'NNS')}.", [
        "Make a sentence that points at several of these, beginning with These are.", "present many: These are ...",
        "Someone asks what those things here are. Reply in a full sentence with the noun in the plural.",
        "Please write the plural statement that identifies the ones near you.",
        "Use the plural after These are, and close with a full stop.",
        "Plural demonstrative sentence, e.g. {input} => {answer}",
        "How would a picture book caption a drawing of a whole lot of them?",
        "Three words with a full stop: show more than one to me."]),
}


def article(noun: str) -> str:
    consonant = noun.startswith(("uni", "eu", "us", "one"))
    return "an" if noun == "hour" or noun[0] in "aeiou" and not consonant else "a"


def of_several(plural: str) -> str:
    return plural + ("'" if plural.endswith("s") else "'s")


def tasks() -> list[Task]:
    counted = [noun for noun in nouns() if noun not in UNCOUNTED]
    return [Task(name, [(noun, form(noun)) for noun in counted], wordings, noun="Noun",
                 form="sentence" if name in ("this-is", "these-are") else "word",
                 source=inflection.SOURCE, licence=inflection.LICENCE)
            for name, (form, wordings) in FORMS.items()]
