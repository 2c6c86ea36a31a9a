"""A part of a sentence: who, what, where, when."""

from builder import Task
from builder.pools.sentences import made, upper

TASKS = {
    "who": (lambda each: upper(each.subject), "word", [
        "Who did it?", "the person, without a full stop",
        "Name the one who acts in this sentence, as it is called there.",
        "Please tell me who is doing something here, in the words of the sentence.",
        "Which person is the sentence about? Copy the words (The ... or a name).",
        "Give the whole subject as it stands.",
        "{input} It was {answer}. Who is it in the following?",
        "Find the actor: a first name, or The and a profession.",
        "Whom do we meet? Just the subject, please."]),
    "thing": (lambda each: each.noun, "word", [
        "What thing was it done to? One noun.", "the object, only its noun",
        "Name the object of the verb, without adjective.",
        "Please give the single noun that the action happens to.",
        "Something gets bought, lost, painted or the like here. What is it? Noun only.",
        "{input} The object is: {answer}. What is it in the next sentence?",
        "Leave out who, where and when; which thing remains (a bare noun)?",
        "Which item is the verb aimed at? A noun alone, please.", "Extract the direct object as a bare noun."]),
    "adjective": (lambda each: each.adjective, "word", [
        "Which adjective describes the thing?", "adjective only",
        "What is the object like? Copy the one word that says so.",
        "Please find the word between the article and the object.",
        "How is the thing described in the sentence? One word.",
        "There is just one adjective; write it down.", "{input} The describing word is {answer}. And below?",
        "Give the colour, size or quality that is mentioned.",
        "Pick the attribute of the object."]),
    "verb": (lambda each: each.verb, "word", [
        "Give the verb in its plain form.", "infinitive of the verb, without to",
        "What did the subject do? Answer with the base form.",
        "Under which word would a dictionary list the action?",
        "Please find the verb and put it back into the present, first person.",
        "Name what was done as a verb in its uninflected form.",
        "{input} Verb, uninflected: {answer}. Which one is next?",
        "Lemma of the predicate", "From the past tense in the sentence, work out the plain verb."]),
    "where": (lambda each: each.place, "word", [
        "Where did it happen? Only the name, without in.", "the city", "Name the place that is mentioned.",
        "Please tell me in which town that was.",
        "Which city stands in the sentence?", "Look for a location and copy what it is called.",
        "{input} Place: {answer}. What is the place in this one?", "On a map, at which city would we put that event?",
        "Extract the location, one word."]),
    "when": (lambda each: each.day, "word", [
        "When did it happen? Only the weekday.", "day of the week", "Name the day that is mentioned.",
        "Please tell me on which weekday that was.", "Look for the time in the sentence and copy it, without on.",
        "For the calendar: which day?", "{input} The day is {answer}. Which is it in the following?",
        "Monday to Sunday, what does the sentence say?", "Extract the date given as a weekday."]),
    "second-word": (lambda each: each.text().split()[1], "word", [
        "What is the second word?", "word number two", "Copy the word that follows the opening one.",
        "Please give whatever stands between the first and the third word.", "Count to two and write the word there.",
        "Leave off one word at the front; with which word does it begin then?",
        "{input} Second comes {answer}. What comes second below?", "Which word is next to the initial one?",
        "The sentence's word in position 2, unchanged"]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text(), answer(each)) for each in made() if answer(each)], wordings, form=form,
                 noun="Sentence", source="made here, lemminflect, faker", licence="Apache-2.0, MIT")
            for name, (answer, form, wordings) in TASKS.items()]
