"""A note with what is private in it made unreadable."""

import re

from builder import Task
from builder.pools import people
from builder.pools.notes import Note, notes

WORDINGS = {
    "names": [
        "Replace the person's name by [NAME] and change nothing else.", "[NAME] for whoever is named",
        "How does the note read once the person in it is hidden behind [NAME]?",
        "Please anonymise, but only the person: first name and surname together become [NAME].",
        "Put [NAME] where somebody is mentioned.",
        "The name, all of it, is to be masked as [NAME]; numbers and addresses stay.",
        "Names out, as {input} becomes {answer}", "Copy the text but write [NAME] instead of the man or woman in it."],
    "phones": [
        "Replace the phone number by [PHONE] and change nothing else.", "[PHONE] for the telephone number",
        "How does the note read once the number to dial is hidden behind [PHONE]?",
        "Please make sure that nobody can be rung up: put [PHONE] for the telephone number.",
        "Put [PHONE] where a telephone number is written.",
        "Callers shall not get the number. Mask it as [PHONE], hyphen included.",
        "Phone numbers out, as {input} becomes {answer}", "Copy the text but write [PHONE] instead of 555 and what "
        "follows."],
    "mails": [
        "Replace the e-mail address by [EMAIL] and change nothing else.", "[EMAIL] for the mail address",
        "How does the note read once the address with the @ is hidden behind [EMAIL]?",
        "Please protect the mailbox from spammers: put [EMAIL] for the whole address.",
        "Put [EMAIL] where an e-mail address is written.",
        "Robots collect addresses. Mask this one as [EMAIL], from its first letter to the end of its domain.",
        "Mail addresses out, as {input} becomes {answer}", "Copy the text but write [EMAIL] instead of user, @ and "
        "host."],
    "digits": [
        "Replace every digit by X and change nothing else.", "X for each digit",
        "How does the note read with all figures "
        "crossed out, one capital X each?", "Please black out the numbers, digit by digit, with an upper-case X.",
        "Substitute X for 0 to 9 throughout.", "No figure may stay legible: each becomes the letter X, hyphens stay.",
        "Digits out, as {input} becomes {answer}", "Apply the regular expression s/[0-9]/X/g to this."],
    "everything": [
        "Replace names by [NAME], phone numbers by [PHONE] and e-mail addresses by [EMAIL].",
        "all personal data masked ([NAME], [EMAIL], [PHONE])",
        "How does the note read with each person, telephone number and address turned into a tag ([NAME], [PHONE], "
        "[EMAIL])?", "Please remove whatever identifies somebody, leaving [EMAIL], [PHONE] or [NAME] in its place.",
        "Turn the note into a template whose gaps are called [NAME], [PHONE], [EMAIL].",
        "Privacy first: mask who it is and how to reach them by [NAME], [PHONE] and [EMAIL].",
        "Fully anonymous, as {input} becomes {answer}",
        "Put the right one of the placeholders [EMAIL], [NAME], [PHONE] for every piece of contact data."],
    "phone-start": [
        "Hide the phone number but for its last four digits, as in ***-1234.", "telephone as ***, hyphen, last four",
        "How does the note read when three asterisks take the place of the digits before the hyphen?",
        "Please cover the first three digits of the number to dial with three stars.",
        "Mask the phone number partly: three stars for 555, the rest stays.",
        "Only the hyphen and final four figures of the telephone number may be seen, and *** stands for the others.",
        "Half a phone number, as {input} becomes {answer}", "Write *** for the three figures in front of the hyphen."],
    "mail-user": [
        "Hide the user name of the e-mail address, as in ***@acme.com.", "mail address as ***@domain",
        "How does the note read when three asterisks take the place of what is before the @?",
        "Please cover the part of the address that names the person with three stars.",
        "Mask the mail address partly: three stars up to the @, the host stays.",
        "Only the domain of the e-mail may be seen, and *** stands for all that is left of the at sign.",
        "Half a mail address, as {input} becomes {answer}", "Write *** for the mailbox name in front of the at sign."],
}


def masked(name: str, note: Note) -> str:
    """"" if there is nothing to mask."""
    if name == "digits":
        return re.sub("[0-9]", "X", note.text)
    parts = {"names": dict(n="[NAME]"), "phones": dict(t="[PHONE]"), "mails": dict(m="[EMAIL]"),
             "everything": dict(n="[NAME]", t="[PHONE]", m="[EMAIL]"), "phone-start": dict(t=f"***{note.phone[3:]}"),
             "mail-user": dict(m=f"***{note.mail[note.mail.find('@'):]}")}[name]
    text = note.with_parts(**parts)
    return text if text != note.text else ""


def tasks() -> list[Task]:
    found = []
    for name, wordings in WORDINGS.items():
        pairs = [(each.text, masked(name, each)) for each in notes()
                 if name != "digits" or re.search("[0-9]", each.text)]
        found.append(Task(name, [pair for pair in pairs if pair[1]], wordings, "sentence", "Note",
                          source=people.SOURCE, licence=people.LICENCE))
    return found
