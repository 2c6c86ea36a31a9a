"""Short notes with a person and ways to reach them, all invented."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.pools import people

# {n} is the name, {t} a telephone number, {m} a mail address, {k} another number.
SAID = """Call {n} at {t}./{n}, {t}, {m}/{n} <{m}>/Write to {m} about ticket {k}./Ask {n} ({m})./{n}: {t}
Room {k}: {n}, {t}/Ring {n} on {t} after 5./Mail {m} or call {t}./{n} has a new number: {t}/Send file {k} to {m}.
Bill {k} goes to {n}./{n} left {k} boxes here./Meet {n} in room {k}./Text {n}: {t}/{n} can be found at {m}.
Contact: {n}, {m}/{m} is where {n} gets mail./Tell {n} to call {t}./{n} called from {t}./{n} paid bill {k}.
Is {t} the number of {n}?/Was it {n} who called {t}?/{m} belongs to {n}./New client: {n}, {t}/{n} wants {k} chairs.
Seat {k} is for {n}./For {n} dial {t}./Forward it to {m} ({n})./{n} | {t} | {m}/To: {m}, from: {n}/{t} ({n})
Invite {n} via {m}./Give {n} the keys to room {k}./{n} is now at {t}./Key {k} is with {n}./Reply to {n} ({m}) today."""
SAID = SAID.replace("\n", "/").split("/")
HOSTS = "acme.com mail.org web.net post.de home.fr shop.com work.org zoo.net farm.com bank.com city.org lab.net".split()


@dataclass(frozen=True)
class Note:
    name: str                 # first and last; "" where none is given, as in the next three
    phone: str                # as 555-0142
    mail: str
    number: str               # another one
    said: str                 # the text before these were filled in
    text: str

    def with_parts(self, **parts: str) -> str:
        """The text with other names (n), telephone numbers (t), mail addresses (m), numbers (k)."""
        own = dict(n=self.name, t=self.phone, m=self.mail, k=self.number)
        return self.said.format(**{key: value and parts.get(key, value) for key, value in own.items()})


@functools.cache
def notes() -> list[Note]:
    """About 1,000, of at most 60 characters."""
    found = {}
    for number in range(1000):
        chance = draw("notes", number)
        said = chance.choice(SAID)
        first, last = chance.choice(people.names())
        user = chance.choice((first, last, f"{first}.{last}", f"{first[0]}{last}")).lower()
        name = chance.choice((first, f"{first} {last}"))
        values = dict(n=name, t=f"555-{chance.randrange(10000):04}", m=f"{user}@{chance.choice(HOSTS)}",
                      k=str(chance.randrange(10, 1000)))
        values = {key: value if f"{{{key}}}" in said else "" for key, value in values.items()}
        text = said.format(**values)
        if len(text) <= 60:
            found.setdefault(text, Note(*values.values(), said, text))
    return list(found.values())
