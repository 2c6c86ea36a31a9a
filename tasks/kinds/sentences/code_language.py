"""What language a line of code is in, and what goes with it."""

from builder import Task
from builder.pools.code_lines import lines
from builder.pools.even import even

ENDINGS = {"Python": ".py", "JavaScript": ".js", "C": ".c", "SQL": ".sql", "Bash": ".sh"}
COMMENTS = {"Python": "#", "JavaScript": "//", "C": "//", "SQL": "--", "Bash": "#"}
LETTERS = {"Python": "P", "JavaScript": "J", "C": "C", "SQL": "S", "Bash": "B"}

SIDES = {"is-python": "yes", "needs-semicolon": "yes"}

TASKS = {
    "name": (lambda line: line.language, "label", [
        "Which language is this: Python, JavaScript, C, SQL or Bash?", "name the programming language",
        "Please tell me whether I am looking at C, JavaScript, Python, SQL or Bash.",
        "Language of the snippet (SQL, Bash, C, JavaScript, Python)",
        "I found a single line in an old repository. What was it written in? One of Bash, C, JavaScript, Python, SQL.",
        "Detect the language and answer with its usual name only.", "{input} is {answer}. And what is the following?",
        "For syntax highlighting I need one word: Python, C, SQL, JavaScript or Bash.",
        "Classify by programming language."]),
    "ending": (lambda line: ENDINGS[line.language], "label", [
        "Which file ending would this code have: .py, .js, .c, .sql or .sh?", "usual file extension, with the dot",
        "If I save the line to disk, what should come after the file's name? Begin with a dot.",
        "Give the extension (.sql, .sh, .py, .js, .c) of sources like this one.",
        "Please answer with a suffix such as .py or .c, whichever suits.", "What suffix do such source files carry?",
        "{input} belongs in a {answer} file. And the next line? Just the ending.",
        "A script splits snippets into files; tell it the extension for the one below.",
        "How does a file with that content end in its name? One of .c .js .py .sh .sql"]),
    "comment": (lambda line: COMMENTS[line.language], "label", [
        "How does a line comment begin in this language: #, // or --?", "comment sign?",
        "I want to put a remark behind the code. Which characters start it: --, # or //?",
        "Give the characters that open a one-line comment in the language used.",
        "Name the comment marker that fits (// or # or --).", "With what would you comment that out?",
        "Please look at the language and reply with its single-line comment prefix.",
        "Behind {input} one would write {answer} before a note. And here?",
        "Remarks in the same source would follow which sign?"]),
    "letter": (lambda line: LETTERS[line.language], "letter", [
        "Answer with the first letter of the language, in upper case (P, J, C, S or B).",
        "P for Python, J for JavaScript, C, S for SQL, B for Bash", "language, as a single capital letter",
        "Which initial does the programming language have?",
        "Sort the snippet into box P, J, C, S or B by what it is written in.",
        "{input} gets a {answer}. Which capital does the next one get?",
        "Please reply with one character: the initial of the language used.",
        "Tag by language using B=Bash C=C J=JavaScript P=Python S=SQL.",
        "One letter only: in what tongue of programmers is that?"]),
    "is-python": (lambda line: "yes" if line.language == "Python" else "no", "yes-no", [
        "Is this Python? yes or no", "Python or not (answer yes / no)",
        "Would the Python interpreter be the right program for that line? Say yes or no.",
        "Please decide whether the code is in Python: yes or no.",
        "Tell me yes if a Pythonista wrote it and no if it is another language.",
        "Does it belong into a file ending in .py? Just yes or no.",
        "yes = Python, no = anything else", "{input} -> {answer}, by whether it is Python. The next?",
        "I only collect Python snippets. Should the one below stay, yes or no?"]),
    "needs-semicolon": (lambda line: "yes" if line.text.endswith(";") else "no", "yes-no", [
        "Does the line end with a semicolon? yes or no", "semicolon at the end: yes / no",
        "Look at the very last character. Is it ; ? Reply yes or no.",
        "Please check whether a semicolon closes this line (yes or no).",
        "I am looking for statements closed by a semicolon; is that one? yes or no",
        "Say yes where the code finishes in ; and no otherwise.",
        "Is it terminated the way C statements are, by the sign ; ? yes / no",
        "{input}: {answer}, seen from its last sign. And this line: semicolon last, yes or no?",
        "Answer no unless the snippet's final character is a semicolon, else yes."]),
}


def pairs(name: str) -> list[tuple[str, str]]:
    answer = TASKS[name][0]
    if name in SIDES:
        return [(line.text, answer(line)) for line, _ in even(lines(), lambda line: answer(line) == SIDES[name])]
    return [(line.text, answer(line)) for line in lines()]


def tasks() -> list[Task]:
    return [Task(name, pairs(name), wordings, form=form, noun="Code") for name, (_, form, wordings) in TASKS.items()]
