"""A number in words, as an ordinal, in Roman numerals, and back."""

from builder import Task
from builder.pools.numbers import ONES, integers, roman, spelled

ODD_ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth",
                "nine": "ninth", "twelve": "twelfth"}


def ordinal(number: int) -> str:
    """`four thousand two hundred twelfth`"""
    words = spelled(number)
    at = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[at:]
    return words[:at] + ODD_ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("y") else last + "th")


def suffixed(number: int) -> str:
    """`21st`"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def digit_names(number: int) -> str:
    return " ".join(ONES[int(digit)] for digit in str(number))


IN_WORDS = [
    "Write this number in English words, American style, that is without an and.",
    "How is it said in full? Spell it out and leave any and away.",
    "the quantity in words, lower case, no and",
    "Please put the figure into letters as one would on an American cheque, with no and in it.",
    "Replace these digits by the matching number words; the word and must not occur.",
    "I need the cardinal spelled out the US way.",
    "If only words were allowed and no digits, what would this be in American English?",
    "Full number name wanted, without and, as {input} becomes {answer}",
    "Read the number aloud as an American would (thousands, hundreds and so on) and write down what you say.",
]
ORDINAL_WORDS = [
    "Write the ordinal of this number in words, American style, that is without an and.",
    "If somebody finishes a race in this place, which one is it? Spell it out as an American would, like twenty-first.",
    "ordinal number, spelled out, no and",
    "Please give the rank that belongs to the number, in letters only and without using and.",
    "Make it into words of order such as first, thirtieth or two hundred fifth, never with and.",
    "Which item of a row has this number? Answer with the ordinal in words, American style.",
    "From counting to ranking in words (no and): {input} yields {answer}",
    "I want the spelled-out form that ends in th, st, nd or rd, in lower case and the way it is said in the US.",
    "Say which anniversary it would be after so many years, with every part written out as words, but no and.",
]
SUFFIXED = [
    "Write the ordinal of this number with digits and the short ending.",
    "Add st, nd, rd or th, whichever is right.",
    "numeral plus its ordinal suffix",
    "Please attach the two letters that make a rank of the number, straight after the figures.",
    "How do you abbreviate the ordinal, like 3rd or 10th?",
    "Keep the figures and follow them with the correct pair of letters for a position in a row.",
    "Which floor of a very high tower is that, in the short form with numerals?",
    "Rank in figures, as {input} becomes {answer}",
    "Someone came in at this place in a race; give it as on a results table, for example 22nd.",
]
ROMAN = [
    "Convert this number to Roman numerals.",
    "How would an ancient Roman have carved it? Use the letters I, V, X, L, C, D and M.",
    "as a Roman numeral, capitals",
    "Please rewrite the figure in the numbering of the Caesars.",
    "Arabic to Roman",
    "On the clock faces and monuments with M, D, C, L, X, V and I, what does this number look like?",
    "Give me the upper-case numeral that old inscriptions would have.",
    "Roman notation needed: {input} is {answer}",
    "A film's closing credits show the year in numerals such as MCM. Treat the number that way.",
]
DIGITS_IN_WORDS = [
    "Read out each digit as a word.",
    "Name the digits one by one, with spaces between the words.",
    "digit by digit in English words",
    "Please spell it like a telephone number: every figure by its own name (0 is zero), lower case, no commas.",
    "What are the names of the figures here, from left to right?",
    "Dictate the number figure for figure, never saying hundred or thousand.",
    "Swap all digits for their words (zero to nine) and put a space after each but the last.",
    "Over a bad radio line, {input} is said as {answer}",
    "I don't want the value in words, only the separate digits, each as a word.",
]
FROM_WORDS = [
    "Write this number in digits.",
    "Which figures stand for these words?",
    "numeral, please, without separators",
    "Please convert the number that is spelled out here into ordinary figures.",
    "What is this as an Arabic numeral?",
    "Someone wrote a quantity in letters. Key it in as it would be on a calculator.",
    "Words to digits, as {input} becomes {answer}",
    "I need only figures, 0 to 9, and no comma for the thousands.",
    "Translate the number words into a plain integer.",
]
FROM_ROMAN = [
    "Convert this Roman numeral to an ordinary number.",
    "What is the value of these letters, with M as a thousand and C as a hundred?",
    "in Arabic figures, no comma",
    "Please decode the inscription and tell me the integer.",
    "Roman to decimal",
    "The letters M, D, C, L, X, V and I hide a quantity; give it in modern digits.",
    "Which number did the stonemason mean?",
    "Value of the numeral in digits: {input} makes {answer}",
    "A monument bears this. Work out the number behind it and write it as we do today.",
]


def tasks() -> list[Task]:
    some = [number for number in integers() if number]
    small = [number for number in some if number < 4000]
    return [
        Task("in-words", [(str(each), spelled(each)) for each in integers()], IN_WORDS, "word", "Number"),
        Task("ordinal-words", [(str(each), ordinal(each)) for each in some], ORDINAL_WORDS, "word", "Number"),
        Task("ordinal-suffix", [(str(each), suffixed(each)) for each in some], SUFFIXED, "code", "Number"),
        Task("roman", [(str(each), roman(each)) for each in small], ROMAN, "code", "Number"),
        Task("digits-in-words", [(str(each), digit_names(each)) for each in integers()], DIGITS_IN_WORDS, "word",
             "Number"),
        Task("from-words", [(spelled(each), str(each)) for each in integers()], FROM_WORDS, "number", "Number"),
        Task("from-roman", [(roman(each), str(each)) for each in small], FROM_ROMAN, "number", "Number"),
    ]
