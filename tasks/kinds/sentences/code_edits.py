"""A line of code, written otherwise."""

from builder import Task
from builder.pools.code_lines import lines

COMMENTS = {"Python": "#", "JavaScript": "//", "C": "//", "SQL": "--", "Bash": "#"}

TASKS = {
    "commented": (lambda line: "" if line.is_ambiguous else f"{COMMENTS[line.language]} {line.text}", [
        "Comment the line out, with the sign of its language and a space.", "as a comment",
        "Please turn this code into a one-line comment of the same language.",
        "Put the language's comment sign (#, // or --) and a space in front.",
        "Make sure it is not run any more, but keep it readable: comment it.", "How would it look commented out?",
        "{input} becomes {answer}. Do the same here.",
        "Disable the statement by the usual prefix for remarks, then a space.",
        "Rewrite it such that the interpreter or compiler takes it for a remark."]),
    "without-end": (lambda line: line.text[:-1].rstrip() if line.text[-1] in ";:{" else "", [
        "Drop the sign at the end.", "without the last character, and no space at the end",
        "Remove the final semicolon, colon or brace.", "Please give the code without the punctuation that closes it.",
        "Strip ; or : or { from the right-hand side.", "What is left when the last sign goes?",
        "As {input} is cut to {answer}, so cut this line.",
        "Copy everything but the closing sign (and no space at the end).", "The line, its last symbol cut off"]),
    "upper-case": (lambda line: line.text.upper(), [
        "Write the whole line in capitals.", "upper case", "SHOUT the code: every letter as a capital.",
        "Please convert all letters of the snippet to capital letters.",
        "Change each small letter into a large one and leave the signs.", "How does it read with caps lock on?",
        "{input} turned into {answer}. Turn this line likewise.", "No lower-case letter may stay in it",
        "Capitalise everything in the line of code."]),
    "no-spaces": (lambda line: line.text.replace(" ", ""), [
        "Take out all spaces.", "without blanks", "Squeeze the line: delete every space in it.",
        "Please remove whitespace wherever it stands in the code.", "Join everything together, no gaps.",
        "How does the snippet look when no space is left?", "{input} gets {answer}. Treat this line alike.",
        "Minify it in the crudest way, by dropping blanks.", "Copy the characters but leave the spaces away"]),
    "backticks": (lambda line: f"`{line.text}`", [
        "Put it in backticks.", "as inline code in Markdown", "Wrap the line in a pair of ` signs.",
        "Please format this as code for a Markdown sentence.", "Surround the snippet with one backtick on either side.",
        "How do I show that within a paragraph of a README?", "{input} is shown as {answer}. Show this line too.",
        "Add a grave accent before and after it", "Mark up for a chat that renders `code`."]),
    "numbered": (lambda line: f"1: {line.text}", [
        "Put the line number 1, a colon and a space in front.", "with line number: 1: ...",
        "Show the code as an editor does that numbers lines like 1: first.",
        "Please prefix it by 1: and keep the rest.", "It is the first line of a file; number it in the style n: text.",
        "Begin with the figure one, then a colon, a blank, and the snippet itself.",
        "{input} printed with its number is {answer}. Print this line likewise.",
        "Give a listing of this one-line program, numbered with a colon",
        "What does cat with line numbers (number, colon, space) show?"]),
    "quoted-name": (lambda line: "" if line.is_ambiguous else f"[{line.language}] {line.text}", [
        "Put the language (JavaScript, SQL, Python, C, Bash) in square brackets in front, then a space.",
        "[Python], [JavaScript], [C], [SQL] or [Bash], then the code",
        "Tag the line with its language, as in [C], [SQL], [Bash], [Python] or [JavaScript], before the code itself.",
        "Please begin with the programming language (Bash, C, JavaScript, Python, SQL) in [ ] and copy the rest.",
        "Which language, C, Bash, Python, SQL or JavaScript? Write it in brackets at the beginning and leave the code "
        "as it is.",
        "{input} is filed as {answer}. File this line (Python, JavaScript, C, SQL or Bash) in the same way.",
        "Label it on the left: bracketed name (SQL, Python, JavaScript, C, Bash), blank, unchanged snippet.",
        "Add whichever prefix is true, [Python], [Bash], [C], [JavaScript] or [SQL], and a space.",
        "Make an entry for a list of Bash, C, SQL, Python and JavaScript snippets that starts with the bracketed "
        "language"]),
}


def tasks() -> list[Task]:
    made = {name: [(line.text, answer(line)) for line in lines() if len(line.text) <= 34 and answer(line)]
            for name, (answer, _) in TASKS.items()}
    return [Task(name, made[name], wordings, form="code", noun="Code") for name, (_, wordings) in TASKS.items()]
