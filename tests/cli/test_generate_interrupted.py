"""Whatever stops the program, a final name holds a whole adapter or nothing."""

import os
import pathlib
import random
import re
import signal
import subprocess
import time

import pytest
from support import PROGRAM, Exit, dnd, environment, fails, folder_bytes, tree

VARIANTS = 24
LEFTOVER = re.compile(r"\.v\d{3}\.dnd-tmp\.")


@pytest.fixture(scope="module")
def batch(bundle, tmp_path_factory):
    """A call that makes many adapters, and what it makes when nothing stops it."""
    folder = tmp_path_factory.mktemp("batch")
    prompts = folder / "ten.txt"
    prompts.write_text("".join(f"What is {n}?\n" for n in range(10)))
    call = ["generate", "--model", bundle, "--prompts", prompts, "--variants", VARIANTS, "--threads", 1]
    dnd(*call, "--out", folder / "whole")
    return call, {path.name: folder_bytes(path) for path in (folder / "whole").iterdir()}


def start(call, **options) -> subprocess.Popen:
    return subprocess.Popen([PROGRAM, *map(str, call)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment(), **options)


def leftovers() -> set[str]:
    return {name for name in os.listdir("out") if LEFTOVER.match(name)}


def whole_adapters(expected) -> set[str]:
    """The final names in the folder; each holds what an undisturbed run writes."""
    final = set(os.listdir("out")) - leftovers()
    for name in final:
        assert folder_bytes(f"out/{name}") == expected[name]
    return final


def kill_again_and_again(batch, tries):
    """Each time when the folder of the next adapter appears or shortly after; `tries` times or more."""
    call, expected = batch
    delays = random.Random(tries)
    done, cut_off = set(), set()
    while tries > 0 or not cut_off:
        tries -= 1
        if done == expected.keys():
            break  # all were made between the kills
        with start([*call, "--out", "out", "--resume"]) as program:
            program.stdout.readline()
            while program.poll() is None and leftovers() <= cut_off:
                pass
            time.sleep(delays.choice([0.0, 0.0005, 0.002]))
            program.kill()
        now = whole_adapters(expected)
        assert done <= now
        done = now
        cut_off |= leftovers()
    assert cut_off, "no kill came in the middle of writing"
    dnd(*call, "--out", "out", "--resume")
    assert set(os.listdir("out")) == expected.keys()
    assert whole_adapters(expected) == expected.keys()


def test_killed_while_working(batch):
    kill_again_and_again(batch, tries=5)


@pytest.mark.slow
def test_killed_while_working_many_times(batch):
    kill_again_and_again(batch, tries=VARIANTS)


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8] + [pytest.param(i / 12, marks=pytest.mark.slow) for i in range(14)])
def test_killed_at_any_time(bundle, adapter, four, share):
    call = ["generate", "--model", bundle, "--prompts", four, "--out", "out"]
    started = time.monotonic()
    dnd(*call)
    duration = time.monotonic() - started
    with start([*call, "--force"]) as program:
        time.sleep(share * duration)
        program.kill()
    assert folder_bytes("out") == folder_bytes(adapter)
    dnd(*call, "--force")
    assert tree() == {four, "out"} | {f"out/{name}" for name in folder_bytes(adapter)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(batch, number):
    call, expected = batch
    with start([*call, "--out", "out"]) as program:
        first = program.stdout.readline()
        program.send_signal(number)
        rest, messages = program.communicate(timeout=60)
    assert program.returncode == Exit.INTERRUPTED
    assert messages.splitlines()[-1] == "dnd: interrupted"
    reported = {pathlib.Path(line).name for line in [first, *rest.splitlines()]}
    assert {name.strip() for name in reported} <= whole_adapters(expected) != expected.keys()


def close_standard_output():
    os.close(1)


@pytest.mark.parametrize("call", [["--version"], ["--help"], ["new", "--help"], ["completion", "bash"]])
def test_results_that_cannot_be_printed(call):
    with open("/dev/full", "w") as full:
        message = dnd(*call, stdout=full, expect=Exit.IO, engine=False).last_error
    assert message == "dnd: error: standard output: No space left on device"
    dnd(*call, stdout=None, preexec_fn=close_standard_output, expect=Exit.IO, engine=False)


def test_adapters_that_cannot_be_reported_are_still_whole(bundle, adapter, four):
    for name, options in {"full": {"stdout": open("/dev/full", "w")},
                          "closed": {"stdout": None, "preexec_fn": close_standard_output}}.items():
        dnd("generate", "--model", bundle, "--prompts", four, "--out", name, expect=Exit.IO, **options)
        assert folder_bytes(name) == folder_bytes(adapter)


def test_a_closed_standard_error_writes_into_no_file(bundle, adapter, four):
    dnd("generate", "--model", bundle, "--prompts", four, "--out", "out", stderr=None, preexec_fn=lambda: os.close(2))
    assert folder_bytes("out") == folder_bytes(adapter)


def test_a_place_that_cannot_be_written(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four, "--out"]
    assert f"{four}: Not a directory" in fails(Exit.CANNOT_CREATE, *call, f"{four}/deep/out")
    fails(Exit.CANNOT_CREATE, *call, "/proc/adapter", engine=True)  # found only by trying
    assert tree() == {four}


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_permission(bundle, four):
    os.mkdir("locked", mode=0o555)
    message = fails(Exit.CANNOT_CREATE, "generate", "--model", bundle, "--prompts", four, "--out", "locked/out")
    assert "Permission denied" in message
    assert os.listdir("locked") == []


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", place]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small disk needs root and tmpfs")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk(bundle, four, small_disk):
    message = fails(Exit.IO, "generate", "--model", bundle, "--prompts", four, "--out", small_disk / "out", engine=True)
    assert "No space left on device" in message
    assert tree(small_disk) == set()
