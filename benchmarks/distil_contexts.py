"""What `dnd tune --distill hard` moves from a context into an adapter, from end to end: three tasks whose context is
eight worked examples, and one whose context is a page of invented facts. The teacher is the base behind the context.
Prints how often the teacher is right, and how often the bare base and the adapted one, both without the context, answer
the unseen prompts as the teacher does (the first line that is not empty). Needs scripts/setup_smollm2.sh.

    .deps/python/bin/python benchmarks/distil_contexts.py --tasks ../shared/tasks/external --work DIR
        [--judge-only] [--questions N] [-- further options of `dnd tune`]

DIR holds what `dnd tune` reads (tasks.json, prompts and contexts) and, in DIR/tuned, writes; where that is there, it
resumes. --tasks: see tune_external.py.
"""

import argparse
import json
import pathlib
import random
import sys

import tune_external
from tune_external import Base, chat, first_line, last_step, rows

Path = pathlib.Path
NAMES = ("ii.singular_to_plural", "fv.capitalize", "ii.first_word_letter")
EXAMPLES, PROMPTS, TESTS, PEOPLE = 8, 200, 60, 8

PERSONS = "Orvan Mirel Tasko Ilvane Brenna Kelso Juvita Darro Senka Wylem Petra Halvor".split()
RELATIONS = {  # sentence of the page, values, wordings to learn from, wordings of the test
    "town": ("{} lives in {}.", "Quillhaven Morrowick Ostermere Fenbridge Tarnley Duskford Elmsgate Ravenshoe".split(),
             ["Where does {} live?", "In which town does {} live?", "What is {}'s home town?",
              "Name the town where {} lives.", "{} lives in which town?"],
             ["Which town is {} living in?", "What town does {} call home?"]),
    "job": ("{} works as a {}.", "beekeeper glazier cartographer locksmith falconer cooper barber surveyor".split(),
            ["What is {}'s job?", "What does {} work as?", "What does {} do for a living?", "Name {}'s profession.",
             "{} has which job?"],
            ["Which profession does {} have?", "What is the occupation of {}?"]),
    "pet": ("{} keeps a pet {}.", "tortoise ferret parrot hedgehog goat rabbit gecko raven".split(),
            ["What pet does {} keep?", "Which animal is {}'s pet?", "What kind of pet does {} have?",
             "Name the animal that {} keeps.", "{} keeps which pet?"],
            ["What animal lives with {} as a pet?", "Which pet belongs to {}?"]),
    "food": ("{}'s favourite food is {}.",
             "dumplings porridge pancakes lentils trout mushrooms gingerbread plums".split(),
             ["What is {}'s favourite food?", "What does {} like to eat best?", "Which food does {} like most?",
              "Name {}'s favourite food.", "{} likes which food best?"],
             ["What food does {} love above all?", "Which dish is the favourite of {}?"]),
    "instrument": ("{} plays the {}.", "bassoon zither cello accordion harp oboe banjo trombone".split(),
                   ["What instrument does {} play?", "Which instrument is played by {}?", "What does {} play?",
                    "Name the instrument that {} plays.", "{} plays which instrument?"],
                   ["What is {}'s musical instrument?", "On which instrument does {} make music?"]),
}


# --- Tasks ----------------------------------------------------------------------------------------------------------


def example_task(folder: Path, work: Path) -> dict:
    """Eight worked examples as context, the next prompts to learn from."""
    own = rows(folder / "own_bare.jsonl")
    context = [message for row in own[:EXAMPLES]
               for message in (*chat(row["prompt"]), {"role": "assistant", "content": row["answer"]})]
    test = rows(folder / "test_bare.jsonl")[:TESTS]
    return write_task(work, folder.name, context, [row["prompt"] for row in own[EXAMPLES:EXAMPLES + PROMPTS]], test)


