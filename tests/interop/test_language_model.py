"""The native forward of base models against transformers + peft: logits, greedy answers, scores, ids."""

import json
import math
import random

import bases
import lm_bases
import pytest
import sentencepiece
import tokenizers
import torch
import transformers
from bases import VARIANTS, Base, text
from lm_bases import GEMMA2, GEMMA3, MODELS, ORIGINAL, WITHOUT, longrope
from safetensors.torch import load_file, save_file

T = transformers
WORDS = """the quick brown fox jumps over lazy dog question answer letter yes no red blue green Paris is a capital of
France water animals compare numbers left right or and by""".split()
IDS = random.Random(3).choices(range(bases.VOCABULARY), k=48)


def run(dnd, adapter, base, *options) -> dict:
    return json.loads(dnd.run("verify", adapter, "--base", base, "--run", "--json", *options))["run"]


def native_logits(dnd, adapter, base, folder, ids=IDS) -> dict[str, torch.Tensor]:
    run(dnd, adapter, base, "--ids", ",".join(map(str, ids)), "--logits-out", folder / "logits.safetensors")
    return load_file(folder / "logits.safetensors")


# Of the largest logit. The one adapter is as large as the weights: there transformers is 1.5e-5 from its own fp64.
TOLERANCE = dict.fromkeys(VARIANTS, 1e-5) | {"both-patterns": 4e-5}


def assert_equal(found: torch.Tensor, expected: torch.Tensor, tolerance: float):
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < tolerance * expected.abs().max()


def check_logits(dnd, base: Base, folder, model=None, variant="plain", ids=IDS):
    """`folder` / base holds the base; the reference is `model` or the base's own."""
    adapted = bases.write_adapter(base, VARIANTS[variant], folder / "adapter")
    found = native_logits(dnd, folder / "adapter", folder / "base", folder, ids)
    ids = torch.tensor([ids])
    with adapted.disable_adapter():
        assert_equal(found["base"], (model or adapted)(ids).logits[0], TOLERANCE["plain"])
    if model is None:
        assert_equal(found["adapted"], adapted(ids).logits[0], TOLERANCE[variant])


@pytest.mark.parametrize("name", MODELS)
def test_logits(dnd, name, tmp_path):
    bases.write_base(MODELS[name], tmp_path / "base")
    check_logits(dnd, MODELS[name], tmp_path)


@pytest.mark.parametrize("name, changes", [each for part in WITHOUT.values() for each in part], ids=str)
def test_each_part_moves_the_logits(name, changes):
    """By ten times what test_logits allows, so that it can tell a part that is left out."""
    model = MODELS[name].model()
    config = type(model.config).from_dict({**model.config.to_dict(), **changes})
    config._attn_implementation = "eager"
    other = type(model)(config).eval()
    other.load_state_dict(model.state_dict())
    ids = torch.tensor([IDS])
    expected = model(ids).logits[0]
    assert (other(ids).logits[0] - expected).abs().max() > 1e-4 * expected.abs().max()


@pytest.mark.parametrize("length", [ORIGINAL, ORIGINAL + 1])
def test_the_length_that_changes_frequencies(dnd, length, tmp_path):
    bases.write_base(MODELS["phi3-long"], tmp_path / "base")
    check_logits(dnd, MODELS["phi3-long"], tmp_path, ids=IDS[:length])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", ["phi3-long", "gemma3-with-vision"])
def test_adapters_of_fused_and_inner_layers(dnd, name, variant, tmp_path):
    bases.write_base(MODELS[name], tmp_path / "base")
    check_logits(dnd, MODELS[name], tmp_path, variant=variant)


@pytest.mark.parametrize("variant", VARIANTS)
def test_adapters_of_every_scale(dnd, variant, tmp_path):
    bases.write_base(MODELS["qwen2"], tmp_path / "base")
    check_logits(dnd, MODELS["qwen2"], tmp_path, variant=variant)


@pytest.mark.parametrize("name", ["qwen2", "llama-tied"])
def test_shards(dnd, name, tmp_path):
    MODELS[name].model().save_pretrained(tmp_path / "base", max_shard_size="40KB")
    assert (tmp_path / "base/model.safetensors.index.json").exists()
    check_logits(dnd, MODELS[name], tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["qwen2", "gemma2"])
def test_short_weights_are_computed_in_fp32(dnd, name, dtype, tmp_path):
    MODELS[name].model().to(dtype).save_pretrained(tmp_path / "base")
    reference = T.AutoModelForCausalLM.from_pretrained(tmp_path / "base", dtype=torch.float32,
                                                       attn_implementation="eager").eval()
    check_logits(dnd, MODELS[name], tmp_path, model=reference)


