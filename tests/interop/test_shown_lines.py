"""Every line of README.md and docs/ that calls dnd, run as it stands (label interop_slow), with all that the page does
not make itself beside it: a real base model, adapters and tasks; an official checkpoint of random weights. A block with
another model's name says "not run here" in the text before it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import gguf
import numpy
import pytest
from make_official_checkpoint import PRESETS, make_checkpoint
from test_smollm2 import FOLDER, HOME, QUESTIONS, ROOT, SHAPES, write_adapter

BASE = "SmolLM2-135M-Instruct"
WALKED = "generator.md"  # on the tiny base, by tests/cli/test_generator_page.py
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").glob("*.md")) if page.name != WALKED)]
SHOWN = ["README.md", "limits.md", "training.md", "tuning.md"]
OFFICIAL = "qwen0.5lora__ARC-c.pth"  # what the block that imports one reads
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


def calls(code: list[str]) -> list[str]:
    """The calls of dnd in a block, by themselves; behind a runner of processes the whole line."""
    found = []
    for line in code:
        within = re.search(r"\$\((dnd [^)]*)\)", line)
        if within or re.match(r"(torchrun .* )?dnd ", line):
            found.append(within[1] if within else line)
    return found


def shown(page: pathlib.Path, official: bool = False) -> list[str]:
    names = f"dnd import {OFFICIAL}"
    return [line for _, code in blocks(page) for line in calls(code)
            if ("generators/arc" in line or line.startswith(names)) == official]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_other_models_are_said_not_to_be_run(page):
    for text, code in blocks(page):
        for line in code:
            name = NAMED.search(line)
            if name and name[0] != BASE and line.startswith(PROGRAMS):
                assert "not run here" in text, f"{page.name}: {line}"


def test_pages_show_the_real_base():
    assert [page.name for page in PAGES if shown(page)] == SHOWN
    assert len(shown(ROOT / "README.md")) >= 11
    assert [len(shown(page, official=True)) for page in PAGES if shown(page, official=True)] == [4]


def test_no_call_is_passed_over():
    """A call in a block of code that is not found above would not be run."""
    for page in PAGES:
        for _, code in blocks(page):
            named = [line for line in code if re.search(r"(^|[ (])dnd [a-z]+( |$)", line.split(" # ")[0])]
            assert len(named) == len(calls(code)), f"{page.name}: {named}"


# --- What the pages do not make themselves ----------------------------------------------------------------------------


def write_tasks(folder: pathlib.Path) -> None:
    """Tasks with random adapters of the page's layout, and what trains a tiny generator on them."""
    document: dict = {"format": "dnd-tasks", "version": 1, "train": [], "held_out": []}
    for number, name in enumerate(("rivers.word", "food.list", "rivers.list")):
        write_adapter(folder / name / "1", number, names=tuple(SHAPES), rank=8)
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"prompt": each}) + "\n" for each in QUESTIONS[:8]))
        (folder / f"{name}.answers.jsonl").write_text("".join(
            json.dumps({"prompt": each, "answer": name, "bare": each}) + "\n" for each in QUESTIONS[:8]))
        document["train"].append({"name": name, "prompts": f"{name}.jsonl", "adapters": name,
                                  "answers": f"{name}.answers.jsonl"})
    held_out = document["train"].pop()
    (folder / "test.jsonl").write_text(json.dumps({"prompt": QUESTIONS[0], "answer": "Paris", "bare": QUESTIONS[0]})
                                       + "\n")
    document["held_out"].append(held_out | {"test": "test.jsonl", "scorer": "contains"})
    (folder / "tasks.json").write_text(json.dumps(document))


def write_questions(folder: pathlib.Path) -> None:
    """A table of questions with answers, and tasks with contexts."""
    (folder / "questions.csv").write_text("question,answer\n" + "".join(f"word {n},Word {n}\n" for n in range(12)))
    (folder / "prompts.jsonl").write_text("".join(json.dumps({"prompt": f"word {n}"}) + "\n" for n in range(12)))
    (folder / "rules.txt").write_text("Answer in one word.\n")
    (folder / "examples.json").write_text(json.dumps([{"role": "user", "content": "word"},
                                                      {"role": "assistant", "content": "Word"}]))
    tasks = [{"name": name, "prompts": "prompts.jsonl", "context": context}
             for name, context in (("plurals", "examples.json"), ("rules", "rules.txt"))]
    (folder / "contexts.json").write_text(json.dumps({"format": "dnd-tasks", "version": 1, "train": tasks}))


