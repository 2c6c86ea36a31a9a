"""Whether a mail is spam, and of which sort."""

from itertools import chain

from builder import Task
from builder.pools.messages import messages
from builder.pools.spam import spam

LABELS = {
    "spam-or-ham": ("spam", "ham", "label", [
        "Is this spam or ham?", "Label the mail: ham for a genuine one, spam for junk.", "spam/ham",
        "Please act as a mail filter and say ham or spam.",
        "What would a filter trained on the two classes ham and spam make of that?",
        "Unwanted advertising and fraud is spam, a real customer's message ham. Classify.",
        "Filter result (ham or spam), e.g. {input} -> {answer}",
        "Choose a class, ham (wanted) or spam (unwanted), for the text.",
        "Junk gets the label spam and everything else the label ham; which label goes here?"]),
    "is-spam": ("yes", "no", "yes-no", [
        "Is this spam? yes or no", "Does somebody try to cheat or lure the reader?", "junk mail: yes/no",
        "Please tell me with yes or no whether I should distrust the sender of this.",
        "Would you throw the mail away unread because it is an unwanted offer or a fraud? Lower case, yes or no.",
        "Dubious offer or trap: yes. Ordinary message of a customer: no.", "Spam? {input} -> {answer}",
        "Block it? Only scams and bulk advertising are blocked. Answer by yes or no.",
        "Report yes if the text is bait of some sort and no if it is a real request or opinion."]),
    "is-genuine": ("no", "yes", "yes-no", [
        "Is it a genuine message of a customer? yes or no", "May the support team trust that mail and answer it?",
        "legitimate: yes/no", "Please say yes if a real person has a real concern here, and no if it is junk.",
        "Would a good filter let it through? Lower case, yes or no.",
        "Real request or feedback: yes. Scam or bulk offer: no.", "Trustworthy, as in {input} -> {answer}?",
        "Does that deserve a reply, being no advertisement or fraud? yes, no",
        "Answer no to bait and rip-offs, yes to everything a shop should read."]),
    "one-or-zero": ("1", "0", "number", [
        "Write 1 for spam and 0 for a normal message.", "Spam flag, 1 or 0?", "binary label (spam = 1)",
        "Please output the class as a digit: zero means clean, one means junk.",
        "What does the Boolean column is_spam hold for this row, as 0 or 1?",
        "Fraud and advertising count as one, honest mail counts as nought. Give the figure.",
        "Classifier output (1 spam, 0 no spam): {input} yields {answer}", "If it is unwanted then 1 else 0.",
        "How many of the mails shown here are junk, none (0) or one (1)?"]),
    "folder": ("Junk", "Inbox", "label", [
        "Which folder, Inbox or Junk?", "Move the mail: to Junk if it is spam, to Inbox if not.", "Inbox/Junk",
        "Please file this under one of two folders, called Junk and Inbox.",
        "In which place of my mail program should I look for it, Junk or Inbox?",
        "Scams end up in Junk, proper post stays in the Inbox. Name the folder.",
        "Folder (Inbox or Junk), e.g. {answer} for {input}",
        "A rule sorts incoming post into Inbox and Junk. What does it do with this?",
        "Name the destination, with a capital: Junk for trash, Inbox for what matters."]),
    "action": ("delete", "answer", "label", [
        "What shall I do, answer or delete it?", "Delete spam and answer customers: which applies?",
        "action (delete / answer)", "Please decide on the next step, delete for junk, answer for real concerns.",
        "Should the help desk answer that or delete it? One word.",
        "A fraud wants us to click: delete. A customer wants help or says something: answer.",
        "To do (answer or delete): {input} -> {answer}",
        "Two buttons are under the mail, answer and delete. Which one do I press?",
        "Command for the mailbox robot, either delete (unwanted) or answer (wanted)"]),
}
REASON = [
    "What kind of spam is it: prize, loan, medicine, job or phishing?",
    "Name the bait of this junk mail (job, loan, prize, medicine; phishing if it is after passwords or card data).",
    "spam type: medicine/phishing/prize/job/loan",
    "Please sort the scam into one of five drawers labelled loan, phishing, job, prize and medicine.",
    "Does the swindler dangle a prize, a loan, a medicine or a job, or is it phishing? One word.",
    "Winnings are prize, lent money is loan, pills and creams are medicine, easy earnings are job, stolen data is "
    "phishing. Tag the mail.", "Sort of scam (prize, loan, medicine, job, phishing), e.g. {input} is {answer}",
    "Why was this blocked? Possible reasons are phishing, medicine, job, loan, prize.",
    "Pick the trick used: job | prize | phishing | medicine | loan",
]


def tasks() -> list[Task]:
    texts = list(chain.from_iterable(zip(((each.text, False) for each in messages()),
                                         ((each.text, True) for each in spam()), strict=False)))
    found = [Task(name, [(text, yes if bad else no) for text, bad in texts], wordings, form, "Message")
             for name, (yes, no, form, wordings) in LABELS.items()]
    return [*found, Task("reason", [(each.text, each.reason) for each in spam()], REASON, "label", "Message")]
