"""What a noun stands for: a person, an object, a part of the body, a time or a substance."""

from builder import Task
from builder.pools.even import even
from builder.pools.words import nouns
from builder.sources import wordnet
from builder.sources.wordnet import common_words, senses

AREAS = {"person": "person", "artifact": "object", "body": "body part", "time": "time", "substance": "substance"}
CODES = {"person": "P", "artifact": "O", "body": "B", "time": "T", "substance": "S"}
# Their usual sense is of another area, or of none.
ODD = set(
    "adult aerator agent andrena angel arrow arsenal atmosphere atom background ball beef being blade blood body "
    "buckskin builder bunk camper cancer cannon card carrier case catcher cathode catkin cell chamber character "
    "chest chlorine clothes coach collage collector commuter component compulsivity condition conjugate constituent "
    "consumer counterpart crop depth detergent devil diaphragm din disease effluent egg electronics element "
    "environment equipment equivalent expression extension fallout farm fighter fish flesh flux foliage folklore "
    "formulation fraction frequency fruit gas giant glass god gold gray grounds hay heart heel holder hoof horn "
    "host image impurity indicator injury intersection invention item landing leaf leather liberal line liver "
    "livestock living manifold mass material maturity medium mess micelle mimesis mixture model monster motif mouse "
    "nucleus number opium organ output painting particle pattern phase picture piece plant planter plug pollen "
    "polynomial pool posture potter producer program projection propagandist quack rate rating reactivity receiver "
    "recording red registrant relief root sake saline sample season self serum shade shadow shell sight sketch soil "
    "solution sort speaker sphere spirit stage structure subsection surface symptom system tail texture thing "
    "threshold times tissue tumor type vacuum values vector velocity version vertex victim voice watercolor way "
    "weight while will wing wound yes".split())

LABELS = {
    "area": (AREAS, "label", [
        "What does the noun stand for: person, object, body part, time or substance?",
        "person / object / body part / time / substance",
        "Choose the heading for this word: substance, time, body part, object, person.",
        "Sort the noun under person, body part, substance (a material), object (what people make) or time.",
        "Please name the group of the word, out of time, person, substance, object and body part.",
        "In an encyclopedia with the sections Object, Person, Substance, Time, Body part, where is it? Lower case.",
        "Semantic field: body part, object, person, substance or time.",
        "Category (person, time, object, substance, body part), such as {answer} for {input}"]),
    "area-letter": (CODES, "letter", [
        "One letter for what it is: P person, O object, B body part, T time, S substance.", "P, O, B, T or S?",
        "Write P for somebody, B for a part of a body, T for a time, S for a material and O for a made thing.",
        "Code: O = man-made object, S = substance, T = time, P = person, B = body part. Which one is it?",
        "Please give the initial, in upper case, of the right word among body part, object, person, substance, time.",
        "Only a capital: is it a substance (S), a time (T), a person (P), an object (O) or a body part (B)?",
        "Tag it B/O/P/S/T by its sense (body, object, person, substance, time).",
        "Letter code please, {input} has {answer} (T time, S substance, P person, O object, B body)."]),
    "area-brackets": ({area: "{} (" + name + ")" for area, name in AREAS.items()}, "word", [
        "Repeat the noun and add in brackets: person, object, body part, time or substance.",
        "noun (group), the group out of person, object, body part, substance, time",
        "Put behind the word, in parentheses, whether it is an object, a person, a substance, a time or a body part.",
        "Please annotate it with its field in round brackets; fields: time, substance, person, object, body part.",
        "Word first, as in a glossary, then one of (body part), (object), (person), (substance), (time).",
        "Write the entry with its category bracketed: person, time, substance, body part, object.",
        "Keep the word and append (person), (time), (object), (body part) or (substance).",
        "Annotated like {input}: {answer} (fields: object, time, person, substance, body part)"]),
}
# Things that one makes, though of areas of things that one does not.
MADE = set("target bill book brass canteen code dictionary fiber film iron letter literature novel opera opium powder "
           "steel television words paper fabric newspaper magazine poem song formula comedy drama".split())
