"""Chat templates as transformers renders them: those of published models that come with llama.cpp, and random ones."""

import ast
import collections
import datetime
import json
import os
import pathlib
import random
import re
import subprocess

import pytest
import random_templates
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("DND_BIN", "build/bin/dnd")).absolute().with_name("render_lines")
FOLDER = ROOT / ".deps/jinja/templates"
TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}
NOW = 1753104645
BY_NAME = "(not supported here, or the template's own mistake)"


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)


@pytest.fixture(scope="module")
def tokenizer():
    saved, chat_template_utils.datetime = chat_template_utils.datetime, FixedTime
    yield PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({}, "")), **TOKENS)
    chat_template_utils.datetime = saved


class Renderer:
    """The program render_lines, one line at a time."""

    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, source: str, messages: list, add_generation_prompt: bool, variables: dict) -> tuple:
        line = {
            "source": source,
            "tokens": TOKENS,
            "messages": messages,
            "add_generation_prompt": add_generation_prompt,
            "variables": variables,
            "now": NOW,
        }
        self.process.stdin.write(json.dumps(line).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer.get("text"), answer.get("error")


@pytest.fixture(scope="module")
def render():
    renderer = Renderer()
    yield renderer
    renderer.process.stdin.close()
    assert renderer.process.wait() == 0


def embedded_templates() -> dict[str, str]:
    """Those that stand as C++ strings in a test of llama.cpp's. Adjacent strings and escapes are as in Python."""
    text = (FOLDER / "test-chat-template.cpp").read_text()
    found = re.findall(
        r'/\* \.name= \*/ "([^"]+)",\s*/\* \.template_str=? ?\*/\s*(?:U8C\()?((?:"(?:[^"\\]|\\.)*"\s*)+)\)?,', text
    )
    return {name: ast.literal_eval("(" + strings + ")") for name, strings in found}


def published() -> dict[str, str]:
    if not FOLDER.is_dir():
        return {}
    files = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.jinja"))}
    return files | embedded_templates()


PUBLISHED = published()


def user(text):
    return {"role": "user", "content": text}


def assistant(text):
    return {"role": "assistant", "content": text}


def system(text):
    return {"role": "system", "content": text}


CONVERSATIONS = [
    [user("Hello")],
    [system("Be short."), user("Hi")],
    [user("a"), assistant("b"), user("c")],
    [system("s"), user("a "), assistant(" b\n"), user("\n c")],
    [system("s"), user("a"), assistant("b"), user("c"), assistant("d"), user("e")],
    [user("ünï \u00a0"), assistant("日本 \u3000"), user("\u2003x\x1c")],
    [system("\u2003Ä's\u2003"), user('{{ x }} <|im_end|> "q" \\n')],
    [system(""), user("")],
    [user("a"), assistant("<think>\nt\n</think>\n\nans"), user("b")],
    [user("a"), assistant("b")],
    [user("q"), user("r")],
    [assistant("b"), user("a")],
]


def expected(tokenizer, source, messages, add_generation_prompt, variables) -> str | None:
    """None where the reference fails."""
    try:
        return tokenizer.apply_chat_template(
            messages,
            chat_template=source,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            **variables,
        )
    except Exception:
        return None


def verdict(tokenizer, render, *case) -> str:
    theirs = expected(tokenizer, *case)
    mine, error = render(*case)
    if theirs is None:
        assert error is not None, f"the reference fails, we say {mine!r}"
        return "refused by both"
    if error is not None:
        assert BY_NAME in error, error
        return "refused by us: " + error
    assert mine == theirs
    return "same"


def test_there_are_published_templates():
    assert len(PUBLISHED) > 95
    for family in ("SmolLM", "Qwen2.5", "Qwen3", "Llama-3.2", "gemma-2", "Mistral", "Phi-3", "phi-4", "DeepSeek"):
        assert any(family in name for name in PUBLISHED), family


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_template(tokenizer, render, name):
    counts = collections.Counter()
    for messages in CONVERSATIONS:
        for add_generation_prompt in (False, True):
            counts[verdict(tokenizer, render, PUBLISHED[name], messages, add_generation_prompt, {})] += 1
    assert set(counts) <= {"same", "refused by both"}, counts


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_template_without_thinking(tokenizer, render, name):
    for messages in CONVERSATIONS[:4]:
        case = (PUBLISHED[name], messages, True, {"enable_thinking": False})
        assert verdict(tokenizer, render, *case) in ("same", "refused by both")


def sweep(tokenizer, render, seeds: range) -> collections.Counter:
    counts = collections.Counter()
    for seed in seeds:
        rng = random.Random(seed)
        source = random_templates.template(rng)
        messages = rng.choice(CONVERSATIONS)
        try:
            result = verdict(tokenizer, render, source, messages, rng.random() < 0.5, random_templates.VARIABLES)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}\n{source!r}\n{messages}") from None
        counts[result.split(":")[0]] += 1
    print(dict(counts))
    return counts


def test_random_templates(tokenizer, render):
    counts = sweep(tokenizer, render, range(500))
    assert counts["same"] > 60


@pytest.mark.slow
def test_many_random_templates(tokenizer, render):
    counts = sweep(tokenizer, render, range(1000, 21000))
    assert counts["same"] > 3000
