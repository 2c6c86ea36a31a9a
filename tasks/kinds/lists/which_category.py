"""Whether a list has a word of a certain sort, yes or no."""

from builder import Task
from builder.pools import more_lists

WORDINGS = {
    "animal": ["Is there an animal in this list? yes or no",
               "Does any of these words name a beast, a bird, a bug or some other creature? Answer yes/no.",
               "animal among them, yes or no",
               "Write yes if the fauna of land, air or water is represented, otherwise no.",
               "Is a creature other than man mentioned, whether it walks, flies, swims or crawls? Say yes or no.",
               "Look for a creature that is not a person: yes when you find one, no when not.",
               "Would a zoologist go out to watch anything named here? (yes, no)",
               "Yes or no: does an animal appear here?", "Does the list mention an animal? {input} -> {answer}"],
    "fruit": ["Is there a fruit in this list? yes or no", "Does any of these words name something for a fruit salad? "
              "Answer yes/no.", "fruit among them, yes or no",
              "Write yes if a kind of berry, citrus or other fruit is listed, otherwise no.",
              "Does the list hold something sweet or sour that grows on a plant? Say yes or no.",
              "Look for what a greengrocer sells: yes when you find it, no when not.",
              "Would anything here look right in a fruit bowl? (yes, no)", "Yes or no: does a fruit appear here?",
              "Any fruit mentioned? {input} -> {answer}"],
    "vehicle": ["Is there a vehicle in this list? yes or no", "Does any of these words name a means of transport? "
                "Answer yes/no.", "vehicle among them, yes or no",
                "Write yes if some machine or craft that moves people or goods is listed, otherwise no.",
                "Could you steer one of these over land, over water or through the air? Say yes or no.",
                "Look for what takes a driver, rider or crew where they steer it: yes when you find it, no when not.",
                "Was one of these built to get people or goods from place to place? (yes, no)",
                "Yes or no: does a vehicle appear here?", "Any vehicle mentioned? {input} -> {answer}"],
    "garment": ["Is there a piece of clothing in this list? yes or no", "Does any of these words name something to "
                "wear? Answer yes/no.", "garment among them, yes or no",
                "Write yes if clothes, shoes or headgear are listed, otherwise no.",
                "Could you put one of these on when you dress? Say yes or no.",
                "Look for what is kept in a wardrobe: yes when you find it, no when not.",
                "Would a clothes shop sell anything of this? (yes, no)",
                "Yes or no: do clothes of any sort appear here?", "Any garment mentioned? {input} -> {answer}"],
    "tool": ["Is there a tool in this list? yes or no", "Does any of these words name an implement for working with? "
             "Answer yes/no.", "tool among them, yes or no",
             "Write yes if a thesaurus would list one of the words under Tools, otherwise no.",
             "Does a workman's, gardener's or surgeon's tool occur here? Say yes or no.",
             "Look for something made to do manual work with: yes when you find it, no when not.",
             "Would a catalogue of tools have a page for any of this? (yes, no)",
             "Yes or no: does a tool appear here?", "Any tool mentioned? {input} -> {answer}"],
    "country": ["Is there a country in this list? yes or no", "Does any of these words name a nation? Answer yes/no.",
                "country among them, yes or no", "Write yes if some state of the world is listed, otherwise no.",
                "Could you find one of these on a globe? Say yes or no.",
                "Look for a land with its own government: yes when you find one, no when not.",
                "Does one of these have an embassy or a national anthem? (yes, no)",
                "Yes or no: does the name of a country appear here?", "Any country mentioned? {input} -> {answer}"],
    "body-part": ["Is there a part of the body in this list? yes or no", "Does any of these words belong to human "
                  "anatomy? Answer yes/no.", "body part among them, yes or no",
                  "Write yes if an organ, a limb or another piece of a person is listed, otherwise no.",
                  "Do you have one of these from birth, on you or inside you? Say yes or no.",
                  "Look for what a surgeon may open or mend in a patient: yes when you find it, no when not.",
                  "Would a chart of human anatomy have a label with one of these words? (yes, no)",
                  "Yes or no: does part of the human body appear here?",
                  "Any body part mentioned? {input} -> {answer}"],
    "instrument": ["Is there a musical instrument in this list? yes or no", "Does any of these words name something to "
                   "make music with? Answer yes/no.", "musical instrument among them, yes or no",
                   "Write yes if a thing that musicians play is listed, otherwise no.",
                   "Could one of these be heard in an orchestra or a band? Say yes or no.",
                   "Look for what is blown, bowed, plucked or struck in music: yes when you find it, no when not.",
                   "Would a music shop stock anything of this? (yes, no)",
                   "Yes or no: does an instrument for music appear here?",
                   "Any instrument of music mentioned? {input} -> {answer}"],
}


def tasks() -> list[Task]:
    found = []
    for name, wordings in WORDINGS.items():
        category = name.replace("-", " ")
        pairs = [(each.text(), "yes" if each.member(category) else "no") for each in more_lists.clear(category)]
        found.append(Task(name, pairs, wordings, form="yes-no", noun="List"))
    return found
