"""Lines of a program's log, in four formats."""

import functools
from dataclasses import dataclass

from builder.draws import draw, shuffled

SAID = {
    "ERROR": "connection lost/disk full/file not found/out of memory/access denied/request failed/invalid token/"
             "no route to host/read timed out/bad checksum/cannot open port/process killed/write failed",
    "WARN": "slow query/retrying in 5 s/low disk space/certificate ends soon/queue is long/high load/old client/"
            "reply came late/memory almost used up/clock is off/password is weak/default settings in use",
    "INFO": "user logged in/server started/backup done/file saved/mail sent/job finished/cache cleared/ready/"
            "settings loaded/new client/update installed/report written/session closed",
    "DEBUG": "cache hit/cache miss/packet received/settings read/lock released/loop entered/3 rows fetched/"
             "header parsed/thread woke up/token checked/timer reset/path resolved",
}
COMPONENTS = "auth db cache mail api disk web queue proxy search video shop backup login printer sensor".split()
# {t} is the time, {d} the day, {l} the level, {c} the component, {m} what is said, {n} a code, {a} an address.
FORMATS = ("{t} {l} {c}: {m} ({n})", "[{t}] [{c}] {l} {m} ip={a}", "{d}T{t} {l} [{c}] {m} #{n}",
           "{l} {c} {a} {m} code={n} at={t}", "level={l} comp={c} msg='{m}' ip={a} time={t}", "{d} {t} {c} {l} {n} {m}")


@dataclass(frozen=True)
class Line:
    level: str                # ERROR, WARN, INFO, DEBUG
    time: str                 # as 14:07:33
    component: str
    code: str                 # as E104; "" where there is none, as in the next
    address: str              # as 10.0.3.7
    text: str


@functools.cache
def log_lines() -> list[Line]:
    """700."""
    found = {}
    for number in range(700):
        chance = draw("log lines", number)
        level, form = chance.choice(("ERROR", *SAID)), chance.choice(FORMATS)
        time = ":".join(f"{chance.randrange(limit):02}" for limit in (24, 60, 60))
        component, said = chance.choice(COMPONENTS), chance.choice(SAID[level].split("/"))
        code = f"{chance.choice('ABCEHKRSTX')}{chance.randrange(10, 1000)}"
        address = ".".join(str(chance.randrange(1, limit)) for limit in (100, 10, 100, 255))
        day = f"20{chance.randrange(15, 28)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
        text = form.format(t=time, d=day, l=level, c=component, m=said, n=code, a=address)
        found[text] = Line(level, time, component, code * ("{n}" in form), address * ("{a}" in form), text)
    return shuffled(found.values(), "log lines")
