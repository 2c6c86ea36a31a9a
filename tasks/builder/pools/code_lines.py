"""Lines of code put together from parts, all of which are known."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from builder.draws import draw

NAMES = ("total count price name user items result value index length width height score data path text line code key "
         "size speed limit offset buffer token order balance color title status").split()
FUNCTIONS = ("load save parse render update remove find build send fetch check merge split convert encode validate "
             "connect close reset print_all read_file get_user add_item sort_list open_door make_copy set_limit "
             "draw_line count_words start_timer").split()
MODULES = "os sys json math random datetime re csv time socket logging shutil glob copy string hashlib".split()
TABLES = "users orders products customers invoices employees books cities payments tickets".split()
COLUMNS = "id name price city email age total status country phone".split()
FILES = "notes.txt data.csv report.pdf image.png main.py backup.zip log.txt index.html config.json readme.md".split()
FOLDERS = "docs src backup images build data tests archive".split()


@dataclass(frozen=True)
class CodeLine:
    text: str
    language: str             # Python, JavaScript, SQL, C, Bash
    kind: str                 # assignment, call, import, loop, condition, definition, query, command
    name: str = ""            # what is assigned, called, defined, looked up: a function, variable, table or command
    first: str = ""           # its first argument, or the value
    arguments: int = -1       # of a call or definition

    @property
    def is_ambiguous(self) -> bool:
        """Written as Python, but JavaScript allows it too."""
        return self.language == "Python" and self.kind in ("call", "assignment")


def number(chance: Random) -> str:
    return str(chance.choice((0, 1, 2, 5, 7, 10, 12, 20, 25, 42, 60, 99, 100, 250, 500)))


def call(chance: Random) -> tuple[str, list[str]]:
    arguments = chance.sample(NAMES, chance.choice((1, 1, 2, 2, 3)))
    return chance.choice(FUNCTIONS), arguments


def python_assignment(chance: Random) -> CodeLine:
    name, value = chance.choice(NAMES), number(chance)
    return CodeLine(f"{name} = {value}", "Python", "assignment", name, value)


def python_call(chance: Random) -> CodeLine:
    name, arguments = call(chance)
    return CodeLine(f"{name}({', '.join(arguments)})", "Python", "call", name, arguments[0], len(arguments))


def python_definition(chance: Random) -> CodeLine:
    name, arguments = call(chance)
    return CodeLine(f"def {name}({', '.join(arguments)}):", "Python", "definition", name, arguments[0], len(arguments))


def python_import(chance: Random) -> CodeLine:
    module = chance.choice(MODULES)
    other = chance.choice([each for each in MODULES if each != module])
    text = chance.choice((f"import {module}", f"import {module} as {module[0]}", f"import {module}, {other}"))
    return CodeLine(text, "Python", "import", module)


def python_loop(chance: Random) -> CodeLine:
    name, items = chance.sample(NAMES, 2)
    text = chance.choice((f"for {name} in {items}:", f"while {name} < {number(chance)}:", f"while {name} != {items}:"))
    return CodeLine(text, "Python", "loop", name)


def python_condition(chance: Random) -> CodeLine:
    name = chance.choice(NAMES)
    return CodeLine(f"if {name} {chance.choice(('==', '>', '<', '>=', '!='))} {number(chance)}:", "Python", "condition",
                    name)


def javascript_assignment(chance: Random) -> CodeLine:
    name, value = chance.choice(NAMES), number(chance)
    return CodeLine(f"{chance.choice(('const', 'let'))} {name} = {value};", "JavaScript", "assignment", name, value)


def javascript_call(chance: Random) -> CodeLine:
    name = chance.choice(NAMES)
    return CodeLine(f"console.log({name});", "JavaScript", "call", "console.log", name, 1)


def javascript_definition(chance: Random) -> CodeLine:
    name, arguments = call(chance)
    return CodeLine(f"function {name}({', '.join(arguments)}) {{", "JavaScript", "definition", name, arguments[0],
                    len(arguments))


def javascript_condition(chance: Random) -> CodeLine:
    name = chance.choice(NAMES)
    return CodeLine(f"if ({name} === {number(chance)}) {{", "JavaScript", "condition", name)


def c_assignment(chance: Random) -> CodeLine:
    name, value = chance.choice(NAMES), number(chance)
    return CodeLine(f"{chance.choice(('int', 'long', 'double', 'unsigned int'))} {name} = {value};", "C", "assignment",
                    name, value)


def c_definition(chance: Random) -> CodeLine:
    name, arguments = call(chance)
    kind = chance.choice(("int", "void", "double"))
    listed = ", ".join(f"int {each}" for each in arguments)
    return CodeLine(f"{kind} {name}({listed}) {{", "C", "definition", name, arguments[0], len(arguments))


def c_import(chance: Random) -> CodeLine:
    header = chance.choice("stdio stdlib string math time ctype stdint errno".split())
    return CodeLine(f"#include <{header}.h>", "C", "import", header)


def c_call(chance: Random) -> CodeLine:
    name = chance.choice(NAMES)
    return CodeLine(f'printf("%d\\n", {name});', "C", "call", "printf", '"%d\\n"', 2)


def sql_query(chance: Random) -> CodeLine:
    table, column, other = chance.choice(TABLES), *chance.sample(COLUMNS, 2)
    text = chance.choice((f"SELECT {column} FROM {table};", f"SELECT {column}, {other} FROM {table};",
                          f"SELECT {column} FROM {table} WHERE {other} > {number(chance)};",
                          f"SELECT {column} FROM {table} ORDER BY {other};"))
    return CodeLine(text, "SQL", "query", table, column)


def bash_command(chance: Random) -> CodeLine:
    file, folder = chance.choice(FILES), chance.choice(FOLDERS)
    name = chance.choice("cp mv cat head tail wc sort less".split())
    options = {"head": "-n 5 ", "tail": "-n 20 ", "wc": "-l "}.get(name, "")
    target = f" {folder}/" if name in ("cp", "mv") else ""
    return CodeLine(f"{name} {options}{file}{target}", "Bash", "command", name, file)


def bash_folder(chance: Random) -> CodeLine:
    name, folder = chance.choice("cd ls mkdir rmdir".split()), chance.choice(FOLDERS)
    return CodeLine(f"{name} {folder}/{chance.choice(FOLDERS)}", "Bash", "command", name)


MAKERS: tuple[Callable[[Random], CodeLine], ...] = (
    python_assignment, python_call, python_call, python_definition, python_definition, python_import, python_loop,
    python_loop, python_condition, javascript_assignment, javascript_call, javascript_definition,
    javascript_definition, javascript_condition, c_assignment, c_definition, c_definition, c_import, c_call, sql_query,
    sql_query, sql_query, bash_command, bash_command, bash_folder)


@functools.cache
def lines() -> list[CodeLine]:
    """About 800, in five languages."""
    found = {}
    for i in range(900):
        chance = draw("code lines", i)
        each = chance.choice(MAKERS)(chance)
        found.setdefault(each.text, each)
    return list(found.values())
