"""What programs make of a person's name: addresses, user names, identifiers, file names."""

from builder import Task
from builder.pools import people

WAYS = {
    "slug": (lambda a, b: f"{a}-{b}".lower(), [
        "Make a URL slug of the name.", "lower case with a hyphen", "What would the end of this person's profile URL "
        "be, "
        "as in jane-doe?", "Put a hyphen for the space and drop the capitals.",
        "Please turn it into a web-friendly path segment, with small letters and a dash.",
        "kebab-case, please", "Slug: {input} gives {answer}", "Hyphenate first name and surname, all in small "
        "letters."]),
    "snake-case": (lambda a, b: f"{a}_{b}".lower(), [
        "Write the name in snake_case.", "lower case with an underscore",
        "How would a Python variable for this person be "
        "called, as jane_doe?", "Put an underscore for the space and drop the capitals.",
        "Please make an identifier of it, small letters, words joined by _.",
        "Join both names with an underline character; nothing is upper case.", "Variable: {input} gives {answer}",
        "An underscore instead of the blank, and lower-case letters only."]),
    "constant": (lambda a, b: f"{a}_{b}".upper(), [
        "Write the name as a constant, in capitals with an underscore.", "UPPER_CASE with _",
        "How would an environment variable named after this person look, as JANE_DOE?",
        "Put an underscore for the space and make all letters capital.",
        "Please shout it and join the words by _.", "SCREAMING_SNAKE_CASE wanted for both names.",
        "Constant: {input} gives {answer}", "Capitalise everything, then an underline where the blank is."]),
    "class-name": (lambda a, b: a + b, [
        "Join the names without a space, each with its capital.", "CamelCase, closed up",
        "How would a class named after this person look, as JaneDoe?", "Only delete the space.",
        "Please run first name and surname together but keep both capitals.",
        "Pascal case of the two words", "Class: {input} gives {answer}", "Glue the parts to each other as they are."]),
    "mail-address": (lambda a, b: f"{a}.{b}@example.com".lower(), [
        "Make an e-mail address at example.com, first name dot surname, lower case.", "first.last@example.com",
        "What is this person's address at our firm, where it is jane.doe@example.com?",
        "Put a dot for the space, drop the capitals and add @example.com.",
        "Please build the mailbox on the domain example.com, forename and family name parted by a dot.",
        "New colleague: write the mail address that the rule forename.surname@example.com yields.",
        "Address: {input} gives {answer}", "Everybody here has a mailbox (small letters, a dot, example.com). Which "
        "one "
        "does this person get?"]),
    "user-name": (lambda a, b: f"{a[0]}{b}".lower(), [
        "Make a user name of the first initial and the surname, lower case.", "jdoe style log-in",
        "What is this person's log-in, if Jane Doe has jdoe?",
        "Keep one letter of the forename, attach the family name and drop capitals.",
        "Please create the Unix account name, initial plus surname, no space.",
        "Short account id: first letter, then the whole last name, small letters.", "User: {input} gives {answer}",
        "The initial of name one directly before name two, nothing in upper case."]),
    "file-name": (lambda a, b: f"{b}_{a}.pdf", [
        "Make a file name: surname, underscore, first name, .pdf.", "Last_First.pdf",
        "What is the CV of this person called, if Jane Doe's is Doe_Jane.pdf?",
        "Swap the names, join them by an underscore and add the ending for a PDF.",
        "Please name the scanned form after the person, family name first, capitals kept, as a .pdf.",
        "The archive sorts PDFs by surname_forename. What is the name of this one with its ending?",
        "File: {input} gives {answer}", "Second name, _, first name, dot, pdf; keep upper and lower case."]),
    "handle": (lambda a, b: f"@{a}{b}".lower(), [
        "Make a handle: @ and both names in lower case without a space.", "@firstlast",
        "How would you tag this person in a post, if Jane Doe is @janedoe?",
        "Drop space and capitals and set an at sign in front.",
        "Please invent nothing, just write the names closed up in small letters after an @.",
        "Social media name in small letters, at sign first, names run together.", "Mention: {input} gives {answer}",
        "At sign, forename, family name: no gap and no capital letter anywhere."]),
}


def tasks() -> list[Task]:
    return [Task(name, [(f"{first} {last}", way(first, last)) for first, last in people.names()], wordings, "code",
                 "Name", source=people.SOURCE, licence=people.LICENCE)
            for name, (way, wordings) in WAYS.items()]
