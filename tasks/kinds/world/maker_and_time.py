"""Who made a work, and in which century it or a person came into the world."""

from builder import Task
from builder.pools import tables

WORDINGS = {
    "maker": [
        "Who wrote, painted, composed or directed this?", "full name of the author, artist, composer or director",
        "Name the person behind the title.", "Please tell me whose work this is.",
        "Masterpiece to master: {input} is by {answer}.",
        "The label under the picture, on the cover or on the poster is torn off; which name stood there?",
        "Of whose imagination did it spring? First and last name, if there are two.",
        "Credit the creator.", "A work is named here. By whom is it?",
    ],
    "maker-surname": [
        "Give only the surname of whoever made this.", "creator's last name, nothing before it",
        "By which family name is its author, painter, composer or director listed?",
        "Please leave out first names: who is the maker of the title?",
        "Work {input}, surname of its maker {answer}.",
        "In a library catalogue the entry starts with the last name of the creator. What is that name?",
        "One word, the name that the artist had from his or her family",
        "Someone asks whose it is. Answer briefly, as one speaks of Mozart or Dickens.",
        "Last name on the title page, the frame, the score or the poster",
    ],
    "work-century": [
        "In which century was this work made? Answer like 19th.", "century of the title, as an ordinal with digits",
        "Was it the 16th, 17th, 18th, 19th or 20th century, or another, that brought this forth?",
        "Please date the work roughly: the number of the century with th or st is enough.",
        "Title {input}, century {answer}.",
        "Into which hundred years would a history of the arts put it? Write 18th, 21st or the like.",
        "When did readers, viewers or listeners first meet with it? Century only, figures plus ending",
        "Ordinal, with digits, of the century in which it was finished",
        "Art exam, question of date: th or st after the right number of the century.",
    ],
    "work-hundreds": [
        "From which hundreds is this work? Answer like 1800s.", "period of the title in the form 1700s",
        "Take the year when it was made, replace the last two digits by zeros and add an s.",
        "Please date the work to a hundred years, written as in 1600s.",
        "Title {input}, years {answer}.",
        "Was it the 1500s, the 1800s, the 1900s or which others that gave us this?",
        "Round the date of its making down to a full hundred and put s behind it.",
        "On a time line with marks 1700s, 1800s, 1900s and so forth, at which mark does the title stand?",
        "The hundreds it belongs to, four digits and an s",
    ],
    "person-century": [
        "In which century was this person born? Answer like 19th.", "century of birth, as an ordinal with digits",
        "Was he or she a child of the 16th, 17th, 18th, 19th or 20th century, or of another?",
        "Please tell me the birth date roughly: the number of the century with th or st will do.",
        "Person {input}, century of birth {answer}.",
        "In what hundred years did this famous life begin? Write 18th, 20th or the like.",
        "Ordinal, with digits, of the century that saw the birth",
        "The cradle of the celebrity stood in which century? Figures plus ending",
        "History exam: born when? th or st after the right number of the century.",
    ],
    "person-hundreds": [
        "In which hundreds was this person born? Answer like 1800s.", "birth of the celebrity in the form 1700s",
        "Take the year of birth, replace the last two digits by zeros and add an s.",
        "Please give the time when she or he was born to a hundred years, written as in 1600s.",
        "Person {input}, born in the {answer}.",
        "Was it the 1500s, the 1800s, the 1900s or which others in which this one first saw the light?",
        "Round the birth year down to a full hundred and put s behind it.",
        "On a time line with marks 1700s, 1800s, 1900s and so on, where would you write the name by its birth?",
        "Born in the years of which hundred? Four digits and an s",
    ],
}


# Parts of names of which it is not the last word alone that is the surname.
UNCLEAR = set("van von da de del Alighieri Garcia Gonzalez Ruiz Conan Murasaki Bong Park".split())


def century(year: int) -> str:
    number = (year - 1) // 100 + 1
    return f"{number}{'st' if number == 21 else 'th'}"


def hundreds(year: int) -> str:
    return f"{year // 100}00s"


def tasks() -> list[Task]:
    dated = [each for each in tables.works() if each.year % 100]
    born = [each for each in tables.people() if each.year % 100]
    surnames = [(each.name, each.maker.split()[-1]) for each in tables.works()
                if " " in each.maker and not UNCLEAR & set(each.maker.split())]
    return [
        Task("maker", [(each.name, each.maker) for each in tables.works()], WORDINGS["maker"], "word", "Title"),
        Task("maker-surname", surnames, WORDINGS["maker-surname"], "word", "Title"),
        Task("work-century", [(each.name, century(each.year)) for each in dated], WORDINGS["work-century"], "code",
             "Title"),
        Task("work-hundreds", [(each.name, hundreds(each.year)) for each in dated], WORDINGS["work-hundreds"], "code",
             "Title"),
        Task("person-century", [(each.name, century(each.year)) for each in born], WORDINGS["person-century"], "code",
             "Person"),
        Task("person-hundreds", [(each.name, hundreds(each.year)) for each in born], WORDINGS["person-hundreds"],
             "code", "Person"),
    ]
