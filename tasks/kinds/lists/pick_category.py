"""The one word of a list that names something of a certain sort."""

from builder import Task
from builder.pools import more_lists

WORDINGS = {
    "animal": ["Pick the animal.", "Which of these words is a living creature such as a bird, a fish or a beast?",
               "animal?", "Please copy the one word that names a creature, not a person.",
               "A biologist would count just one of these to the fauna. Write it down.",
               "Which member of the animal kingdom is mentioned?", "Find the beast among these words",
               "What of all this would a zoologist go out to watch? One word from the list.",
               "Animal of the list, e.g. {input} -> {answer}"],
    "fruit": ["Pick the fruit.", "fruit?",
              "Which listed thing grows on a plant and is eaten for its sweet or sour flesh?",
              "Please copy the one word that a greengrocer would put with the berries and apples.",
              "Find what could lie in a fruit bowl", "Which fruit is mentioned in this list?",
              "One of the words is something sweet or sour from a plant. Write it down.",
              "Search the words for a kind of fruit and answer with that word alone.",
              "Fruit of the list, e.g. {input} -> {answer}"],
    "colour": ["Pick the colour.", "Which word is it that names a hue?", "colour?",
               "Please copy the one word that a painter would call a shade.",
               "Find the name of a color among the words", "What could be the colour of a wall here?",
               "One word says how something looks to the eye, as a tint. Write it down.",
               "Search for the only word that belongs on a colour chart; answer with it alone.",
               "Colour of the list, e.g. {input} -> {answer}"],
    "country": ["Pick the country.", "What nation does this list have in it?", "country?",
                "Please copy the one word that you would look for on a map of the world.",
                "Find the state that has a government and a flag", "Where could one travel to with a passport?",
                "One word is the name of a land. Write it down.",
                "Search the words for a member of the United Nations and answer with that name alone.",
                "Country of the list, e.g. {input} -> {answer}"],
    "job": ["Pick the occupation.", "Which of these words is what a person does for a living?", "job?",
            "Please copy the one word that could stand on a business card as a profession.",
            "Find the working person among these words", "Who earns money here?",
            "One word tells what somebody's trade is. Write it down.",
            "Search for the only word that answers the question of what you do at work.",
            "Profession in the list, e.g. {input} -> {answer}"],
    "instrument": ["Pick the musical instrument.", "Which of these words can be played in a band or an orchestra?",
                   "instrument (music)?", "Please copy the one word for a thing that makes music.",
                   "Find what a musician would play", "Which of the listed things gives notes when somebody who has "
                   "practised plays it?", "One word belongs in a concert hall. Write it down.",
                   "Search the words for something one takes music lessons in, and answer with it alone.",
                   "Instrument in the list, e.g. {input} -> {answer}"],
    "vehicle": ["Pick the vehicle.", "Which of these words is a means of transport?", "vehicle?",
                "Please copy the one word for something built to travel in or on.",
                "Find the machine or craft that moves passengers or loads by road, rail, water or air",
                "What in the list was made to drive, sail or fly you from place to place?",
                "One thing here can be steered. Write it down.",
                "Search for the only word that has to do with driving, sailing or flying somewhere as a conveyance.",
                "Vehicle of the list, e.g. {input} -> {answer}"],
    "body-part": ["Pick the part of the body.", "Which of these might a patient point to as hurting?", "body part?",
                  "Please copy the one word that is a piece of human anatomy.",
                  "Find the limb, organ or other part of a person", "What of this list is everybody born with?",
                  "One word belongs to the human body. Write it down.",
                  "Search the words for something that an anatomy book explains, and answer with it alone.",
                  "Body part in the list, e.g. {input} -> {answer}"],
}


def tasks() -> list[Task]:
    found = []
    for name, wordings in WORDINGS.items():
        category = name.replace("-", " ")
        pairs = [(each.text(), each.member(category)) for each in more_lists.clear(category) if each.member(category)]
        found.append(Task(name, pairs, wordings, form="word", noun="List"))
    return found
