"""How a customer writes: angry or polite, in a hurry or not."""

from builder import Task
from builder.pools.even import even
from builder.pools.messages import CALM, Message, messages

TONE = [
    "What is the tone: angry, polite (with a please, thanks or the like) or neutral?",
    "Label how the customer sounds (polite = says please or thanks or the like, angry = insults or outrage, neutral = "
    "neither).", "tone tag out of neutral, angry, polite",
    "Please judge the manners of the writer with one of the words angry, neutral, polite.",
    "Is somebody shouting at us, being nice to us or just stating facts? Say angry, polite or neutral.",
    "Three moods are possible, neutral, polite and angry. Name the one you hear in the text.",
    "Tone of voice (neutral, polite, angry), like {answer} for {input}",
    "Write angry if the staff should brace themselves, polite if the person is courteous, else neutral.",
    "angry / neutral / polite, according to how it is put",
]
LETTER = [
    "Give the tone as one letter: A angry, P polite, N neutral.",
    "Which letter describes the manners? N is neutral, A angry and P polite.", "A, N or P for angry, neutral, polite",
    "Please code the mood by its capital initial; the moods are polite (pleases and thanks), neutral and angry.",
    "Rude and furious messages get an A, courteous ones a P, all others an N. What does this one get?",
    "Mood code (A angry, N neutral, P polite), e.g. {answer} in the case of {input}",
    "Put P where the sender thanks us or asks nicely, A where they insult us, N where they do neither.",
    "Single capital for the attitude: (P)olite, (A)ngry or (N)eutral",
]
ANGRY = [
    "Is the customer angry? yes or no", "Does the writer insult us or show outrage?", "rage detected: yes/no",
    "Please warn me with yes if this person is furious, or else say no.",
    "Should a calm, experienced colleague take over, because the sender has lost their temper? yes / no, lower case",
    "Rude or furious: yes. Factual or friendly: no.", "Angry? For example {input} -> {answer}",
    "Would you call that message hostile? Reply with yes or no only.",
    "Tell whether there is fury in the text by a lower-case yes or no.",
]
PRIORITY = [
    "Set the priority: high if it is said to be urgent, otherwise normal.",
    "Which priority, normal or high, does the sender's hurry call for?", "priority high/normal",
    "Please rank it. Whoever presses for a quick answer gets high, the rest gets normal.",
    "Is there time pressure? Then write high, and if there is none write normal.",
    "Ticket priority (high when in a hurry, else normal), as in {input} = {answer}",
    "Does this go to the express pile (high) or to the ordinary one (normal)?",
    "Mark it normal unless the text demands speed, in which case mark it high.",
    "high for emergencies and haste, normal for everything else",
]
URGENT = [
    "Is it urgent? yes or no", "Does the customer say that there is a hurry?", "time pressure, yes/no",
    "Please say yes if an answer is wanted today or at once, and no if nothing of the kind is said.",
    "Does the writer press us to be quick? Lower case, yes or no.",
    "Presses for speed: yes. Says nothing about speed or leaves us time: no.", "Hurry? E.g. {input} -> {answer}",
    "Read it for words like urgent, immediately or today. Do they apply? Just yes or no.",
    "Must we drop everything else for that, going by what the writer claims? yes/no",
]
CODE = [
    "Give the code P1 for an urgent message and P2 for another.", "Is that a P1 (in a hurry) or a P2 (can wait)?",
    "P1 if urgent, P2 if not",
    "Please grade the ticket, P1 being the grade of those who want it settled at once, P2 that of everyone else.",
    "Emergencies are called P1 here, ordinary mail P2. What do you call this?",
    "P1 (urgent) or P2 (not), such as {answer} after {input}",
    "If the sender cannot wait, P1; where no haste is mentioned, P2.",
    "Assign P2 by default and P1 when speed is asked for.",
]
QUESTION = [
    "Does the message contain a question mark? yes or no", "Is anything asked with a question mark here?",
    "contains ?: yes/no", "Please look for the sign ? in the text and answer yes if it is there and no if not.",
    "Would a search for the character ? hit something? Lower case, yes or no.",
    "At least one question: yes. Only statements and exclamations: no.", "Any ? in it, as in {input} -> {answer}",
    "Do all sentences end without a question mark (no) or does one of them end with it (yes)?",
    "Report by yes or no whether the customer puts a question to us.",
]


def is_between(message: Message) -> bool:
    """Neither thanks nor please, yet not quite neutral."""
    kind = [*CALM, "would like", "would rather", "at once"]
    return message.tone == "neutral" and any(words.lower().rstrip(".") in message.text.lower() for words in kind)


def is_impatient(message: Message) -> bool:
    return any(words in message.text.lower() for words in ("patience", "wasting my time"))


def tasks() -> list[Task]:
    told = [each for each in messages() if each.topic != "praise"]   # of which is urgent, and who is angry or not
    toned = [(each.text, each.tone) for each in told if not is_between(each)]
    hurried = [(each.text, held) for each, held in even(
        [each for each in told if each.urgent or not is_impatient(each)], lambda each: each.urgent)]
    angry = [(each.text, held) for each, held in even(told, lambda each: each.tone == "angry")]
    asking = even([each.text for each in messages() if each.topic != "hours"], lambda text: "?" in text)

    def named(pairs: list, yes: str, no: str) -> list[tuple[str, str]]:
        return [(text, yes if held else no) for text, held in pairs]

    return [
        Task("tone", toned, TONE, "label", "Message"),
        Task("tone-letter", [(text, tone[0].upper()) for text, tone in toned], LETTER, "letter", "Message"),
        Task("angry", named(angry, "yes", "no"), ANGRY, "yes-no", "Message"),
        Task("priority", named(hurried, "high", "normal"), PRIORITY, "label", "Message"),
        Task("urgent", named(hurried, "yes", "no"), URGENT, "yes-no", "Message"),
        Task("priority-code", named(hurried, "P1", "P2"), CODE, "code", "Message"),
        Task("question", named(asking, "yes", "no"), QUESTION, "yes-no", "Message"),
    ]
