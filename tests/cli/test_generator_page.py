"""docs/generator.md, line by line: from questions to a generator that beats the base on tasks that it never saw."""

import json
import os
import subprocess

import pytest
from support import PROGRAM, ROOT, environment

PAGE = ROOT / "docs/generator.md"
HELD_OUT = {"colours.choice", "food.exclaim", "jobs.quoted", "opposites.heading"}


def lines() -> list[str]:
    shown = [line.strip() for line in PAGE.read_text().splitlines() if line.startswith("    ")]
    return [line for line in shown if line.startswith(("dnd ", "cp "))]


def test_the_page_shows_calls():
    assert " ".join(line.split()[1] for line in lines()) == "-r layout tune train train eval generate run"


def test_no_task_that_judges_is_learned_from():
    tasks = json.loads((ROOT / "examples/generator/tasks.json").read_text())
    assert {task["name"] for task in tasks["held_out"]} == HELD_OUT
    assert len(tasks["train"]) == 20 and not HELD_OUT & {task["name"] for task in tasks["train"]}
    for task in tasks["held_out"]:
        read = {json.loads(line)["bare"] for line in (ROOT / "examples/generator" / task["prompts"]).open()}
        asked = {json.loads(line)["bare"] for line in (ROOT / "examples/generator" / task["test"]).open()}
        assert not read & asked


@pytest.mark.slow
def test_every_line_does_what_it_shows(tmp_path):
    for name in ("models", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/dnd").symlink_to(PROGRAM)
    variables = environment({"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"})
    said = ""
    for line in lines():
        run = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=variables, capture_output=True, text=True,
                             check=False)
        assert run.returncode == 0, f"{line}\n{run.stderr}"
        said = run.stdout
    assert said == ' " fireman "\n'
    results = json.loads((tmp_path / "walk/judged/results.json").read_text())
    rows = results["models"][0]["behaviour"]["rows"]
    means = {row["id"]: row["groups"][-1]["mean"] for row in rows if row["over_draws"] == "mean"}
    assert means["generated"] > 0.9 and means["generated"] > means["base"] + 0.5
    assert means["generated"] > means["multi_task"] + 0.3
    assert max(means["base_instruction"], means["base_examples"], means["other:convention"]) < 0.3
    assert means["own_tuned"] > 0.9
