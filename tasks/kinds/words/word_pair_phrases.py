"""Two words put into one phrase."""

from builder import Task
from builder.pools.word_pairs import pairs

PHRASES = {
    "both-and": ("both {} and {}", [
        "Connect the words with both ... and.", "both + first + and + second",
        "Say that the two apply together, using both and and.",
        "Please write that the one holds and the other holds too, beginning with the word both.",
        "Which phrase with both includes the pair?",
        "the two at once: both ...", "All of this holds, so join the pair by the conjunction that starts with both.",
        "Like {input} -> {answer}"]),
    "either-or": ("either {} or {}", [
        "Connect the words with either ... or.", "either + first + or + second",
        "Offer the pair as a choice of one, using either and or.",
        "Please write that exactly one of them holds, beginning with the word either.",
        "Which phrase with either presents these alternatives?", "one of the two: either ...",
        "Only one can be had, so join the pair by the conjunction that starts with either.",
        "As {input} becomes {answer}"]),
    "neither-nor": ("neither {} nor {}", [
        "Connect the words with neither ... nor.", "neither + first + nor + second",
        "Reject the pair as a whole, using neither and nor.",
        "Please write that not one of them holds, beginning with the word neither.",
        "Which phrase with neither rules out these two?", "none of the two: neither ...",
        "Both are out, so join the pair by the conjunction that starts with neither.",
        "So, for instance: {input} / {answer}"]),
    "not-but": ("not {} but {}", [
        "Connect the words with not ... but.", "not + first + but + second",
        "Deny the first word and put the second in its place, using not and but.",
        "Please correct me: it is the latter, and what I said before is wrong. Begin with not.",
        "Which phrase replaces the one by the other with the help of but?", "the second instead: not ...",
        "The former is out and the latter is in; begin with not and write no comma.",
        "In the style {input} > {answer}"]),
    "rather-than": ("{} rather than {}", [
        "Connect the words with rather than.", "first + rather than + second",
        "Prefer the first word to the second, with rather between.",
        "Please say that the former is the better choice, using the words rather than.",
        "How do you express with rather that the one in front is favored?",
        "the first, not so much the second: ... rather",
        "Preference for what comes first; than goes before what comes second.", "Model: {input} = {answer}"]),
    "as-well-as": ("{} as well as {}", [
        "Connect the words with as well as.", "first + as well as + second",
        "Add the second word to the first, with the three-word conjunction that has well in the middle.",
        "Please say that the latter comes on top of the former, using well.",
        "How do you join the two with a phrase that could also be in addition to?",
        "the one, plus the other: ... as well",
        "No both and no bare and: link the pair by as well as.", "Example, {input} gives {answer}"]),
    "turned": ("{1}, {0}", [
        "Write the pair in the opposite order, with the comma.", "second, first",
        "Put what follows the comma in front of it, and the other way round.",
        "Please exchange the two words and keep the comma between them.",
        "How does the pair read from the back?", "comma stays, words change places",
        "Start with the latter, then a comma, then the former.", "Reverse, e.g. {input} | {answer}"]),
    "first-of-two": ("{0}", [
        "Give just the first of the two words.", "the former",
        "Copy what stands before the comma.", "Please leave out the second word and the comma.",
        "Which word does the pair start with?", "left one only", "Drop everything from the comma on.",
        "Keep the opening word, {input} leaves {answer}"]),
}


def tasks() -> list[Task]:
    return [Task(name, [(pair.text(), phrase.format(pair.first, pair.second)) for pair in pairs()], wordings,
                 form="word", noun="Words") for name, (phrase, wordings) in PHRASES.items()]
