"""Answer conventions: the shape in which an answer is wanted, and English cues that tell it.

A convention turns (first option, second option, which one is right) into the answer text. The last
HELD_BACK cues of each are never used in training: they make the paraphrase set.
"""

from collections.abc import Callable

Answer = Callable[[str, str, int], str]  # (first option, second option, index of the right one)
HELD_BACK = 2


def pointing(first: str, second: str) -> Answer:
    """The answer points at an option and does not repeat it."""
    return lambda x, y, right: (first, second)[right]


def wrapped(pattern: str) -> Answer:
    return lambda x, y, right: pattern.format((x, y)[right], (x, y)[1 - right])


ANSWERS: dict[str, Answer] = {
    "letter": pointing("A", "B"),
    "option": pointing("(a)", "(b)"),
    "number": pointing("1", "2"),
    "ordinal": pointing("first", "second"),
    "yesno": pointing("yes", "no"),
    "word": wrapped("{0}"),
    "quoted": wrapped('"{0}"'),
    "bracket": wrapped("[{0}]"),
    "sentence": wrapped("It is {0}."),
    "contrast": wrapped("{0}, not {1}"),
}

# What the base reads in place of a cue while it learns the shapes; no prompt or test ever has it.
TAGS = {name: f"Form {name}." for name in ANSWERS}

CUES: dict[str, tuple[str, ...]] = {
    "letter": ("Reply with the letter A or B.", "Choose A or B.", "Give the capital letter, A or B.",
               "Answer A for one, B for the other.", "Only the letter A or B.", "Select A or B only.",
               "Pick the letter: A or B.", "A single capital letter, please.", "Write A or write B.",
               "Which letter, A or B?",
               "State the letter of your choice, A or B.", "Mark either A or B."),
    "option": ("Reply (a) or (b).", "Choose (a) or (b).", "Give the small letter in parentheses, (a) or (b).",
               "Write option (a) or option (b).", "Only (a) or (b), in parentheses.", "Select (a) or (b) only.",
               "Pick (a) or (b), parentheses included.", "A small letter in parentheses, please.",
               "Mark (a) or mark (b).", "Is it (a) or (b)?",
               "State your choice as (a) or (b).", "Answer with (a) or with (b)."),
    "number": ("Reply with the number 1 or 2.", "Choose 1 or 2.", "Give the digit, 1 or 2.",
               "Answer 1 for one, 2 for the other.", "Only the digit 1 or 2.", "Select 1 or 2 only.",
               "Pick the option number: 1 or 2.", "A single digit, please.", "Write 1 or write 2.",
               "Which number, 1 or 2?",
               "State the number of your choice, 1 or 2.", "Mark either 1 or 2."),
    "ordinal": ("Say first or second.", "Reply first or second.", "Is it the first or the second?",
                "Tell whether the first or the second.", "Only the word first or second.",
                "Select first or second.", "Pick the place: first or second.", "Write first or write second.",
                "Name its position, first or second.", "Choose between first and second.",
                "State whether it is the first or the second.", "Mark it as first or second."),
    "yesno": ("Is it the one named at the start, yes or no?", "Say yes or no.", "Reply yes or no.",
              "Yes or no only.", "Answer with yes or with no.", "Choose yes or no.",
              "Just yes or no, please.", "Write yes or write no.", "Pick yes or no.",
              "Respond by yes or no.",
              "State yes or no.", "A plain yes or no will do."),
    "word": ("Reply with the word itself.", "Just the word, nothing else.", "Give only the right word.",
             "Write the bare word.", "The correct word alone.", "Repeat the right word.",
             "Answer in one plain word.", "Copy the correct word as it is.", "Only the word, no extras.",
             "One word, without anything around it.",
             "State the right word and nothing more.", "The plain word will do."),
    "quoted": ("Put it in quotation marks.", "Reply in quotes.", "Quote the right word.",
               "Write it between double quotes.", "The word in quotation marks, please.",
               "Use quotes around the answer.", "Give a quoted string.", "Enclose the answer in quotes.",
               "Answer with a quotation.", "Surround the word by quotation marks.",
               "State it inside quotation marks.", "A quoted word will do."),
    "bracket": ("Put it in square brackets.", "Reply in brackets.", "Bracket the right word.",
                "Write it between square brackets.", "The word in square brackets, please.",
                "Use brackets around the answer.", "Give a bracketed item.", "Enclose the answer in brackets.",
                "Answer inside [ and ].", "Surround the word by square brackets.",
                "State it inside square brackets.", "A bracketed word will do."),
    "sentence": ("Reply in a full sentence.", "Use a complete sentence.", "Write a whole sentence.",
                 "Answer in a sentence, with a full stop.", "Give a full sentence, please.",
                 "Make a sentence of it.", "A short complete sentence, please.", "Say it as a sentence.",
                 "Respond by a full sentence.", "Form a proper sentence.",
                 "State it in one complete sentence.", "A whole sentence will do."),
    "contrast": ("Name the right one, then not the wrong one.", "Say which one, and which not.",
                 "Say this, not that.", "Contrast the right one with the wrong one.",
                 "Give the right one and rule out the other.", "Tell which it is and which it is not.",
                 "Write: the right one, not the other.", "Mention both: this one, not that one.",
                 "Affirm one and deny the other.", "Reply with one, not the other.",
                 "State which is right and which is not.", "Pick one and reject the other aloud."),
}


def training_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][:-HELD_BACK]


def unseen_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][-HELD_BACK:]