LIVING = {"person", "animal", "plant"}
LIFELESS = {"artifact", "substance", "time", "communication", "location", "object", "shape"}
TOUCHED = {"artifact", "body", "substance", "food", "animal", "plant", "person"}
THOUGHT = {"time", "attribute", "cognition", "feeling", "state", "motive"}
TWO = {   # areas of the first and of the second answer
    "living": (LIVING, LIFELESS, ("yes", "no"), "yes-no", [
        "Is this a living being? yes or no", "alive: yes/no",
        "Can it breathe, grow or think, being a creature or a plant?",
        "Please reply yes for people, animals and plants and no for everything lifeless.",
        "yes = lives, no = does not live", "Does the noun refer to somebody or some organism rather than a thing?",
        "Would a biologist count it among the living?", "Organism or not, e.g. {input} - {answer}"]),
    "who-or-what": ({"person"}, LIFELESS | {"body", "food", "event"}, ("who", "what"), "label", [
        "Does one ask for this with who or with what?", "who / what",
        "Answer who if it is somebody, and what if it is something.",
        "Which question word fits the noun, what or who?",
        "Please choose the interrogative that the noun could answer: who or what.",
        "Persons take who and everything else takes what. Which is it here?",
        "Interrogative for a sentence about it (what, who)", "Ask properly, what or who: {input} has {answer}"]),
    "is-object": ({"artifact"}, {"person", "body", "time", "substance", "animal", "plant", "communication"}, ("yes",
    "no"), "yes-no", [
        "Is this a thing that people make or build? yes or no", "artifact: yes/no",
        "Did somebody have to manufacture or construct it?",
        "Please reply yes for man-made objects and buildings, and no for all else.",
        "yes = made by hand or machine, no = anything else",
        "Could an archaeologist dig it up as a product of human work?",
        "Would you call it an object produced by humans?", "Man-made object? {input}: {answer}"]),
    "concrete": (TOUCHED, THOUGHT, ("concrete", "abstract"), "label", [
        "Is the noun concrete or abstract?", "concrete / abstract",
        "Answer concrete if one can touch it and abstract if it is only an idea, a feeling, a time or a state.",
        "Which kind of noun is it, abstract or concrete?",
        "Please classify the noun: abstract for what cannot be handled, concrete for what can.",
        "Has it got weight, and does it take up space? Then say concrete, otherwise abstract.",
        "Grammar term for this noun out of these two: abstract, concrete.",
        "Tangible is concrete, intangible is abstract; {input} is {answer}."]),
}


def area(noun: str) -> str:
    return senses()[noun, "n"][0].area


def tasks() -> list[Task]:
    facts = {"source": wordnet.SOURCE, "licence": wordnet.LICENCE, "noun": "Noun"}
    clear = [noun for noun in nouns() if noun not in ODD]
    found = [Task(name, [(noun, answers[area(noun)].format(noun)) for noun in clear if area(noun) in answers],
                  wordings, form=form, **facts) for name, (answers, form, wordings) in LABELS.items()]
    others = [noun for noun in common_words("n")[:1500] if noun not in ODD]
    more = {"concrete": [noun for noun in others if area(noun) in THOUGHT],
            "who-or-what": [noun for noun in others if area(noun) == "person"],
            "living": [noun for noun in others if area(noun) in LIVING],
            "is-object": [noun for noun in others if area(noun) == "artifact"]}
    for name, (first, second, answers, form, wordings) in TWO.items():
        known = [noun for noun in dict.fromkeys(clear + more.get(name, []))
                 if area(noun) in first | second]
        known = [noun for noun in known if name != "is-object" or noun not in MADE]
        held = even(known, lambda noun, first=first: area(noun) in first)
        found.append(Task(name, [(noun, answers[not holds]) for noun, holds in held], wordings, form=form, **facts))
    return found
