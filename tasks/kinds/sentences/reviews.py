"""Whether a review is good or bad, in the ways it is asked for."""

from builder import Task
from builder.pools.reviews import Review, reviews


def stars(review: Review) -> str:
    return {(True, True): "5", (True, False): "4", (False, False): "2", (False, True): "1"}[
        review.is_positive, review.is_strong]


TASKS = {
    "sentiment": (lambda each: "positive" if each.is_positive else "negative", "label", [
        "Is this review positive or negative?", "sentiment (positive / negative)",
        "Please classify the opinion as positive or negative.",
        "Decide on the mood of the customer: negative or positive.",
        "One word for our dashboard, positive or negative: what does the writer think?",
        "Label the text by how the author feels, using positive for praise and negative for complaints.",
        "{input} is {answer}. What is this one, positive or negative?",
        "Read what somebody wrote and say negative if they were unhappy, positive if they were happy.",
        "polarity: negative or positive"]),
    "sign": (lambda each: "+" if each.is_positive else "-", "label", [
        "Answer + for praise and - for a complaint.", "plus or minus sign, by how the customer liked it",
        "Mark the review with a single sign: - if it is bad, + if it is good.", "Does the writer count as + or as -?",
        "Please reply with + (satisfied) or - (dissatisfied), nothing else.",
        "In our table a good opinion is a + and a poor one a -; fill in the cell.",
        "{input} {answer} Now give the sign of this one, + or -",
        "Tick list: write a plus behind every happy customer, a minus behind every angry one.", "good = +, bad = -"]),
    "stars": (stars, "number", [
        "How many stars? 5 is enthusiastic, 4 content, 2 disappointed, 1 furious.",
        "rating as a digit: 1 terrible, 2 rather bad, 4 rather good, 5 fantastic",
        "Guess the number of stars the author gave, out of 1, 2, 4 and 5, by how strongly the last sentence puts it.",
        "Please turn the text into a score (5 for love, 4 for liking, 2 for mild disappointment, 1 for hate).",
        "With 1 for a disaster, 2 for a letdown, 4 for quite nice and 5 for perfect: which figure?",
        "{input} would be {answer} of five. How many would this one be (1 awful, 2 weak, 4 good, 5 superb)?",
        "Extremes get 1 or 5, milder words 2 or 4. Which digit suits?",
        "Score the opinion; strong words mean 1 or 5, weak ones 2 or 4."]),
    "again": (lambda each: "yes" if each.is_positive else "no", "yes-no", [
        "Was the customer happy? yes or no", "satisfied: yes / no",
        "Would the author recommend it to a friend? Answer yes or no.",
        "Please tell from the text whether the person would buy or visit again, yes or no.",
        "Did it meet the writer's hopes? Just yes or no.", "Say yes to praise and no to complaints.",
        "{input} Happy: {answer}. And the author of this one, yes or no?",
        "May we quote that on our website as a recommendation? yes / no",
        "yes if they liked it, otherwise no"]),
    "strong": (lambda each: "strong" if each.is_strong else "mild", "label", [
        "Is the opinion strong or mild?", "strong / mild, however good or bad it is",
        "Judge by the closing words only: are they strong (love, hate, perfect, disaster) or mild?",
        "Please say mild if the last sentence is restrained and strong if it is not.",
        "How intense is the verdict at the end, mild or strong?",
        "Does the reviewer exaggerate (strong) or stay calm (mild)?",
        "{input} That is {answer}. And this one, strong or mild?",
        "Leave aside whether it is praise or blame; tell whether it is put in a mild or a strong way.",
        "Loud closing words are strong, quiet ones mild: which are these?"]),
    "face": (lambda each: ":)" if each.is_positive else ":(", "label", [
        "Answer with a smiley: :) or :(", "happy or sad face made of two characters, :) or :(",
        "Please react to the customer's text by :) if they were pleased and :( if not.",
        "Which emoticon fits the review, :( or :) ?", "Draw the writer's face, :) or :(, with a colon and a bracket.",
        "{input} {answer} Which face belongs here, :) or :(", "For praise type :) and for complaints type :( please.",
        "Show me the mood without words; use a colon and one parenthesis.",
        "Smile or frown? Emoticon only, like :) or the opposite."]),
}


def tasks() -> list[Task]:
    return [Task(name, [(each.text, answer(each)) for each in reviews()], wordings, form=form, noun="Review")
            for name, (answer, form, wordings) in TASKS.items()]
