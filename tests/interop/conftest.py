"""Fixtures: the program under test, tiny encoders and bases, and the reference implementation.

    DND_BIN=build/bin/dnd DND_ENCODERS=<folder with all-MiniLM-L6-v2> python -m pytest tests/interop
"""

import os
import pathlib
import shutil
import sys

import pytest
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "scripts/python"), str(pathlib.Path(__file__).parent)]

import tiny_models
from dnd_cli import Dnd
from dnd_reference import Layout, TextEncoder

MINILM = "all-MiniLM-L6-v2"


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("llama_cpp"):
            item.add_marker(pytest.mark.interop)


def pytest_configure(config):
    config.addinivalue_line("markers", "interop: against the reference implementations of the formats (Python)")
    config.addinivalue_line("markers", "slow: more tries of what a shorter test does")
    config.addinivalue_line("markers", "llama_cpp: against llama.cpp (scripts/setup_llama_cpp.sh)")


@pytest.fixture(scope="session", autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="session")
def minilm_dir() -> pathlib.Path:
    folder = pathlib.Path(os.environ.get("DND_ENCODERS", "")) / MINILM
    if not folder.is_dir():
        pytest.skip(f"set DND_ENCODERS to the folder that holds {MINILM}")
    return folder


@pytest.fixture(scope="session")
def encoders(tmp_path_factory) -> pathlib.Path:
    """A folder of encoders: random tiny ones and, where there is one, MiniLM."""
    root = tmp_path_factory.mktemp("encoders")
    tiny_models.write_bert(root / "tiny-bert")
    tiny_models.write_roberta(root / "tiny-roberta")
    for feed_forward in ("relu", "gated-gelu"):
        tiny_models.write_t5(root / f"tiny-t5-{feed_forward}", feed_forward)
    minilm = pathlib.Path(os.environ.get("DND_ENCODERS", "")) / MINILM
    if minilm.is_dir():
        shutil.copytree(minilm, root / MINILM)
    return root


@pytest.fixture(scope="session")
def reference_encoder(encoders):
    """name -> TextEncoder, each loaded once."""
    loaded: dict[str, TextEncoder] = {}

    def load(name: str) -> TextEncoder:
        if not (encoders / name).is_dir():
            pytest.skip(f"no encoder {name}: set DND_ENCODERS")
        return loaded.setdefault(name, TextEncoder(encoders / name))

    return load


@pytest.fixture(scope="session")
def dnd(encoders) -> Dnd:
    program = os.environ.get("DND_BIN")
    if not program:
        pytest.skip("set DND_BIN to the program")
    return Dnd(program, encoders)


@pytest.fixture(scope="session")
def layout_file(tmp_path_factory) -> pathlib.Path:
    """The layout of `tiny_models.qwen2`: 70 tokens of (6, 14)."""
    return tiny_models.write_layout(tmp_path_factory.mktemp("layout") / "nano.layout.json")


@pytest.fixture(scope="session")
def layout(layout_file) -> Layout:
    return Layout.from_file(layout_file)
