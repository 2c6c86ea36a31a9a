"""Running the program with system calls that fail."""

import shutil
import subprocess

import pytest


def traced(call: list, *rules: str) -> list[str]:
    """The call with system calls that fail as the rules of strace say (`when` counts those of one thread)."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        pytest.skip("needs strace and the right to use it")
    return [strace, "-f", "-o", "/dev/null", *(f"--inject={rule}" for rule in rules), *map(str, call)]
