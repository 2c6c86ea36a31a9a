"""Answer conventions: the shape in which an answer is wanted, and English cues that tell it.

A convention turns (first option, second option, which one is right) into the answer text. The last
HELD_BACK cues of each are never used in training: they make the paraphrase set.
"""

from collections.abc import Callable

Answer = Callable[[str, str, int], str]  # (first option, second option, index of the right one)
HELD_BACK = 4


def wrapped(pattern: str) -> Answer:
    return lambda x, y, right: pattern.format((x, y)[right], (x, y)[1 - right])


ANSWERS: dict[str, Answer] = {
    "word": wrapped("{0}"),
    "quoted": wrapped('" {0} "'),
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
    "word": (
        "Reply with the word itself.", "Just the word, nothing else.", "Give only the right word.",
        "Write the bare word.", "The correct word alone.", "Spell out the right word.",
        "Answer in one plain word.", "Copy the correct word once.", "Only the word, no extras.",
        "One word, without anything around it.", "No decoration, simply the word.",
        "Return the word as it stands.", "Respond with a single plain word.",
        "Name the right word, that is all.", "Leave out everything but the word.",
        "Type the right word only.", "Keep to the word, without marks.",
        "The answer is one simple word.", "Tell me the word and stop.",
        "An undecorated word, please.",
        "State the right word and nothing more.", "The plain word will do.",
        "Nothing besides the right word.", "Respond with the word on its own."),
    "quoted": (
        "Put it in quotation marks.", "Reply in quotes.", "Quote the right word.",
        "Write it between double quotes.", "The word in quotation marks, please.",
        "Use quotes around the answer.", "Give a quoted string.", "Enclose the answer in quotes.",
        "Answer with a quotation.", "Surround the word by quotation marks.",
        "Set the word in quotes.", "Quotation marks go around the answer.", "Reply with a quotation.",
        "The answer belongs between quotation marks.", "Type it in double quotes.",
        "Cite the right word in quotes.", "Use double quotation marks.", "Answer as a quote.",
        "Write the right word as a quotation.", "Open and close quotes around the word.",
        "State it inside quotation marks.", "A quoted word will do.",
        "Deliver the word in quotation marks.", "Respond with the quoted word."),
    "bullet": (
        "Make it a list item.", "Reply as a bullet point.", "Write it as a bullet.",
        "Put a dash before the word.", "The word as a list entry, please.", "Use a bullet list.",
        "Give one bullet point.", "Answer as an item of a list.", "Start with a dash.",
        "Format the answer as a list.", "Write a list with one item.", "Type a dash, then the word.",
        "The answer is an item in a list.", "Reply with a dashed item.", "List the right word.",
        "Put it into a bullet list.", "Answer as a bullet.", "A dash goes in front.",
        "Enter it as a list item.", "Return a list of one entry.",
        "State it as a bullet point.", "A one item list will do.", "Deliver it as an item of a list.",
        "Respond with a dash and the word."),
    "sentence": (
        "Reply in a full sentence.", "Use a complete sentence.", "Write a whole sentence.",
        "Answer in a sentence, with a full stop.", "Give a full sentence, please.",
        "Make a sentence of it.", "A short complete sentence, please.", "Say it as a sentence.",
        "Respond by a full sentence.", "Form a proper sentence.",
        "Type a sentence that ends with a full stop.", "Put the answer into a sentence.",
        "Reply with It is and the word.", "The answer is a complete sentence.",
        "Formulate a sentence.", "Begin with It is.", "Write it out as a sentence.",
        "Answer with a proper short sentence.", "Return a grammatical sentence.",
        "Express it in a sentence.",
        "State it in one complete sentence.", "A whole sentence will do.",
        "Deliver a complete sentence.", "Respond with a sentence that says it."),
    "contrast": (
        "Name the right one, then not the wrong one.", "Say which one, and which not.",
        "Say this, not that.", "Contrast the right one with the wrong one.",
        "Give the right one and rule out the other.", "Tell which it is and which it is not.",
        "Write: the right one, not the other.", "Mention both: this one, not that one.",
        "Affirm one and deny the other.", "Reply with one, not the other.",
        "First the right one, then not and the other.", "Put not before the second one.",
        "Choose this one, not the other one.", "Tell this and exclude that.",
        "Type the right one, not the wrong one.", "Oppose the true one to the false one.",
        "Answer: one of them, not the other.", "Name both, the wrong one denied.",
        "Both in the answer: yes to one, not the other.",
        "Return the right one and negate the wrong one.",
        "State which is right and which is not.", "Pick one and reject the other aloud.",
        "Respond with the right one, not the wrong one.", "Set the true one against the false one."),
    "exclaim": (
        "Shout it.", "Reply with an exclamation mark.", "Exclaim the right word.",
        "Say it loudly, with an exclamation mark.", "The word and an exclamation mark.",
        "Call it out!", "Cry out the answer.", "Answer with excitement, ending in !",
        "Put an exclamation mark after the word.", "Yell the correct word.",
        "Use an exclamation mark.", "Scream the answer.",
        "Type it with an exclamation mark at the end.", "The answer is a shout.",
        "Make an exclamation of it.", "Be loud!", "Raise your voice for the answer.",
        "Return an excited word.", "Call the right word aloud!", "Finish with an exclamation mark.",
        "State it as an exclamation.", "A shouted word will do.", "Respond with a shout.",
        "Deliver the word with an exclamation mark."),
    "heading": (
        "Make it a heading.", "Reply as a markdown title.", "Write it as a title.",
        "Put a hash sign before the word.", "The word as a headline, please.",
        "Use a markdown heading.", "Give a section title.", "Answer as the title of a section.",
        "Start with a hash sign.", "Format the answer as a heading.",
        "Type a hash sign, then the word.", "The answer is a heading.",
        "Set it as a markdown headline.", "A hash goes in front.", "Reply with a title line.",
        "Turn the word into a headline.", "Write the headline of a section.",
        "Answer as a markdown title.", "Return a heading in markdown.",
        "Let the word be a section heading.",
        "State it as a heading.", "A title line will do.", "Deliver the word as a headline.",
        "Respond with a hash and the word."),
    "choice": (
        "Begin with I choose.", "Say what you choose.", "Reply by saying I choose.",
        "Tell me your choice in the first person.", "Speak for yourself: I choose.",
        "Announce your choice.", "Answer as the one who chooses.", "Declare what you choose.",
        "Write your choice, starting with I choose.", "Let me hear your personal choice.",
        "Write I choose and the word.", "Make a choice and say so.", "Type: I choose, then the word.",
        "The answer states your choice.", "Which do you choose yourself?",
        "Say it as your own decision: I choose.", "Reply as somebody who makes a choice.",
        "Express your choice as I choose.", "Answer with I choose.", "Return a first person choice.",
        "State what your own choice is.", "Say I choose, and then the word.",
        "Respond with what you choose.", "Deliver your choice as I choose."),
    "reject": (
        "Name only the wrong one, with not.", "Say which it is not.",
        "Reply with not and the wrong word.", "Tell what is false.", "Rule out the wrong word.",
        "Reject the wrong one.", "Answer by negation.", "Deny the incorrect word.",
        "Only say what it is not.", "Give the wrong word after not.",
        "Type not, then the wrong word.", "The answer says what is wrong.", "Write what it is not.",
        "Negate the false word.", "Give only the wrong one and deny it.", "Begin with not.",
        "Reply with a denial of the wrong one.", "Answer with not and the false one.",
        "Point out what is not right.", "Return the negated wrong word.",
        "State which one is not right.", "Exclude the false word.", "Respond with what it is not.",
        "Deliver a denial of the false word."),
    "twice": (
        "Say it twice.", "Reply with the word two times.", "Repeat the right word twice.",
        "Write it two times in a row.", "The word, and the word again.", "Double the answer.",
        "Give the answer twice.", "Answer two times.", "Use the correct word twice.",
        "Echo the right word.", "Type the word twice.", "The answer is the word, repeated.",
        "Say the right word again after saying it.", "Write the same word two times.",
        "Reply with a doubled word.", "Use it two times.", "Name it once and once more.",
        "Answer with a repetition.", "Return the word in duplicate.", "Duplicate the correct word.",
        "State it two times.", "A doubled word will do.", "Deliver the word two times.",
        "Respond with the word repeated."),
}


def training_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][:-HELD_BACK]


def unseen_cues(convention: str) -> tuple[str, ...]:
    return CUES[convention][-HELD_BACK:]
