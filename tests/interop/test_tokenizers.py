"""tokenizer.json as the library `tokenizers` reads it: the same ids and texts, of random ones with all components and
of MiniLM's."""

import collections
import functools
import json
import os
import pathlib
import random
import subprocess

import pytest
import random_tokenizers
from tokenizers import Tokenizer

PROGRAM = pathlib.Path(os.environ.get("DND_BIN", "build/bin/dnd")).absolute().with_name("tokenize_lines")
REFUSED = 65

# What we refuse, by name, and the library takes; each is rare.
STRICTER = ["(?i) on"]  # letters that one character is equal to: ss and ß


def quiet(call):
    """None where the library fails. It prints what it panics about, and panics are no Exceptions."""
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        return call()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return None
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


def reference(path: pathlib.Path, texts: list[str]) -> list[dict] | None:
    """None: refused."""
    tokenizer = quiet(lambda: Tokenizer.from_file(str(path)))
    if tokenizer is None:
        return None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [answer(tokenizer, text) for text in texts]


def answer(tokenizer: Tokenizer, text: str) -> dict:
    ids = quiet(lambda: tokenizer.encode(text).ids)

    def decoded(skip):
        return None if ids is None else quiet(lambda: tokenizer.decode(ids, skip_special_tokens=skip))

    return {
        "ids": quiet(lambda: tokenizer.encode(text, add_special_tokens=False).ids),
        "all": ids,
        "text": decoded(False),
        "plain": decoded(True),
    }


def ours(path: pathlib.Path, texts: list[str]) -> tuple[list[dict] | None, str]:
    """What the library's reference() gives, and why it was refused."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    run = subprocess.run([PROGRAM, path], input=lines.encode(), capture_output=True, check=False)
    if run.returncode == REFUSED:
        return None, run.stderr.decode()
    assert run.returncode == 0, run.stderr
    return [json.loads(line) for line in run.stdout.split(b"\n")[:-1]], ""


def is_ill_defined(document: dict) -> bool:
    """Two added tokens with one normalised form: the library takes either, by chance. One with none: it cuts texts
    between bytes."""
    if document["normalizer"] is None:
        return False
    bare = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": document["normalizer"],
        "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""},
    }
    tokenizer = quiet(lambda: Tokenizer.from_str(json.dumps(bare)))
    if tokenizer is None:
        return False
    normalize = tokenizer.normalizer.normalize_str
    forms = [
        quiet(functools.partial(normalize, token["content"]))
        for token in document["added_tokens"]
        if token["normalized"]
    ]
    return len(set(forms)) < len(forms) or "" in forms


def compare(path: pathlib.Path, texts: list[str]) -> str:
    expected = reference(path, texts)
    got, reason = ours(path, texts)
    if got is None:
        if expected is None or all(each["ids"] is None for each, text in zip(expected, texts, strict=True) if text):
            return "refused by both"
        assert any(rule in reason for rule in STRICTER), reason
        return "refused by us"
    assert expected is not None, "the library refuses"
    for text, theirs, mine in zip(texts, expected, got, strict=True):
        assert mine == theirs, ascii(text)
    return "same"


def sweep(seeds: range, folder: pathlib.Path, texts_each: int) -> collections.Counter:
    path, verdicts = folder / "tokenizer.json", collections.Counter()
    for seed in seeds:
        rng = random.Random(seed)
        document = random_tokenizers.document(rng)
        if is_ill_defined(document):
            continue
        path.write_text(json.dumps(document))
        try:
            verdicts[compare(path, [random_tokenizers.text(rng) for _ in range(texts_each)])] += 1
        except AssertionError as error:
            parts = {key: value for key, value in document.items() if key != "model"}
            raise AssertionError(f"seed {seed}: {error}\n{json.dumps(parts)[:2000]}") from error
    return verdicts


def check(verdicts: collections.Counter) -> None:
    print(dict(verdicts))
    assert verdicts["same"] > 0.9 * verdicts.total()
    assert verdicts["refused by us"] < 0.01 * verdicts.total() + 2


def test_random_tokenizers(tmp_path):
    check(sweep(range(200), tmp_path, 20))


@pytest.mark.slow
def test_many_random_tokenizers(tmp_path):
    check(sweep(range(1000, 3500), tmp_path, 50))


def test_scores_of_which_the_last_bit_decides(tmp_path):
    """The same pieces in another order have the same sum but for rounding."""
    rng, path = random.Random(0), tmp_path / "tokenizer.json"
    for _ in range(100):
        vocab = [[token, -rng.uniform(6, 12)] for token in ("?", "0", "00", "000", "1", "01")]
        bare = dict.fromkeys(("normalizer", "pre_tokenizer", "post_processor", "decoder"))
        document = {"version": "1.0", "added_tokens": [], **bare}
        document["model"] = {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": vocab}
        path.write_text(json.dumps(document))
        texts = ["".join(rng.choices("01", (8, 1), k=rng.randint(3, 30))) for _ in range(20)]
        assert compare(path, texts) == "same"


def test_minilm(minilm_dir):
    rng = random.Random(1)
    assert compare(minilm_dir / "tokenizer.json", [random_tokenizers.text(rng) for _ in range(2000)]) == "same"


@pytest.mark.slow
def test_minilm_on_many_texts(minilm_dir):
    rng = random.Random(2)
    assert compare(minilm_dir / "tokenizer.json", [random_tokenizers.text(rng) for _ in range(20000)]) == "same"
