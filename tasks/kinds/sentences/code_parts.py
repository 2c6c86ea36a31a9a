"""A part of a line of code: a function, a variable, an argument."""

from builder import Task
from builder.pools.code_lines import CodeLine, lines

CALLED = ("definition", "call")
NUMBERS = ("zero", "one", "two", "three")


def is_function(line: CodeLine) -> bool:
    """With one name: not console.log."""
    return line.kind in CALLED and "." not in line.name


def last_argument(line: CodeLine) -> str:
    return line.text[line.text.index("(") + 1:line.text.rindex(")")].split(", ")[-1].split(" ")[-1]


TASKS = {
    "function": (lambda line: line.name if is_function(line) else "", "word", [
        "Which function is called or defined?", "function name",
        "Please give the name of the function, without brackets.",
        "What stands before the opening bracket, keywords and types left out?",
        "I want to search for this function elsewhere. How is it called?",
        "Copy the name of the function in this line of code, nothing else.",
        "In {input} it is {answer}. What is it here?", "Name the subroutine that the line calls or begins.",
        "Extract the identifier of the function"]),
    "first-argument": (lambda line: line.first.split(" ")[-1] if line.kind in CALLED and line.name != "printf" else "",
                       "word", [
        "What is the first argument?", "first argument or parameter, its name only",
        "Please name what comes first inside the brackets (without its type).",
        "Between the brackets, which name opens the list?", "Copy the leading parameter of the function.",
        "Of everything handed over, what is handed over first?",
        "The first thing in parentheses in {input} is {answer}. And in this line?",
        "Tell me the name directly behind the opening bracket; leave a type out.", "argument number one"]),
    "last-argument": (lambda line: last_argument(line) if line.kind in CALLED else "", "word", [
        "What is the last argument?", "last parameter, just its name",
        "Which name stands right before the closing bracket?",
        "Please copy the final thing inside the parentheses, without its type.",
        "Of all that is handed over, what comes at the end?", "Name the argument that closes the list.",
        "{input}: {answer} comes last in the brackets. What does in this line?",
        "Skip all arguments but the rearmost and write that one.",
        "Look inside the brackets, go to their end, and give the name there."]),
    "arguments": (lambda line: str(line.arguments) if line.kind in CALLED else "", "number", [
        "How many arguments are there? Answer in digits.", "number of arguments",
        "Count the parameters in the brackets.", "Please tell me how many things the function takes here, as a digit.",
        "How many names or values are handed over?", "Arity of the function, as a figure",
        "{input} has {answer} of them. How many arguments does this line have?",
        "Write 1, 2 or 3: that many items stand in parentheses.",
        "A digit, please: what is the length of the argument list?"]),
    "arguments-in-words": (lambda line: NUMBERS[line.arguments] if line.kind in CALLED else "", "word", [
        "How many arguments are there? Answer one, two or three.", "count of arguments, as a word",
        "Spell out the number of parameters in the brackets.",
        "Please say in letters, not digits, how many things the function takes.",
        "one, two or three: what is the length of the argument list?",
        "Write as a word how many names or values are handed over.",
        "With {answer} for {input}, which word is right for this line's number of arguments?", "In words: its arity",
        "Does it take one, two or three arguments?"]),
    "language-and-function": (lambda line: f"{line.language}: {line.name}" if is_function(line) else "", "word", [
        "Give language and function, as in Python: parse.", "language: function",
        "Please write the programming language, a colon, a space and the function's name.",
        "Which function in which language? Use the form C: update.",
        "Index entry wanted: the language first, then a colon and how the function is called.",
        "For {input} the entry reads {answer}. Write that of this line.",
        "Answer in the shape JavaScript: load, with the right language and name.",
        "Name both, the language before the colon and the function after it.",
        "Combine what it is written in with the function's name, a colon between them."]),
}


def tasks() -> list[Task]:
    made = {name: [(line.text, answer(line)) for line in lines() if answer(line)]
            for name, (answer, *_) in TASKS.items()}
    return [Task(name, made[name], wordings, form=form, noun="Code") for name, (_, form, wordings) in TASKS.items()]
