"""The data are what they claim to be; the tokenizer means the same to everybody; so does the forward pass.

    pytest scripts/default_model     (the Python of scripts/setup_interop.sh; no network)
"""

import itertools
import pathlib
import random

import base
import pytest
import qwen2
import tokenizer
from conventions import CUES
from domains import CORE, MEN, SUBJECT, WOMEN
from family import CONVENTIONS, Task, all_tasks, distinct, group_of, is_training, pretraining_example, task_examples
from held_out import DEMONSTRATION, REVERSING, SEED, SEEN, WHOLE_HELD_OUT, draw
from texts import Texts


def examples(task, seed, held_back, count=200, unseen=False):
    return list(itertools.islice(task_examples(task, seed, held_back, unseen), count))


def question_of(prompt: str, task) -> str:
    """Without cue, template and order of the options: what must not be in both training and test."""
    for cue in sorted(CUES[task.convention], key=len, reverse=True):
        prompt = prompt.replace(cue, "")
    words = "".join(" " if c in "?," else c for c in prompt).replace("Question:", "").replace("Answer:", "").split()
    return " ".join(words[:-3] + sorted(words[-3:]))  # stem, then: x or y


def test_same_seed_same_examples():
    task = all_tasks()[37]
    assert examples(task, 1, False) == examples(task, 1, False)
    assert examples(task, 1, False) != examples(task, 2, False)


@pytest.mark.parametrize("task", all_tasks()[::7], ids=lambda task: task.name)
def test_held_back_questions_never_train(task):
    tests = {question_of(e.prompt, task) for e in distinct(task_examples(task, 2, True), 64)}
    trained = {question_of(e.prompt, task) for e in examples(task, 10, False, 2000)}
    assert not tests & trained


def of_group(*names: str) -> list[Task]:
    return [task for task in all_tasks() if group_of(task) in names]


def test_held_out_combinations_leave_domain_and_convention_to_train_on():
    training = [task for task in all_tasks() if is_training(task)]
    assert len(of_group("combinations")) == 24 and len(of_group("subject")) == 18 and len(of_group("domain")) == 30
    for domains in (CORE, SUBJECT):  # a convention has other domains of the same part of the family to train in
        for convention in CONVENTIONS:
            assert sum(t.domain in domains and t.convention == convention for t in training) >= 3
    for domain in {task.domain for task in of_group("combinations", "subject")}:
        assert sum(task.domain == domain for task in training) == 7
        assert any(task.domain == domain and task.convention in REVERSING for task in training)
    assert not any(task.domain in WHOLE_HELD_OUT for task in training)
    assert Task(*DEMONSTRATION) == Task("telegram", "exclaim") not in training  # what scripts/quickstart.sh shows


def test_every_convention_is_held_out_in_both_parts_of_the_family():
    for group in ("combinations", "subject"):
        assert {task.convention for task in of_group(group)} == set(CONVENTIONS)


def test_held_out_combinations_are_fresh():
    seen = {Task(domain, convention) for domain, conventions in SEEN.items() for convention in conventions.split()}
    assert set(of_group("combinations", "subject")) & seen == {Task(*DEMONSTRATION)}


def test_the_draw_depends_on_its_seed_alone():
    assert draw(SEED) == draw(SEED) != draw(SEED + 1)


def test_tuning_leaves_its_tasks_out_of_training():
    tuned_on = {task for task in all_tasks() if group_of(task).startswith("validation")}
    while_tuning = {task for task in all_tasks() if is_training(task, tuning=True)}
    finally_ = {task for task in all_tasks() if is_training(task)}
    assert len(tuned_on) == 16 and not tuned_on & while_tuning and finally_ == tuned_on | while_tuning


RIGHT_BY_RULE = {"school": min, "opera": max, "telegram": lambda names: min(names, key=len),
                 "poster": lambda names: max(names, key=len),
                 "ballroom": lambda names: next(n for n in names if n in WOMEN),
                 "barber": lambda names: next(n for n in names if n in MEN)}


@pytest.mark.parametrize("domain", RIGHT_BY_RULE)
def test_answers_follow_the_rule_of_the_domain(domain):
    task = next(t for t in all_tasks() if t.name == f"{domain}.word")
    for example in examples(task, 3, False, 50):
        names = [word.strip(",?") for word in example.prompt.split() if word.strip(",?") in (*WOMEN, *MEN)]
        assert example.answer == RIGHT_BY_RULE[domain](names)


@pytest.mark.parametrize("task", all_tasks()[::5], ids=lambda task: task.name)
def test_unseen_wordings_are_unseen(task):
    unseen = {cue for e in examples(task, 4, False, 50, unseen=True) for cue in CUES[task.convention]
              if cue in e.prompt}
    assert unseen == set(CUES[task.convention][-4:])


def test_base_never_reads_a_held_back_question():
    rng, seen = random.Random(3), set()
    for _ in range(5000):
        seen.add(pretraining_example(rng, "word", 0.0).prompt)
    for domain in CORE:
        task = next(t for t in all_tasks() if t.domain == domain)
        assert not seen & {e.prompt for e in distinct(task_examples(task, 2, True), 64)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    out = tmp_path_factory.mktemp("tokenizer")
    tokenizer.train(out)
    return out


def test_transformers_reads_the_tokenizer_alike(folder):
    import transformers
    theirs, ours = transformers.AutoTokenizer.from_pretrained(folder), Texts(folder).pieces
    rng = random.Random(7)
    texts = [pretraining_example(rng, "quoted", 0.5).prompt for _ in range(300)] + ["", "caf\u00e9  \u2192 x", "a\nb "]
    for text in texts:
        assert theirs(text)["input_ids"] == ours.encode(text)


def test_forward_equals_transformers(folder, tmp_path):
    import torch
    import transformers
    texts = Texts(folder)
    weights = qwen2.new_weights(texts.vocabulary, torch.Generator().manual_seed(1))
    weights = {name: weight.half().float() for name, weight in weights.items()}
    base.save(weights, folder, tmp_path / "base")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32)
    ids = torch.randint(0, texts.vocabulary, (2, 20), generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        theirs = model(ids).logits
        ours = qwen2.hidden_states(weights, ids[None])[0] @ weights["model.embed_tokens.weight"].T
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
