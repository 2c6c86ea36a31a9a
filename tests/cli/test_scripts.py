"""What set-up scripts install is what was pinned, by content."""

import re

import pytest
from support import ROOT

SCRIPTS = sorted((ROOT / "scripts").rglob("*.sh"))
REQUIREMENTS = sorted((ROOT / "scripts/python").glob("requirements-*.txt"))


def pip_calls(script) -> list[str]:
    text = re.sub(r"\\\n\s*", " ", script.read_text())
    return [line.strip() for line in text.splitlines() if re.search(r"\bpip (install|download)\b", line)
            and not line.strip().startswith("#")]


def test_calls_are_found():
    assert sum(len(pip_calls(script)) for script in SCRIPTS) >= 6


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_hashes_are_required(script):
    for call in pip_calls(script):
        assert "--require-hashes" in call and "--no-deps" in call, call
        assert "--only-binary" in call or "--no-build-isolation" in call, f"runs a build back end: {call}"


@pytest.mark.parametrize("requirements", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_has_a_hash(requirements):
    lines = [line for line in requirements.read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?==\S+( --hash=sha256:[0-9a-f]{64})+", line), line
