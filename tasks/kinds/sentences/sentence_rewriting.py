"""A sentence in another form: passive, question, negative, other tenses."""

from builder import Task
from builder.pools.sentences import Made, made, upper
from builder.sources.inflection import inflected
from builder.task import LONGEST, tokens


def passive(each: Made) -> str:
    return upper(f"{each.thing()} was {inflected(each.verb, 'VBN')} by {each.subject}{each.tail()}.")


def question(each: Made) -> str:
    return f"Did {each.subject} {each.verb} {each.thing()}{each.tail()}?"


def with_verb(each: Made, verb: str) -> str:
    return upper(f"{each.subject} {verb} {each.thing()}{each.tail()}.")


TASKS = {
    "passive": (passive, [
        "Put the sentence into the passive, with by.", "passive voice",
        "Turn it around: the thing was ... by the person. Keep place and day at the end.",
        "Please rewrite this so that the object becomes the subject (was, by).",
        "How does the same statement read with the verb in the passive?",
        "Begin with the thing it happened to and finish with by whom, then where and when.",
        "{input} Passive: {answer} Change the following alike.",
        "Let the object be the subject; the doer follows with by.",
        "Recast it for a report that avoids active verbs; nothing may get lost."]),
    "question": (question, [
        "Make it a yes-no question with Did.", "ask whether it happened (Did ...?)",
        "Turn the statement into a question that begins with Did.",
        "Please rewrite the sentence so that it asks for yes or no, in the past tense.",
        "How would one enquire if that is true? Start with Did.",
        "Change the full stop to a question mark and put Did at the front, with what follows from that.",
        "{input} Asked: {answer} Do that with the next sentence.", "Interrogative form with Did, please",
        "You doubt it and want to be told yes or no: what do you ask (Did ...)?"]),
    "negative": (lambda each: with_verb(each, f"did not {each.verb}"), [
        "Negate the sentence with did not.", "negative form with did not",
        "Say that it did not happen (no contractions).",
        "Please write the opposite statement, using did not.", "Deny it: put did not before the verb.",
        "How does a witness contradict this, with did not in full?",
        "{input} Denied: {answer} Treat the following alike.",
        "Rewrite it as something not done; no short form of did not",
        "The claim is false. State that by inserting did not."]),
    "future": (lambda each: with_verb(each, f"will {each.verb}"), [
        "Put it into the future with will.", "future tense (will)", "It has not happened yet: use will.",
        "Please rewrite the event as something to come (will and the plain verb).",
        "How would a fortune teller say that, with will?", "Change the past tense to will plus infinitive.",
        "{input} In the future: {answer} Change the next one.", "Predict it, by will, instead of reporting it",
        "Take the same facts but let them lie ahead of us, saying will."]),
    "present": (lambda each: with_verb(each, inflected(each.verb, "VBZ")), [
        "Put it into the simple present tense.", "present simple",
        "Say it as if it happens regularly: third person, simple present.",
        "Please change the past verb into the present, and only that.",
        "How would a headline or a stage direction put it, with the verb in -s?",
        "Past becomes present: one verb changes its form, to the one in -s.",
        "{input} In the present: {answer} Do likewise.", "Rewrite it for today, no -ing form",
        "Tell it in the historical present; leave all other words alone."]),
    "perfect": (lambda each: with_verb(each, f"had {inflected(each.verb, 'VBN')}"), [
        "Put it into the past perfect, with had.", "had and participle",
        "Use had plus the past participle for the verb.",
        "Please rewrite the statement in the pluperfect.", "What would it be with had done instead of did?",
        "Change the simple past to the tense formed by had.", "{input} In the past perfect: {answer} Change this, too.",
        "Past perfect, not simple past",
        "It was over before something else began, so write had and the third form of the verb."]),
    "must": (lambda each: with_verb(each, f"must {each.verb}"), [
        "Make it an obligation with must.", "as a duty: must", "Say that this has to be done: must and the plain verb.",
        "Please rewrite the sentence as an obligation, using must.", "Replace the past tense by must plus infinitive.",
        "It is an order now. How does it read with must?", "{input} With must: {answer} What does this yield?",
        "There is no way around it; express that by must.",
        "Write the same as something necessary, with the word must."]),
    "upper-case": (lambda each: each.text().upper(), [
        "Write the sentence in capital letters.", "all caps", "SHOUT it: each letter as a capital.",
        "Please convert the whole line to upper case.", "How would it look on an old telegram, in capitals only?",
        "Replace every small letter by the large one, keep the rest.",
        "{input} Written large: {answer} Write the following large.", "No lower-case letters may remain",
        "Caps lock is on. Type the sentence."]),
}


def tasks() -> list[Task]:
    made_of = {name: [(each.text(), answer(each)) for each in made()] for name, (answer, _) in TASKS.items()}
    return [Task(name, [pair for pair in made_of[name] if tokens(pair[1]) <= LONGEST], wordings, form="sentence",
                 noun="Sentence", source="made here, lemminflect, faker", licence="Apache-2.0, MIT")
            for name, (_, wordings) in TASKS.items()]
