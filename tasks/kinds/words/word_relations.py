"""How two words are related in meaning."""

from builder import Task
from builder.pools import word_pairs
from builder.pools.even import even
from builder.pools.word_pairs import WordPair

# Neither quite related nor quite unrelated.
VAGUE = {"sunrise, night", "dawn, night", "stand, allow", "help, come", "initial, fresh", "good, stupid",
         "sink, create", "secure, strange", "complexity, humility", "weary, slow", "demolish, propose",
         "split, smile", "victory, sadness", "attack, deflate", "advance, build", "rescue, demolish"}

LABELS = {
    "relation": ({"same": "same", "opposite": "opposite", "unrelated": "unrelated"}, "label", [
        "Do the words mean the same, the opposite or neither? Answer same, opposite or unrelated.",
        "relation of the two: same / opposite / unrelated", "Classify the pair as same, opposite or unrelated.",
        "How do these words stand to each other? Choose one of: same, opposite, unrelated.",
        "Please compare the meanings and reply with one word: same, opposite, or unrelated if neither fits.",
        "Words that agree are same, words that contradict each other are opposite, all others are unrelated.",
        "opposite, same or unrelated?", "Judge the pair (same/opposite/unrelated). {input} would be {answer}."]),
    "relation-name": ({"same": "synonyms", "opposite": "antonyms", "unrelated": "neither"}, "label", [
        "Are these synonyms, antonyms or neither?", "synonyms / antonyms / neither",
        "Use the linguist's term for the pair: synonyms or antonyms, and neither if no term fits.",
        "Which applies to the two words: antonyms, synonyms, neither?",
        "Please label the pair with one of the words synonyms, antonyms, neither.",
        "A thesaurus lists some words together as synonyms and others as antonyms. What about these? Else say neither.",
        "Technical term for how the meanings relate, out of antonyms, neither and synonyms.",
        "Pick antonyms, synonyms or neither; {input}, for example, are {answer}"]),
    "relation-letter": ({"same": "S", "opposite": "O", "unrelated": "N"}, "letter", [
        "Write S for the same meaning, O for opposite meanings, N for no relation.", "S, O or N (same, opposite, none)",
        "Code the pair with one capital letter: S if the words agree, O if they are opposed, N otherwise.",
        "One letter: does the pair count as same (S), as opposite (O) or as not related (N)?",
        "Please mark the two words O when they are opposed, S when they are alike, and N when they are neither.",
        "Key: S same, O opposite, N neither. Give the key for this pair.",
        "Which of the letters N, O, S describes it: none, opposed, synonymous?",
        "Only a letter: {input} gets {answer} (S same, O opposite, N nothing)."]),
    "relation-sign": ({"same": "=", "opposite": "<>", "unrelated": "?"}, "code", [
        "Put = if they mean the same, <> if they are opposites and ? if they are not related.", "= or <> or ?",
        "Which sign goes between the words: = for equal meaning, <> for contrary meaning, ? for neither?",
        "Sign only. Equal sense: = ; contrary sense: <> ; anything else: ?",
        "Please replace the comma by the sign that fits and give me that sign: =, <> or ?.",
        "Symbol for this relation (same =, opposite <>, unrelated ?)",
        "Answer in signs: contraries get <>, words of one sense get =, a pair without a link gets ?.",
        "Sign for the pair: {input} has {answer}; = means alike, <> opposed, ? no link."]),
}
SENTENCES = {"same": "{} and {} mean the same.", "opposite": "{} and {} are opposites.",
             "unrelated": "{} and {} are not related."}
SENTENCE = [
    "Write a sentence: the words mean the same, are opposites, or are not related.",
    "Say it in full: X and Y mean the same. / are opposites. / are not related.",
    "Describe the relation of the pair in a short sentence that begins with both words.",
    "How are the two related? Answer with: ... and ... are opposites, mean the same or are not related.",
    "Please state whether these are opposites, mean the same or are not related, naming both words in order.",
    "a whole sentence on the pair, with are opposites, are not related or mean the same",
    "Both words joined by and come first; then follows mean the same, are opposites or are not related.",
    "{input}: {answer} Write the like for this pair."]
QUESTIONS = {
    "same-meaning": (lambda pair: pair.relation == "same", [
        "Do these two words mean the same? yes or no", "synonyms, yes/no?",
        "Could one of them stand in for the other without a change of sense? Say yes or no.",
        "Please check whether the pair has one meaning; reply yes if so, no if not.",
        "yes = same meaning, no = another meaning", "Is the second word just another way to say the first?",
        "Would a thesaurus offer one under the heading of the other as a synonym?",
        "Same sense? E.g. {input}: {answer}"]),
    "opposite-meaning": (lambda pair: pair.relation == "opposite", [
        "Are these two words opposites? yes or no", "antonyms, yes/no?",
        "Does one of them say the contrary of the other? Say yes or no.",
        "Please check whether the pair is a contrast; reply yes if so, no if not.",
        "yes = contrary meaning, no = anything else", "If the one is true of a thing, is the other ruled out?",
        "Do they stand at the two ends of one scale?", "Contraries? E.g. {input}: {answer}"]),
}


def pairs() -> list[WordPair]:
    return [pair for pair in word_pairs.pairs() if pair.text() not in VAGUE]


def written(pair: WordPair) -> str:
    return SENTENCES[pair.relation].format(pair.first.capitalize(), pair.second)


def tasks() -> list[Task]:
    found = [Task(name, [(pair.text(), names[pair.relation]) for pair in pairs()], wordings, form=form, noun="Words")
             for name, (names, form, wordings) in LABELS.items()]
    found.append(Task("relation-sentence", [(pair.text(), written(pair)) for pair in pairs()], SENTENCE,
                      form="sentence", noun="Words"))
    for name, (holds, wordings) in QUESTIONS.items():
        answered = [(pair.text(), "yes" if held else "no") for pair, held in even(pairs(), holds)]
        found.append(Task(name, answered, wordings, form="yes-no", noun="Words"))
    return found
