"""Words of a sentence by their place, their length or their number."""

from builder import Task
from builder.pools.sentences import Made, made


def words(each: Made) -> list[str]:
    return each.text().rstrip(".").split()


def longest(each: Made) -> str:
    """The one longest word, or "" where several are."""
    shorter, found = sorted(words(each), key=len)[-2:]
    return found if len(found) > len(shorter) else ""


TASKS = {
    "first-two": (lambda each: " ".join(words(each)[:2]), "sentence", [
        "Give the first two words.", "opening pair of words", "Copy the sentence up to its second word.",
        "Please write only the two words that it begins with.", "How does it start? Two words, please.",
        "Keep words one and two, cut off the rest.", "{input} Starts with: {answer}. And the following, two words?",
        "Break off after the second word.", "Words 1-2, as they are written"]),
    "last-two": (lambda each: " ".join(words(each)[-2:]), "sentence", [
        "Give the last two words, without the full stop.", "closing pair of words, no full stop",
        "Copy only what the sentence ends in: two words and no full stop.",
        "Please leave off everything but the final two words (and leave off the full stop, too).",
        "Which two words are at the end? Write them without punctuation.",
        "Count two words back from the end and copy from there, except for the full stop.",
        "{input} Ends with: {answer}. And this one, two words, no full stop?",
        "Tail of the sentence: the final pair of words alone, bare of punctuation",
        "With which two words does the line finish? No punctuation."]),
    "verb-as-written": (Made.past, "word", [
        "Copy the verb as it stands.", "verb, in the tense of the sentence", "Which word of the sentence is the verb?",
        "Please pick out the one word that says what happened, unchanged.", "Find the past tense form.",
        "Write down the predicate exactly as written here.", "{input} Its verb: {answer}. Now take the verb from this.",
        "Point to the action word; do not alter its form.", "The word between subject and object is wanted."]),
    "longest-word": (longest, "word", [
        "Give the longest word.", "word with the most letters", "Which word of the sentence takes the most room?",
        "Please compare the lengths of all words and copy the greatest.", "One word is longer than all others: which?",
        "Copy the word that you need most keystrokes for.", "{input} Longest: {answer}. What is it here?",
        "Maximum by number of letters, as spelled in the sentence", "Look for the single biggest word, by letters."]),
    "number-of-words": (lambda each: str(len(words(each))), "number", [
        "How many words are there? Use digits.", "word count as a number", "Count the words; answer in digits.",
        "Please tell me the length of this sentence in words (a figure, like 7).",
        "If every word cost one euro, what would this telegram cost? Just the number, in digits.",
        "Number of words, digits only", "{input} Words: {answer}. How many are in the next?",
        "Give the number that the last word has when you number all of them from 1.",
        "An editor pays by the word. What number does she note down, in digits?"]),
    "capitals": (lambda each: str(sum(word[0].isupper() for word in words(each))), "number", [
        "How many words begin with a capital letter? Use digits.", "capitalised words: how many, as a digit",
        "Count the upper-case letters and answer with a digit.",
        "Please tell me the number of capitals in this sentence (a figure).",
        "For how many letters does the typist need the shift key? One digit.",
        "Number of words with a large initial, digit only", "{input} Capitals: {answer}. How many are below?",
        "Give, in digits, how often a big letter occurs.", "1, 2 or 3 capital letters: what is right here?"]),
    "second-initial": (lambda each: words(each)[1][0], "letter", [
        "With which letter does the second word begin?", "initial of word two",
        "Give the first letter of word number 2.",
        "Please look at the second word and write only its initial letter.", "Letter after the first space",
        "Skip one word. What letter comes next?", "{input} Word two begins with {answer}. With what does it here?",
        "Only one character is wanted: the one that opens the second word.",
        "Find the word next to the opening one and spell just its start, a single letter."]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text(), answer(each)) for each in made() if answer(each)], wordings, form=form,
                 noun="Sentence", source="made here, lemminflect, faker", licence="Apache-2.0, MIT")
            for name, (answer, form, wordings) in TASKS.items()]
