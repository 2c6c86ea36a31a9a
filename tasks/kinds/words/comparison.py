"""Degrees of an adjective."""

from builder import Task, shuffled
from builder.pools.words import adjectives

# Compared with -er and -est; and with more and most.
SHORT = set(
    "large true thick long ready wide happy healthy rough bold low loud full tough cheap wet sad poor deep new safe "
    "strange strong broad simple warm wise short small mild odd hungry white fresh tall fat thin smart wild soft big "
    "brave dull sweet proud angry bright calm clean clear cold cool dark dirty dry early easy fast fine firm funny "
    "great hard heavy high hot kind lazy late light lucky mean narrow near neat nice noble old pale plain pretty pure "
    "quick rare rich ripe rude sharp silly sick slim slow smooth sour steep stiff strict tidy tight tiny ugly weak "
    "weird wealthy young busy crazy curly hairy noisy dusty muddy sunny rainy windy cloudy foggy salty spicy tasty "
    "juicy thirsty sleepy fancy greedy chilly creamy crispy dense dim faint fierce flat fluffy grand grim gross harsh "
    "hasty icy keen lean loose moist naughty nasty plump raw risky rusty sane scary shady shiny skinny sloppy smelly "
    "sore sticky stormy stern sturdy swift tame tart tense trendy vast wavy witty sleek bleak brisk bumpy cosy blunt "
    "coarse crisp crude dusky fair gloomy grumpy lively lumpy messy misty mighty rocky sandy shaky".split())
LONG = set(
    "aggressive realistic interesting willing frequent passionate violent precise humorous crowded expensive "
    "hostile unfortunate conventional muscular vulnerable dangerous popular decisive distant protective "
    "practical curious tired significant defensive productive efficient enthusiastic confident dramatic meaningful "
    "serious scientific painful desirable balanced beautiful artistic impressive unusual competent comfortable obvious "
    "independent visible reasonable responsible positive creative personal subjective dominant valuable exciting "
    "spontaneous sensitive surprised similar reliable natural negative emotional incredible interested ambiguous "
    "relevant familiar concerned consistent sympathetic accurate critical traditional useful helpful involved musical "
    "competitive satisfactory difficult typical compatible fortunate surprising successful convenient uncertain "
    "unexpected democratic effective probable grateful important colorful careful pleased specific active ambitious "
    "attractive elegant famous generous patient intelligent delicious modern nervous jealous peaceful powerful "
    "predictable profitable respectable selfish stubborn suspicious talented tolerant truthful wonderful amusing "
    "annoying boring charming cheerful complicated considerate courageous delicate determined disappointed "
    "embarrassing energetic faithful fashionable flexible foolish graceful harmful hopeful horrible ignorant "
    "imaginative intense logical luxurious mysterious optimistic ordinary original pessimistic playful "
    "precious respectful ridiculous romantic sensible skilful spacious stressful superstitious sustainable terrible "
    "thoughtful urgent vicious vivid worried youthful experienced educated relaxed excited frightened cautious "
    "convincing demanding durable economical elaborate fragile glamorous impatient impulsive inventive loyal "
    "nutritious persistent portable punctual reluctant sophisticated transparent".split())
IRREGULAR = {"bad": ("worse", "worst"), "good": ("better", "best")}
DOUBLED = set("wet sad thin fat big hot dim flat grim slim".split())

WORDINGS = {
    "comparative": [
        "Give the comparative of this adjective.", "-er or more: which form does it take?",
        "This one has the quality to a higher degree than that one. Put the adjective in the form for it.",
        "A is ... than B: what goes into the gap?", "Please write the first step of comparison.",
        "comparing two things, form of superiority", "One step up, as {input} is raised to {answer}",
        "How must the adjective change when the word than follows?"],
    "superlative": [
        "Give the superlative of this adjective.", "-est or most: which form does it take?",
        "Nothing else has the quality to such a degree. Put the adjective in the form for it, without the article.",
        "It is the ... of all: what goes into the gap?", "Please write the top step of comparison.",
        "comparing with everything else, highest degree", "Up to the top, as {input} is raised to {answer}",
        "How must the adjective change when it names the winner among many?"],
    "less": [
        "Compare downwards: less and the adjective.", "form of inferiority, two words",
        "This one has the quality to a smaller degree than that one. Write it with the word less.",
        "Not as much so as another: say that in two words.", "Please reduce the quality by one step of comparison.",
        "How does one write a comparison in which the thing has it to a lower extent?",
        "lower degree, in two words", "Scale it down the way {input} becomes {answer}"],
    "least": [
        "Write least before the adjective.", "lowest degree of all, two words",
        "Everything else has more of the quality than this one. Say that with the word least.",
        "At the bottom of the scale: how is that expressed with least?",
        "Please give the negative superlative, without the article.",
        "superlative, but downwards", "Down to the bottom, as {input} goes to {answer}",
        "None is so to a smaller extent. Which two words describe the one meant?"],
    "equal": [
        "Write the comparison of equality: as ... as.", "Both have it to the same degree. Use as twice.",
        "A is ... B, no more and no less: what goes into the gap, three words?",
        "Please put the adjective between as and as.", "How do you compare two things that do not differ in this?",
        "equative form", "Neither beats the other: {input} becomes {answer}, and this one accordingly",
        "No difference in degree. Express that by means of the little word as."],
}


def graded(adjective: str, ending: str, word: str) -> str:
    """`bigger` or `more careful`."""
    if adjective in IRREGULAR:
        return IRREGULAR[adjective][ending == "est"]
    if adjective in LONG:
        return f"{word} {adjective}"
    if adjective.endswith("y"):
        return adjective[:-1] + "i" + ending
    if adjective.endswith("e"):
        return adjective + ending[1:]
    return adjective + adjective[-1] * (adjective in DOUBLED) + ending


def gradable() -> list[str]:
    known = SHORT | LONG | set(IRREGULAR)
    first = [word for word in adjectives() if word in known]
    return first + shuffled(sorted(known - set(first)), "gradable")


def tasks() -> list[Task]:
    forms = {"comparative": lambda word: graded(word, "er", "more"),
             "superlative": lambda word: graded(word, "est", "most"),
             "less": lambda word: f"less {word}", "least": lambda word: f"least {word}",
             "equal": lambda word: f"as {word} as"}
    return [Task(name, [(word, form(word)) for word in gradable()], WORDINGS[name], form="word", noun="Adjective")
            for name, form in forms.items()]
