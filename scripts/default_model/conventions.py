"""Answer conventions: the shape in which an answer is wanted, and English cues that tell it.

A convention turns (first option, second option, which one is right) into the answer text. The last
HELD_BACK cues of each are never used in training: they make the paraphrase set.
"""

from collections.abc import Callable

Answer = Callable[[str, str, int], str]  # (first option, second option, index of the right one)
HELD_BACK = 2


def wrapped(pattern: str) -> Answer:
    return lambda x, y, right: pattern.format((x, y)[right], (x, y)[1 - right])


ANSWERS: dict[str, Answer] = {
    "word": wrapped("{0}"),
    "quoted": wrapped('"{0}"'),
    "bullet": wrapped("- {0}"),
    "sentence": wrapped("It is {0}."),
    "contrast": wrapped("{0}, not {1}"),
    "exclaim": wrapped("{0}!"),
    "heading": wrapped("# {0}"),
    "choice": wrapped("I choose {0}."),
    "reject": wrapped("not {1}"),
    "twice": wrapped("{0} {0}"),
}

# What the base reads in place of a cue while it learns the shapes; no prompt or test ever has it.
TAGS = {name: f"Form {name}." for name in ANSWERS}

CUES: dict[str, tuple[str, ...]] = {
    "word": ("Reply with the word itself.", "Just the word, nothing else.", "Give only the right word.",
             "Write the bare word.", "The correct word alone.", "Spell out the right word.",
             "Answer in one plain word.", "Copy the correct word once.", "Only the word, no extras.",
             "One word, without anything around it.",
             "State the right word and nothing more.", "The plain word will do."),
    "quoted": ("Put it in quotation marks.", "Reply in quotes.", "Quote the right word.",
               "Write it between double quotes.", "The word in quotation marks, please.",
               "Use quotes around the answer.", "Give a quoted string.", "Enclose the answer in quotes.",
               "Answer with a quotation.", "Surround the word by quotation marks.",
               "State it inside quotation marks.", "A quoted word will do."),
    "bullet": ("Make it a list item.", "Reply as a bullet point.", "Write it as a bullet.",
               "Put a dash before the word.", "The word as a list entry, please.", "Use a bullet list.",
               "Give one bullet point.", "Answer as an item of a list.", "Start with a dash.",
               "Format the answer as a list.",
               "State it as a bullet point.", "A one item list will do."),
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
    "exclaim": ("Shout it.", "Reply with an exclamation mark.", "Exclaim the right word.",
                "Say it loudly, with an exclamation mark.", "The word and an exclamation mark.",
                "Call it out!", "Cry out the answer.", "Answer with excitement, ending in !",
                "Put an exclamation mark after the word.", "Yell the correct word.",
                "State it as an exclamation.", "A shouted word will do."),
    "heading": ("Make it a heading.", "Reply as a markdown title.", "Write it as a title.",
                "Put a hash sign before the word.", "The word as a headline, please.", "Use a markdown heading.",
                "Give a section title.", "Answer as the title of a section.", "Start with a hash sign.",
                "Format the answer as a heading.",
                "State it as a heading.", "A title line will do."),
    "choice": ("Begin with I choose.", "Say what you choose.", "Reply by saying I choose.",
               "Tell me your choice in the first person.", "Speak for yourself: I choose.",
               "Announce your choice.", "Answer as the one who chooses.", "Declare what you choose.",
               "Write your choice, starting with I choose.", "Let me hear your personal choice.",
               "State what your own choice is.", "Say I choose, and then the word."),
    "reject": ("Name only the wrong one, with not.", "Say which it is not.", "Reply with not and the wrong word.",
               "Tell what is false.", "Rule out the wrong word.", "Reject the wrong one.",
               "Answer by negation.", "Deny the incorrect word.", "Only say what it is not.",
               "Give the wrong word after not.",
               "State which one is not right.", "Exclude the false word."),
    "twice": ("Say it twice.", "Reply with the word two times.", "Repeat the right word twice.",
              "Write it two times in a row.", "The word, and the word again.", "Double the answer.",
              "Give the answer twice.", "Answer two times.", "Use the correct word twice.",
              "Echo the right word.",
              "State it two times.", "A doubled word will do."),
}


def training_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][:-HELD_BACK]


def unseen_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][-HELD_BACK:]
