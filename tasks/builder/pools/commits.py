"""First lines of commit messages: `Fixed a crash in the parser (#123)`."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.sources.inflection import inflected

# The first word is the verb; {c} is a part of the program, {b} a fault, {f} a new ability.
SAID = {
    "fix": "fix {b} in the {c}/repair the {c} after {b}/prevent {b} in the {c}/avoid {b} in the {c}/"
           "stop {b} in the {c}/fix the {c}, which failed because of {b}/catch {b} in the {c}",
    "feature": "add {f} to the {c}/support {f} in the {c}/implement {f} for the {c}/introduce {f} in the {c}/"
               "provide {f} in the {c}/enable {f} in the {c}/offer {f} in the {c}",
    "docs": "document the {c}/describe the options of the {c}/explain the {c} in the manual/"
            "mention the {c} in the README/add a guide to the {c}/correct a typo in the manual of the {c}/"
            "write a tutorial on the {c}/translate the manual of the {c}",
    "test": "test the {c} with random input/add unit tests for the {c}/cover the {c} with tests/"
            "write a regression test for the {c}/check the {c} in a fuzz test/extend the test suite of the {c}/"
            "mock the network in tests of the {c}",
    "refactor": "refactor the {c}/rename variables in the {c}/split the {c} into two files/"
                "move the {c} to its own module/simplify the code of the {c}/remove dead code from the {c}/"
                "extract a helper class from the {c}/tidy the code of the {c}/merge duplicate code in the {c}",
}
COMPONENTS = ("parser lexer scheduler logger installer editor viewer tokenizer compiler linker debugger profiler "
              "downloader importer exporter renderer router cache database login menu toolbar dialog sidebar "
              "search").split()
FAULTS = ("a crash/a memory leak/a deadlock/an endless loop/a race/an overflow/a wrong result/a timeout/a null pointer/"
          "a division by zero/a data loss/a double free").split("/")
ABILITIES = ("dark mode/CSV export/undo/keyboard shortcuts/plug-ins/drag and drop/a progress bar/Unicode/themes/"
             "a preview/auto-save/voice input/zooming/filters/bookmarks").split("/")
BREAKING = ("! BREAKING CHANGE/ (breaking)/, breaking old settings/; old files no longer load/"
            ", not compatible with 1.0/; users must change their code").split("/")


@dataclass(frozen=True)
class Commit:
    type: str                 # of SAID
    verb: str                 # plain form
    component: str
    breaking: bool
    issue: str                # digits; "" where none is named
    text: str


@functools.cache
def commits() -> list[Commit]:
    """About 750, the types in turn; half in the imperative, half in the past."""
    found = {}
    for number in range(780):
        chance, kind = draw("commits", number), list(SAID)[number % len(SAID)]
        said, component = chance.choice(SAID[kind].split("/")), chance.choice(COMPONENTS)
        verb, _, rest = said.partition(" ")
        breaking = kind in ("fix", "feature") and chance.random() < 0.5
        issue = str(chance.randrange(10, 5000)) if chance.random() < 0.55 else ""
        rest = rest.format(c=component, b=chance.choice(FAULTS), f=chance.choice(ABILITIES))
        first = chance.choice((verb, inflected(verb, "VBD")))
        text = f"{chance.choice((first, first.capitalize()))} {rest}"
        text += chance.choice(BREAKING) * breaking
        text += chance.choice((" (#{})", ", closes #{}")).format(issue) * bool(issue)
        found.setdefault(text, Commit(kind, verb, component, breaking, issue, text))
    return list(found.values())
