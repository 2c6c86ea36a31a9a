"""The items of a list, written in another way."""

from collections.abc import Sequence

from builder import Task
from builder.pools import lists, more_lists
from builder.task import LONGEST, tokens


def joined(items: Sequence[str], word: str) -> str:
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


FORMATS = {
    "and": (lambda items: joined(items, "and"), [
        "Put the word and before the last item, with no comma there.",
        "with and in front of the final entry, as in prose",
        "How would you write this list in running text, using and (but no comma with it)?",
        "Replace the last comma by and.", "Please make it read naturally: commas, then and before the closing item.",
        "Join the items the British way, so that the final two have an and between them.",
        "All of these are meant; write the list as it stands in a sentence, no serial comma.",
        "Close the list with and: last two items joined by that word alone, earlier ones by commas.",
        "Link with and, as {input} becomes {answer}"]),
    "or": (lambda items: joined(items, "or"), [
        "Put the word or before the last item, with no comma there.",
        "with or in front of the final entry, as for a choice",
        "How would you offer these in running text, using or (but no comma with it)?",
        "Replace the last comma by or.", "Please make it a choice: commas, then or before the closing item.",
        "Join the items as alternatives, so that the final two have an or between them.",
        "Only one of these is needed; write the list as options in a sentence, no serial comma.",
        "Close the list with or: last two items joined by that word alone, earlier ones by commas.",
        "Link with or, as {input} becomes {answer}"]),
    "semicolons": ("; ".join, [
        "Use semicolons instead of commas.", "semicolon-separated, with a space after each",
        "What does the list look like with ; where each comma is?", "Turn every comma into a semicolon.",
        "Please separate the items by a semicolon and a space.", "Change , to ; all through and leave the rest.",
        "A stronger mark than the comma is wanted between the entries: the one with a dot above it.",
        "Semicolon plus space wherever there was a comma plus space.", "Separator ; as {input} becomes {answer}"]),
    "slashes": ("/".join, [
        "Separate the items with slashes and no spaces.", "slash-separated, like a path",
        "What does the list look like with a bare / for each comma and space?", "Join the items by / only.",
        "Please put a slash, and nothing else, between neighbours.",
        "Make it one string without spaces in which slashes part the entries.",
        "Strokes for commas, closed up.", "Slash wherever there was a comma plus space.",
        "Separator / as {input} becomes {answer}"]),
    "dashes": (" - ".join, [
        "Separate the items with a hyphen that has a space on each side.", "items with spaced hyphens between them",
        "What does the list look like with - between the entries, spaces around it?",
        "Turn each comma into a spaced dash (-).", "Please set a minus sign with blanks between neighbours.",
        "Write it like stops of a railway line: one - the next - the next.", "No commas; use space, hyphen, space.",
        "Space-hyphen-space wherever there was a comma plus space.", "Separator - as {input} becomes {answer}"]),
    "numbered": (lambda items: " ".join(f"{i}. {item}" for i, item in enumerate(items, 1)), [
        "Number the items on one line, like 1. this 2. that, without commas.", "numbered 1. 2. 3. in a single line",
        "How does the list look with 1., 2., 3. and so on in front of its entries instead of commas?",
        "Put a running number with a dot before each item; spaces, no commas.",
        "Please give every element its number in line, a full stop after the digit, commas dropped.",
        "Enumerate, starting at 1., all in one row and only spaces between.",
        "I want to refer to the entries as 1., 2. and so forth: write them out so, on the same line, comma-free.",
        "One line, no commas, and 1. 2. 3. ahead of the respective items.", "Numbered, as {input} becomes {answer}"]),
    "json": (lambda items: "[" + ", ".join(f'"{item}"' for item in items) + "]", [
        "Write this as a JSON array of strings.", "JSON list, please, with a space after each comma",
        "How would these items look as an array in JSON?",
        "Put each item in double quotes and square brackets around everything.",
        "Convert to valid JSON: strings in an array on one line.",
        "A program has to read this list; give it a JSON array of double-quoted strings, all in one row.",
        "Bracket the lot and quote every entry the way JSON demands.", "Serialise the items as one JSON array.",
        "As JSON, {input} becomes {answer}"]),
    "upper-case": (lambda items: ", ".join(items).upper(), [
        "Write the whole list in capital letters.", "all caps, commas kept", "How does this list look in upper case?",
        "Change every letter to a capital one and keep the commas.", "Please shout these items.",
        "Use block letters for all entries, same order and punctuation.", "No small letters: retype the list so.",
        "Nothing but capitals in the whole list, please, still with commas.", "Capitals, as {input} becomes {answer}"]),
}


def tasks() -> list[Task]:
    pools = lists.mixed(), more_lists.all_odd(), more_lists.all_paired()
    every = more_lists.in_turn(*([each.items for each in pool] for pool in pools))
    found = []
    for name, (write, wordings) in FORMATS.items():
        pairs = [(", ".join(items), write(items)) for items in every]
        most = LONGEST - {"json": 0, "upper-case": 3}.get(name, 2)
        found.append(Task(name, [pair for pair in pairs if tokens(pair[1]) <= most], wordings, form="list",
                          noun="List"))
    return found
