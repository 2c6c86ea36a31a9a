"""A person's name in parts, or written in another way."""

from builder import Task
from builder.pools import people

WAYS = {
    "first-name": (lambda first, last: first, [
        "Give the first name.", "What would friends call this person?", "forename only",
        "Leave the family name out.", "Please copy the given name and nothing more.",
        "Which part of the name did the parents choose?", "We are on first-name terms, so drop the rest.",
        "Just the first of the two names.", "Given name, e.g. {input} -> {answer}"]),
    "last-name": (lambda first, last: last, [
        "Give the last name.", "What is this person's family called?", "surname only", "Leave the first name out.",
        "Please copy the family name and nothing more.", "Which part of the name is inherited?",
        "What would come after Mr or Ms here?", "Just the second of the two names.",
        "Family name, e.g. {input} -> {answer}"]),
    "initials": (lambda first, last: f"{first[0]}.{last[0]}.", [
        "Give the initials with a dot after each, no space.", "initials with full stops, closed up",
        "How would this person sign with two dotted letters (no space between)?",
        "Shorten both names to a letter and a dot, without spaces.",
        "Please abbreviate the name to the form J.D. with both dots.",
        "Capital, dot, capital, dot: first name, then surname.",
        "Only the opening letters, each with its period, set tight.",
        "Two capitals, a dot behind each and no blanks: the person's initials.", "Initials ({input} -> {answer})"]),
    "last-first": (lambda first, last: f"{last}, {first}", [
        "Write the surname first, then a comma and the first name.", "Last, First",
        "How would a library catalogue list this person, family name in front and a comma behind it?",
        "Turn the name round and separate its parts with a comma.",
        "Please give it in the order of a register: surname, comma, forename.",
        "Index form of the name: the family part leads, with a comma after it.",
        "Sortable by surname, comma in between.", "Family name, comma, space, given name.",
        "Inverted, as {input} becomes {answer}"]),
    "surname-capitals": (lambda first, last: f"{first} {last.upper()}", [
        "Write the surname in capitals and leave the first name as it is.", "First LAST",
        "How is it written on forms where only the family name is in block letters?",
        "Change the second word to upper case, not the first.",
        "Please keep the forename and shout the family name.",
        "Make clear which part is the surname: all caps for it alone.",
        "The given name stays normal; what comes after it goes upper case.",
        "Print the name with its family part, and only that, in upper case.",
        "Caps for the family, as {input} becomes {answer}"]),
    "mail-like": (lambda first, last: f"{first}.{last}".lower(), [
        "Write the name as in an e-mail address before the @: lower case with a dot.", "first.last, all small",
        "What would the local part of the person's address be, forename dot surname, no capitals?",
        "Put a dot in place of the space and make capitals small.",
        "Please make a mailbox name out of it: small letters, one dot.",
        "User name wanted: given name, full stop, family name, everything lower case.",
        "No space and no capital letters; join both parts by a period.",
        "Lower-case login with a dot in the middle: first name, then surname.",
        "Mailbox, as {input} becomes {answer}"]),
    "short-first": (lambda first, last: f"{first[0]}. {last}", [
        "Shorten the first name to a letter and a dot, keep the surname.", "F. Lastname",
        "How does a bibliography cite this person, forename cut to its initial?",
        "Replace the given name by its initial with a full stop.",
        "Please abbreviate just the forename, followed by a space and the full family name.",
        "Doorbell style: initial, dot, whole surname.", "Only one name is to be spelled out, the family's, after an "
        "initial.", "Initial with dot, then space and surname in full.",
        "First part abbreviated, as {input} becomes {answer}"]),
    "short-last": (lambda first, last: f"{first} {last[0]}.", [
        "Shorten the surname to a letter and a dot, keep the first name.", "Firstname L. (surname cut)",
        "How does a newspaper protect this person, with the family name cut to its initial?",
        "Replace the family name by its initial with a full stop.",
        "Please abbreviate just the surname, after the full forename and a space.",
        "Class-list style: whole first name, then one letter and a dot.",
        "Only one name is to be spelled out, the given one, before an initial.",
        "First name in full, then space and initial with dot.",
        "Second part abbreviated ({input} becomes {answer})"]),
}


def tasks() -> list[Task]:
    return [Task(name, [(f"{first} {last}", way(first, last)) for first, last in people.names()], wordings,
                 form="code" if name in ("initials", "mail-like") else "word", noun="Name", source=people.SOURCE,
                 licence=people.LICENCE)
            for name, (way, wordings) in WAYS.items()]
