"""Words of sentences from real life, and how they begin and end."""

import re

from builder import Task
from builder.pools.sentences import real
from builder.sources import wordnet

PRONOUNS = "I you he she it we they".split()
ARTICLES = "the a an".split()


def words(text: str) -> list[str]:
    return text.rstrip(".!?").replace(",", "").split()


def opening(text: str) -> str:
    first = words(text)[0]
    return ("pronoun" if first.lower() in [each.lower() for each in PRONOUNS] else
            "article" if first.lower() in ARTICLES else "other")


TASKS = {
    "first-word": (lambda text: words(text)[0], "word", [
        "Give the first word.", "opening word", "Which word does the sentence begin with?",
        "Please copy only the word at the very start.", "Keep word one, drop all that follows.",
        "Break off at the first space.", "{input} It starts with {answer}. What does the following start with?",
        "Only the word with the capital of the sentence is wanted.", "Word no. 1, as it is written"]),
    "second-word": (lambda text: words(text)[1], "word", [
        "Give the second word.", "word after the opening one", "Which word is number two?",
        "Please copy only what stands between the first two spaces.", "Skip one word, write the next.",
        "Count from the left: one, two. Write it.", "{input} Number two is {answer}. Which is it below?",
        "What follows directly on the initial word? One word.", "The sentence's word in position two"]),
    "last-word": (lambda text: words(text)[-1], "word", [
        "Give the last word, without punctuation.", "closing word, no punctuation",
        "Which word does the sentence end in? Leave off its mark.",
        "Please copy only the word at the very end, but not the full stop.", "Final word, bare",
        "All goes except the word before the final punctuation mark; what remains?",
        "{input} It ends with {answer}. What does the following end with?",
        "Read to the end; what was the concluding word? No full stop.", "Rightmost word without the mark behind it"]),
    "last-but-one": (lambda text: words(text)[-2], "word", [
        "Give the last word but one.", "penultimate word", "Which word stands just before the final one?",
        "Please copy the word that is second from the end.",
        "Leave off the closing word; with which word does it end then?",
        "Count from the right: one, two. Write that word.", "{input} Next to last is {answer}. Which is it here?",
        "The word that has exactly one other behind it", "Second to last, one word, no punctuation"]),
    "word-count": (lambda text: str(len(words(text))), "number", [
        "How many words has it got? In digits.", "word count, digits",
        "Count the words and write the number as a figure.",
        "Please state the length in words, using digits.", "What would a word counter show for this?",
        "Number the words from 1; which number does the final one get?",
        "{input} Count of words: {answer}. And of this?", "Tell the amount of words with a numeral such as 6.",
        "Size of the sentence, measured in words, in digits"]),
    "opening": (opening, "label", [
        "What is the first word: article, pronoun or other? Pronouns are I, you, he, she, it, we, they.",
        "opening word: article / pronoun / other",
        "Answer article for The, A or An at the start, pronoun for I, he, she and so on, else other.",
        "Please classify how it begins. Labels: pronoun (a personal one as subject), article, other.",
        "Does it start with an article, a personal pronoun like We, or neither (other)?",
        "Part of speech at the front, as one of pronoun (I, you, he, she, it, we, they), article, other",
        "{input} -> {answer}. Which of article, personal pronoun (say pronoun) and other opens the next?",
        "other unless the initial word is The, A, An (article) or a subject pronoun such as They (pronoun)",
        "Look at the beginning only and choose between article, pronoun (He, It, You ...) and other."]),
    "without-end": (lambda text: text[:-1], "sentence", [
        "Copy the sentence without its final punctuation mark.", "same words, no mark at the end",
        "Take away the last character.", "Please remove the full stop, question mark or exclamation mark.",
        "How would it look as a title, without the closing mark?", "Delete the end mark and nothing else.",
        "{input} Bare: {answer}, no mark behind it. Treat the next likewise.",
        "Leave the sentence open: no punctuation after the last word.", "Strip the terminal punctuation."]),
}


def tasks() -> list[Task]:
    texts = [text for text in real() if not re.search("-| '|' |^[A-Z][a-z]*'", text)]
    return [Task(name, [(text, answer(text)) for text in texts], wordings, form=form, noun="Sentence",
                 source=wordnet.SOURCE, licence=wordnet.LICENCE)
            for name, (answer, form, wordings) in TASKS.items()]
