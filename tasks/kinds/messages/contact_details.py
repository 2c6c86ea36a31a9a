"""Who a note names, and how to reach them."""

from collections.abc import Callable

from builder import Task
from builder.pools import people
from builder.pools.even import even
from builder.pools.notes import Note, notes

NAME = [
    "Which person is mentioned? Give the name as written.", "Copy the name.", "person only",
    "Please extract the man or woman whom the note is about.", "Who is it about? Include the surname if it is there.",
    "Whose name would I put on the envelope?", "Person: {input} gives {answer}",
    "For the index of names I need the one that occurs here, complete.",
    "Leave out numbers, addresses and other words until just somebody's name remains.",
]
PHONE = [
    "Which telephone number is mentioned?", "Copy the number to dial.", "phone only",
    "Please extract the number that one can call.", "What should I key into my phone? Keep the hyphen.",
    "How can I ring them up, going by the note?", "Phone: {input} gives {answer}",
    "Answer with the digits that begin with 555, hyphen and all.", "I want to call, so find the right number in the "
    "text.",
]
MAIL = [
    "Which e-mail address is mentioned?", "Copy the address with the @.", "e-mail only",
    "Please extract the mailbox, with user and domain.", "Where shall I send an e-mail, according to this?",
    "What goes into the To: field of my mail program?", "Address: {input} gives {answer}",
    "Answer with the whole electronic address and nothing else.",
    "I want to write a mail, so find where it has to go, from user name to top-level domain.",
]
DOMAIN = [
    "Give the domain of the e-mail address.", "What comes after the @?", "mail host only",
    "Please extract the server name from the address in the note.", "On which domain is the mailbox? Leave out the @.",
    "What would I type, without www, to open the web site of the mail provider?", "Domain: {input} gives {answer}",
    "From the at sign to the end of the address, without that sign.",
    "Cut the user off the mail address and write the rest, such as acme.com.",
]
USER = [
    "Give the user part of the e-mail address.", "What comes before the @?", "mailbox name only",
    "Please extract the local part of the address in the note.", "Under which user name is the mail account run?",
    "Cut the address off at the at sign and keep the left piece.", "Local part: {input} gives {answer}",
    "Their log-in is the same as their address up to @. What is it?",
    "Without its domain and without @, how does the mail address look?",
]
PHONE_END = [
    "Give the last four digits of the phone number.", "What comes after the hyphen of the telephone number?",
    "phone extension, four digits", "Please extract the number without 555 and its hyphen.",
    "Inside the company four digits are enough to ring somebody. Which are they here?",
    "Cut the telephone number at the hyphen and keep the right piece.", "Short number: {input} gives {answer}",
    "Final four figures of what one dials, please.",
    "To prove that I know the phone number I must state how it ends, in four digits.",
]
HAS_PHONE = [
    "Is a phone number given? yes or no", "Can I call somebody with what the note says?",
    "telephone number in it: yes/no",
    "Please look for a number of the form 555-1234 and answer yes if it is there, else no.",
    "Does the text tell a number to dial? Lower case, yes or no.", "With a phone number: yes. Without one: no.",
    "Phone? {input} -> {answer}", "Would I have to look in the telephone directory to ring them (no) or is the number "
    "here (yes)?", "Report, by yes or no, whether there is something to dial.",
]
HAS_MAIL = [
    "Is an e-mail address given? yes or no", "Can I send a mail with what the note says?", "mail address in it: yes/no",
    "Please look for something with an @ and answer yes if you find it, else no.",
    "Does the text name a mailbox? Lower case, yes or no.", "With an electronic address: yes. Without: no.",
    "Mail? {input} -> {answer}", "Would a search for the at sign find anything here? Just yes or no.",
    "Say yes when user and host of an address are stated, otherwise no.",
]


def yes_no(holds: Callable[[Note], bool]) -> list[tuple[str, str]]:
    return [(each.text, "yes" if held else "no") for each, held in even(notes(), holds)]


def tasks() -> list[Task]:
    known = notes()
    made = {
        "name": ([(each.text, each.name) for each in known], NAME, "word"),
        "phone": ([(each.text, each.phone) for each in known], PHONE, "number"),
        "mail": ([(each.text, each.mail) for each in known], MAIL, "code"),
        "domain": ([(each.text, each.mail.partition("@")[2]) for each in known], DOMAIN, "code"),
        "user": ([(each.text, each.mail.partition("@")[0]) for each in known], USER, "code"),
        "phone-end": ([(each.text, each.phone[4:]) for each in known], PHONE_END, "number"),
        "has-phone": (yes_no(lambda each: bool(each.phone)), HAS_PHONE, "yes-no"),
        "has-mail": (yes_no(lambda each: bool(each.mail)), HAS_MAIL, "yes-no"),
    }
    return [Task(name, [(text, answer) for text, answer in pairs if answer], wordings, form, "Note",
                 source=people.SOURCE, licence=people.LICENCE)
            for name, (pairs, wordings, form) in made.items()]
