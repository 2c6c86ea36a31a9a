"""What a review is about, and what one would answer."""

from builder import Task
from builder.pools.reviews import SUBJECTS, Review, reviews

SHOPS = {"restaurant": "going out", "hotel": "travel", "phone": "shopping", "film": "culture", "book": "culture"}


def closing(review: Review) -> str:
    head = review.text.rstrip("!.")
    return review.text[max(head.rfind(". "), head.rfind(": ")) + 2:]


def has_vague_side(review: Review) -> bool:
    return "I laughed" in review.text or "I nearly fell" in review.text


def said(review: Review) -> str:
    return review.text.split(": ", 1)[1].split(". ")[0]


TASKS = {
    "subject": (lambda each: each.subject, "label", [
        "What is reviewed: a restaurant, hotel, phone, film or book?",
        "thing under review (book / film / hotel / phone / restaurant)",
        "Sort the opinion into restaurant, book, film, hotel or phone.",
        "Please name what the customer writes about: book, film, hotel, phone or restaurant.",
        "Which of these does it belong to: phone / film / restaurant / book / hotel?",
        "{input} is about a {answer}. What is this one about: book, film, hotel, phone or restaurant?",
        "Put a tag on the text out of hotel, restaurant, film, book, phone.",
        "In which section should we print this: hotel, phone, book, restaurant or film?",
        "Tell me the kind of thing that was bought or visited: phone, hotel, film, restaurant or book."]),
    "side": (lambda each: "" if has_vague_side(each) else each.side, "label", [
        "Which side of it is judged: food, service, price, place, battery, screen, story, acting, music or style?",
        "aspect (food / service / price / place / battery / screen / story / acting / music / style)",
        "Please say what exactly the writer praises or blames; one of price, service, food, place, screen, battery, "
        "story, acting, style, music.",
        "Find the topic of the middle part: acting, battery, food, music, place, price, screen, service, story, style.",
        "What was good or bad, the style, story, acting, music, food, price, place, service, screen or battery? A "
        "single noun.",
        "{input} speaks of the {answer}. Which of acting, battery, food, music, place, price, screen, service, story, "
        "style does this one speak of?",
        "Tag with the aspect. Tags: story, style, price, food, music, battery, acting, place, service, screen.",
        "One noun for the quality department, out of food, place, price, service, screen, battery, music, acting, "
        "style and story.",
        "Aspect-based analysis: choose among service, place, story, style, music, acting, screen, battery, price, "
        "food."]),
    "reply": (lambda each: "Thank you!" if each.is_positive else "We are sorry!", "sentence", [
        "Begin our answer: Thank you! or We are sorry!", "reply opening (Thank you! / We are sorry!)",
        "Which of these do we write back first: We are sorry! or Thank you! (the latter for praise)",
        "Please open the reply to this customer. Praise gets Thank you! and blame gets We are sorry!",
        "The owner answers every review by Thank you! or by We are sorry! depending on what it says. What here?",
        "{input} {answer} How does the reply to this one start, Thank you! or We are sorry!",
        "React as customer service would, with exactly one of: We are sorry! Thank you!",
        "Apologise or thank, in the words We are sorry! or Thank you!",
        "What should the first words of our response be? We are sorry! for complaints; else Thank you!"]),
    "closing": (closing, "sentence", [
        "Copy the last sentence.", "closing words, with their punctuation",
        "What does the reviewer say at the very end?", "Please quote the final sentence of the text.",
        "Leave out everything but the concluding sentence.", "The verdict at the end, word for word?",
        "{input} ends in: {answer} How does this one end?", "I skip to the bottom line. Give it to me as it stands.",
        "Extract the sentence that stands last"]),
    "quote": (said, "sentence", [
        "Quote what stands between the colon and the first full stop.",
        "the remark after the colon, without its full stop",
        "Which observation does the author make? Copy the words behind the colon up to the full stop.",
        "Please extract the middle part only: what was noticed, not the introduction nor the verdict, and no full "
        "stop.", "Cut away the opening up to the colon and the closing sentence; what is left (no full stop)?",
        "Fact, not feeling: copy what is said right after the colon, up to the full stop but without it.",
        "{input} reports that {answer}. What does this review report?",
        "Give the reason for the verdict in the author's own words, without a full stop.",
        "Word for word, what was observed? It stands between colon and full stop."]),
    "department": (lambda each: SHOPS[each.subject], "label", [
        "Which desk handles it: going out, travel, shopping or culture?",
        "section: culture / going out / shopping / travel",
        "Restaurants are going out, hotels travel, phones shopping, films and books culture. Where does it go?",
        "Please route the review to culture, travel, shopping or going out.",
        "Our paper has the pages travel, culture, shopping and going out. On which one do we print it?",
        "{input} goes to {answer}. Does this one go to culture, going out, shopping or travel?",
        "Choose the heading it would stand under; going out, shopping, culture and travel exist.",
        "File under travel (hotels), shopping (phones), going out (restaurants) or culture (books and films).",
        "Name the editor in charge: for shopping, for culture, for travel or for going out."]),
}


def tasks() -> list[Task]:
    assert set(SHOPS) == set(SUBJECTS)
    return [Task(name, [(each.text, answer(each)) for each in reviews() if answer(each)], wordings, form=form,
                 noun="Review")
            for name, (answer, form, wordings) in TASKS.items()]