def test_configs_as_transformers_4_wrote_them(dnd, tmp_path):
    base = MODELS["llama-llama3-rope"]
    bases.write_base(base, tmp_path / "base")
    path = tmp_path / "base/config.json"
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    path.write_text(json.dumps(config | {"rope_scaling": rope}))
    check_logits(dnd, base, tmp_path)


EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"
TIES = {
    "both, different": lambda tensors: None,
    "both, the same": lambda tensors: tensors.update({HEAD: tensors[EMBEDDING].clone()}),
    "no head": lambda tensors: tensors.pop(HEAD),
    "no embedding": lambda tensors: tensors.pop(EMBEDDING),
}


def write_tie(folder, tied: bool, edit) -> None:
    """A base with weights of its own for embedding and head, whose config says `tied` afterwards."""
    MODELS["llama"].model().save_pretrained(folder)
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"tie_word_embeddings": tied}))


@pytest.mark.parametrize("edit", TIES)
def test_what_a_tied_config_makes_of_the_files(dnd, edit, tmp_path):
    write_tie(tmp_path / "base", True, TIES[edit])
    reference = T.AutoModelForCausalLM.from_pretrained(tmp_path / "base", attn_implementation="eager").eval()
    check_logits(dnd, MODELS["llama"], tmp_path, model=reference)


@pytest.mark.parametrize("edit, name", [("no head", HEAD), ("no embedding", EMBEDDING)])
def test_what_is_missing_under_a_config_that_is_not_tied(dnd, edit, name, tmp_path):
    """transformers makes it up, with a warning."""
    write_tie(tmp_path / "base", False, TIES[edit])
    bases.write_adapter(MODELS["llama"], VARIANTS["plain"], tmp_path / "adapter")
    tried = dnd.attempt("verify", tmp_path / "adapter", "--base", tmp_path / "base", "--run", "--ids", "1,2")
    assert tried.returncode != 0
    assert f"no tensor '{name}'" in tried.stderr


# Texts: a SentencePiece tokenizer trained here.

PIECES = 420

def train_tokenizer(folder):
    rng = random.Random(0)
    (folder / "corpus.txt").write_text("".join(
        " ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))) + rng.choice([".", "?", " (a)", " 1/2"]) + "\n"
        for _ in range(2000)))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "corpus.txt"), model_prefix=str(folder / "tokenizer"), vocab_size=PIECES, model_type="bpe",
        byte_fallback=True, normalization_rule_name="identity", remove_extra_whitespaces=False, minloglevel=2)


TEXT_MODELS = {
    "qwen2": ("qwen2", {}),
    "llama-tied": ("llama", {"tie_word_embeddings": True}),
    "mistral": ("mistral", {"sliding_window": 8}),
    "gemma2": ("gemma2", GEMMA2),
    "gemma3": ("gemma3", GEMMA3),
    "phi3": ("phi3", {"original_max_position_embeddings": 24, "rope_parameters": longrope(8)}),
    "smollm3": ("smollm3", {"no_rope_layers": [1, 0]}),
}


def write_with_text(name: str, folder):
    """A base and an adapter, random, that take texts; the adapted model; its tokenizer."""
    (folder / "base").mkdir()
    train_tokenizer(folder / "base")
    (folder / "base/tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": "LlamaTokenizer", "add_bos_token": name != "qwen2", "add_eos_token": False}))
    family, sizes = TEXT_MODELS[name]
    base = lm_bases.model(family, **{"tie_word_embeddings": False, **sizes, "vocab_size": PIECES,
                                     "pad_token_id": None})
    bases.write_base(base, folder / "base")
    model = bases.write_adapter(base, VARIANTS["plain"], folder / "adapter")
    return folder, model, T.LlamaTokenizer.from_pretrained(folder / "base")


@pytest.fixture(scope="module", params=["qwen2", "llama-tied"])
def with_text(request, tmp_path_factory):
    return write_with_text(request.param, tmp_path_factory.mktemp("text"))


TEXTS = ["the quick brown fox", "Question: is water red or blue? Answer:", " two  spaces", "a\nb\tc",
         "ü € 😀 中文 e\u0301 ﬁ", "</s>the <s> fox</s>", "\u2581the", "x \u200b\ufeff\u00a0 y", "<0x0A>",
         "UPPER 3.14159", "?"]


