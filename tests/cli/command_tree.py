"""The program's commands and what each of them takes, as --help prints them."""

import dataclasses
import re

from support import dnd

DESCRIPTION_COLUMN = 34
HEADING = re.compile(r"(\S.*):$")
ENTRY = re.compile(r"  (?P<names>[^\s,]+(?:,\S+)*)(?: (?P<type>[A-Z]+)(?P<choice>:\{)?)?")


@dataclasses.dataclass(frozen=True)
class Parameter:
    """An option, or a positional argument, that takes a value."""
    command: str  # "codec tokenize"
    name: str     # "--out"; "checkpoint", a positional
    text: bool    # any text; no number, no choice of given words
    needs: tuple[str, ...] = ()

    def __str__(self):
        return f"{self.command} {self.name}"


@dataclasses.dataclass(frozen=True)
class Command:
    name: str  # "" is the program itself
    options: tuple[str, ...]  # all with two dashes, flags too
    parameters: tuple[Parameter, ...]
    subcommands: tuple[str, ...]


def parse_entry(command: str, line: str) -> tuple[str, Parameter | None]:
    """The name of an option or a positional; None for a flag."""
    entry = ENTRY.match(line)
    name = entry["names"].split(",")[-1]
    if not entry["type"] or entry.start("type") >= DESCRIPTION_COLUMN:
        return name, None
    needs = tuple(re.findall(r" Needs: (--\S+)", line))
    return name, Parameter(command, name, entry["type"] == "TEXT" and not entry["choice"], needs)


def parse_help(command: str, text: str) -> Command:
    options, parameters, subcommands, heading = [], [], [], ""
    usage = text.index("Usage: dnd")
    for line in text[usage:text.index("\nEnvironment:\n", usage)].splitlines():
        if match := HEADING.match(line):
            heading = match[1]
        elif line.startswith("  ") and line[2] != " ":
            if heading == "Subcommands":
                subcommands.append(line.split()[0])
                continue
            name, parameter = parse_entry(command, line)
            options += [name] if name.startswith("--") else []
            parameters += [parameter] if parameter else []
    return Command(command, tuple(options), tuple(parameters), tuple(subcommands))


def read_tree(command: str = "") -> list[Command]:
    """The program or a command, and all below it."""
    this = parse_help(command, dnd(*command.split(), "--help", engine=False).out)
    below = [read_tree(f"{command} {name}".strip()) for name in this.subcommands]
    return [this, *(found for commands in below for found in commands)]
