"""Whether a customer's message is about a topic."""

from builder import Task
from builder.pools.even import even
from builder.pools.messages import messages

WORDINGS = {
    "delivery": [
        "Is this about a delivery? yes or no",
        "Does the customer ask or complain about a parcel and how it gets to them?",
        "shipping matter, y/n (write yes or no)",
        "Please tell me whether the message concerns the transport of goods to the customer. Yes/no, lower case.",
        "Should the courier company see this? Say yes when it is about shipment, no when it is not.",
        "Parcel trouble or a shipping question: yes. Anything else: no.", "About shipping? E.g. {input} -> {answer}",
        "Would you file that under deliveries? Only yes or no.",
        "Decide whether a package and its way to the customer is the subject (yes, no)."],
    "money": [
        "Is this about money, that is a bill or a refund? yes or no",
        "Does an invoice, a payment, a charge or a repayment come up?", "payment matter: yes/no",
        "Please say yes if the accounts department is concerned with this, otherwise no.",
        "Does somebody write of paying, being charged or being paid back? Reply in lower case, yes or no.",
        "Refund or billing: yes. All other topics: no.", "Money talk? {input} -> {answer}",
        "Would finance have to look at this message? Just yes or just no.",
        "Check for invoices, payments and money to be returned; report yes if there is such a thing and no if not."],
    "login": [
        "Is this about logging in? yes or no",
        "Does the writer ask or complain about signing in, a password or a user account?", "sign-in matter (yes/no)",
        "Please answer yes if access to an account is the point, and no if it is not.",
        "Do passwords, sign-in codes or user accounts play the main part here? One lower-case word, yes or no.",
        "Account access: yes. Any other subject: no.", "About signing in? For instance {input} -> {answer}",
        "Would you pass it to the people who look after user accounts? yes, no",
        "Tell me if the way into the site or the app, password and codes included, is the subject, by yes or no."],
    "defect": [
        "Is this about a faulty product? yes or no", "Has something the customer bought got a defect?",
        "broken item, yes/no", "Please reply with yes if a repair or a spare part may be needed and with no otherwise.",
        "Should the workshop get this? It is for damaged or failing things. yes or no, in small letters.",
        "Goods that don't work or are damaged: yes. The rest: no.", "A fault? {input} -> {answer}",
        "Would you call that a warranty case? Write no or yes.",
        "Look for a device that fails, is cracked or behaves oddly. Yes if there is one, else no (lower case)."],
    "cancellation": [
        "Is this about a cancellation? yes or no", "Does the person want out of an order or a contract?",
        "cancel request or question, yes/no",
        "Please write yes if an order, a membership or a subscription is to be ended, else no.",
        "Calling off a purchase or ending a subscription: is it the subject? Lower case, yes/no.",
        "Cancelling: yes. Not cancelling: no.", "To do with cancelling? Like this: {input} -> {answer}",
        "May we lose an order or a subscriber because somebody cancels? Answer by yes or no.",
        "Find out whether calling off something ordered or subscribed to is what this is about, and report yes or no."],
    "praise": [
        "Is this praise? yes or no", "Does the customer say that they like the product or the service?",
        "compliment: yes/no",
        "Please state yes if the writer is happy with us and no if it is a question or a complaint.",
        "Could we print that as a testimonial on our web page? Lower case, yes or no.",
        "Satisfied: yes. A problem, a request or a question: no.", "Positive feedback? E.g. {input} -> {answer}",
        "Would this text cheer up the staff because it commends us? yes, no",
        "A kind word about a purchase or a colleague, is that what we have here? Reply yes or else no."],
    "hours": [
        "Is this about opening hours? yes or no", "Does it concern when the shop is open?", "business hours: yes/no",
        "Please say yes if the times of opening or closing are the subject, no if they are not.",
        "Does it concern the sign at the door with our open and closed times? Lower case, yes or no.",
        "Times of the store: yes. Other subjects: no.", "Opening times? As in {input} -> {answer}",
        "Does somebody write about when one can or could visit the shop? Write yes or no.",
        "Check whether the message asks or grumbles about the shop being open or shut. Report with yes or no."],
}


def tasks() -> list[Task]:
    found = []
    for name, wordings in WORDINGS.items():
        topics = {"money": ("refund", "billing")}.get(name, (name,))
        # Who wants a refund after a change of mind may be said to cancel.
        known = [each for each in messages() if name != "cancellation" or "changed my mind" not in each.text.lower()]
        pairs = even(known, lambda each, topics=topics: each.topic in topics)
        found.append(Task(name, [(each.text, "yes" if held else "no") for each, held in pairs], wordings, "yes-no",
                          "Message"))
    return found
