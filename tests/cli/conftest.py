"""The contracts of the command line, checked from outside.

    DND_BIN=build/bin/dnd python3 -m pytest tests/cli [-m "not slow"]
"""

import json
import shutil

import pytest
from support import CHAT_TEMPLATE, LAYOUT, QUESTIONS, ROOT, dnd, write_prompts


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: more tries of what a shorter test does")


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """A random generator: 4 prompts of 32 tokens -> 70 tokens of (6, 14), rank 4."""
    folder = tmp_path_factory.mktemp("generator") / "nano"
    dnd("new", "--layout", LAYOUT, "--features", "4,32,384;6,16,20;70,6,14", "--seed", 1, "--name", "nano",
        "--out", folder)
    return folder


@pytest.fixture(scope="session")
def adapter(bundle, tmp_path_factory):
    """An adapter of the first four questions, as a plain call makes it."""
    folder = tmp_path_factory.mktemp("adapter")
    prompts = write_prompts(folder / "four.jsonl", QUESTIONS[:4])
    dnd("generate", "--model", bundle, "--prompts", prompts, "--out", folder / "four")
    return folder / "four"


@pytest.fixture
def chat_base(tmp_path):
    """The default base with a chat template of its own."""
    folder = tmp_path / "chat"
    shutil.copytree(ROOT / "models/default/base", folder)
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"chat_template": CHAT_TEMPLATE}))
    return folder


@pytest.fixture
def four():
    return write_prompts("four.jsonl", QUESTIONS[:4])


@pytest.fixture
def ten():
    return write_prompts("ten.jsonl", QUESTIONS)


@pytest.fixture
def three_tasks():
    return write_prompts("tasks.jsonl", [(task, f"{task}: {q}") for q in QUESTIONS[:4] for task in "abc"])
