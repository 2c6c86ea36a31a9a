"""A list with items left out or in another order."""

from builder import Task
from builder.pools import lists, more_lists
from builder.task import LONGEST, tokens

EDITS = {
    "without-first": (lambda items: items[1:], [
        "Drop the first item and give the rest.", "list minus its opening entry",
        "What is left when the item in front is taken away?",
        "Delete element number one, leave all others as they are.",
        "Please start copying the list at its second item.", "Behead this list: no more first element.",
        "I have dealt with whatever comes first. Write down what remains to do.",
        "First one out, all the others stay.", "Remove the front item, as {input} becomes {answer}"]),
    "without-last": (lambda items: items[:-1], [
        "Drop the last item and give the rest.", "list minus its closing entry",
        "What is left when the item at the back is taken away?",
        "Delete the final element, leave all others as they are.",
        "Please copy the list but stop before its end: one item short.",
        "Cut off the tail of the list, a single element.",
        "Repeat everything that has another item after it.",
        "Last one out, all the others stay.", "Remove the item at the end, as {input} becomes {answer}"]),
    "swap-ends": (lambda items: (items[-1], *items[1:-1], items[0]), [
        "Swap the first and the last item.", "exchange both ends of the list, the middle stays",
        "What does the list look like when its opening and closing entries trade places?",
        "Put the final element in front and the front element at the end; leave the others where they are.",
        "Please let the outermost items change seats.", "Same list, but begin with what ended it and end with what "
        "began it.", "First to the back, last to the front, nothing else moves.",
        "Ends trade, middle stays: rewrite the list that way.", "Ends exchanged, as {input} becomes {answer}"]),
    "first-two": (lambda items: items[:2], [
        "Give the first two items with a comma between them.", "opening pair only, comma-separated",
        "Which two entries does the list begin with?", "Copy the list up to its second element and stop there.",
        "Please shorten this to a list of two by cutting everything behind.",
        "Write what stands in positions 1 and 2, separated by a comma.",
        "Forget everything from the third element on.", "Top two of the list, with a comma.",
        "Leading two, e.g. {input} -> {answer}"]),
    "last-two": (lambda items: items[-2:], [
        "Give the last two items with a comma between them.", "closing pair only, comma-separated",
        "Which two entries does the list end with, in their order?",
        "Copy the list from its second-last element to the end.",
        "Please shorten this to a list of two by cutting everything in front.",
        "Just the final two, kept in order, with a comma.", "Forget all but the two elements at the back.",
        "Bottom two of the list, with a comma.", "Trailing two, e.g. {input} -> {answer}"]),
    "ends": (lambda items: (items[0], items[-1]), [
        "Give the first and the last item with a comma between them.", "both ends, comma-separated",
        "Where does the list begin and where does it end? Two items.",
        "Cut out everything between the first item and the last.",
        "Please write the opening entry, a comma, and the closing entry.",
        "Only the outermost two elements, in their order.",
        "From the front one item, from the back one item; throw away those between.",
        "Extremes only: opening item, comma, closing item.", "Outer pair, e.g. {input} -> {answer}"]),
    "reversed": (lambda items: items[::-1], [
        "Reverse the order of the items.", "same list backwards", "How does this list read from back to front?",
        "Write all items again, beginning with the last and ending with the first.",
        "Please turn the whole sequence around.", "Last becomes first, second-last becomes second, and so on.",
        "Mirror it: every element, in the opposite order, commas as before.",
        "Backwards, item by item.", "Order flipped, as {input} becomes {answer}"]),
    "sorted": (lambda items: sorted(items, key=str.casefold), [
        "Sort the items alphabetically.", "same list from A to Z", "How would a dictionary order these words?",
        "Write all items again in ABC order, separated by commas.", "Please alphabetise this.",
        "Arrange the words by their spelling, earliest letter first.",
        "Bring these into the order that an index has.", "Alphabetical order, please, with commas.",
        "By the alphabet, as {input} becomes {answer}"]),
}


def tasks() -> list[Task]:
    words = [each.items for each in lists.mixed()]
    every = more_lists.in_turn(words, [tuple(map(str, each)) for each in lists.numbers()],
                               [each.items for each in more_lists.all_paired()])
    found = []
    for name, (edit, wordings) in EDITS.items():
        pairs = [(", ".join(items), ", ".join(edit(items))) for items in (words if name == "sorted" else every)]
        found.append(Task(name, [pair for pair in pairs if tokens(pair[1]) <= LONGEST], wordings, form="list",
                          noun="List"))
    return found
