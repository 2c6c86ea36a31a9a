"""A word written in another way, or with a letter less."""

from builder import Task
from builder.pools import words
from builder.sources import wordnet

EDITS = {
    "upper-case": (str.upper, [
        "Write the word in capital letters.", "all caps", "How does this word look in upper case?",
        "Change each of its letters to a capital.", "Please shout it.", "Block letters only: retype the word so.",
        "It goes on a warning sign, where no small letters are used.", "Turn lower case into upper case.",
        "Capitals, as {input} becomes {answer}"]),
    "capitalised": (str.capitalize, [
        "Give the word a big letter in front.", "initial capital, other letters small",
        "How would this word look at the beginning of a sentence?", "Capitalise it.",
        "Please make just the opening letter a big one.",
        "Treat it like a name: upper case in front, lower case behind.",
        "One letter is to change, the one in front, to a capital.",
        "Big first letter, please, and the rest as it is.", "Title style, as {input} becomes {answer}"]),
    "doubled": (lambda word: f"{word} {word}", [
        "Write the word twice with a space between.", "same word two times in a row, space-separated",
        "What do you get when you say it and say it again?", "Repeat the word once, after a blank.",
        "Please type it, a space, and the same again.",
        "Make two of one: a copy follows the original, parted by a space.",
        "Stammer: the whole word, then the whole word.", "Once more the same, on one line with a space.",
        "Doubled, as {input} becomes {answer}"]),
    "spelled": ("-".join, [
        "Spell the word with hyphens between the letters.", "letter by letter, hyphenated",
        "How is it spelled? Put a hyphen after each letter but the last.", "Insert - between all neighbouring letters.",
        "Please take the word apart into single characters joined by hyphens.",
        "Dictate it one letter at a time, with - for each pause.",
        "Every letter stands alone here, as in w-o-r-d.", "A dash between each letter and the one after it, please.",
        "Spelled out, as {input} becomes {answer}"]),
    "without-first": (lambda word: word[1:], [
        "Drop the first letter and write the rest.", "word minus its opening letter",
        "What is left of this word when the letter in front is gone?", "Behead it: remove one character at the start.",
        "Please begin to copy at the second letter.", "Delete letter number one and keep the others together.",
        "Write everything that follows the initial.", "Lose the first character.",
        "Front letter off, as {input} becomes {answer}"]),
    "without-last": (lambda word: word[:-1], [
        "Drop the last letter and write the rest.", "word minus its closing letter",
        "What is left of this word when the letter at the back is gone?",
        "Dock its tail: remove one character at the end.",
        "Please stop copying one letter early.", "Delete the final letter and keep the others together.",
        "Write everything that goes before the ending letter.", "Lose the last character.",
        "Back letter off, as {input} becomes {answer}"]),
    "brackets": (lambda word: f"({word})", [
        "Put the word in round brackets.", "same word in parentheses",
        "How would it look as an aside, between ( and )?",
        "Set a round bracket before and another one after.", "Please enclose it in parens, no spaces inside.",
        "Add ( in front and ) at the back.", "Curved marks should embrace the word on both sides.",
        "Parentheses around it, please.", "Bracketed, as {input} becomes {answer}"]),
    "hashtag": (lambda word: f"#{word}", [
        "Make a hashtag of the word.", "same word with # before it", "Under what hashtag would people post about this?",
        "Add a hash sign in front, no space.", "Please turn it into a social media tag, the sign included.",
        "Prefix it with the number sign and change nothing else.",
        "I want to find posts on this topic: write the search term with its #.",
        "Hash and word, nothing in between.", "Tag, as {input} becomes {answer}"]),
}
RUDE = {"hell", "hoe", "poo"}     # what a letter less would make of shell, shoe and poor


def tasks() -> list[Task]:
    found = []
    for name, (edit, wordings) in EDITS.items():
        pairs = [(word, edit(word)) for word in words.words()
                 if (name != "spelled" or len(word) <= 9) and edit(word) not in RUDE]
        found.append(Task(name, pairs, wordings, form="code" if name in ("brackets", "hashtag") else "word",
                          noun="Word", source=wordnet.SOURCE, licence=wordnet.LICENCE))
    return found
