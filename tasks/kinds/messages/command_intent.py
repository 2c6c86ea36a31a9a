"""What somebody wants of a digital assistant."""

from builder import Task
from builder.pools import people
from builder.pools.commands import commands
from builder.pools.even import even

INTENT = [
    "Name the intent: music, weather, alarm, navigation, call, message, shopping or lights.",
    "What does the user want from the assistant? Say alarm, call, lights, message, music, navigation, shopping or "
    "weather.", "intent label (weather/shopping/navigation/music/message/lights/call/alarm)",
    "Please sort the command into one of these drawers: call, message, lights, music, alarm, weather, shopping, "
    "navigation.",
    "Which app should open? The apps are called alarm, call, lights, message, music, navigation, shopping, weather.",
    "Intent (alarm, call, lights, message, music, navigation, shopping, weather), e.g. {input} -> {answer}",
    "A voice assistant has eight skills: shopping, music, alarm, weather, message, call, lights, navigation. Which "
    "one answers?",
    "Tag the utterance by its purpose, with one of alarm, weather, lights, shopping, call, navigation, message, music.",
]
FUNCTION = [
    "Which function should run: play_music, get_weather, set_alarm, navigate, make_call, send_message, edit_list or "
    "set_lights?",
    "Turn the command into a call without arguments, one of edit_list, get_weather, make_call, navigate, play_music, "
    "send_message, set_alarm, set_lights. Only the name.",
    "tool name (set_lights, edit_list, send_message, make_call, navigate, set_alarm, get_weather, play_music)",
    "Please pick the tool an agent would use. It has navigate, send_message, make_call, get_weather, play_music, "
    "set_lights, edit_list (for shopping), set_alarm.",
    "Out of make_call, send_message, play_music, set_alarm, set_lights, get_weather, edit_list and navigate, {input} "
    "needs {answer}",
    "An API offers get_weather, set_alarm, edit_list, play_music, set_lights, make_call, navigate and send_message. "
    "Choose the endpoint.",
    "What would the dispatcher call, make_call, play_music, send_message, set_alarm, get_weather, edit_list, navigate "
    "or set_lights?",
    "Write the handler's name for what the user says: edit_list, get_weather, make_call, navigate, play_music, "
    "send_message, set_alarm, set_lights.",
]
LETTER = [
    "Give the intent as a letter: M music, W weather, A alarm, N navigation, C call, T text message, S shopping, L "
    "lights.",
    "Which key stands for this command? A alarm, C call, L lights, M music, N navigation, S shopping, T texting, W "
    "weather.", "one capital (Lights, Shopping, Text, Call, Navigation, Alarm, Weather, Music)",
    "Please code the wish by a capital, T standing for text messages and the initials for weather, music, alarm, "
    "call, shopping, lights, navigation.",
    "Code out of M(usic), W(eather), A(larm), N(avigation), C(all), T(ext), S(hopping), L(ights): {input} is {answer}",
    "Capital initial of what is wanted, out of weather, navigation, call, text message, lights, alarm, shopping and "
    "music.",
    "Answer with W, T, S, N, M, L, C or A for weather, texting, shopping, navigation, music, lights, call, alarm.",
    "Shorten the purpose to a capital: S(hopping), L(ights), W(eather), C(all), M(usic), A(larm), N(avigation), "
    "T(ext).",
]
PHONE = [
    "Is somebody to be called or texted? yes or no", "Does the user want to reach another person?",
    "communication command: yes/no", "Please tell me by yes or no if this is about a call or a message.",
    "Would the phone's contact list be needed for that? Lower case, yes or no.",
    "Call or text: yes. Anything else: no.", "Call or text? {input} -> {answer}",
    "Will another person's telephone ring or beep because of the command? Just yes or no.",
    "Decide if a conversation is wanted, spoken or written, with another human being (yes, no).",
]
TRAVEL = [
    "Is this about the weather or a route? yes or no", "Does the user ask for a forecast or for directions?",
    "weather or navigation: yes/no", "Please tell me by yes or no if a map or a weather service is needed.",
    "Would a traveller say this, to find the way or to learn how warm it is there? Lower case, yes or no.",
    "Rain, sun, snow or roads: yes. Anything else: no.", "Forecast or route? {input} -> {answer}",
    "Does the command concern a place far away, its weather or how to get there? Just yes or no.",
    "Decide if it is to be answered by a meteorologist or by a navigator (yes), or by neither of them (no).",
]
HOME = [
    "Is this about music or lights? yes or no", "Does the user speak of songs to hear or of lamps?",
    "music or lights: yes/no", "Please tell me by yes or no if the music player or a lamp is the subject.",
    "Does it concern a device that plays songs or one that shines? Lower case, yes or no.",
    "Songs or lamps: yes. Anything else: no.", "Music or light? {input} -> {answer}",
    "Do we deal with tunes or with brightness? Just yes or no.",
    "Decide if musical entertainment or the lighting is meant (yes) or something different (no).",
]


def tasks() -> list[Task]:
    functions = dict(music="play_music", weather="get_weather", alarm="set_alarm", navigation="navigate",
                     call="make_call", message="send_message", shopping="edit_list", lights="set_lights")
    made = [("intent", [(each.text, each.intent) for each in commands()], INTENT, "label"),
            ("function", [(each.text, functions[each.intent]) for each in commands()], FUNCTION, "code"),
            ("letter", [(each.text, "T" if each.intent == "message" else each.intent[0].upper())
                        for each in commands()], LETTER, "letter")]
    for name, intents, wordings in (("call-or-text", ("call", "message"), PHONE),
                                    ("weather-or-route", ("weather", "navigation"), TRAVEL),
                                    ("music-or-lights", ("music", "lights"), HOME)):
        pairs = even(commands(), lambda each, intents=intents: each.intent in intents)
        made.append((name, [(each.text, "yes" if held else "no") for each, held in pairs], wordings, "yes-no"))
    return [Task(name, pairs, wordings, form, "Command", source=people.SOURCE, licence=people.LICENCE)
            for name, pairs, wordings, form in made]
