"""How a word sounds: syllables, stress, vowels."""

from builder import Task
from builder.pools.even import even
from builder.pools.words import adjectives, nouns, verbs, words
from builder.sources import sounds
from builder.sources.sounds import stresses, sure, vowel

NAMES = {"EY1": "A", "IY1": "E", "AY1": "I", "OW1": "O", "UW1": "U"}    # letters whose names have the vowel
# Of one syllable more or fewer in many mouths, or stressed in two ways.
DOUBTFUL = set(
    "tired iron hour hours fire wire flower power tower liar quiet real poem poet vulnerable aqueous frequent row "
    "lead watercolor overcome considerable necessary interval usual visual anti voltage posse lieutenant "
    "hypothalamic utopian antigen albumin papa year gradual continual mutual casual actual manual annual family "
    "every general several temperature camera vegetable different favorite average opera evening corporal garage "
    "amateur".split())
ORDINALS = ("first", "second", "third", "fourth", "fifth")

WORDINGS = {
    "syllables": [
        "How many syllables does this word have?", "number of syllables",
        "Count the beats when you say it slowly, as a digit.",
        "Please tell me into how many syllables it is divided when spoken.",
        "Clap once for every syllable: how many claps?", "syllable count, one digit",
        "How many of the seventeen syllables of a haiku does it use up?", "Beats: {input} has {answer}"],
    "beat": [
        "Write the rhythm of the word: DUM for the stressed syllable, da for every other, joined by hyphens.",
        "rhythm in da and DUM",
        "Tap it: one da or DUM per syllable with hyphens between, DUM where the main stress is.",
        "How does the word sound if only its beat is kept (DUM strong, da weak, hyphens)?",
        "Please replace each syllable by da, the loudest by DUM, and put hyphens in between.",
        "da-DUM notation of the stress pattern",
        "Meter of this single word, as a drummer would say it with da for light and DUM for heavy, hyphenated.",
        "Like {input} = {answer}: DUM marks the accent, da the rest."],
    "stressed": [
        "Which syllable is stressed: first, second, third or fourth?", "position of the main accent as an ordinal word",
        "Say first, second, third and so on for the loudest syllable.",
        "Please name in letters the number of the syllable that carries the main stress.",
        "Where does the accent fall in this word, on the first, the second, the third syllable or later?",
        "ordinal of the stressed syllable, written out",
        "Counting syllables from the front, which one do you say with most force?",
        "Stress place, e.g. {answer} for {input}"],
    "first-sound": [
        "Does the word begin with a vowel sound or a consonant sound? Answer vowel or consonant.",
        "opening sound: vowel / consonant", "Listen to how it starts. Which is it, a consonant or a vowel?",
        "Is the sound you hear at the very beginning a vowel or a consonant?",
        "Please say consonant if the lips, teeth or throat block its first sound, and vowel if nothing does.",
        "Phonetic class of the initial sound, one of consonant and vowel",
        "Spoken aloud, the word opens with a ... (vowel, consonant)?",
        "Say it: {input} starts with a {answer}, and this one (consonant or vowel)?"],
    "ends-with-vowel-sound": [
        "Does the word end in a vowel sound? yes or no", "vowel at the end when spoken: yes/no",
        "Listen to the closing sound. Is it a vowel? Silent letters do not count.",
        "When the word is said, is the mouth open with no consonant at its end? Answer yes or no.",
        "Please reply yes if the last sound is a vowel and no if a consonant is heard last.",
        "final sound vocalic?", "yes = its last spoken sound is a vowel, no = it is a consonant",
        "Say it: vowel last? {input}: {answer}"],
    "letter-name": [
        "Which letter's name do you hear in the stressed syllable: A, E, I, O or U?", "long vowel: A, E, I, O, U",
        "The stressed vowel sounds like the name of a letter. Write that letter as a capital.",
        "Day, see, my, go, too have the vowels A, E, I, O, U. Which of these letters fits the stress here?",
        "Please say which long vowel is stressed, as one of the capitals U, O, I, E, A.",
        "By ear, not by spelling: is its accented vowel a long A, E, I, O or U?",
        "Capital letter that is pronounced like the vowel with the accent",
        "Vowel that says its name: {input} {answer}"],
    "one-syllable": [
        "Does this word have just one syllable? yes or no", "monosyllable: yes/no",
        "Would saying it take a single beat?", "Please reply yes if it has one syllable, otherwise no.",
        "yes = one syllable, no = two or more", "Can it be said in one go, without a second vowel being heard?",
        "Is there nothing to divide here, because only one syllable is spoken?",
        "A single syllable? {input}: {answer}"],
}


def beat(stress: str) -> str:
    return "-".join("DUM" if each == "1" else "da" for each in stress)


def accented(spoken: tuple[str, ...]) -> str:
    """The stressed vowel; "" before an r, which colours it."""
    place = next((i for i, sound in enumerate(spoken) if sound.endswith("1")), -1)
    return "" if place < 0 or spoken[place + 1:place + 2] == ("R",) else spoken[place]


def tasks() -> list[Task]:
    known = [word for word in words()
             if sure(word) and word not in DOUBTFUL and stresses(sounds.sounds(word)).count("1") == 1]
    stress = {word: stresses(sounds.sounds(word)) for word in known}
    everything = [word for word in dict.fromkeys([*words(), *nouns(), *verbs(), *adjectives()])
                  if word not in DOUBTFUL]
    stressed = {word: accented(sounds.sounds(word)) for word in everything
                if sure(word) and len(sounds.dictionary()[word]) == 1}
    pairs = {
        "syllables": [(word, str(len(stress[word]))) for word in known],
        "beat": [(word, beat(stress[word])) for word in known],
        "stressed": [(word, ORDINALS[stress[word].index("1")])
                     for word, _ in even([word for word in known if len(stress[word]) > 1],
                                         lambda word: stress[word].startswith("1"))],
        "letter-name": [(word, NAMES[sound]) for word, sound in stressed.items() if sound in NAMES]}
    for name, holds in (("first-sound", lambda word: vowel(sounds.sounds(word)[0])),
                        ("ends-with-vowel-sound", lambda word: vowel(sounds.sounds(word)[-1])),
                        ("one-syllable", lambda word: len(stresses(sounds.sounds(word))) == 1)):
        fitting = [word for word in everything if sure(word) and not sounds.sounds(word)[-1].startswith(("R", "ER"))]
        yes, no = ("vowel", "consonant") if name == "first-sound" else ("yes", "no")
        pairs[name] = [(word, yes if held else no) for word, held in even(fitting, holds)]
    forms = {"syllables": "number", "beat": "code", "stressed": "label", "first-sound": "label",
             "letter-name": "letter"}
    return [Task(name, pairs[name], wordings, form=forms.get(name, "yes-no"), noun="Word",
                 source=sounds.SOURCE, licence=sounds.LICENCE) for name, wordings in WORDINGS.items()]
