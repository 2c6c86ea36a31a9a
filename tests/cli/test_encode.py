"""encode: the condition alone."""

import math
import pathlib
import subprocess

import pytest
from support import PROGRAM, QUESTIONS, Exit, dnd, environment, fails, prompts_sha256, read_safetensors, tree
from tracing import traced


def test_json_output_and_metadata(bundle, ten):
    (line,) = dnd("encode", "--json", "--model", bundle, "--prompts", ten, "--select", "first", "--out",
                  "c.safetensors").json
    line.pop("prompts_read")  # test_prompt_files.py
    assert line == {"path": "c.safetensors", "shape": [4, 32, 384], "prompts_distinct": 4,
                    "prompts_sha256": prompts_sha256(QUESTIONS[:4])}
    condition = read_safetensors("c.safetensors")
    assert condition.metadata["dnd.prompts_sha256"] == line["prompts_sha256"]
    assert condition.metadata["dnd.precision"] == "fast"
    assert any(condition.values("condition"))


def test_fast_is_near_exact(bundle, four):
    """Off by what 16-bit operands lose: not nothing, and 15 times less than bf16."""
    states = {}
    for precision in ("fast", "exact"):
        dnd("encode", "--model", bundle, "--prompts", four, "--out", precision, "--precision", precision)
        states[precision] = read_safetensors(precision).values("condition")
    distance = math.dist(states["fast"], states["exact"]) / math.hypot(*states["exact"])
    assert 1e-5 < distance < 2e-3


@pytest.mark.parametrize("threads", [0, 2, 5])
def test_a_system_that_gives_few_threads(bundle, four, threads):
    """Those there are do the work of all; the bytes do not depend on how many."""
    call = ["encode", "--model", bundle, "--prompts", four, "--threads", 12, "--out"]
    dnd(*call, "whole")
    # The first other thread reads the tokenizer, the next ones compute.
    done = subprocess.run(traced([PROGRAM, *call, "few"], f"clone3:error=EAGAIN:when={threads + 1}+"), text=True,
                          capture_output=True, env=environment(), check=False)
    assert done.returncode == Exit.DONE, done.stderr
    assert pathlib.Path("few").read_bytes() == pathlib.Path("whole").read_bytes()


def test_one_task_of_several(bundle, three_tasks):
    call = ["encode", "--model", bundle, "--prompts", three_tasks, "--out", "c.safetensors"]
    message = fails(Exit.USAGE, *call)
    assert "--task" in message and "a b c" in message
    dnd(*call, "--task", "b")
    assert read_safetensors("c.safetensors").metadata["dnd.prompts_sha256"] == prompts_sha256(
        [f"b: {question}" for question in QUESTIONS[:4]])


@pytest.mark.parametrize("folder", [False, True])
def test_an_existing_target_is_kept(bundle, four, tmp_path, folder):
    target = tmp_path / "c"
    target.mkdir() if folder else target.write_text("mine")
    if folder:
        (target / "file").touch()
    before = tree()
    fails(Exit.CANNOT_CREATE, "encode", "--model", bundle, "--prompts", four, "--out", "c")
    assert tree() == before
