"""The lines of README.md and docs/ that show a real base model, run as they stand (label interop_slow): a block of
code that names SmolLM2-135M-Instruct is run line by line, with all that the page does not make itself beside it. A
block with another model's name says "not run here" in the text before it."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from test_smollm2 import FOLDER, HOME, QUESTIONS, ROOT, SHAPES, write_adapter

BASE = "SmolLM2-135M-Instruct"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = ["README.md", "training.md"]
PROGRAMS = ("dnd ", "vllm ", "llama-cli ", "model = ")
NAMED = re.compile(r"(Qwen|Llama|Gemma|Phi|Mistral|SmolLM)[\w.]*(-[\w.]+)+", re.IGNORECASE)

real = pytest.mark.skipif(not (HOME / "stamp").exists(), reason="scripts/setup_smollm2.sh")
pytestmark = pytest.mark.slow


def blocks(page: pathlib.Path) -> list[tuple[str, list[str]]]:
    """Blocks of code, fenced or indented, each with the paragraph before it."""
    found: list[tuple[str, list[str]]] = []
    before, paragraph, code, fenced = "", "", [], False
    for line in [*page.read_text().splitlines(), ""]:
        if line.startswith("```"):
            fenced = not fenced
        if fenced or line.startswith("    "):
            code += [] if line.startswith("```") else [line.strip()]
            continue
        if code:
            found.append((paragraph or before, code))
            code = []
        if not line.strip() or line.startswith("```"):
            before, paragraph = paragraph or before, ""
        else:
            paragraph += line + "\n"
    return found


def shown(page: pathlib.Path) -> list[str]:
    return [line for _, code in blocks(page) if BASE in "\n".join(code) for line in code if line.startswith("dnd ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_other_models_are_said_not_to_be_run(page):
    for text, code in blocks(page):
        for line in code:
            name = NAMED.search(line)
            if name and name[0] != BASE and line.startswith(PROGRAMS):
                assert "not run here" in text, f"{page.name}: {line}"


def test_pages_show_the_real_base():
    assert [page.name for page in PAGES if shown(page)] == SHOWN
    assert len(shown(ROOT / "README.md")) >= 9


# --- What the pages do not make themselves ----------------------------------------------------------------------------


def write_tasks(folder: pathlib.Path) -> None:
    """Tasks with random adapters of the page's layout, and what trains a tiny generator on them."""
    document: dict = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": []}
    for number, name in enumerate(("rivers.word", "food.list", "rivers.list")):
        write_adapter(folder / name / "1", number, names=tuple(SHAPES), rank=8)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"prompt": each}) + "\n" for each in QUESTIONS[:8]))
        document["train"].append({"name": name, "prompts": f"{name}.jsonl", "adapters": name})
    held_out = document["train"].pop()
    (folder / "test.jsonl").write_text(json.dumps({"prompt": QUESTIONS[0], "answer": "Paris"}) + "\n")
    document["held_out"].append(held_out | {"test": "test.jsonl", "scorer": "contains"})
    (folder / "tasks.json").write_text(json.dumps(document))


def write_train_config(dnd, folder: pathlib.Path) -> None:
    made = dnd.run("layout", "--base", folder / BASE, "--rank", 8, "--propose-features", "--parameters", "1M",
                   "--prompts", 4, "--tokens", 20, "--width", 32, "--out", folder / "of-train.json")
    (line,) = [line for line in made.splitlines() if line.count(";")]
    features = [[int(number) for number in feature.split(",")] for feature in line.split(";")]
    (folder / "train.json").write_text(json.dumps({
        "format": "dnd-train", "version": 1, "name": "my-generator", "license": "Apache-2.0", "tasks": "tasks.json",
        "generator": {"layout": "of-train.json", "encoder": "tiny-bert", "features": features},
        "steps": 2, "batch": 2}))


@pytest.fixture
def workplace(dnd, tmp_path) -> pathlib.Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dnd").symlink_to(pathlib.Path(dnd.program).resolve())
    (tmp_path / BASE).symlink_to(FOLDER)
    (tmp_path / "models").symlink_to(ROOT / "models")
    (tmp_path / "data").symlink_to(".")
    write_adapter(tmp_path / "adapters/arc", 1, names=tuple(SHAPES))
    write_adapter(tmp_path / "style", 2, names=tuple(SHAPES))
    (tmp_path / "questions.txt").write_text("".join(question + "\n" for question in QUESTIONS[:5]))
    write_tasks(tmp_path)
    write_train_config(dnd, tmp_path)
    return tmp_path


@real
@pytest.mark.parametrize("name", SHOWN)
def test_every_line_does_what_it_shows(dnd, workplace, name):
    (page,) = [page for page in PAGES if page.name == name]
    if name == "training.md":
        dnd.run("train", "--config", workplace / "train.json", "--out", workplace / "my-generator")
    environment = dnd.environment | {"PATH": f"{workplace / 'bin'}:{os.environ['PATH']}"}
    for line in shown(page):
        run = subprocess.run(["bash", "-c", line], cwd=workplace, env=environment, capture_output=True, text=True,
                             check=False)
        assert run.returncode == 0, f"{line}\n{run.stderr}"
        out = re.search(r"--out (\S+)", line)
        assert run.stdout.strip() or out, line
        assert not out or (workplace / out[1]).exists(), line
