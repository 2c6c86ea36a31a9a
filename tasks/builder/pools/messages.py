"""Messages of customers to a shop, of which all is known: topic, tone, urgency, product, order, day, sender."""

import functools
from dataclasses import dataclass

from builder.draws import draw
from builder.pools import people
from builder.pools.dates import DAYS

PRODUCTS = ("kettle toaster blender lamp laptop keyboard printer camera radio heater fan monitor router drill mixer "
            "speaker tablet freezer projector scanner shaver doorbell thermostat dishwasher microwave oven").split()
# What a message is about, said without a tone; {p} is the product, {o} the order's number, {d} a day.
SAID = {
    "delivery": """Where is my {p}?|My {p} still has not arrived.|The parcel with the {p} is late.
Order {o} was due on {d} and nobody came.|The tracking page for order {o} has not changed since {d}.
When will the {p} be here?|The courier left my {p} with a neighbour I do not know.|Is the {p} on its way?
Has order {o} left the warehouse yet?|I have been waiting for my {p} since {d}.|My parcel has been lost on its way.
The driver never rang the bell on {d}.|My package is stuck in transit, order {o}.
Can you send order {o} to a different address?|Only half of order {o} was in the parcel that came on {d}.
No sign of the {p} I ordered, number {o}.|The shipment of my {p} keeps being postponed.
How long does shipping take for a {p}?|Which carrier brings order {o}?|Tracking says delivered, but I have no {p}.
The {p} went to the wrong house.|Can the {p} be dropped off on {d}?|The van drove past my house on {d}.""",
    "refund": """I want my money back for the {p}.|When do I get the refund for order {o}?
I sent the {p} back on {d} and have not been repaid.|How do I return the {p} and get my money back?
I ask for a refund of order {o}.|The refund for my {p} has not reached me.|Is the {p} still refundable?
You promised to pay back order {o} by {d}.|Half of the refund for order {o} is missing.
I returned the {p}, so where is my money?|Can I be reimbursed for the {p}?|You owe me the money for the {p}.
The {p} is back with you since {d}; the repayment is not here.|My bank shows no refund for order {o}.
Returning the {p}: how long until I see my money again?|Who pays me back for the {p} I returned on {d}?
I would rather have my money back for order {o} than a voucher.|A refund of the {p} was agreed on {d}.
What is the status of my reimbursement, order {o}?|I changed my mind about the {p} and would like a refund.
I am still owed the refund of order {o}.|My refund was said to come on {d}.|Your voucher is no refund for the {p}.""",
    "login": """I cannot log in to my account.|My password is not accepted any more.|How do I change my password?
The reset link for my password does not work.|The site says my user name is unknown.
I am locked out of my account since {d}.|The login page just reloads when I enter my password.
No security code arrives when I try to sign in.|Where can I reset my password?|Can you unlock my account?
My account has been blocked after three attempts.|Signing in fails in the app.|My sign-in stopped working on {d}.
The app logs me out every few minutes.|I forgot which e-mail address I signed up with.
The login codes are rejected since {d}.|Why does my password expire every week?
I never got the mail to activate my account.|The verification code for my account is invalid.
My new password worked on {d} and never since.|Somebody else seems to use my login.
How can I get back into my account?|Your login form does not know my e-mail address.""",
    "billing": """I was charged twice for order {o}.|The invoice for my {p} shows the wrong amount.
Why is there an extra fee on my bill?|My card was debited on {d} although I paid by transfer.
Where do I find the invoice for order {o}?|The tax on my invoice is wrong.|The bill lists a {p} I never bought.
Can I pay for the {p} in instalments?|The discount is missing from the invoice for order {o}.
My payment for order {o} was declined on {d}.|The {p} costs more on the bill than on your site.
Which bank account do I pay order {o} into?|The receipt for my {p} lacks my company's name.
You charged my card for the {p} two times.|There is an unknown charge from you on my card, dated {d}.
Why did the price of order {o} change on the invoice?|My bill of {d} has the wrong address.
Can you send me the invoice for the {p} again?|Do you accept credit cards for order {o}?
A handling fee appears twice on my bill.|I paid the bill for the {p} on {d}, yet got a reminder.
A late fee was added to the bill for order {o}.""",
    "defect": """My {p} does not turn on.|The {p} broke after two days.|The {p} makes a strange noise.
The {p} from order {o} is cracked.|A part of the {p} fell off on {d}.|The {p} stopped working on {d}.
The new {p} is scratched all over.|Is there a repair service for the {p}?|My {p} gets far too hot.
There is a dent in the {p} from order {o}.|The {p} smells burnt.|Why does the {p} switch itself off?
The cable of the {p} is damaged.|The {p} I unpacked on {d} is faulty.|One button of the {p} is stuck.
Does the warranty cover a broken {p}?|My {p} has died within a week.|The {p}, order {o}, has a defect.
Can I get a spare part for a defective {p}?|The {p} only works half of the time.
The switch on my {p} snapped on {d}.|How do I fix the error light on the {p}?|The {p} of order {o} is broken.""",
    "cancellation": """I want to cancel order {o}.|I am cancelling the {p} I ordered on {d}.
How do I cancel my subscription?|I no longer want the {p}, so stop the order.|Can order {o} still be cancelled?
My membership is to end on {d}.|I tried to cancel order {o}, but the button is grey.|I am ending my contract.
I ordered the {p} by mistake and want to call it off.|Is there a deadline for cancelling the {p}?
Take the {p} out of order {o}, I don't want it.|I cancelled on {d} and got no confirmation.
My subscription is to stop at the end of the month.|Order {o} is to be cancelled.
I bought the {p} elsewhere, so cancel mine.|What happens if I cancel the {p}?|I withdraw from the purchase of the {p}.
Where is the form to cancel order {o}?|I wish to end my contract by {d}.|My cancellation of {d} has been ignored.
I have decided against the {p}; cancel order {o}.|Is it enough to cancel the {p} by phone?""",
    "praise": """I love my new {p}.|The {p} is even better than I hoped.|Great service with order {o}.
Your support team was wonderful on {d}.|The {p} works perfectly.|Five stars for the {p}.
What a fantastic {p} this is!|I will gladly buy from you again after order {o}.|My whole family enjoys the {p}.
Best {p} I have ever had.|Your colleague on {d} was so helpful.|I am very happy with order {o}.
The quality of the {p} is superb.|I have told all my friends how good the {p} is.|Really impressed by the {p}.
Your shop is a pleasure to use.|The {p} was worth every penny.|A big compliment to whoever packed order {o}.
You solved my problem on {d} in no time.|The {p} looks beautiful in my home.
Keep up the good work, the {p} is excellent.|I could not be more pleased with the {p}.""",
    "hours": """When do you open on {d}?|Are you open on {d}?|How late is the shop open?|What are your opening hours?
Do you close for lunch on {d}?|Until what time can I come in on {d}?|Is the showroom open at weekends?
At what time does the store close on {d}?|I would like to know your opening times.|Does your shop open before nine?
Your website shows no opening hours for {d}.|The door was shut on {d} although your sign said open.
Are the hours the same on public holidays?|From when is the shop open on {d}?|Is the store open after six?
The opening hours on your door and on the website differ.|Do you have late opening on {d}?
Is the store closed over Christmas?|How early do you open on {d}?|Nobody told me you close early on {d}.
On which days is your branch open?|What hours is the shop staffed on {d}?""",
}
TOPICS = {topic: said.replace("\n", "|").split("|") for topic, said in SAID.items()}
TONES = {
    "angry": "This is unacceptable!|I am furious.|What a disgrace!|Worst shop ever.|You people are useless.|Pathetic.|"
             "I am sick of this.|This is a joke!|Ridiculous!|I have had enough of you.|Never again!|Shame on you!|"
             "Absolutely terrible.|Get your act together!|Stop wasting my time!|I am fed up with you.|Outrageous!|"
             "Disgusting service.|You are a bunch of amateurs!|This makes me so angry.|I am losing my patience!|"
             "Unbelievable!|How dare you!|I hate this shop.|What a bunch of crooks!".split("|"),
    "polite": "Thank you in advance.|Many thanks.|Thanks a lot for your help.|I would be grateful for your help.|"
              "Could you please look into it?|Please let me know.|Would you be so kind as to help?|"
              "Sorry to bother you.|"
              "I would appreciate a short answer.|Thank you very much.|Thank you for your kind support.|"
              "Please be so kind as to reply.|Thanks for taking the time.|I hope you can help, please.|"
              "Much appreciated, thank you.|Best wishes and thank you.".split("|"),
    "neutral": [""],
}
GLAD = "Thank you very much.|Many thanks to your team.|Thank you all.|Thanks a lot.|Lots of thanks.".split("|")
URGENT = ("This is urgent.|It cannot wait.|I need an answer today.|Answer at once.|Reply as soon as possible.|"
          "It is an emergency.|I must know within the hour.|Time is running out.|Sort it out today.|"
          "It has to be done right now.|Top priority.|There is no time to lose.|I need help immediately.|"
          "I need a solution before noon.|It must be settled today.").split("|")
