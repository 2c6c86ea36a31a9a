"""A base model's tokenizer as transformers loads it: AutoTokenizer over folders with random settings."""

import collections
import json
import pathlib
import random
import shutil
import subprocess

import pytest
import random_folders
import transformers
from test_tokenizers import PROGRAM, REFUSED, quiet

transformers.logging.set_verbosity(transformers.logging.CRITICAL)


def reference(folder: pathlib.Path, texts: list[str]) -> list[dict] | None:
    """None: refused."""
    tokenizer = quiet(lambda: transformers.AutoTokenizer.from_pretrained(folder))
    if tokenizer is None:
        return None
    names = [name for name, token in tokenizer._special_tokens_map.items() if token is not None]
    templates = tokenizer.chat_template or {}
    facts = {
        "special_tokens": {name: [str(tokenizer._special_tokens_map[name]),
                                  tokenizer.backend_tokenizer.token_to_id(str(tokenizer._special_tokens_map[name]))]
                           for name in names},
        "chat_templates": {"default": templates} if isinstance(templates, str) else templates,
    }
    return [facts, *(answer(tokenizer, text) for text in texts)]


def answer(tokenizer, text: str) -> dict:
    ids = quiet(lambda: tokenizer(text)["input_ids"])

    def decoded(skip):
        return None if ids is None else quiet(lambda: tokenizer.decode(ids, skip_special_tokens=skip))

    return {"ids": quiet(lambda: tokenizer(text, add_special_tokens=False)["input_ids"]), "all": ids,
            "text": decoded(False), "plain": decoded(True)}


def ours(folder: pathlib.Path, texts: list[str]) -> tuple[list[dict] | None, str]:
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    run = subprocess.run([PROGRAM, folder], input=lines.encode(), capture_output=True, check=False)
    if run.returncode == REFUSED:
        return None, run.stderr.decode()
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.split(b"\n")[:-1]], ""


def compare(folder: pathlib.Path, texts: list[str]) -> str:
    expected = reference(folder, texts)
    got, reason = ours(folder, texts)
    if expected is None:
        return "refused by both" if got is None else "refused by transformers"
    if got is None:  # transformers makes a tokenizer of the class of it, which has nothing to do with the file
        assert "the tokenizer_class of the folder has" in reason, reason
        return "of another kind"
    for text, theirs, mine in zip(["facts", *texts], expected, got, strict=True):
        assert mine == theirs, ascii(text)
    return "same"


def sweep(seeds: range, folder: pathlib.Path, texts_each: int) -> collections.Counter:
    verdicts = collections.Counter()
    for seed in seeds:
        rng = random.Random(seed)
        random_folders.write(rng, folder / "base")
        texts = [*random_folders.TEXTS, *(random_folders.text(rng) for _ in range(texts_each))]
        try:
            verdicts[compare(folder / "base", texts)] += 1
        except AssertionError as error:
            files = {path.name: path.read_text()[-1500:] for path in (folder / "base").glob("*.json")}
            raise AssertionError(f"seed {seed}: {error}\n{json.dumps(files, indent=1)}") from error
        shutil.rmtree(folder / "base")
    return verdicts


def check(verdicts: collections.Counter) -> None:
    print(dict(verdicts))
    assert verdicts["same"] > 0.8 * verdicts.total()
    assert verdicts["refused by transformers"] < 0.01 * verdicts.total() + 2


def test_random_folders(tmp_path):
    check(sweep(range(150), tmp_path, 5))


@pytest.mark.slow
def test_many_random_folders(tmp_path):
    check(sweep(range(10_000, 12_500), tmp_path, 10))


def write_folder(folder: pathlib.Path, document: dict, settings: dict, config: dict) -> pathlib.Path:
    folder.mkdir()
    for name, content in (("tokenizer", document), ("tokenizer_config", settings), ("config", config)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def large_document(pre_tokenizer: dict) -> dict:
    words = [*"abcXYZ .,!0123456789/\n", "ab", "bX", "Ġ", *(f"word{i}" for i in range(100_001))]
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
            "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None,
            "model": {"type": "WordPiece", "unk_token": "b", "continuing_subword_prefix": "",
                      "max_input_chars_per_word": 100, "vocab": {word: i for i, word in enumerate(words)}}}


SEVERAL = {"type": "Sequence",
           "pretokenizers": [{"type": "Digits", "individual_digits": False}, {"type": "Whitespace"}]}
PIECES = {"type": "Metaspace", "replacement": "_", "prepend_scheme": "never", "split": False}


@pytest.mark.parametrize("config, words", [
    ({"model_type": "mistral"}, SEVERAL), ({"model_type": "mistral", "transformers_version": "4.57.1"}, PIECES),
    ({"model_type": "mistral", "transformers_version": "5.0.0"}, SEVERAL), ({"model_type": "llama"}, SEVERAL),
    ({}, {"type": "Whitespace"})])
def test_the_mended_words_of_mistral(config, words, tmp_path):
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "fix_mistral_regex": True}
    folder = write_folder(tmp_path / "base", large_document(words), settings, config)
    assert compare(folder, ["ab bX 12 .,", "aXb cc", "Xa0123 !/\n", "abX"]) == "same"


def test_an_added_token_whose_id_the_file_gives_to_another(tmp_path):
    """The special token keeps the flags that added_tokens.json gave it."""
    random_folders.write(random.Random(11_075), tmp_path / "base")
    assert compare(tmp_path / "base", ["<unk><pad><bos><eos>[UNK][PAD]", *random_folders.TEXTS]) == "same"


def test_folders_without_small_files(tmp_path):
    random_folders.write(random.Random(5), tmp_path / "base")
    for name in ("tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"):
        (tmp_path / "base" / name).unlink(missing_ok=True)
    assert compare(tmp_path / "base", random_folders.TEXTS) == "same"


@pytest.mark.parametrize("name", ["PreTrainedTokenizerFast", "XLMRobertaTokenizer"])
def test_scores_of_which_the_last_bit_decides(name, tmp_path):
    """The class gets them from Python's reader of numbers, the file as it is from the library's."""
    rng, folder = random.Random(0), tmp_path / "base"
    folder.mkdir()
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    vocab = [["<s>", 0.0], ["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -2.0]]
    bare = dict.fromkeys(("normalizer", "pre_tokenizer", "post_processor", "decoder"))
    for _ in range(30):
        pieces = [[piece, -rng.uniform(6, 12)] for piece in ("0", "00", "000", "1", "01")]
        model = {"type": "Unigram", "unk_id": 3, "byte_fallback": False, "vocab": vocab + pieces}
        document = {"version": "1.0", "added_tokens": [], **bare, "model": model}
        (folder / "tokenizer.json").write_text(json.dumps(document))
        texts = ["".join(rng.choices("01", (8, 1), k=rng.randint(3, 30))) for _ in range(20)]
        assert compare(folder, texts) == "same"
