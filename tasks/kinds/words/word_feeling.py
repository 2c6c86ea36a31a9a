"""How good or bad a word feels."""

from builder import Task
from builder.pools.even import even
from builder.pools.words import adjectives, nouns, verbs, words
from builder.sources import sentiment, wordnet
from builder.sources.sentiment import ratings
from builder.sources.wordnet import common_words, frequency

CLEAR, WEAK, STRONG = 1.2, 1.8, 2.2     # rating of either sign: least to count, most of weak, least of strong ones
# Rated by a sense that is not the usual one, or not for every reader.
ODD = set("god jerk cut slash dead jackass freak witch bore egotist anti lover heart kind dear devil hell idiot maniac "
          "impotent smoking drag champagne diamond vitamin medal comedian survivor critic trustee stereotype firing "
          "victimize sympathy mock solution party novel treat energy like stop values cancer tumor "
          "bullshit amorist lower impose inhibition inhibit engage engagement prospect defer greater critical odd "
          "interest yes pray emergency suspend pressure positivism louse retarded excitability divinity fascist awol "
          "amort benefic indoctrinate".split())

TWO = {
    "polarity": (("positive", "negative"), "label", [
        "Is this word positive or negative?", "positive / negative",
        "Which feeling does it carry, negative or positive?",
        "Please give the sentiment of the word as positive or negative.",
        "Connotation: negative for words of dislike or harm, positive for words of praise or joy.",
        "Would a reviewer use it to commend (positive) or to complain (negative)?",
        "Sentiment label for a lexicon, one of negative and positive",
        "Rate it: {input} counts as {answer} (not its contrary)."]),
    "sign": (("+", "-"), "code", [
        "Write + if the word has a good ring and - if it has a bad one.", "+ or -",
        "Plus sign for pleasant words, minus sign for unpleasant ones: which does this get?",
        "Please mark it with a plus (welcome) or a minus (unwelcome), the sign alone.",
        "One character: - for something bad, + for something good.",
        "On my list of pros and cons, what sign stands beside this?",
        "Score the connotation by a bare + or a bare -.", "Sign, as {answer} for {input}; + means good, - means bad"]),
    "smiley": ((":)", ":("), "code", [
        "Answer with :) for a happy word and :( for a sad one.", ":) or :(",
        "Which smiley suits it, :( or :)?", "Please react with a face made of a colon and a bracket, glad or gloomy.",
        "Make the text emoticon one would send after this word: smile :) or frown :(.",
        "Emoticon only. Nice things get :) and nasty things get :(.",
        "If the word were a piece of news, what face would you type, :) or :(?",
        "Face for the word, {input} {answer} (the other being for the contrary mood)"]),
    "good": (("yes", "no"), "yes-no", [
        "Is this something good? yes or no", "welcome: yes/no",
        "Would most people like what the word says? Say yes or no.",
        "Please reply yes if it is a word of approval or pleasure and no if one of disapproval or harm.",
        "yes = nice, no = not nice", "Would you be glad to hear this about yourself or your day?",
        "Does it sound favorable?", "Pleasant? {input}: {answer}"]),
    "comment": (("That's good.", "That's bad."), "sentence", [
        "Comment on the word with That's good. or That's bad.", "That's good. / That's bad.",
        "What would you say on hearing it, That's bad. or That's good.?",
        "Please answer in a sentence of two words whether it is good or bad, beginning with That's.",
        "React: nice things are met with That's good. and nasty ones with That's bad.",
        "Short judgement, capital letter and full stop: That's bad. or That's good.",
        "Tell a child whether this is a good or a bad thing, in the words That's ... .",
        "Remark like this: {input}, {answer} (bad or good, whichever fits)"]),
}
STARS = [
    "Give stars as a digit: 5 very good, 4 good, 2 bad, 1 very bad.", "rating 1, 2, 4 or 5",
    "On a scale with 1 for awful, 2 for bad, 4 for good and 5 for splendid, which number does the word get?",
    "Please rate the word by how it feels; 5 is best, then 4, then 2, and 1 is worst. There is no 3.",
    "Four levels: 5 = delightful, 4 = pleasant, 2 = unpleasant, 1 = dreadful. Digit only.",
    "How many stars is this worth (1, 2, 4, 5)?", "A digit from worst, 1, to best, 5, never the neutral 3.",
    "Stars out of five, without a neutral 3; {input} has {answer}."]


def rated() -> list[str]:
    """Words of the pools, then other common ones, with a clear rating."""
    pool = dict.fromkeys([*words(), *adjectives(), *verbs(), *nouns()])
    others = {word: max(frequency(word, part) for part in "nva") for part in "nva" for word in common_words(part)}
    return [word for word in dict.fromkeys([*pool, *sorted(others, key=lambda word: (-others[word], word))])
            if abs(ratings().get(word, 0)) >= CLEAR and word not in ODD]


def stars(word: str) -> str:
    rating = ratings()[word]
    return str(3 + (2 if abs(rating) >= STRONG else 1) * (1 if rating > 0 else -1))


def tasks() -> list[Task]:
    facts = {"source": f"{sentiment.SOURCE}, {wordnet.SOURCE}", "noun": "Word",
             "licence": f"{sentiment.LICENCE} AND {wordnet.LICENCE}"}
    known = rated()
    found = [Task(name, [(word, answers[not good]) for word, good in even(known, lambda word: ratings()[word] > 0)],
                  wordings, form=form, **facts) for name, (answers, form, wordings) in TWO.items()]
    sure = [word for word in known if not WEAK < abs(ratings()[word]) < STRONG]
    found.append(Task("stars", [(word, stars(word)) for word in sure], STARS, form="number", **facts))
    return found
