"""Random chat templates: statements and expressions that may or may not make sense together."""

import random

NAMES = ["x", "y", "ns.n", "ns.s", "m", "m.role", "m['content']", "messages", "messages[0]", "bos_token", "unknown",
         "table", "table.a", "table['k k']", "rows", "number", "nothing", "flag", "loop.index0", "loop.last",
         "loop.previtem"]  # fmt: skip
LITERALS = ["'a'", "' b\\n'", "'é日\u2003'", "''", "'a b,c'", "0", "1", "-3", "7", "2.5", "true", "false", "none",
            "[]", "[1, 'a', none]", "['b', 'a']", "{}", "{'a': 1, 'b': [2]}", "(1, 2)"]  # fmt: skip
FILTERS = ["trim", "length", "upper", "lower", "string", "tojson", "list", "first", "last", "join(',')", "join", "int",
           "default('d')", "default('d', true)", "capitalize", "reverse", "items", "map(attribute='role')",
           "map('upper')", "select", "reject('none')", "selectattr('role', 'equalto', 'user')", "rejectattr('n')",
           "replace('a', 'ä')", "tojson(indent=2)", "dictsort", "safe", "title", "sort", "abs", "e"]  # fmt: skip
TESTS = ["defined", "undefined", "none", "string", "number", "integer", "boolean", "mapping", "sequence", "iterable",
         "true", "false", "odd", "even", "eq 1", "in ['a', 1]", "gt 0", "divisibleby 2", "float",
         "sameas none"]  # fmt: skip
METHODS = ["strip()", "lstrip('a ')", "rstrip()", "split(',')", "split()", "split('a', 1)", "rsplit(' ', 1)",
           "startswith('a')", "endswith(('b', 'c'))", "replace('a', '', 1)", "upper()", "lower()", "items()", "keys()",
           "get('a')", "get('zz', 'q')", "find('b')", "format(1)", "title()", "append(1)"]  # fmt: skip
OPERATORS = ["+", "-", "*", "%", "~", "==", "!=", "<", "<=", ">", ">=", "in", "not in", "and", "or", "/"]
TEXTS = ["t", " ", "\n", "  \n", "\n  ", "é\u2003", "a b", "-", "{", "}", "\t\n x"]


def expression(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.3:
        return rng.choice(NAMES if rng.random() < 0.6 else LITERALS)
    inner = expression(rng, depth - 1)
    if kind < 0.45:
        return f"{inner} | {rng.choice(FILTERS)}"
    if kind < 0.55:
        return f"{inner} is {rng.choice(['', 'not '])}{rng.choice(TESTS)}"
    if kind < 0.65:
        return f"({inner}).{rng.choice(METHODS)}"
    if kind < 0.85:
        other = expression(rng, depth - 1)
        text = f"{inner} {rng.choice(OPERATORS)} {other}"
        return f"({text})" if rng.random() < 0.8 else text
    if kind < 0.9:
        return f"({inner} if {expression(rng, depth - 1)} else {expression(rng, depth - 1)})"
    if kind < 0.95:
        return f"({inner})[{rng.choice(['0', '-1', '1:', ':2', '::-1', '-2:', '1:2', '5', 'number'])}]"
    return f"not {inner}"


def tag(rng: random.Random, inside: str) -> str:
    return "{%" + rng.choice(["", "", "-"]) + f" {inside} " + rng.choice(["", "", "-"]) + "%}"


def output(rng: random.Random) -> str:
    return "{{" + rng.choice(["", "", "-"]) + f" {expression(rng, 3)} " + rng.choice(["", "", "-"]) + "}}"


def body(rng: random.Random, depth: int, in_loop: bool) -> str:
    return "".join(statement(rng, depth, in_loop) for _ in range(rng.randint(1, 3)))


def statement(rng: random.Random, depth: int, in_loop: bool) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.3:
        return output(rng)
    if kind < 0.5:
        return rng.choice(TEXTS)
    if kind < 0.62:
        target = rng.choice(["x", "y", "ns.n", "ns.s"])
        return tag(rng, f"set {target} = {expression(rng, 2)}")
    if kind < 0.66:
        return tag(rng, "set x") + body(rng, depth - 1, in_loop) + tag(rng, "endset")
    if kind < 0.7 and in_loop:
        return tag(rng, rng.choice(["break", "continue"]))
    if kind < 0.72:
        return "{#" + rng.choice(["", "-"]) + " c " + rng.choice(["", "-"]) + "#}"
    if kind < 0.74:
        return tag(rng, "generation") + body(rng, depth - 1, in_loop) + tag(rng, "endgeneration")
    if kind < 0.86:
        other = tag(rng, "else") + body(rng, depth - 1, in_loop) if rng.random() < 0.5 else ""
        return tag(rng, f"if {expression(rng, 2)}") + body(rng, depth - 1, in_loop) + other + tag(rng, "endif")
    iterable = rng.choice(["messages", "rows", "[1, 2, 3]", "range(2)", "table", expression(rng, 2)])
    chosen = f" if {expression(rng, 2)}" if rng.random() < 0.2 else ""
    other = tag(rng, "else") + body(rng, depth - 1, in_loop) if rng.random() < 0.2 else ""
    return tag(rng, f"for m in {iterable}{chosen}") + body(rng, depth - 1, True) + other + tag(rng, "endfor")


def template(rng: random.Random) -> str:
    start = ["{% set ns = namespace(n=0, s='') %}"]
    if rng.random() < 0.3:
        start.append("{% macro f(a, b='d') %}" + body(rng, 1, False) + "{{ a }}{{ b }}{% endmacro %}")
        start.append("{{ f(" + expression(rng, 1) + rng.choice(["", ", b=1", ", 2"]) + ") }}")
    return rng.choice(["", "", rng.choice(TEXTS)]) + "".join(start) + body(rng, 3, False) + rng.choice(["", "\n"])


VARIABLES = {
    "table": {"a": "x", "k k": [1, {"role": "é"}], "B": None},
    "rows": [{"n": 1, "role": "user"}, {"n": 0, "role": "Tool"}],
    "number": 5,
    "nothing": None,
    "flag": True,
}