def generate(model, tokenizer, prompt: str, count: int) -> str:
    """The answer up to its first line break, which in these models is a piece of its own."""
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=count, do_sample=False)
    answer = out[0, ids.shape[1]:].tolist()
    line_break = tokenizer.convert_tokens_to_ids("<0x0A>")
    if line_break in answer:
        answer = answer[:answer.index(line_break)]
    space = tokenizer.convert_tokens_to_ids("\u2581")  # decoding takes one from the front
    return tokenizer.decode([space, *answer], skip_special_tokens=True)


@pytest.mark.parametrize("prompt", TEXTS)
def test_ids_and_answers_are_those_of_transformers(dnd, with_text, prompt):
    folder, model, tokenizer = with_text
    found = run(dnd, folder / "adapter", folder / "base", "--prompt", prompt, "--max-tokens", 24)
    assert found["ids"] == tokenizer(prompt)["input_ids"]
    assert found["adapted_answer"] == generate(model, tokenizer, prompt, 24)
    with model.disable_adapter():
        assert found["base_answer"] == generate(model, tokenizer, prompt, 24)


@pytest.mark.parametrize("name", ["mistral", "gemma2", "gemma3", "phi3", "smollm3"])
def test_answers_past_a_window(dnd, name, tmp_path):
    """And past the length at which Phi-3's frequencies change."""
    folder, model, tokenizer = write_with_text(name, tmp_path)
    found = run(dnd, folder / "adapter", folder / "base", "--prompt", TEXTS[0], "--max-tokens", 64)
    assert len(tokenizer.tokenize(found["adapted_answer"])) > 24
    assert found["adapted_answer"] == generate(model, tokenizer, TEXTS[0], 64)
    with model.disable_adapter():
        assert found["base_answer"] == generate(model, tokenizer, TEXTS[0], 64)


@pytest.mark.parametrize("answer", [" yes", " the answer is 1/2", " 😀"])
def test_scores_are_sums_of_log_probabilities(dnd, with_text, answer):
    folder, model, tokenizer = with_text
    prompt = TEXTS[1]
    found = run(dnd, folder / "adapter", folder / "base", "--prompt", prompt, "--answer", answer)
    whole = tokenizer(prompt + answer, return_tensors="pt")["input_ids"]
    start = len(tokenizer(prompt)["input_ids"])

    def score() -> float:
        log_probabilities = model(whole).logits[0].double().log_softmax(-1)
        return sum(log_probabilities[i - 1, whole[0, i]].item() for i in range(start, whole.shape[1]))

    assert math.isclose(found["adapted_log_probability"], score(), rel_tol=1e-6)
    with model.disable_adapter():
        assert math.isclose(found["base_log_probability"], score(), rel_tol=1e-6)


# The same with a tokenizer.json: bytes of UTF-8, and words of this class's own.

@pytest.fixture(scope="module", params=["PreTrainedTokenizerFast", "Qwen2Tokenizer", "LlamaTokenizerFast"])
def with_tokenizer_json(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("json")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, tokenizers.trainers.BpeTrainer(
        vocab_size=330, special_tokens=["<|endoftext|>", "<|im_end|>"], show_progress=False,
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    base = Base("qwen2", text(T.Qwen2Config, T.Qwen2ForCausalLM, vocab_size=PIECES, pad_token_id=None, eos_token_id=1))
    if request.param == "LlamaTokenizerFast":
        base = Base("llama", text(T.LlamaConfig, T.LlamaForCausalLM, vocab_size=PIECES, pad_token_id=None,
                                  eos_token_id=1))
    bases.write_base(base, folder / "base")
    tokenizer.save(str(folder / "base/tokenizer.json"))
    (folder / "base/tokenizer_config.json").write_text(json.dumps(
        {"tokenizer_class": request.param, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
         "added_tokens_decoder": {"331": {"content": "<s>", "special": True, "normalized": False}}}))
    model = bases.write_adapter(base, VARIANTS["plain"], folder / "adapter")
    return folder, model, T.AutoTokenizer.from_pretrained(folder / "base")


@pytest.mark.parametrize("prompt", [*TEXTS, "<|im_end|>the fox<|endoftext|>"])
def test_ids_and_answers_with_a_tokenizer_json(dnd, with_tokenizer_json, prompt):
    folder, model, tokenizer = with_tokenizer_json
    found = run(dnd, folder / "adapter", folder / "base", "--prompt", prompt, "--max-tokens", 24)
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    assert found["ids"] == ids[0].tolist()
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=24, do_sample=False)
    answer = tokenizer.decode(out[0, ids.shape[1]:], skip_special_tokens=True)
    assert found["adapted_answer"] == answer.split("\n")[0]