CALM = "No rush.|Take your time.|It can wait.|There is no hurry.|Next week is fine.|Any time will do.".split("|")
NUMBERED = "Order {}.|My order number is {}.|It is about order {}.|Order number {}.|See order {}.".split("|")
BEFORE = "I called you on {}.|I wrote to you on {}.|I asked about it on {}.|Nobody replied on {}.".split("|")
GREETINGS = "Hello,|Hi,|Good morning,|Good afternoon,|Hi there,|Hello again,".split("|")


@dataclass(frozen=True)
class Message:
    topic: str                # of TOPICS
    tone: str                 # of TONES; praise is never angry
    urgent: bool
    product: str              # "" where none is named, as in the next three
    order: str                # digits
    day: str
    sender: str               # first name, at the end
    text: str


@functools.cache
def messages() -> list[Message]:
    """About 950, the topics in turn, of at most 125 characters; one in five all in lower case, as in a chat."""
    found = {}
    for number in range(960):
        each = make(list(TOPICS)[number % len(TOPICS)], number)
        found.setdefault(each.text, each)
    return list(found.values())


def make(topic: str, number: int) -> Message:
    for attempt in range(100):
        chance = draw("messages", number, attempt)
        said = chance.choice(TOPICS[topic])
        tone = chance.choice(("polite", "neutral") if topic == "praise" else sorted(TONES))
        urgent, chat = topic != "praise" and chance.random() < 0.45, chance.random() < 0.2
        product, reference, weekday = chance.choice(PRODUCTS), str(chance.randrange(1000, 99999)), chance.choice(DAYS)
        order, day, more = reference * ("{o}" in said), weekday * ("{d}" in said), ""
        written = chance.choice(("", "#")) + reference
        if topic not in ("login", "hours", "praise") and not order and chance.random() < 0.35:
            order, more = reference, chance.choice(NUMBERED).format(written)
        elif topic not in ("hours", "praise") and not day and chance.random() < 0.25:
            day, more = weekday, chance.choice(BEFORE).format(weekday)
        sender = chance.choice([*people.female()[:60], *people.male()[:60]]) * (not chat and chance.random() < 0.45)
        greeting = chance.choice(GREETINGS) * (chance.random() < 0.3)
        text = said.format(p=product, o=written, d=weekday)
        if greeting and not text.startswith("I "):
            text = text[:1].lower() + text[1:]
        ends = [chance.choice(GLAD if topic == "praise" and tone == "polite" else TONES[tone]),
                chance.choice(URGENT) if urgent else
                chance.choice(CALM) * (tone != "angry" and topic != "praise" and chance.random() < 0.3)]
        text = " ".join(part for part in (greeting, text, more, *chance.sample(ends, 2)) if part)
        text += chance.choice((" - {}", " {}", " Regards, {}", " Yours, {}")).format(sender) if sender else ""
        if chat:
            text, day = text.lower().rstrip(".!"), day.lower()
        if len(text) <= 125:
            break
    return Message(topic, tone, urgent, product * ("{p}" in said), order, day, sender, text)
