"""What people say to a digital assistant: `set an alarm for 7 am`."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.pools import people
from builder.pools.dates import DAYS
from builder.pools.records import CITIES

# {g} a sort of music, {c} a city, {t} a time, {n} a first name, {x} what to tell somebody, {i} goods, {r} a room.
SAID = {
    "music": "play some {g}/put on {g}/start my {g} playlist/I want to hear {g}/shuffle my {g} songs/next {g} song/"
             "let me listen to {g}/turn on the {g} station/play {g} in the {r}/some {g} for the {r}/louder {g}, please/"
             "find a {g} concert to listen to/stop the {g} and play something else/is there any {g} in my playlist",
    "weather": "what is the weather like in {c}/will it rain in {c}/do I need an umbrella in {c}/how hot is it in {c}/"
               "is it sunny in {c}/give me the forecast for {c}/how cold will it be in {c}/is there snow in {c}/"
               "tell me the temperature in {c}/is a storm coming to {c}/how windy is it in {c}/weather report for {c}",
    "alarm": "set an alarm for {t}/wake me up at {t}/alarm at {t}/I have to get up at {t}/get me out of bed at {t}/"
             "set my alarm clock to {t}/don't let me sleep past {t}/move my alarm to {t}/cancel the {t} alarm/"
             "make the alarm ring at {t}/is my alarm set for {t}/wake the whole family at {t}",
    "navigation": "take me to {c}/how do I get to {c}/navigate to {c}/show me the way to {c}/which road goes to {c}/"
                  "find the fastest route to {c}/how far is it to {c}/directions to {c}/drive to {c} without tolls/"
                  "start the route to {c}/guide me to {c}/avoid traffic on the way to {c}",
    "call": "call {n}/phone {n}/ring {n}/dial the number of {n}/get {n} on the line/make a call to {n}/call {n} back/"
            "I want to talk to {n} on the phone/start a video call with {n}/give {n} a ring/put me through to {n}",
    "message": "text {n} that {x}/send {n} a message/write to {n} that {x}/message {n}: {x}/send a text to {n}/"
               "drop {n} a line saying {x}/let {n} know by message that {x}/reply to {n}: {x}/text {n} back",
    "shopping": "add {i} to the shopping list/put {i} on my list/we have to buy {i}/buy {i}/I am out of {i}/"
                "I must remember to buy {i}/remove {i} from the shopping list/is {i} on the shopping list/"
                "order {i} from the supermarket/note down {i} for the shop/no more {i} at home, put it on the list",
    "lights": "turn on the light in the {r}/switch off the {r} lamp/dim the lights in the {r}/make the {r} brighter/"
              "lights off in the {r}/is the light on in the {r}/set the {r} light to blue/more light in the {r}/"
              "it is too dark in the {r}/turn the {r} lamp down/all lights on in the {r}",
}
TIMED, DATED = ("music", "lights", "call"), ("weather", "alarm", "call", "music", "navigation")
GENRES = "jazz rock pop blues techno opera reggae soul country folk metal disco funk swing".split()
TOLD = ("I am late/dinner is ready/the train is late/I am at home/the meeting is over/we can go/I found the key/"
        "I miss the bus/the cake is great/we won").split("/")
GOODS = ("milk bread butter cheese rice sugar coffee tea flour salt pepper yoghurt honey soap shampoo ham fish beef "
         "salad garlic juice water oil vinegar mustard chocolate").split()
ROOMS = "kitchen bathroom bedroom hall garage cellar attic office garden nursery study lounge".split()
STARTS = ["", "", "", "", "", "hey, ", "ok, ", "hello, "]
NO_TIME = ("next", "is ", "louder", "find", "I want to hear", "shuffle", "stop", "it is", "more", "let me",
           "how far", "which")


@dataclass(frozen=True)
class Command:
    intent: str               # of SAID
    time: str                 # as `7 am`, `6:30 pm`; "" where there is none, as in the next three
    day: str
    place: str                # city
    person: str               # first name
    text: str


@functools.cache
def commands() -> list[Command]:
    """About 1,150, the intents in turn, in lower case and without a full stop."""
    found = {}
    for number in range(1200):
        chance, intent = draw("commands", number), list(SAID)[number % len(SAID)]
        said = chance.choice(SAID[intent].split("/"))
        time = f"{chance.randrange(1, 13)}{chance.choice(('', '', ':15', ':30', ':45'))} {chance.choice(('am', 'pm'))}"
        day, place = chance.choice(DAYS), chance.choice(CITIES)
        person = chance.choice([*people.female()[:80], *people.male()[:80]])
        parts = dict(t=time, c=place, n=person, g=chance.choice(GENRES), x=chance.choice(TOLD),
                     i=chance.choice(GOODS), r=chance.choice(ROOMS))
        text = chance.choice(STARTS) + said.format(**parts)
        free = "," not in said and not said.startswith(NO_TIME)
        timed = "{t}" in said or free and intent in TIMED and chance.random() < 0.6
        dated = free and intent in DATED and chance.random() < 0.65
        text += f" on {day}" * dated + f" at {time}" * (timed and "{t}" not in said)
        each = Command(intent, time * timed, day * dated, place * ("{c}" in said), person * ("{n}" in said), text)
        found.setdefault(text, each)
    return list(found.values())


def clock(time: str) -> str:
    """`6:30 pm` as `18:30`."""
    figures, half = time.split()
    hour, _, minute = figures.partition(":")
    return f"{int(hour) % 12 + 12 * (half == 'pm'):02}:{minute or '00'}"
