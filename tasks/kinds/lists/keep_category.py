"""Of a list of two sorts of words, those of one sort."""

from builder import Task
from builder.pools import more_lists

WORDINGS = {
    "animal": ["Keep just the animals.", "Which of these are living creatures? All of them, comma-separated, in order.",
               "animals only, with commas", "Leave out the fruit.",
               "Copy all that belongs to the fauna, big or small, and separate the words with commas.",
               "Please drop whatever grows on plants and write what is left.",
               "What would remain if the fruit were eaten?",
               "Only the animals, please, in the order in which they are listed, with commas",
               "Filter: only animals, e.g. {input} -> {answer}"],
    "fruit": ["Keep just the fruit.", "Which of these are edible things that grow on plants? All of them, "
              "comma-separated, in order.", "fruit only, with commas", "Leave out the animals.",
              "Copy what could go in a fruit salad from the list and separate it with commas.",
              "Please drop each creature and write what is left.",
              "What would remain if the animals ran away?",
              "Only the fruit, please, in the order in which it is listed, with commas",
              "Filter: only fruit, e.g. {input} -> {answer}"],
    "garment": ["Keep just the clothes.", "Which of these can be worn? All of them, comma-separated, in order.",
                "garments only, with commas", "Leave out the tools.",
                "Copy everything that you could dress in from the list and separate it with commas.",
                "Please drop what one works with and write what is left.",
                "What of all this would be kept in a wardrobe?",
                "Only what is clothing, please, in the given order and with commas",
                "Filter: only clothing, e.g. {input} -> {answer}"],
    "tool": ["Keep just the tools.", "Which of these are implements? All of them, comma-separated, in order.",
             "tools only, with commas", "Leave out the clothes.",
             "Copy whatever is for doing a job with, rather than for putting on, and separate it with commas.",
             "Please drop what people wear and write what is left.",
             "What here would you work with instead of wearing it?",
             "Only what is a tool, please, in the given order and with commas",
             "Filter: only tools, e.g. {input} -> {answer}"],
    "country": ["Keep just the countries.", "Which of these are nations? All of them, comma-separated, in order.",
                "countries only, with commas", "Leave out the jobs.",
                "Copy each name that you could point to on a map and separate them with commas.",
                "Please drop the professions and write what is left.",
                "What remains when nobody who works is named?",
                "Only the names of countries, please, as ordered, commas between",
                "Filter: only countries, e.g. {input} -> {answer}"],
    "job": ["Keep just the jobs.", "Which of these are people at work? All of them, comma-separated, in order.",
            "professions only, with commas", "Leave out the countries.",
            "Copy each word for what someone may do for a living and separate them with commas.",
            "Please drop the nations and write what is left.",
            "What remains when no place on the map is named?",
            "Only the names of occupations, please, as ordered, commas between",
            "Filter: only occupations, e.g. {input} -> {answer}"],
    "colour": ["Keep just the colours.", "Which of these are shades? All of them, comma-separated, in order.",
               "colours only, with commas", "Leave out the musical instruments.",
               "Copy every hue that a painter could mix from the list and separate them with commas.",
               "Please drop whatever can be played and write what is left.",
               "What remains when the music stops and only paint counts?",
               "Only the names of colours, please, as ordered, commas between",
               "Filter: only colors, e.g. {input} -> {answer}"],
    "instrument": ["Keep just the musical instruments.", "Which of these can be played? All of them, comma-separated, "
                   "in order.", "instruments only, with commas", "Leave out the colours.",
                   "Copy everything that makes music from the list and separate it with commas.",
                   "Please drop the names of hues and write what is left.",
                   "What would a band take along of all this?",
                   "Only the names of instruments, please, as ordered, commas between",
                   "Filter: only instruments, e.g. {input} -> {answer}"],
}


def tasks() -> list[Task]:
    found = []
    for pair in more_lists.PAIRS:
        for category in pair:
            pairs = [(each.text(), more_lists.of(category, each)) for each in more_lists.paired(*pair)]
            found.append(Task(category, pairs, WORDINGS[category], form="list", noun="List"))
    return found