def facts_task(work: Path) -> dict:
    """A page of 40 facts as system text, each asked in five wordings; the test asks in others."""
    rng = random.Random(0)
    people = rng.sample(PERSONS, PEOPLE)
    values = {relation: rng.sample(entry[1], PEOPLE) for relation, entry in RELATIONS.items()}
    facts = [(person, relation, values[relation][i]) for i, person in enumerate(people) for relation in RELATIONS]
    page = [" ".join(RELATIONS[relation][0].format(person, value) for who, relation, value in facts if who == person)
            for person in people]
    prompts = [wording.format(person) for person, relation, _ in facts for wording in RELATIONS[relation][2]]
    test = [{"prompt": RELATIONS[relation][3][wording].format(person), "answer": value}
            for wording in range(2) for person, relation, value in facts[::wording + 1]]
    rng.shuffle(prompts)
    context = "\n".join(page) + "\n\nAnswer each question with one word from this page."
    return write_task(work, "facts", context, prompts, test[:TESTS])


def write_task(work: Path, name: str, context: list[dict] | str, prompts: list[str], test: list[dict]) -> dict:
    """Its files, and its entry in tasks.json."""
    folder = work / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, lines in (("prompts.jsonl", [{"prompt": prompt} for prompt in prompts]), ("test.jsonl", test)):
        (folder / file).write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    file = "context.txt" if isinstance(context, str) else "context.json"
    text = context if isinstance(context, str) else json.dumps(context, indent=1, ensure_ascii=False) + "\n"
    (folder / file).write_text(text)
    return {"name": name, "prompts": f"{name}/prompts.jsonl", "context": f"{name}/{file}"}


def read_context(path: Path) -> list[dict]:
    """A page of text takes the place of the system message; examples come before the question."""
    if path.suffix == ".json":
        return json.loads(path.read_text())
    return [{"role": "system", "content": path.read_text()}]


# --- Judging --------------------------------------------------------------------------------------------------------


def same(answers: list[str], others: list[str]) -> float:
    hits = [first_line(one) == first_line(other) for one, other in zip(answers, others, strict=True)]
    return sum(hits) / len(hits)


def right(task: dict, answers: list[str], questions: list[dict]) -> float:
    """Of a fact, an answer may say more than it."""
    if task["name"] != "facts":
        return tune_external.right(answers, questions)
    hits = [question["answer"].lower() in first_line(answer).lower()
            for answer, question in zip(answers, questions, strict=True)]
    return sum(hits) / len(hits)


def judge_task(args: argparse.Namespace, base: Base, task: dict) -> list:
    questions = rows(args.work / task["name"] / "test.jsonl")[:args.questions]
    chats = [chat(question["prompt"]) for question in questions]
    context = read_context(args.work / task["context"])
    teacher = base.answers([chat(question["prompt"], context) for question in questions])
    bare = base.answers(chats)
    adapter = last_step(args.work / "tuned/tasks" / task["name"])
    adapted = base.answers(chats, adapter) if adapter else None
    (args.work / task["name"] / "answers.json").write_text(json.dumps(
        [{"prompt": question["prompt"], "right": question["answer"], "teacher": teacher[i], "bare": bare[i],
          **({"adapted": adapted[i]} if adapted else {})} for i, question in enumerate(questions)],
        indent=1, ensure_ascii=False) + "\n")
    row = [task["name"], right(task, teacher, questions), same(bare, teacher),
           same(adapted, teacher) if adapted else None]
    print(*row, file=sys.stderr, flush=True)
    return row


def judge(args: argparse.Namespace, tasks: list[dict]) -> None:
    base = Base(args.base, args.threads)
    tune_external.print_table(["teacher right", "bare = teacher", "adapted = teacher"],
                              [judge_task(args, base, task) for task in tasks])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    tune_external.add_common(parser)
    args = tune_external.parse(parser)
    tasks = [*(example_task(args.tasks / name, args.work) for name in NAMES), facts_task(args.work)]
    tune_external.write_tasks(args.work / "tasks.json", tasks)
    if not args.judge_only:
        tune_external.tune(args, "--distill", "hard")
    tune_external.quiet(lambda: judge(args, tasks))


if __name__ == "__main__":
    main()
