"""Lists of one category but for one word: that word, the others, and what they are."""

from builder import Task
from builder.pools import lists, more_lists

LABELS = {"animal": "animals", "fruit": "fruit", "garment": "clothes", "tool": "tools", "country": "countries",
          "job": "jobs"}

ODD = ["Which word does not belong with the others?", "odd one out",
       "All of these but one are of the same sort. Name the one that is not.",
       "Find the intruder among the words", "One item does not fit. Copy it.",
       "Please tell me which entry should be struck because it is a different kind of thing.",
       "What spoils the set?", "Look at what most items have in common and give the only exception.",
       "Stranger in the group, e.g. {input} -> {answer}"]
OTHERS = ["Take out the word that does not belong and write the rest, with commas.",
          "Which words belong together? All of them in order, separated by commas, leaving out the exception.",
          "Delete the intruder from the list.", "list without the odd one out",
          "Please strike the single entry that is of another kind and copy what remains as it stands.",
          "Clean this list: one item has no business there.",
          "Most of these are of one sort; repeat just those, comma between them.",
          "One entry is of another sort. Repeat all the others, comma-separated.",
          "Give back the list minus its misfit, as {input} becomes {answer}"]
CATEGORY_OF_OTHERS = [
    "What are most of these: animals, fruit, clothes, tools, countries or jobs?",
    "Name the category that all words but one share (animals / fruit / clothes / tools / countries / jobs).",
    "theme of the majority, one of: tools, jobs, fruit, countries, clothes, animals",
    "Ignoring the odd one out, would you file this list under clothes, countries, fruit, jobs, animals or tools?",
    "One word does not fit. Say in one word what the others are: jobs, tools, clothes, countries, fruit or animals.",
    "Heading for this list, please, although one entry is misplaced; choices are fruit, animals, tools, clothes, jobs "
    "and countries.",
    "Which group has more than one member here? Options: countries, animals, jobs, fruit, clothes, tools.",
    "Several words are alike. Are they clothes, jobs, tools, animals, countries or fruit?",
    "Main category out of clothes, animals, fruit, tools, jobs, countries. Example: {input} = {answer}"]
CATEGORY_OF_ODD = [
    "One word does not fit the rest. Which does it belong to: animals, fruit, clothes, tools, countries or jobs?",
    "Name the category of the odd one out (animals / fruit / clothes / tools / countries / jobs).",
    "sort of thing the intruder is, one of: tools, jobs, fruit, countries, clothes, animals",
    "Where would the misplaced entry of this list really belong: clothes, countries, fruit, jobs, animals or tools?",
    "Which group has exactly one member here? Options: countries, animals, jobs, fruit, clothes, tools.",
    "Do not say what most words are but what the exception is, out of jobs, tools, clothes, countries, fruit, animals.",
    "A single item strayed into this list; from which box did it come? Boxes: fruit, animals, tools, clothes, jobs, "
    "countries.",
    "The word unlike all others is one of the jobs, fruit, tools, animals, countries or clothes. Say which.",
    "Category of the stranger, out of clothes, animals, fruit, tools, jobs, countries. Example: {input} = {answer}"]
PICKS = {                 # many, one, which of them is wanted
    "animal-among-fruit": ("fruit", "animal", "one", [
        "Which of these does not grow on a plant but is a living creature?", "the animal in the fruit bowl",
        "Among the fruit there is one animal. Name it.", "Everything here is eaten for dessert except a beast: which?",
        "Please copy the only word that is not a kind of fruit.", "What here has a mouth or eyes?",
        "Find the one creature hidden among what a fruit stall sells, and write just that.",
        "Point out the animal.", "All fruit but one: what is the animal? E.g. {input} -> {answer}"]),
    "first-fruit": ("fruit", "animal", "many", [
        "Which fruit is named first?", "earliest fruit in the list",
        "Go from left to right, pass over any animal, and stop at the first thing that grows on a plant. Write it.",
        "Please copy the fruit that stands before the other ones.", "Skip the creature; what is the opening fruit?",
        "There are several kinds of fruit here. I want the one that comes soonest.",
        "First item that you could put into a fruit salad?", "Give the first fruit that you meet when reading.",
        "Leading fruit, e.g. {input} -> {answer}"]),
    "garment-among-tools": ("tool", "garment", "one", [
        "Which of these would you wear?", "the piece of clothing in the toolbox",
        "Among the tools there is something to put on. Name it.", "Everything here is for working with except one "
        "garment: which?", "Please copy the only word that is not a tool.", "What here belongs in a wardrobe?",
        "Find the one thing that was made to be put on in the morning, and write just that.",
        "Point out the garment.", "All tools but one: which is for wearing? E.g. {input} -> {answer}"]),
    "first-tool": ("tool", "garment", "many", [
        "Which tool is named first?", "earliest tool in the list",
        "Go from left to right, pass over anything to wear, and stop at the first thing to work with. Write it.",
        "Please copy the tool that stands before the other ones.", "Skip the garment; what is the opening tool?",
        "There are several kinds of tools here. I want the one that comes soonest.",
        "First item that nobody can wear?", "Give the first tool that you meet when reading.",
        "Leading tool, e.g. {input} -> {answer}"]),
}


def the_odd(each: lists.WordList) -> int:
    """Where it stands."""
    return next(i for i, of in enumerate(each.categories) if each.categories.count(of) == 1)


def others(each: lists.WordList) -> str:
    return ", ".join(item for i, item in enumerate(each.items) if i != the_odd(each))


def tasks() -> list[Task]:
    every = more_lists.all_odd()
    found = [Task("odd-one", [(each.text(), each.items[the_odd(each)]) for each in every], ODD, form="word",
                  noun="List"),
             Task("others", [(each.text(), others(each)) for each in every], OTHERS, form="list", noun="List"),
             Task("category-of-others", [(each.text(), LABELS[each.categories[the_odd(each) - 1]]) for each in every],
                  CATEGORY_OF_OTHERS, form="label", noun="List"),
             Task("category-of-odd", [(each.text(), LABELS[each.categories[the_odd(each)]]) for each in every],
                  CATEGORY_OF_ODD, form="label", noun="List")]
    for name, (many, one, wanted, wordings) in PICKS.items():
        pairs = [(each.text(), each.member({"one": one, "many": many}[wanted])) for each in more_lists.odd(many, one)]
        found.append(Task(name, pairs, wordings, form="word", noun="List"))
    return found
