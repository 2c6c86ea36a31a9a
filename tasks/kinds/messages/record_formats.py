"""A short record, written in another format."""

from builder import Task
from builder.pools import people
from builder.pools.records import FORMATS, records
from builder.task import LONGEST, tokens

WORDINGS = {
    "colons": [
        "Write it as key: value pairs with semicolons between them.",
        "colon and space after the key, semicolon and space between pairs",
        "How does the record look in the style a: 1; b: 2?",
        "Please reformat so that keys end in a colon and pairs are parted by a semicolon, each followed by a space.",
        "Convert to: key, colon, space, value; a semicolon and a space before the next key.",
        "Our log wants entries such as size: 4; type: x. Bring this one into that shape.",
        "Colons and semicolons: {input} becomes {answer}",
        "Rewrite in one line as name: value, fields parted by semicolons with a space after each."],
    "equals": [
        "Write it as key=value pairs with a comma and a space between them.",
        "key=value, with a comma and a space between", "How does the record look in the style a=1, b=2?",
        "Please reformat: an equals sign without spaces after each key, comma plus space between pairs.",
        "Convert to keyword arguments as in Python, but without quotes.",
        "The config reader takes entries such as size=4, type=x. Bring this one into that shape.",
        "Equals signs and commas: {input} becomes {answer}",
        "No colons, no braces; tie key to value by = and part the pairs by a comma and a space."],
    "pipes": [
        "Write it as key = value pairs with a pipe between them, all spaced.", "spaced = and spaced |",
        "How does the record look in the style a = 1 | b = 2?",
        "Please reformat: equals sign with a space on either side, and a vertical bar, also spaced, between pairs.",
        "Convert to bar-separated assignments that have blanks around each sign.",
        "The dashboard shows entries such as size = 4 | type = x. Bring this one into that shape.",
        "Pipes: {input} becomes {answer}", "Set a vertical line between fields and = inside them, with air around "
        "both."],
    "json": [
        "Write it as a JSON object with strings as values.", "JSON, all values quoted, a space after : and ,",
        "What is the record as JSON on one line, with a space after each colon and comma?",
        "Please serialise: curly braces, double quotes around keys and values.",
        "Convert to an object that json.loads can read and whose values are all strings.",
        "An API wants bodies in JSON; turn the entry into one and quote the numbers too.",
        "As JSON: {input} becomes {answer}", "Put it in braces, with every key and every value in double quotes."],
    "csv": [
        "Write only the values, separated by commas without spaces.", "values as a CSV line",
        "What is the row of a CSV file for this record, without header?",
        "Please drop the keys and join what is left by bare commas.",
        "Convert to comma-separated values in the given order.",
        "The spreadsheet already has a header; I need just the data line to paste under it.",
        "CSV: {input} becomes {answer}",
        "Leave out the field names and put the contents side by side with only a , between them."],
    "keys": [
        "List the field names, separated by a comma and a space.", "keys only, in the form a, b",
        "Which keys does the record have? Keep their order, with a comma and a space between.",
        "Please drop the values and join the names of the fields with commas and spaces.",
        "What are the column titles? Write them as a list like a, b.",
        "Describe the structure: the names on the left-hand sides, comma and space after each but the last.",
        "Fields: {input} has {answer}",
        "Tell me what attributes are stored, not what they contain (comma and space between)."],
    "upper-case-keys": [
        "Write the keys in capitals and change nothing else.", "KEYS in upper case, values as they are",
        "How does the record look with field names in block letters, in the same format?",
        "Please shout the names of the fields but leave their contents and all punctuation alone.",
        "Turn each key, and only the keys, into upper case.",
        "An old system knows NAME but not name. Adapt the entry by changing the case of its labels.",
        "Capital keys: {input} becomes {answer}", "Same text, except that what stands left of each value is all caps."],
}


def rewritten(name: str, fields: tuple[tuple[str, str], ...], written: str) -> str:
    if name == "keys":
        return ", ".join(key for key, _ in fields)
    if name == "upper-case-keys":
        return FORMATS[written](tuple((key.upper(), value) for key, value in fields))
    return FORMATS[name](fields)


def tasks() -> list[Task]:
    found = []
    for name, wordings in WORDINGS.items():
        pairs = [(each.text, rewritten(name, each.fields, each.written)) for each in records()
                 if each.written not in ("csv", name)]
        found.append(Task(name, [pair for pair in pairs if tokens(pair[1]) <= LONGEST - 2 * (name != "json")], wordings,
                          "list" if name in ("csv", "keys") else "code", "Record", source=people.SOURCE,
                          licence=people.LICENCE))
    return found
