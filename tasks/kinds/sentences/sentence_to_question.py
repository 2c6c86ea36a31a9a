"""A question that a sentence answers: who, what, where, when."""

from builder import Task
from builder.pools.sentences import Made, made


def what_did(each: Made) -> str:
    return f"What did {each.subject} do{each.tail()}?"


TASKS = {
    "who-question": (lambda each: each.question("subject"), [
        "Ask who it was.", "question with Who", "Which question, starting with Who, does the sentence answer?",
        "Please replace the person by Who and make it a question.",
        "You did not catch the person. Ask for it with Who, repeating all the rest.",
        "Turn the statement into a question for its subject (Who ...?).",
        "{input} Question: {answer} Make such a question of the following.",
        "An interviewer wants to know the person. What does she ask (Who ...?)",
        "Who at the front, a question mark at the end"]),
    "what-question": (lambda each: each.question("noun"), [
        "Ask what thing it was (What did ...?).", "question for the object, with What did",
        "Write the What-question for the object; person, place and day are known.",
        "Please ask for the thing, leaving out its adjective and noun (What did ...?).",
        "You did not catch the object. Ask for it, starting with What did, and say the rest.",
        "Turn it into a question that the article, adjective and noun of the object would answer: What did ...?",
        "{input} Object asked for: {answer} Ask in that way about the next one.",
        "The thing is unknown, all else is known. Enquire by What did ...?",
        "What did somebody buy, lose, write ...? Ask that here."]),
    "where-question": (lambda each: each.place and each.question("place"), [
        "Ask where it was (Where did ...?).", "question for the place, with Where did",
        "Write the Where-question; the rest of the facts stays in it.",
        "Please turn this into a question about the city, beginning with Where did.",
        "You did not hear the town. Ask for it with Where did and repeat the rest.",
        "Which question with Where would the place in it answer?",
        "{input} Place asked for: {answer} Ask likewise about this.",
        "A geographer enquires, beginning with Where did.", "Leave out the city and ask for it: Where did"]),
    "when-question": (lambda each: each.day and each.question("day"), [
        "Ask when it was (When did ...?).", "question for the day, with When did",
        "Write the When-question, in which all other facts are repeated.",
        "Please turn this into a question about the weekday, beginning with When did.",
        "The day was not audible. Ask for it with When did, saying everything else again.",
        "Which question with When would the day in it answer?",
        "{input} Day asked for: {answer} Ask likewise about this.",
        "Someone fills in a calendar. What is the question, When did ...?",
        "No weekday, but a question for it: When did"]),
    "what-did-question": (what_did, [
        "Ask what the person did (What did ... do?).", "question for the whole action: What did ... do",
        "Which question with What did ... do has the verb and its object as its answer?",
        "Please ask for the action: What did, the person, do, then place and day if said.",
        "Nobody knows yet what happened. Ask it with What did ... do, in the setting given.",
        "Keep who, where and when; replace verb and thing by a question with do.",
        "{input} Action asked for: {answer} Ask in this manner about the next.",
        "A detective knows the person. She asks about the deed, with What did.",
        "Circumstances stay, the deed becomes a question with What did"]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text(), answer(each)) for each in made() if answer(each)], wordings, form="sentence",
                 noun="Sentence", source="made here, lemminflect, faker", licence="Apache-2.0, MIT")
            for name, (answer, wordings) in TASKS.items()]
