"""`dnd eval` against transformers and peft: the same answers, the same accuracies."""

import json
import pathlib

import peft
import pytest
import sentencepiece
import torch
import transformers
from eval_crosscheck import Judge, crosscheck, stops_of
from make_official_checkpoint import Architecture
from tiny_models import NANO_MODULES, TEXTS, write_prompts

Path = pathlib.Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT / "models/default"
TRAIN = ["golf.letter", "golf.number", "chess.letter"]
HELD_OUT = ["chess.number", "tennis.letter"]
STOPS = {"tennis.letter": ["e", " th"]}  # of tasks that have their own
MAX_TOKENS = 6
ARCHITECTURE = Architecture(3, [(4, 20, 32), (8, 9, 11), (70, 6, 14)])


def write_tokenizer(folder: Path) -> int:
    """A Llama-type SentencePiece tokenizer; its size."""
    with open(folder / "tokenizer.model", "wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(TEXTS * 20), model_writer=file, vocab_size=440, model_type="bpe", byte_fallback=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, hard_vocab_limit=False, minloglevel=2)
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "LlamaTokenizer", "add_bos_token": False, "bos_token": "<s>", "eos_token": "</s>"}))
    return sentencepiece.SentencePieceProcessor(str(folder / "tokenizer.model")).get_piece_size()


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    size = write_tokenizer(folder)
    torch.manual_seed(3)
    transformers.Qwen2ForCausalLM(transformers.Qwen2Config(
        vocab_size=size, hidden_size=24, intermediate_size=60, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=128, initializer_range=0.3, bos_token_id=1,
        eos_token_id=2)).save_pretrained(folder)
    return folder


