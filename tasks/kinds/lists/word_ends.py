"""Letters at the beginning or the end of a word."""

from builder import Task
from builder.pools import words
from builder.sources import wordnet

ENDS = {
    "first": (lambda word: word[0], [
        "Write just the opening letter, small.", "What letter does this word begin with? Write it small.",
        "initial, lower case", "Copy only the letter at the very front of the word.",
        "Please tell me with which lower-case letter one starts spelling this.",
        "Which character of the word stands before all others?",
        "Keep the start and drop everything after a single letter.",
        "Only character number one of the word, not capital", "Starting letter, e.g. {input} -> {answer}"]),
    "last": (lambda word: word[-1], [
        "Give the last letter in lower case.", "What letter does this word end with? Write it small.",
        "final letter, lower case", "Copy only the letter at the very back of the word.",
        "Please tell me the small letter that closes this word.",
        "Which character of the word stands after all others?",
        "Drop everything but the one letter at the end.", "Only the rightmost character of the word, not capital",
        "Ending letter, e.g. {input} -> {answer}"]),
    "first-capital": (lambda word: word[0].upper(), [
        "Give the first letter as a capital.", "What does this word begin with? Answer with one upper-case letter.",
        "initial, upper case", "Copy the letter at the very front of the word and make it big.",
        "Under which capital letter would a dictionary have this?",
        "Please tell me the starting character, written as in a monogram.",
        "Abbreviate the word to its opening letter in block type.", "One capital: the word's own first letter.",
        "Big first letter, e.g. {input} -> {answer}"]),
    "last-capital": (lambda word: word[-1].upper(), [
        "Give the last letter as a capital.", "What does this word end with? Answer with one upper-case letter.",
        "final letter, upper case", "Copy the letter at the very back of the word and make it big.",
        "Which capital stands at the end when this is written in block letters?",
        "Please tell me the closing character, capitalised.",
        "Throw away all but the end and write that single letter large.",
        "One capital: the word's own last letter.", "Big final letter, e.g. {input} -> {answer}"]),
    "second": (lambda word: word[1], [
        "Give the second letter.", "What letter comes right after the first one?", "letter no. 2",
        "Copy only the letter next to the opening one.",
        "Please skip one letter of this word and tell me the following one.",
        "Number the letters from one; which is number two?", "I need just the character in second position.",
        "Second character of the word, please.", "Second letter, e.g. {input} -> {answer}"]),
    "first-two": (lambda word: word[:2], [
        "Give the first two letters.", "How does this word begin? Two letters, please.", "opening pair of letters",
        "Copy the word but stop after its second letter.", "Shorten this to two characters by cutting the rest off.",
        "Which two letters does one type first when writing it?",
        "Only the start of the word, exactly two letters long.",
        "The word cut down to characters one and two", "Leading two, e.g. {input} -> {answer}"]),
    "last-two": (lambda word: word[-2:], [
        "Give the last two letters.", "How does this word end? Two letters, please.", "closing pair of letters",
        "Copy just the tail of the word, exactly two letters long.",
        "Take away everything in front until only a pair of characters remains.",
        "What two letters stand at the back of the word?",
        "I am only interested in the second-last letter and the one behind it, written together.",
        "The word cut down to its final two characters", "Trailing two, e.g. {input} -> {answer}"]),
    "both-ends": (lambda word: f"{word[0]}-{word[-1]}", [
        "Give the first and the last letter with a hyphen between them.", "outer letters, as x-y",
        "What does the word begin and end with? Answer with two letters joined by a hyphen.",
        "Put a hyphen in place of everything between the opening and the closing letter.",
        "Please write the initial, then -, then the final letter.",
        "Hide the inside of the word: starting letter, one hyphen, ending letter.",
        "Only the letters at either edge, hyphenated.", "Edges of the word with - between: one letter each side.",
        "Both ends, e.g. {input} -> {answer}"]),
}


def tasks() -> list[Task]:
    return [Task(name, [(word, take(word)) for word in words.words()], wordings, form="letter", noun="Word",
                 source=wordnet.SOURCE, licence=wordnet.LICENCE)
            for name, (take, wordings) in ENDS.items()]