def write_train_config(dnd, folder: pathlib.Path) -> None:
    made = dnd.run("layout", "--base", folder / BASE, "--rank", 8, "--propose-features", "--parameters", "1M",
                   "--prompts", 4, "--tokens", 20, "--width", 32, "--out", folder / "of-train.json")
    features = json.loads(made.splitlines()[-1])
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
    write_adapter(tmp_path / "joint/60", 3, names=tuple(SHAPES))
    (tmp_path / "questions.txt").write_text("".join(question + "\n" for question in QUESTIONS[:5]))
    write_tasks(tmp_path)
    write_questions(tmp_path)
    write_train_config(dnd, tmp_path)
    return tmp_path


def run_lines(dnd, lines: list[str], folder: pathlib.Path, **variables: str) -> None:
    tools = pathlib.Path(sys.executable).parent
    environment = dnd.environment | variables | {"PATH": f"{folder / 'bin'}:{tools}:{os.environ['PATH']}"}
    for line in lines:
        if line.startswith(("dnd train", "torchrun")):  # resumed is what has a state and no bundle yet
            for left in ["my-generator"] + ["my-generator.train"] * ("--resume" not in line):
                shutil.rmtree(folder / left, ignore_errors=True)
        run = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True,
                             check=False)
        assert run.returncode == 0, f"{line}\n{run.stderr}"
        out = None if "--dry-run" in line else re.search(r"--out (\S+)", line)
        assert run.stdout.strip() or out, line
        assert not out or (folder / out[1]).exists(), line


@real
@pytest.mark.parametrize("name", SHOWN)
def test_every_line_does_what_it_shows(dnd, workplace, name):
    (page,) = [page for page in PAGES if page.name == name]
    if name != "README.md":
        dnd.run("train", "--config", workplace / "train.json", "--out", workplace / "my-generator")
    run_lines(dnd, shown(page), workplace)


def write_qwen_gguf(path: pathlib.Path) -> None:
    """A GGUF with the layers of Qwen2.5-0.5B, of zeros."""
    writer = gguf.GGUFWriter(path, "qwen2")
    for add, value in ((writer.add_block_count, 24), (writer.add_embedding_length, 896), (writer.add_head_count, 14),
                       (writer.add_head_count_kv, 2), (writer.add_feed_forward_length, 4864),
                       (writer.add_context_length, 32768), (writer.add_layer_norm_rms_eps, 1e-6)):
        add(value)
    rows = {"attn_q": (896, 896), "attn_k": (128, 896), "attn_v": (128, 896), "attn_output": (896, 896),
            "ffn_gate": (4864, 896), "ffn_up": (4864, 896), "ffn_down": (896, 4864)}
    for name, shape in rows.items():
        for block in range(24):
            writer.add_tensor(f"blk.{block}.{name}.weight", numpy.zeros(shape, numpy.float16))
    writer.add_tensor("token_embd.weight", numpy.zeros((151936, 896), numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_lines_about_an_official_checkpoint(dnd, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dnd").symlink_to(pathlib.Path(dnd.program).resolve())
    encoders = ROOT / ".deps/encoders"
    (tmp_path / "all-MiniLM-L12-v2").symlink_to(encoders / "all-MiniLM-L6-v2")  # as wide, not as deep
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps({"prompt": each}) + "\n" for each in QUESTIONS))
    make_checkpoint(PRESETS["qwen2.5-0.5b"], tmp_path / OFFICIAL)
    write_qwen_gguf(tmp_path / "qwen2.5-0.5b.gguf")
    run_lines(dnd, shown(ROOT / "README.md", official=True), tmp_path, DND_ENCODERS=str(tmp_path))
    adapters = tmp_path / "adapters"
    assert {path.name for path in adapters.iterdir()} == {"arc", "questions.gguf", "questions.Modelfile"}
    modelfile = (adapters / "questions.Modelfile").read_text()
    assert f"FROM {tmp_path}/qwen2.5-0.5b.gguf\nADAPTER ./questions.gguf\n" in modelfile
