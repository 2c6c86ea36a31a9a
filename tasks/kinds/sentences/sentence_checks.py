"""Yes or no about a sentence."""

from builder import Task
from builder.pools.even import even
from builder.pools.people import female
from builder.pools.sentences import COLOURS, made

EARLY = ("Monday", "Tuesday", "Wednesday")

TASKS = {
    "place": (lambda each: bool(each.place), [
        "Is a city mentioned? yes or no", "place named: yes / no",
        "Does the sentence say where it happened? Answer yes or no.",
        "Please check for a location; reply yes if there is one and no otherwise.",
        "Could I mark that event on a map of cities, yes or no?", "Say yes when some town occurs in it, else no.",
        "{input} -> {answer}, by whether a place occurs. And the following, yes or no?",
        "Do we learn the where of it? yes / no", "no if you find no town in it, yes if you do"]),
    "day": (lambda each: bool(each.day), [
        "Is a weekday mentioned? yes or no", "day named: yes / no",
        "Does the sentence say when it happened? Answer yes or no.",
        "Please look for a day of the week; reply with yes if one is there, with no if none is.",
        "Could it go into a diary for a certain weekday, yes or no?", "Say no when it has no day in it, else yes.",
        "{input} -> {answer}, by whether a day occurs. Now the next: yes or no?",
        "Do we learn on which day of the week it was? yes / no",
        "yes for Monday to Sunday anywhere in the line, no without"]),
    "name": (lambda each: each.named(), [
        "Is the person called by name? yes or no", "first name present: yes / no",
        "Does a given name open the sentence, rather than an article and a role? yes or no",
        "Please say yes if we know what the person is called, and no if only a profession or role is said.",
        "Would you have to black out a name for privacy? Answer yes or no.",
        "yes for Laura, no for the farmer", "{input} -> {answer}, by whether somebody has a name. And this, yes or no?",
        "Do we get to know the person's first name? yes / no",
        "Tell by a yes or a no if the subject is a proper name."]),
    "colour": (lambda each: each.adjective in COLOURS, [
        "Is a colour mentioned? yes or no", "colour word: yes / no",
        "Does the sentence tell what colour something has? Answer yes or no.",
        "Please reply yes if red, blue or the like occurs, otherwise no.",
        "Would a painter learn which paint to take from it, yes or no?",
        "Say yes where an adjective of colour stands before the noun, no for any other adjective.",
        "{input} -> {answer}, by whether a colour occurs. The following: yes or no?",
        "Black, white, grey and brown are colours, too. Is there any colour? yes / no",
        "no unless something has a colour here, else yes"]),
    "before-thursday": (lambda each: each.day in EARLY, [
        "Did it happen on Monday, Tuesday or Wednesday? yes or no (no if no day is said)",
        "Monday to Wednesday: yes / no",
        "Answer yes if a day from Monday to Wednesday is named, and no in all other cases.",
        "Please check the weekday: Monday, Tuesday and Wednesday give yes; later days, or none, give no.",
        "Weeks begin on a Monday. Was it before Thursday, yes or no? If untold, no.",
        "yes = Mon, Tue, Wed; no = all else",
        "{input} -> {answer}: Monday to Wednesday or not. And the next, yes or no?",
        "Is the day one of the first three of the working week? Say no if there is none.",
        "Early in the week, yes or no? Thursday to Sunday are not early, nor is a sentence without a day."]),
    "she": (lambda each: each.subject in female(), [
        "Is the name a woman's? yes or no", "woman: yes / no",
        "Does the sentence begin with a name that women have? Answer yes or no.",
        "Please say yes if the first word is a woman's first name, and no for a man's.",
        "Could She stand in place of the name at the front, yes or no?", "yes for Maria, no for Peter",
        "{input} -> {answer}: a woman or not. Now, yes or no?",
        "Look at the subject. A feminine given name gives yes, a masculine one no.",
        "Would you write Ms before the first word? no for Mr, else yes"]),
}


def pairs(name: str) -> list[tuple[str, str]]:
    asked = [each for each in made() if name != "she" or each.named()]
    return [(each.text(), "yes" if holds else "no") for each, holds in even(asked, TASKS[name][0])]


def tasks() -> list[Task]:
    return [Task(name, pairs(name), wordings, form="yes-no", noun="Sentence", source="made here, lemminflect, faker",
                 licence="Apache-2.0, MIT")
            for name, (_, wordings) in TASKS.items()]