def write_adapter(base: Path, folder: Path, seed: int) -> None:
    """A random adapter that changes most answers."""
    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=[name.split(".")[1] for name, _, _ in NANO_MODULES])
    model = peft.get_peft_model(transformers.AutoModelForCausalLM.from_pretrained(base), config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    model.save_pretrained(folder)


def mixed_questions(base: Path, own: Path, stops: list[str]) -> list[dict]:
    """Right answers are the base's for the first half, the own adapter's for the second: neither gets all or none."""
    judge = Judge(base, MAX_TOKENS)
    prompts = [f"{text} Question {number}:" for number in range(3) for text in TEXTS]
    said = list(zip(prompts, judge.answers(None, prompts, stops), judge.answers(own, prompts, stops), strict=True))
    usable = [row for row in said if row[1] and row[2]]
    assert len(usable) >= 8
    return [{"prompt": prompt, "answer": before if i < len(usable) // 2 else after}
            for i, (prompt, before, after) in enumerate(usable)]


@pytest.fixture(scope="module")
def tasks(base, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    document: dict = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": []}
    for number, name in enumerate(TRAIN + HELD_OUT):
        write_prompts(folder / f"{name}.jsonl", [f"{name}: {text}" for text in TEXTS])
        for step in range(2):
            write_adapter(base, folder / name / f"step{step}", seed=10 * number + step)
        task = {"name": name, "prompts": f"{name}.jsonl", "adapters": name}
        if name in TRAIN:
            document["train"].append(task)
            continue
        if name in STOPS:
            task["stop"] = STOPS[name]
        questions = mixed_questions(base, folder / name / "step1", stops_of(task))
        (folder / f"{name}.test.jsonl").write_text("".join(json.dumps(q) + "\n" for q in questions))
        document["held_out"].append({**task, "test": f"{name}.test.jsonl"})
    (folder / "tasks.json").write_text(json.dumps(document))
    return folder / "tasks.json"


@pytest.fixture(scope="module")
def bundle(dnd, layout_file, tmp_path_factory) -> Path:
    return dnd.new(tmp_path_factory.mktemp("generator") / "nano", layout_file, ARCHITECTURE, "tiny-bert")


def shares(document: dict, row_id: str) -> dict[str, float]:
    (outcome,) = document["models"]
    (row,) = [row for row in outcome["behaviour"]["rows"]
              if row["id"] == row_id and (row["set"], row["over_draws"]) == ("test", "mean")]
    return {name: cell["accuracy"] for name, cell in row["tasks"].items()}


def answers(document: dict, row_id: str) -> dict[str, list[str]]:
    """Of the first draw, without white space at both ends."""
    (row,) = [row for row in document["models"][0]["behaviour"]["rows"]
              if row["id"] == row_id and (row["set"], row["over_draws"]) == ("test", "mean")]
    return {name: [answer.strip() for answer in cell["answers"][0]] for name, cell in row["tasks"].items()}


def accuracies(results: dict) -> dict[str, float]:
    return {name: result["accuracy"] for name, result in results.items()}


def test_accuracies_are_those_of_transformers_and_peft(dnd, bundle, base, tasks, tmp_path):
    document = json.loads(dnd.run("eval", "--json", "--model", bundle, "--tasks", tasks, "--base", base, "--draws", 1,
                                  "--max-tokens", MAX_TOKENS))
    given = {}
    for name in HELD_OUT:
        prompts = tasks.parent / f"{name}.jsonl"
        given[name] = dnd.generate(bundle, prompts, tmp_path / name, "f32", "--variants", 1) / "v000"
    expected = crosscheck(tasks, base, 0, MAX_TOKENS, given)
    assert all(0.2 < accuracy < 0.8 for accuracy in accuracies(expected["base"]).values())
    assert all(0.2 < accuracy < 0.8 for accuracy in accuracies(expected["own_adapter"]).values())
    assert shares(document, "base") == accuracies(expected["base"])
    assert shares(document, "own_adapter") == accuracies(expected["own_adapter"])
    assert shares(document, "generated") == accuracies(expected["given"])
    for row, name in (("base", "base"), ("own_adapter", "own_adapter"), ("generated", "given")):
        assert answers(document, row) == {task: result["answers"] for task, result in expected[name].items()}


@pytest.mark.parametrize("name", HELD_OUT[:1])
def test_shown_answers_are_those_of_transformers(dnd, bundle, base, tasks, name):
    shown = json.loads(dnd.run("eval", "--json", "--model", bundle, "--tasks", tasks, "--base", base, "--show", name,
                               "--limit", 1000, "--max-tokens", MAX_TOKENS))
    expected = crosscheck(tasks, base, 0, MAX_TOKENS)["base"][name]
    assert [question["base"] for question in shown["questions"]] == expected["answers"]
    assert shown["base_right"] == round(expected["accuracy"] * len(shown["questions"]))


def test_outputs(dnd, bundle, base, tasks, tmp_path):
    arguments = ("eval", "--model", bundle, "--tasks", tasks, "--base", base, "--max-tokens", MAX_TOKENS, "--draws", 2)
    table = dnd.run(*arguments, "--out", tmp_path / "out", "--threads", 1)
    assert {file.name for file in (tmp_path / "out").iterdir()} == {"results.json", "table.md", "results.svg"}
    assert "generated, another task's prompts" in table and "best single training adapter" in table
    assert dnd.run(*arguments, "--threads", 2) == table


def test_the_default_model(dnd, tmp_path):
    """Base and generated adapters of the shipped model on the first questions of its first held-out tasks."""
    if not (DEFAULT / "base").is_dir():
        pytest.skip("models/default is not there: scripts/default_model makes it")
    document: dict = {"format": "dnd-tasks", "version": 1, "held_out": []}
    given = {}
    for folder in sorted(path.parent for path in (DEFAULT / "tasks").glob("*/test.jsonl"))[:3]:
        prompts = folder / "prompts.jsonl"
        document["held_out"].append({"name": folder.name, "prompts": str(prompts), "test": str(folder / "test.jsonl")})
        given[folder.name] = dnd.generate(DEFAULT / "generator", prompts, tmp_path / folder.name, "f32",
                                          "--variants", 1) / "v000"
    (tmp_path / "tasks.json").write_text(json.dumps(document))
    measured = json.loads(dnd.run("eval", "--json", "--model", DEFAULT / "generator",
                                  "--tasks", tmp_path / "tasks.json", "--base", DEFAULT / "base", "--draws", 1,
                                  "--questions", 24))
    expected = crosscheck(tmp_path / "tasks.json", DEFAULT / "base", 24, 32, given)
    assert shares(measured, "base") == accuracies(expected["base"])
    assert shares(measured, "generated") == accuracies(expected["given"])
