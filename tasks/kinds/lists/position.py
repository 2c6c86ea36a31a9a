"""One item of a list, by its place or its spelling."""

from builder import Task
from builder.pools import lists

PLACES = {
    "first": (0, ["Give the first item.", "Which word opens this list?", "first entry only",
                  "Please tell me what stands at the very beginning of the list below.",
                  "Copy the item that comes before all the others", "What is item number one here?",
                  "Read the list and answer with its leading element, nothing else.",
                  "Start of the list, please: one item.", "Take the word in front. E.g. {input} gives {answer}"]),
    "last": (-1, ["Give the last item.", "Which word closes this list?", "final entry only",
                  "Please tell me what stands at the very end of the list below.",
                  "Copy the item that comes after all the others", "What does the enumeration finish with?",
                  "Read everything and answer with the concluding element, nothing more.",
                  "End of the list, please: one item.", "Take the word at the back. E.g. {input} gives {answer}"]),
    "second": (1, ["Give the second item.", "Which word follows the opening one?", "entry no. 2",
                   "Please tell me what stands in second position in the list below.",
                   "Skip one item and copy the next", "What comes directly after the first element?",
                   "Number the words from one and answer with number two.",
                   "Runner-up by place in the list", "Take the second word, for instance {input} -> {answer}"]),
    "third": (2, ["Give the third item.", "Which word stands two places after the opening one?", "entry no. 3",
                  "Please tell me what is in third position in the list below.", "Skip two items and copy the next",
                  "Number the words from one; what is number three?",
                  "I only need whatever comes between the second and the fourth element.",
                  "Bronze place in the list, counted from the left",
                  "Take word three, for instance {input} -> {answer}"]),
    "second-last": (-2, ["Give the last item but one.", "Which word stands just before the final one?",
                         "penultimate entry", "Please tell me what is second from the end in the list below.",
                         "Leave off the closing item; what does the list end with then?",
                         "Counting from the back, copy number two.",
                         "I only need the element that has exactly one other behind it.",
                         "The one before the last, please.", "Next-to-last word wanted, as in {input} = {answer}"]),
}
SPELLINGS = {
    "first-in-alphabet": (lambda items: min(items, key=str.casefold), [
        "Which of these would come first in a dictionary?", "alphabetically earliest item",
        "Sort in your head from A to Z and give just the word at the top.",
        "Please name the entry whose spelling is nearest to the start of the alphabet.",
        "If the list were in ABC order, what would it begin with?", "Pick the word closest to A.",
        "Of all words listed, copy the one that an index would show before the rest.",
        "Top of the list once it is sorted by spelling", "First by the alphabet, as {answer} is in {input}"]),
    "last-in-alphabet": (lambda items: max(items, key=str.casefold), [
        "Which of these would come last in a dictionary?", "alphabetically latest item",
        "Sort in your head from A to Z and give just the word at the bottom.",
        "Please name the entry whose spelling is nearest to the end of the alphabet.",
        "If the list were in ABC order, what would it finish with?", "Pick the word closest to Z.",
        "Of all words listed, copy the one that an index would show after the rest.",
        "Bottom of the list once it is sorted by spelling", "Last by the alphabet, as {answer} is in {input}"]),
    "longest": (lambda items: max(items, key=len), [
        "Give the longest word.", "Which item has the most letters?", "greatest number of letters: which one",
        "Please find the entry that takes the most characters to write.",
        "Compare how long the words are and copy the one no other can match.",
        "One of these words has more letters than any other. Write that word.",
        "I need the item that would fill the widest column.", "By number of letters, the biggest word",
        "Longest one, e.g. {input} -> {answer}"]),
}


def sizes_differ(items: tuple[str, ...]) -> bool:
    """Whether one item is the longest."""
    longest, second = sorted(map(len, items))[:-3:-1]
    return longest > second


def tasks() -> list[Task]:
    texts = [(each.items, each.text()) for each in lists.mixed()]
    found = [Task(name, [(text, items[place]) for items, text in texts], wordings, form="word", noun="List")
             for name, (place, wordings) in PLACES.items()]
    for name, (choose, wordings) in SPELLINGS.items():
        pairs = [(text, choose(items)) for items, text in texts if name != "longest" or sizes_differ(items)]
        found.append(Task(name, pairs, wordings, form="word", noun="List"))
    return found
