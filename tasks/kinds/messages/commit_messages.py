"""What a commit does, by the first line of its message."""

from builder import Task
from builder.pools.commits import commits
from builder.pools.even import even
from builder.sources.inflection import inflected

TYPE = [
    "What type of change is it: fix, feature, docs, test or refactor?",
    "Classify the commit as docs, feature, fix, refactor or test.", "change type (test/refactor/docs/feature/fix)",
    "Please label the change with one of test, docs, fix, feature, refactor.",
    "Does it repair something (fix), bring something new (feature), explain (docs), check (test) or tidy up "
    "(refactor)?", "Type of commit (fix, feature, docs, test, refactor): {input} -> {answer}",
    "In which section of our statistics, feature, fix, refactor, test or docs, does it count?",
    "One word for the nature of this commit, out of refactor, docs, feature, test, fix.",
]
PREFIX = [
    "Give the conventional prefix with its scope, as feat(menu): the types are feat, fix, docs, test, refactor.",
    "Which type and scope, in the style of fix(parser), would conventional commits demand?",
    "type(scope), where the type is feat, fix, docs, test or refactor",
    "Please derive the head of a conventional commit, type and component in parentheses, without the colon.",
    "Rewrite the start by the convention: feat, fix, docs, test or refactor, then the part of the program in brackets.",
    "Head: {input} -> {answer}",
    "The linter wants something like test(cache) or feat(menu) in front of the message. What exactly, if fix, docs "
    "and refactor are the other types?",
    "Short type (feat / fix / docs / test / refactor) and, attached in round brackets, the component",
]
COMPONENT = [
    "Which component was changed?", "Name the part of the program that the commit is about.", "scope, one word",
    "Please extract the module from the message.", "Whose maintainer should review it, that of the ...? Fill the gap.",
    "Component: {input} -> {answer}", "On what part of the software did the programmer work?",
    "I list commits by module; give me the module of this one.", "Scope without the type, in lower case",
]
IMPERATIVE = [
    "Give the first verb in the imperative, lower case.", "What is the opening verb's plain form, in small letters?",
    "first verb, base form, lower case", "Please write the leading word as a command, as add, whatever its tense here.",
    "What does the commit do? Answer with its first verb in the infinitive, without to and without a capital.",
    "Lemma of the first word: {input} -> {answer}",
    "Our style guide wants fix and not fixed. Which verb must the line start with, in small letters?",
    "Undo the past tense, if there is one, of the word at the beginning and write just this word, uncapitalised.",
]
PAST = [
    "Give the first verb in the past tense, lower case.", "What is the opening verb's past form, in small letters?",
    "first verb, simple past, lower case",
    "Please write the leading word as a report in the simple past, as added, whatever its form here.",
    "What did the programmer do? Answer with the first verb, past tense, no capital.",
    "Past of the first word: {input} -> {answer}",
    "Our changelog wants fixed and not fix. Which verb must the entry start with, in small letters?",
    "Put the word at the beginning into the past, unless it is there already, and write just this word, uncapitalised.",
]
BREAKING = [
    "Is it a breaking change? yes or no", "Does the commit break compatibility?", "breaking: yes/no",
    "Please say yes if users have to adapt something because of it, else no.",
    "Does semantic versioning demand a new major version for it, given what the line says? Lower case, yes or no.",
    "Old code, files or settings stop working: yes. Nothing of the kind is said: no.", "Breaks? {input} -> {answer}",
    "Would you have to warn users, before they update, that something old will not work? Just yes or no.",
    "Look for a remark on lost compatibility and report with yes or no.",
]
ISSUE = [
    "Which issue number is named? Digits only.", "Copy the number of the ticket, without #.", "issue no.",
    "Please extract the reference to the bug tracker as a bare number.",
    "Which ticket will be closed or is referred to? Only its digits.", "Issue: {input} -> {answer}",
    "What stands after the hash sign?", "I want to open the discussion behind this commit; which number must I type?",
]


def tasks() -> list[Task]:
    known = commits()
    short = {"feature": "feat"}
    made = [("type", [(each.text, each.type) for each in known], TYPE, "label"),
            ("prefix", [(each.text, f"{short.get(each.type, each.type)}({each.component})") for each in known
                        if not each.breaking], PREFIX, "code"),
            ("component", [(each.text, each.component) for each in known], COMPONENT, "word"),
            ("imperative", [(each.text, each.verb) for each in known], IMPERATIVE, "word"),
            ("past", [(each.text, inflected(each.verb, "VBD")) for each in known], PAST, "word"),
            ("issue", [(each.text, each.issue) for each in known if each.issue], ISSUE, "number")]
    breaking = [(each.text, "yes" if held else "no") for each, held in even(known, lambda each: each.breaking)]
    made.append(("breaking", breaking, BREAKING, "yes-no"))
    lemmatised = dict(source="lemminflect", licence="MIT")
    return [Task(name, pairs, wordings, form, "Commit", **lemmatised) for name, pairs, wordings, form in made]
