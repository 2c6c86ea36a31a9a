"""Unwanted mail of five sorts, invented; as short as the messages of messages.py."""

import functools
from dataclasses import dataclass

from builder.draws import draw

SAID = {
    "prize": """You have won ${a}!!! Claim it at {u}|Congratulations, you are our lucky winner of a new {g}.
Your number was drawn: ${a} are waiting for you.|FREE {g} for the first 100 visitors of {u}
You are the 1,000,000th visitor! Pick up your {g} now.|Spin the wheel at {u} and win a {g} today!
Final notice: your lottery win of ${a} expires tonight.|A {g} has been reserved for you, winner!
Reply WIN to get your prize of ${a}.|hello dear, you won ${a} in our raffle, send your address
Our jackpot of ${a} is yours, just click {u}|Lucky day! Your e-mail won the {g} draw.""",
    "loan": """Need cash? Borrow ${a} today, no questions asked.|Bad credit? We lend ${a} to everybody!
Instant loan of ${a} approved, see {u}|Pay off all your debts with one easy loan at {u}
Your ${a} credit line is ready. No papers, no checks!|Lowest interest ever: ${a} in your hand by tonight.
Short of money? A loan of ${a} in five minutes.|We noticed that you need ${a}. Borrow it from us!
Mortgage at 0.9 percent, only today, only at {u}|Dear friend, I offer a private loan up to ${a}
Get ${a} before payday, no guarantor.|Loans for all! Fill in the form at {u}""",
    "medicine": """Lose {k} kilos in a week with our magic pills!|Cheap pills without prescription at {u}
Doctors hate this trick: new tablets melt your fat.|Hair grows back overnight, order the drops at {u}
Stop ageing now! Miracle cream {k} percent off.|Online pharmacy, {k} percent discount, no doctor needed.
Sleep better with our secret herbal capsules.|Slim by summer: {k} kilos less or your pills are free
These capsules cure back pain in {k} hours!|Buy two boxes of tablets, get one free at {u}
The wonder pill that made {k},000 people slim|Your joints hurt? Our ointment heals everything.""",
    "job": """Earn ${a} a week from home, no experience.|Be your own boss! ${a} a month, two hours a day.
We hire at once: work from your sofa, ${a} weekly.|Make ${a} with your phone, learn how at {u}
A secret system made me ${a}. Join my team!|Dream job: get paid ${a} for watching videos.
Quit your job! This simple business pays ${a}.|Mystery shoppers wanted, ${a} per visit, apply at {u}
Students and housewives earn ${a} with us.|Part-time agent wanted, salary ${a}, no interview.
Stuff envelopes at home for ${a} a month.|I made ${a} in ten days, and so can you, see {u}""",
    "phishing": """Your bank account is locked. Confirm your PIN at {u}|Dear client, verify your card number at {u}
Unusual sign-in! Enter your password at {u} now.|We could not debit you. Update your card at {u}
Your mailbox is full, log in at {u} to keep it.|Security alert {k}: send us your PIN to unblock the card.
Tax refund of ${a}: give your bank details at {u}|Your parcel is held. Pay $2 with your card at {u}
Last warning: validate your password at {u}|Your account will be deleted, confirm your data at {u}
Dear user, our bank needs your login again: {u}|Confirm your identity with a photo of your card at {u}""",
}
SAID = {reason: said.replace("\n", "|").split("|") for reason, said in SAID.items()}
SITES = "win4u.biz fast-cash.top pay-safe.click get-rich.info best-deal.shop mega-luck.win my-bonus.xyz".split()
GIFTS = "phone|car|laptop|holiday|gift card|television|watch|cruise|tablet|scooter".split("|")
STARTS = ["", "", "", "Dear friend! ", "ATTENTION: ", "Hey, ", "Hello! ", "*** ", "Good news! ", "Limited offer! "]
ENDS = ["", "", "", " Act now!", " Hurry!!!", " Don't miss it.", " Click here.", " Only today.", " 100% safe.", " $$$"]


@dataclass(frozen=True)
class Spam:
    reason: str               # prize, loan, medicine, job, phishing
    text: str


@functools.cache
def spam() -> list[Spam]:
    """About 300, the reasons in turn."""
    found = {}
    for number in range(310):
        chance, reason = draw("spam", number), list(SAID)[number % 5]
        text = chance.choice(SAID[reason]).format(
            a=chance.choice(("500", "900", "1,000", "2,500", "5,000", "10,000", "25,000", "80,000")),
            u=chance.choice(SITES), g=chance.choice(GIFTS), k=chance.randrange(5, 90))
        text = chance.choice(STARTS) + text + chance.choice(ENDS if text[-1] in ".!" else ["", "", " !!!"])
        found.setdefault(text, Spam(reason, text))
    return list(found.values())
