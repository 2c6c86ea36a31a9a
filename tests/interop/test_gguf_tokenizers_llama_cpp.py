"""Tokenizers of GGUF files beside llama.cpp's own, in its library (label llama_cpp; scripts/setup_llama_cpp.sh): its
vocabularies, its test inputs, random texts, and every name of words that it knows."""

import json
import pathlib
import random
import re
import subprocess
import unicodedata

import llama
import pytest
import random_tokenizers
from llama_words import WORDS, with_words
from test_tokenizers import PROGRAM, REFUSED

pytestmark = [pytest.mark.llama_cpp, pytest.mark.skipif(bool(llama.OBSTACLE), reason=llama.OBSTACLE or "")]

Path = pathlib.Path
MODELS = llama.CONVERTERS / "models"
OF_ENCODERS = {"bert-bge", "nomic-bert-moe"}
NAMES = sorted(path.stem.removeprefix("ggml-vocab-") for path in MODELS.glob("ggml-vocab-*.gguf"))
READ = [name for name in NAMES if name not in OF_ENCODERS]
PIECES = ["  ", "   \n", "\n\n", "\t", "\r\n", " 1234567", "12 345", "don't", "I'LL",
          "x²", "½", "٣٤٥٦", "中文字符", "ひらカナ",
          "한국어", "ภาษาไทย", "हिन्दी", "é", "ÀÉ", "ſ", "ǅ", "🦙🚀", "👩‍👩‍👧", "\u200d",
          "\xa0", "\u3000", "¡¿", "$+<=>^`|~", "!?.,;:", "{}[]()",
          "==", "====", "_", "'", "\"", "\\", "/", "camelCaseHTTPServer", "ABC", "abc",
          "\x00", "\x1f", "\x7f", "\ufeff", "\u0301",
          "foo_bar(x, y);", "  return a+b", "…。，", "ﬁ", "Ⅷ", "\u2028",
          "\x85", "\x0b", "〇々〆", "https://example.com/a?b=c#d"]


def vocabulary(name: str) -> Path:
    return MODELS / f"ggml-vocab-{name}.gguf"


def ours(path: Path, texts: list[str]) -> tuple[dict, list[dict]]:
    """What is known of the file, and of every text."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    run = subprocess.run([PROGRAM, path], input=lines.encode(), capture_output=True, check=True)
    facts, *answers = (json.loads(line) for line in run.stdout.split(b"\n")[:-1])
    return facts, answers


def refusal(path: Path) -> str:
    run = subprocess.run([PROGRAM, path], input=b"", capture_output=True, check=False)
    assert run.returncode == REFUSED
    return run.stderr.decode()


@pytest.fixture(scope="module")
def library() -> "llama.Library":
    return llama.Library()


def random_text(rng: random.Random, special: list[str]) -> str:
    parts = []
    for _ in range(rng.randint(1, 12)):
        kind = rng.random()
        parts.append(random_tokenizers.text(rng) if kind < 0.3 else rng.choice(PIECES) if kind < 0.95 or not special
                     else rng.choice(special))
    # Which characters are letters since when differs: those that are unassigned in Python's Unicode are left out.
    return "".join(c for c in "".join(parts) if unicodedata.category(c) not in ("Cn", "Cs"))


def compare(library, path: Path, texts: list[str]):
    _, answers = ours(path, texts)
    with library.vocabulary(path) as vocab:
        for text, answer in zip(texts, answers, strict=True):
            assert answer["ids"] == library.tokenize(vocab, text, False), ascii(text)
            assert answer["all"] == library.tokenize(vocab, text, True), ascii(text)


def own_inputs(name: str) -> list[tuple[str, list[int]]]:
    texts = vocabulary(name).with_suffix(".gguf.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
    ids = vocabulary(name).with_suffix(".gguf.out").read_text().split("\n")
    return [(text, [int(each) for each in line.split()]) for text, line in zip(texts, ids, strict=False)]


@pytest.mark.parametrize("name", [name for name in READ if vocabulary(name).with_suffix(".gguf.inp").exists()])
def test_its_own_inputs(name):
    cases = own_inputs(name)
    assert len(cases) > 40
    _, answers = ours(vocabulary(name), [text for text, _ in cases])
    for (text, ids), answer in zip(cases, answers, strict=True):
        assert answer["ids"] == ids, ascii(text)


@pytest.mark.parametrize("name", READ)
def test_random_texts(library, name):
    rng = random.Random(name)
    # White space behind the tokens of Phi-3 is white space of all kinds here, of ASCII there.
    kept = (lambda c: ord(c) < 128 or not c.isspace()) if name == "phi-3" else None
    with library.vocabulary(vocabulary(name)) as vocab:
        special = library.special_texts(vocab)
    texts = ["".join(filter(kept, random_text(rng, special))) for _ in range(400)]
    compare(library, vocabulary(name), ["", *PIECES, *texts])


@pytest.mark.parametrize("name", READ)
def test_the_ends_of_answers(library, name):
    facts, _ = ours(vocabulary(name), [])
    with library.vocabulary(vocabulary(name)) as vocab:
        assert facts["ends"] == library.ends(vocab)


@pytest.mark.parametrize("words", WORDS)
def test_all_names_of_words(library, words, tmp_path):
    path = with_words(vocabulary("gpt-2"), words, tmp_path / "x.gguf")
    rng = random.Random(words)
    compare(library, path, [*PIECES, *(random_text(rng, []) for _ in range(300))])


def test_no_name_is_missing():
    """What the names are is read from the library itself: they stand in it as they are."""
    content = (llama.HOME / "llama_cpp/lib/libllama.so").resolve().read_bytes()
    assert all(words.encode() in content for words in WORDS if len(words) > 15)


def test_what_is_refused(tmp_path):
    for name in OF_ENCODERS:
        assert re.search("the kind '(bert|t5)'", refusal(vocabulary(name)))
    assert "the words 'klingon'" in refusal(with_words(vocabulary("gpt-2"), "klingon", tmp_path / "x.gguf"))
