"""What a customer writes about, and who has to answer it by when."""

from builder import Task
from builder.pools.even import even
from builder.pools.messages import messages

LETTERS = dict(zip("delivery refund login billing defect cancellation praise hours".split(), "DRLBFCPH", strict=True))
TEAMS = {"shipping": ["delivery"], "finance": ["refund", "billing"], "technical": ["login", "defect"],
         "sales": ["cancellation", "praise", "hours"]}
TEAM = {topic: team for team, topics in TEAMS.items() for topic in topics}
QUEUE = dict(zip(TEAMS, "1234", strict=True))

TOPIC = [
    "Label the topic: delivery, refund, login, billing, defect, cancellation, praise or hours.",
    "What is this customer writing about? One word: login, billing, praise, hours, refund, delivery, defect, "
    "cancellation.", "topic tag (hours/praise/cancellation/defect/billing/login/refund/delivery)",
    "Please sort the message into one of eight groups, namely refund, delivery, praise, defect, hours, billing, "
    "cancellation and login.",
    "Our help desk knows eight subjects: delivery, billing, refund, cancellation, defect, login, hours, praise. Name "
    "the one that fits.",
    "Subject (delivery, refund, login, billing, defect, cancellation, praise, hours), as in {input} => {answer}",
    "Tag it by content with delivery, defect, hours, login, praise, refund, billing or cancellation, and write "
    "nothing else.",
    "Is that about a delivery, a refund, a login, billing, a defect, a cancellation, praise or opening hours? Answer "
    "with that word (just hours for the last).",
    "Categorise by issue: billing | cancellation | defect | delivery | hours | login | praise | refund",
]
LETTER = [
    "Give the topic as a letter: D delivery, R refund, L login, B billing, F faulty product, C cancellation, P "
    "praise, H opening hours.",
    "Which letter goes on the ticket? B is billing, C cancellation, D delivery, F fault, H hours, L login, P praise, "
    "R refund.", "one capital for the subject (Praise, Hours, Delivery, Refund, Login, Billing, Fault, Cancellation)",
    "Please code the complaint or question by a capital, F standing for a fault and the initials for delivery, "
    "refund, login, billing, cancellation, praise and hours.",
    "Stamp it with D, R, L, B, F, C, P or H, the first letter of delivery, refund, login, billing, fault, "
    "cancellation, praise, hours.",
    "Initial (D delivery, R refund, L login, B billing, F fault, C cancellation, P praise, H hours): {input} gets "
    "{answer}",
    "Shorten the matter to its capital initial. Possible matters are login, fault, praise, hours, billing, refund, "
    "delivery, cancellation.",
    "Single-letter category code (H = hours, P = praise, C = cancellation, F = fault, B = billing, L = login, R = "
    "refund, D = delivery)",
]
TEAM_WORDINGS = [
    "Which team should get this: shipping (deliveries), finance (refunds, billing), technical (logins, defects) or "
    "sales (the rest)?",
    "Route the ticket to shipping, finance (all about money), technical (sign-in, faults) or, when none of these "
    "fits, sales.",
    "department: sales (cancelling, praise, hours) / technical (login, defect) / finance (bill, refund) / shipping",
    "Please forward it. Parcels go to shipping, money to finance, accounts and broken things to technical, "
    "cancellations, praise and opening hours to sales.",
    "Finance looks after invoices and refunds, shipping after parcels, technical after sign-in and faults, sales "
    "after all else. Who takes this one?",
    "Name the responsible team: finance for payments, technical for accounts and broken goods, shipping for parcels, "
    "sales for what is left.",
    "Team (shipping; finance; technical for log-in and defects; sales for other things), e.g. {input} -> {answer}",
    "Four desks share the inbox: technical (log-ins, defects), shipping, finance, and sales for anything else. Write "
    "down the desk that has to reply here.",
    "To whom would you assign this? One word: shipping, finance, technical (it fails or lets nobody in), sales "
    "(cancellations, opening hours, compliments).",
]
NUMBER_WORDINGS = [
    "Give the queue number: 1 deliveries, 2 refunds and billing, 3 logins and defects, 4 everything else.",
    "In which queue does it belong? Parcels are 1, money is 2, technical trouble is 3, other things are 4.",
    "queue 1 (parcel), 2 (money), 3 (account or fault), 4 (other)",
    "Please press the right key: one for shipping, two for invoices and money back, three for sign-in and broken "
    "products, four for the rest. Only the digit.",
    "Our phone menu has 1 for delivery, 2 for payments, 3 for technical help and 4 for general matters. What would "
    "this customer press?", "Desk (1 parcels, 2 money, 3 log-in and defects, 4 the rest), like {answer} for {input}",
    "Write 1 if a parcel is the matter, 2 for bills or refunds, 3 if something fails to work or let them in, else 4.",
    "Counter to go to, as a digit (4 general, 3 technical, 2 payments and refunds, 1 deliveries)",
]
MAILBOX = [
    "Give the mailbox to forward this to: delivery, refund, login, billing, defect, cancellation, praise or hours, "
    "each @shop.com.",
    "Which address gets it? They are named after the topic, for instance billing@shop.com or hours@shop.com; the "
    "others are delivery, refund, login, defect, cancellation, praise.",
    "forward to <topic>@shop.com (login, praise, hours, refund, defect, billing, delivery, cancellation)",
    "Please write the e-mail address of the right desk; its name is one of defect, delivery, cancellation, refund, "
    "billing, login, hours, praise and its domain is shop.com.",
    "Every subject (login, hours, billing, praise, defect, delivery, cancellation, refund) has its own inbox, such as "
    "refund@shop.com. Where does this message go?",
    "Inbox at shop.com (hours, praise, login, refund, defect, billing, delivery, cancellation): {input} goes to "
    "{answer}",
    "Complete the To: line with praise@shop.com, defect@shop.com, login@shop.com or the like; the other topics are "
    "billing, refund, hours, delivery, cancellation.",
    "To which of our eight shop.com addresses, hours@, login@, praise@, defect@, refund@, billing@, delivery@, "
    "cancellation@, should I pass that on?",
]
DEADLINE = [
    "Within how many hours must we reply: 4 if the customer presses for time, otherwise 48?",
    "Answer with 4 for an urgent message and 48 for any other.", "reply deadline in hours, 48 or 4",
    "Please set the time limit. Whoever says it is urgent gets an answer in 4 hours, everybody else in 48.",
    "Our promise is two days, written 48, but four hours, written 4, when the writer is in a hurry. Which number "
    "applies?", "Hours until we answer (4 when urgent, else 48), e.g. {answer} for {input}",
    "If the text asks for a quick solution put 4; if not, put 48.",
    "Response time target: 48 is the normal one, 4 the one for emergencies and haste. Just the figure.",
]


def tasks() -> list[Task]:
    made = {
        "topic": (lambda each: each.topic, TOPIC, "label"),
        "topic-letter": (lambda each: LETTERS[each.topic], LETTER, "letter"),
        "team": (lambda each: TEAM[each.topic], TEAM_WORDINGS, "label"),
        "queue-number": (lambda each: QUEUE[TEAM[each.topic]], NUMBER_WORDINGS, "number"),
        "mailbox": (lambda each: f"{each.topic}@shop.com", MAILBOX, "code"),
        "deadline": (lambda each: "4" if each.urgent else "48", DEADLINE, "number"),
    }
    clear = [each for each in messages() if each.urgent or "patience" not in each.text.lower()]
    hurry = [each for each, _ in even(clear, lambda each: each.urgent)]
    return [Task(name, [(each.text, answer(each)) for each in (hurry if name == "deadline" else messages())], wordings,
                 form, "Message")
            for name, (answer, wordings, form) in made.items()]
