"""Forms of a verb, and short phrases that need one."""

from builder import Task
from builder.pools.words import verbs
from builder.sources import inflection
from builder.sources.inflection import inflected

# Two forms are usual, or it depends on the meaning.
DOUBTFUL = set("lie bid quit plead shine strive fit bet burn travel lean awaken weave dare fulfill glue forbid found "
               "commence install focus ought".split())

FORMS = {
    "past": (lambda verb: inflected(verb, "VBD"), [
        "Give the simple past of this verb.", "past tense", "Which form of the verb says that it happened yesterday?",
        "Please change the verb below so that it speaks of something over and done, in one word.",
        "Yesterday they ... : which form goes into the gap?", "Write the preterite.",
        "The action took place last year; put the verb in the form for that, one word.",
        "Move it into the past, like {input} and {answer}"]),
    "ing-form": (lambda verb: inflected(verb, "VBG"), [
        "Give the -ing form of this verb.", "present participle", "They are ... : which form goes into the gap?",
        "Please write the verb as a gerund.", "How is it spelled with ing at the end?",
        "The action is going on right now; one word that follows the verb to be is wanted.",
        "progressive ending, correctly spelled", "Add ing as English spelling demands: {input}, {answer}"]),
    "third-person": (lambda verb: inflected(verb, "VBZ"), [
        "Give the third person singular of this verb.", "he/she/it form, present",
        "Every day she ... : which form goes into the gap?",
        "Please conjugate for a single other person, simple present.",
        "What does the verb become after the pronoun it?", "add the s that a singular subject requires",
        "Present tense with a subject such as my brother: just the verb, please.",
        "The way {input} turns into {answer} when one person does it."]),
    "perfect": (lambda verb: f"has {inflected(verb, 'VBN')}", [
        "Give the present perfect with has.", "has + past participle",
        "Put the verb into the perfect for a single person, two words beginning with has.",
        "What has she done so far? Auxiliary and participle only.",
        "Please write the third person singular of the present perfect.",
        "completed by now: has ...", "He is finished with it; say so with has and the proper participle.",
        "Third form after the auxiliary, as {input} gives {answer}"]),
    "future": (lambda verb: f"will {verb}", [
        "Give the future with will.", "will + verb", "Tomorrow they ... : which two words go into the gap?",
        "Please say that it is still to come, using the auxiliary will.",
        "The action lies ahead; how does the verb look with will before it?", "simple future tense, no subject",
        "Next year it is going to happen: express this with will.", "Shift {input} to {answer}, and this one alike"]),
    "past-negative": (lambda verb: f"did not {verb}", [
        "Deny that it happened: did not and the verb.", "negative simple past, uncontracted",
        "It never took place. Write auxiliary, not, verb.",
        "Please negate the verb in the past tense without a contraction.",
        "Yesterday they failed to do it: which three words say so, starting with did?",
        "past tense, but negated, long form", "How do you say, with did and not, that somebody omitted this?",
        "From {input} we get {answer}; answer in the same manner."]),
    "do-not": (lambda verb: f"Don't {verb}!", [
        "Turn the verb into a prohibition with Don't and an exclamation mark.", "negative command: Don't ...!",
        "With Don't, tell somebody not to do it, and exclaim it!",
        "Please write a short order against this action, using Don't.",
        "What does a strict parent call out to stop a child from doing this?", "forbid it, contracted, with !",
        "Negative imperative, capital letter at the start and an exclamation mark at the end.",
        "Sign on the wall: {input} would be {answer}"]),
}


def tasks() -> list[Task]:
    clear = [verb for verb in verbs() if verb not in DOUBTFUL]
    return [Task(name, [(verb, form(verb)) for verb in clear], wordings, noun="Verb",
                 form="sentence" if name == "do-not" else "word",
                 source=inflection.SOURCE, licence=inflection.LICENCE)
            for name, (form, wordings) in FORMS.items()]
