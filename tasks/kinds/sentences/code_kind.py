"""What a line of code does: defines, calls, assigns, loops."""

from builder import Task
from builder.pools.code_lines import lines
from builder.pools.even import even

LABELS = {"definition": "definition", "call": "call", "assignment": "assignment", "loop": "loop",
          "condition": "condition", "import": "import", "query": "query", "command": "command"}
VERBS = {"definition": "defines", "call": "calls", "assignment": "assigns", "loop": "repeats", "condition": "tests",
         "import": "imports", "query": "selects", "command": "runs"}
OPENS = ("definition", "loop", "condition")

SIDES = {"is-definition": "yes", "level": "head", "about": "data"}

TASKS = {
    "label": (lambda line: LABELS[line.kind], "label", [
        "What is this line: definition (of a function), call, assignment, loop, condition, import, query or command?",
        "kind of statement (assignment / call / command / condition / definition of a function / import / loop / "
        "query), one word",
        "Please classify the code as an assignment, a call, a condition, a definition, an import, a loop, a query or "
        "a shell command; one word.",
        "Label the statement by a noun: loop, import, call, query, definition, condition, command, assignment.",
        "In a syntax lesson, would you call this an import, a loop, a call, a query, a function's definition, a "
        "condition, a shell command or an assignment? Only the noun.",
        "{input} is a case of: {answer}. Which is this line: call, query, loop, command, import, condition, "
        "assignment, definition (of a function)?",
        "Say in one noun what sort of statement it is: loop, import, condition, assignment, call, definition "
        "(function), query (SQL), command (shell).",
        "Name the construct. Options: query, loop, import, definition, condition, command, call, assignment.",
        "Statement type, please; import, query, condition, call, loop, command, assignment, or definition where a "
        "function begins"]),
    "verb": (lambda line: VERBS[line.kind], "label", [
        "It defines, calls, assigns, repeats, tests, imports, selects or runs: which one?",
        "what does the line do, in one verb (assigns, calls, defines, imports, repeats, runs, selects, tests)",
        "Complete with one verb in the third person out of runs, selects, imports, tests, repeats, assigns, calls, "
        "defines: this line ...",
        "Answer with the verb that fits: a loop repeats, a condition tests, SQL selects, the shell runs, a function's "
        "head defines; the others are calls, assigns, imports.",
        "Choose: defines / calls / assigns / repeats / tests / imports / selects / runs.",
        "Tell a beginner with a single verb what happens there: something selects, runs, calls, repeats, tests, "
        "imports, assigns, or defines a function.",
        "One could say that {input} {answer}. Which verb suits this line, assigns, calls, defines (a function), "
        "imports, repeats, runs, selects or tests?",
        "Describe the action by a single word: imports, assigns (a value), defines (a function), calls, runs (in a "
        "shell), repeats, selects, tests.",
        "Please pick a verb for it; loops get repeats, conditions tests, commands runs, queries selects, new "
        "functions defines, and then there are imports, calls, assigns."]),
    "is-definition": (lambda line: "yes" if line.kind == "definition" else "no", "yes-no", [
        "Does this line define a function? yes or no", "function definition: yes / no",
        "Is a new function being declared there? Answer with yes or no.",
        "Say yes if what you see begins a function, otherwise no.",
        "Please tell whether it introduces a function of its own (yes or no).",
        "Would an outline of the file list this line as a function? yes or no",
        "{input}: {answer}. Does this line define a function, yes or no?",
        "yes for the head of a function, no for all other code",
        "I collect definitions of functions only. Keep it? yes or no"]),
    "level": (lambda line: "head" if line.kind in OPENS else "complete", "label", [
        "Is the line complete, or only the head of a block? Answer complete or head.", "head (of a block) or complete?",
        "Reply head for the first line of a function, loop or if; complete for any other code.",
        "Please sort it: complete statement (complete) or beginning of a block (head).",
        "A statement that can stand alone is complete; one that needs a body is a head. Which one is that?",
        "Mark the snippet as head / complete.", "{input} counts as {answer}. And this line, head or complete?",
        "Does it finish what it begins? complete if so, head if a body is still to come",
        "One word about the statement: head if a block follows, otherwise complete."]),
    "about": (lambda line: "data" if line.kind in ("assignment", "query", "import") else "action", "label", [
        "Imports, assignments and queries are data, all other lines action. Which is it?",
        "data (import, assignment, query) or action?",
        "Answer data if the code imports, assigns or selects something; answer action if not.",
        "Two drawers: data takes import, assignment and SELECT; action takes the rest. Name the drawer.",
        "Please file the line under data (assignments, imports, queries) or under action (what remains).",
        "Sort: calls, loops, conditions, definitions and shell commands are action; the others are data.",
        "As {input} is {answer}, what is this line: action, or data (SQL, imports, assignments)?",
        "Reply with a single word. Is a value or module fetched or stored (data), or is something done or begun "
        "(action)?", "action / data, where SQL, imports and plain assignments make the second"]),
}


def pairs(name: str) -> list[tuple[str, str]]:
    answer = TASKS[name][0]
    if name in SIDES:
        return [(line.text, answer(line)) for line, _ in even(lines(), lambda line: answer(line) == SIDES[name])]
    return [(line.text, answer(line)) for line in lines()]


def tasks() -> list[Task]:
    return [Task(name, pairs(name), wordings, form=form, noun="Code") for name, (_, form, wordings) in TASKS.items()]
