"""What is so of a word's letters and what is not."""

from collections import Counter
from collections.abc import Callable

from builder import Task
from builder.pools import words
from builder.sources import wordnet

VOWELS = tuple("aeiou")
TESTS = {
    "starts-with-vowel": (lambda word: word.startswith(VOWELS), [
        "Does this word start with a vowel letter? yes or no", "vowel in front (a, e, i, o, u): yes/no",
        "Write yes if the first letter is one of a, e, i, o and u, otherwise no.",
        "Look at the opening letter: no for a consonant, yes for a vowel.",
        "Is its initial among aeiou? Reply yes or no.", "Please check whether a vowel opens the word (yes/no).",
        "Tell me, by yes or no, if spelling this begins with A, E, I, O or U.",
        "Yes or no: vowel at the start?", "Vowel first? E.g. {input} -> {answer}"]),
    "ends-in-e": (lambda word: word.endswith("e"), [
        "Does this word end in the letter e? yes or no", "e at the back: yes/no",
        "Write yes if the last letter is an e, otherwise no.",
        "Look at the closing letter: no for any other one, yes for e.",
        "Is E what the spelling finishes with? Reply yes or no.", "Please check whether an e closes the word (yes/no).",
        "Tell me, by yes or no, if nothing follows a final e here.", "Yes or no: e at the end?",
        "Final e? E.g. {input} -> {answer}"]),
    "has-a": (lambda word: "a" in word, [
        "Does this word contain the letter a? yes or no", "an a anywhere in it: yes/no",
        "Write yes if at least one a is among the letters, otherwise no.",
        "Search the spelling for A: no if it is missing, yes if it is there.",
        "Would you need an a to write this? Reply yes or no.", "Please check whether a occurs in the word (yes/no).",
        "Tell me, by yes or no, if the first letter of the alphabet is used.", "Yes or no: any a in the spelling?",
        "With a? E.g. {input} -> {answer}"]),
    "has-o": (lambda word: "o" in word, [
        "Does this word contain the letter o? yes or no", "an o anywhere in it: yes/no",
        "Write yes if at least one o is among the letters, otherwise no.",
        "Search the spelling for O: no if it is missing, yes if it is there.",
        "Would you need the round vowel o to write this? Reply yes or no.",
        "Please check whether o occurs in the word (yes/no).",
        "Tell me, by yes or no, if the letter between n and p is used.", "Yes or no: any o in the spelling?",
        "With o? E.g. {input} -> {answer}"]),
    "over-six-letters": (lambda word: len(word) > 6, [
        "Does this word have more than six letters? yes or no", "longer than 6 letters: yes/no",
        "Write yes for a word of seven letters or more, otherwise no.",
        "Count the letters: no up to six, yes above.", "Are there at least 7 characters? Reply yes or no.",
        "Please check whether the word is longer than six letters (yes/no).",
        "Six boxes, a letter in each: say yes if the word does not fit in, no if it does.",
        "Yes or no: above six letters?", "Seven or more? E.g. {input} -> {answer}"]),
    "starts-with-a-to-m": (lambda word: word[0] < "n", [
        "Does this word start with a letter from a to m? yes or no",
        "initial in the first half of the alphabet: yes/no",
        "Write yes if the word would stand in volume A-M of a dictionary in two volumes, otherwise no.",
        "Look at the opening letter: yes for A through M, no for N through Z.",
        "Is the initial before n in the alphabet? Reply yes or no.",
        "Please check whether m or an earlier letter opens the word (yes/no).",
        "Queue one is for A to M. Tell me, by yes or no, if this belongs there.",
        "Yes or no: initial from A to M?", "A-M? E.g. {input} -> {answer}"]),
    "last-letter-kind": (lambda word: word.endswith(VOWELS), [
        "Is the last letter a vowel or a consonant?", "final letter: vowel / consonant",
        "Write vowel if the word ends in a, e, i, o or u, otherwise consonant.",
        "What kind of letter closes this word, a consonant or a vowel?",
        "Classify the ending letter with one of the labels consonant and vowel.",
        "Please tell me whether the spelling finishes on a vowel or on a consonant, in one word.",
        "Look at the last character and label it: consonant, vowel.",
        "Last letter: is it a consonant or is it a vowel?",
        "Vowel or consonant at the back? E.g. {input} -> {answer}"]),
}


def balanced(texts: list[str], test: Callable[[str], bool]) -> list[tuple[str, bool]]:
    """Each text with what the test says, skipping those that would make one side more than 57 % so far."""
    found, sides = [], Counter()
    for text in texts:
        if sides[test(text)] <= 0.57 * (len(found) + 1):
            found.append((text, test(text)))
            sides[test(text)] += 1
    return found


def tasks() -> list[Task]:
    every = list(dict.fromkeys([*words.words(), *words.nouns(), *words.verbs(), *words.adjectives()]))
    found = []
    for name, (test, wordings) in TESTS.items():
        yes, no, form = ("vowel", "consonant", "label") if name == "last-letter-kind" else ("yes", "no", "yes-no")
        texts = [word for word in every if form == "yes-no" or not word.endswith("y")]
        pairs = [(word, yes if held else no) for word, held in balanced(texts, test)]
        found.append(Task(name, pairs, wordings, form=form, noun="Word", source=wordnet.SOURCE,
                          licence=wordnet.LICENCE))
    return found
