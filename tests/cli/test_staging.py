"""Work in progress is told from what a killed process left behind by the kernel's locks, not by names or numbers."""

import os
import pathlib
import signal
import subprocess
import time

import pytest
from support import LAYOUT, PROGRAM, Exit, dnd, environment, folder_bytes

FEATURES = "64,36,384;400,24,24;400,24,24;70,6,14"  # 140 MB: long enough to be met at work
CONTAINER = ("unshare", "--pid", "--fork", "--kill-child")


def call(seed: int, *options) -> list[str]:
    return [str(word) for word in (PROGRAM, "new", "--layout", LAYOUT, "--features", FEATURES, "--kernel", 11, "--seed",
                                   seed, "--out", "out", *options)]


def start(arguments, container=()) -> subprocess.Popen:
    return subprocess.Popen([*container, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment())


def rooms() -> list[pathlib.Path]:
    return sorted(pathlib.Path().glob(".out.dnd-tmp.*"))


def wait_for_work() -> None:
    """Until a new bundle's weights are being written."""
    end = time.monotonic() + 20
    while not any(path.is_file() and path.stat().st_size > 0 for room in rooms() for path in room.rglob("*")):
        assert time.monotonic() < end


def child_of(process: subprocess.Popen) -> int:
    """Of `unshare`: the program itself."""
    while not (children := pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()):
        assert process.poll() is None
    return int(children[0])


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    subprocess.run(call(1), cwd=folder, check=True, capture_output=True, env=environment())
    return folder_bytes(folder / "out")


def test_a_killed_container_starts_again(expected):
    """With the same host name, and as the same process number in its own namespace."""
    for _ in range(2):
        program = start(call(1), CONTAINER)
        child = child_of(program)
        wait_for_work()
        os.kill(child, signal.SIGKILL)
        program.communicate()
        assert len(rooms()) == 1
    program = start(call(1), CONTAINER)
    _, errors = program.communicate()
    assert program.returncode == 0, errors
    assert folder_bytes("out") == expected
    assert rooms() == []


def test_another_namespace_leaves_work_in_progress_alone(expected):
    first = start(call(2, "--force"))
    wait_for_work()
    first.send_signal(signal.SIGSTOP)
    (room,) = rooms()
    second = start(call(1, "--force"), CONTAINER)
    _, errors = second.communicate()
    assert second.returncode == 0, errors
    assert rooms() == [room]
    assert folder_bytes("out") == expected
    first.send_signal(signal.SIGCONT)
    _, errors = first.communicate()
    assert first.returncode == 0, errors
    assert folder_bytes("out") != expected
    assert rooms() == []


def strace(*options: str) -> tuple[str, ...]:
    return ("strace", "-f", "-o", "/dev/null", "-e", "trace=flock", "-e", *options)


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "EBADF"])
def test_without_locks_outputs_are_made_and_leftovers_stay(expected, error):
    """As on some network file systems: whoever cannot tell leaves the room to its owner."""
    killed = start(call(1))
    wait_for_work()
    killed.kill()
    killed.communicate()
    left = rooms()
    program = start(call(1), strace(f"inject=flock:error={error}"))
    _, errors = program.communicate()
    assert program.returncode == 0, errors
    assert folder_bytes("out") == expected
    assert rooms() == left
    dnd(*call(1, "--force")[1:])
    assert rooms() == []


def test_two_at_once_make_one(expected):
    """Whoever is second finds the place taken; nothing of either is left."""
    both = [start(call(1)), start(call(1))]
    codes = sorted(process.wait() for process in both)
    for process in both:
        process.communicate()
    assert codes == [Exit.DONE, Exit.CANNOT_CREATE]
    assert folder_bytes("out") == expected
    assert rooms() == []
