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
        "Which language is this: Python, JavaScript, C, SQL or Bash?",
        "programming language: Bash / C / JavaScript / Python / SQL",
        "Please tell me whether I am looking at C, JavaScript, Python, SQL or Bash.",
        "Language of the snippet (SQL, Bash, C, JavaScript, Python)",
        "I found a single line in an old repository. What was it written in? One of Bash, C, JavaScript, Python, SQL.",
        "Detect the language, which may be SQL, JavaScript, Bash, Python or C.",
        "{input} is {answer}. And is this line Python, Bash, C, SQL or JavaScript?",
        "For syntax highlighting I need one word: Python, C, SQL, JavaScript or Bash.",
        "Classify as C, Python, Bash, JavaScript or SQL."]),
    "ending": (lambda line: ENDINGS[line.language], "label", [
        "Which file ending would this code have: .py, .js, .c, .sql or .sh?",
        "file extension with the dot (.c, .js, .py, .sh, .sql)",
        "If I save the line to disk, what should come after the file's name: .sql, .js, .sh, .c or .py?",
        "Give the extension (.sql, .sh, .py, .js, .c) of sources like this one.",
        "Please answer with the suffix out of .py, .c, .sh, .js and .sql that suits.",
        "What suffix do such source files carry, .sh, .sql, .py, .js or .c?",
        "{input} belongs in a {answer} file. And this line, in .c, .js, .py, .sh or .sql? Just the ending.",
        "A script splits snippets into .js, .sql, .c, .py and .sh files; tell it the extension for this one.",
        "How does a file with that content end in its name? One of .c .js .py .sh .sql"]),
    "comment": (lambda line: COMMENTS[line.language], "label", [
        "How does a line comment begin in this language: #, // or --?", "comment sign: #, -- or //",
        "I want to put a remark behind the code. Which characters start it: --, # or //?",
        "Give the characters (--, // or #) that open a one-line comment in the language used.",
        "Name the comment marker that fits (// or # or --).", "With what would you comment that out, // or -- or #?",
        "Please look at the language and reply with its single-line comment prefix.",
        "Behind {input} one would write {answer} before a note. And here, #, // or --?",
        "Remarks in the same source would follow which sign?"]),
    "letter": (lambda line: LETTERS[line.language], "letter", [
        "Answer with the first letter of the language, in upper case (P, J, C, S or B).",
        "P for Python, J for JavaScript, C, S for SQL, B for Bash",
        "language out of Bash, C, JavaScript, Python and SQL, as a single capital letter",
        "Which capital initial does the language have, be it SQL, Python, JavaScript, C or Bash?",
        "Sort the snippet into box P, J, C, S or B by what it is written in.",
        "{input} gets a {answer}. Which capital does this line get, B(ash), C, J(avaScript), P(ython) or S(QL)?",
        "Please reply with one character: S if it is SQL, B if Bash, P if Python, C if C, J if JavaScript.",
        "Tag by language using B=Bash C=C J=JavaScript P=Python S=SQL.",
        "One letter only: C, S(QL), B(ash), P(ython) or J(avaScript)?"]),
    "is-python": (lambda line: "yes" if line.language == "Python" else "no", "yes-no", [
        "Is this Python? yes or no", "Python or not (answer yes / no)",
        "Would the Python interpreter be the right program for that line? Say yes or no.",
        "Please decide whether the code is in Python: yes or no.",
        "Tell me yes if a Pythonista wrote it and no if it is another language.",
        "Does it belong in a file ending in .py? Just yes or no.", "yes = Python, no = anything else",
        "{input} -> {answer}, by whether it is Python. Is this line?",
        "I only collect Python snippets. Should this one stay, yes or no?"]),
    "needs-semicolon": (lambda line: "yes" if line.text.endswith(";") else "no", "yes-no", [
        "Does the line end with a semicolon? yes or no", "semicolon at the end: yes / no",
        "Look at the very last character. Is it ; ? Reply yes or no.",
        "Please check whether a semicolon closes this line (yes or no).",
        "I am looking for statements closed by a semicolon; is that one? yes or no",
        "Say yes where the code finishes in ; and no otherwise.",
        "Is it terminated the way C statements are, by the sign ; ? yes / no",
        "{input}: {answer}, seen from its last sign. And this line: semicolon last, yes or no?",
        "Answer yes for a snippet whose final character is a semicolon, else no."]),
}


def pairs(name: str) -> list[tuple[str, str]]:
    answer = TASKS[name][0]
    known = [line for line in lines() if not line.is_ambiguous]
    if name in SIDES:
        return [(line.text, answer(line)) for line, _ in even(known, lambda line: answer(line) == SIDES[name])]
    return [(line.text, answer(line)) for line in known]


def tasks() -> list[Task]:
    return [Task(name, pairs(name), wordings, form=form, noun="Code") for name, (_, form, wordings) in TASKS.items()]
