"""Invented headlines of five sections of a newspaper."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.pools.lists import WORDS

# {c} is a country, {n} a number, {w} a word of the section's own.
SAID = {
    "sport": ("{c} win the {w} final/{w} team of {c} loses again/{c} coach quits after {n} defeats/"
              "Record crowd at {w} match in {c}/{w} star of {c} injured for {n} weeks/{c} reach the {w} semi-finals/"
              "Late goal saves {c}/{n} medals for {c} at {w} championship/Young {w} champion comes from {c}/"
              "Referee under fire after {c} game/Striker joins club in {c}/{c} beat hosts in {w} thriller",
              "football tennis hockey rugby basketball volleyball handball cricket baseball badminton"),
    "politics": ("{c} votes on new {w} law/Parliament of {c} rejects {w} plan/{c} elects new president/"
                 "Minister of {c} resigns over {w} row/{c} and its neighbour sign {w} treaty/"
                 "Opposition in {c} gains {n} seats/Thousands march against {w} bill in {c}/"
                 "Coalition talks in {c} fail/{c} expels {n} diplomats/{w} reform divides cabinet in {c}/"
                 "Prime minister of {c} calls early election/Mayors in {c} demand {w} vote",
                 "pension school border defence privacy citizenship housing immigration constitution traffic"),
    "business": ("Shares of {w} maker in {c} fall {n} percent/Firm in {c} buys {w} rival/{w} prices rise in {c}/"
                 "{w} giant cuts {n} jobs in {c}/Central bank of {c} lifts interest rates/"
                 "{w} exports from {c} hit record/Profits of {w} company in {c} double/"
                 "Start-up in {c} raises {n} million/Inflation in {c} slows to {n} percent/{w} factory in {c} closes/"
                 "Investors flock to {c}/Stock market in {c} closes higher",
                 "car steel chip oil coffee furniture phone battery beer cement"),
    "science": ("Researchers in {c} discover new {w}/Telescope in {c} spots distant {s}/Coldest {s} seen from {c}/"
                "{w} fossil found in {c} is {n} million years old/Scientists in {c} decode {w} genes/"
                "Physicists in {c} weigh nearby {s}/Study from {c} explains how {w} evolved/"
                "Lab in {c} grows {w} cells/Satellite from {c} films {s}/Biologists in {c} track {w} for {n} years/"
                "Experiment in {c} sheds light on {w}/Astronomers in {c} measure {s}/Probe from {c} flies past {s}",
                "algae beetle fungus coral moss spider frog squid plankton bat fern shark"),
    "culture": ("{w} festival in {c} opens/Director from {c} wins {w} prize/New museum opens in {c}/"
                "Lost work of master painter shown in {c}/Singer from {c} tops charts in {n} countries/"
                "Show from {c} becomes {w} hit/{w} premiere in {c} delights audience/"
                "Orchestra of {c} plays {w} classics/Actress from {c} stars in {w} show/"
                "{n} artists show {w} work in {c}/Old theatre in {c} reopens/Poet from {c} honoured with {w} award",
                "film opera jazz ballet poetry musical drama comedy dance folk"),
}
SKIES = "planet comet asteroid moon galaxy star".split()   # {s}
ENDS = ("", "", "", ", reports say", " - analysis", " - with photos", " (update)")


@dataclass(frozen=True)
class Headline:
    topic: str                # of SAID
    country: str
    text: str


@functools.cache
def headlines() -> list[Headline]:
    """About 680, the topics in turn."""
    found = {}
    for number in range(700):
        chance, topic = draw("headlines", number), list(SAID)[number % len(SAID)]
        said, words = SAID[topic]
        country = chance.choice(WORDS["country"])
        parts = dict(c=country, n=chance.randrange(2, 60), w=chance.choice(words.split()),
                     s=chance.choice(SKIES))
        text = chance.choice(said.split("/")).format(**parts)
        text = text[0].upper() + text[1:] + chance.choice(ENDS)
        found.setdefault(text, Headline(topic, country, text))
    return list(found.values())
