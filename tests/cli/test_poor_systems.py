"""Systems that have little or lack something: file systems without an exchange, limits of threads and memory, other
rights than the caller's, a cache that cannot be kept."""

import os
import pathlib
import resource
import shutil
import subprocess
import tempfile

import pytest
from support import DATA, GOLDEN, LAYOUT, PROGRAM, ROOT, Exit, dnd, environment, fails, folder_bytes, tree
from tracing import traced
from train_data import write_config, write_tasks

LLAMA = DATA / "interop/llama"
FOLDERS = {  # calls that make a folder
    "convert": ["convert", LLAMA / "adapter", "--to", "peft", "--out", "out"],
    "import": ["import", GOLDEN / "decoder.pth", "--layout", LAYOUT, "--out", "out"],
    "merge": ["merge", LLAMA / "adapter", "--base", LLAMA / "base", "--out", "out"],
}
MB = 1 << 20


def run_traced(call, *rules) -> subprocess.CompletedProcess:
    return subprocess.run(traced([PROGRAM, *call], *rules), capture_output=True, text=True, env=environment(),
                          check=False, timeout=120)


@pytest.mark.parametrize("error", ["EINVAL", "ENOSYS", "EOPNOTSUPP"])
@pytest.mark.parametrize("command", FOLDERS)
def test_folders_are_replaced_without_an_exchange(command, error):
    """As on NFS, 9p and many file systems of users."""
    call = FOLDERS[command]
    for options in ([], ["--force"]):
        done = run_traced([*call, *options], f"renameat2:error={error}")
        assert done.returncode == 0, done.stderr
    expected = folder_bytes("out")
    shutil.rmtree("out")
    dnd(*call, engine=False)
    assert folder_bytes("out") == expected
    assert tree() == {"out"} | {f"out/{name}" for name in expected}


@pytest.mark.parametrize("when", [1, 2, 3])
def test_killed_while_it_replaces_without_an_exchange(when):
    """Between the steps nothing is in the place: the next call puts back what was."""
    call = FOLDERS["convert"]
    dnd(*call, "--adapter-dtype", "f16", engine=False)
    old = folder_bytes("out")
    run_traced([*call, "--force"], "renameat2:error=EINVAL", f"rename:signal=KILL:when={when}")
    fails(Exit.CANNOT_CREATE, *call)
    assert when == 3 or folder_bytes("out") == old
    dnd(*call, "--force", engine=False)
    assert folder_bytes("out") != old
    assert tree() == {"out"} | {f"out/{name}" for name in old}


def test_a_training_begins_again_without_an_exchange():
    write_tasks(".")
    write_config(steps=2)
    call = ["train", "--config", "train.json", "--out", "out"]
    dnd(*call)
    expected = folder_bytes("out")
    shutil.rmtree("out")
    os.unlink("out.train/state.safetensors")  # as if it had been killed before its first
    done = run_traced(call, "renameat2:error=EINVAL")
    assert done.returncode == 0, done.stderr
    assert folder_bytes("out") == expected


def limited(**limits):
    def apply():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    return {"preexec_fn": apply}


@pytest.fixture
def calls(bundle, four):
    base = ROOT / "models/default/base"
    write_tasks(".")
    write_config(steps=2)
    return {
        "generate": ["generate", "--model", bundle, "--prompts", four, "--out", "out"],
        "encode": ["encode", "--model", bundle, "--prompts", four, "--out", "out"],
        "run": ["run", "x", "--base", base, "--max-tokens", 1],
        "train": ["train", "--config", "train.json", "--out", "out"],
        "doctor": ["doctor"],
    }


@pytest.mark.parametrize("limits", [
    *({"AS": size * MB} for size in (100, 300, 400, 450, 500)),
    *({"DATA": size * MB} for size in (10, 20, 40, 120, 200))],
    ids=lambda limits: "-".join(f"{name}{value // MB}" for name, value in limits.items()))
@pytest.mark.parametrize("name", ["generate", "encode", "run", "train", "doctor"])
def test_too_little_memory_to_start(calls, name, limits):
    """LibTorch's start would end the process with words of its own."""
    result = subprocess.run([PROGRAM, *map(str, calls[name])], capture_output=True, text=True, env=environment(),
                            timeout=120, check=False, **limited(**limits))
    assert result.returncode in (0, 75, Exit.UNAVAILABLE if name == "doctor" else 75), result.stderr
    errors = [line for line in result.stderr.splitlines() if "error" in line or "terminate" in line]
    assert len(errors) == (result.returncode == 75), result.stderr
    assert "internal" not in result.stderr and not pathlib.Path("out").exists() or result.returncode == 0


def remove(place: str) -> None:
    shutil.rmtree(place) if os.path.isdir(place) else pathlib.Path(place).unlink(missing_ok=True)


@pytest.mark.parametrize("name", ["generate", "encode", "run", "train"])
def test_no_thread_to_be_had(calls, name):
    """Each call that makes one fails in turn: done with fewer, or one error of the right kind."""
    for when in range(1, 40):
        remove("out")
        done = run_traced([*calls[name], *(["--force"] if name == "train" else [])],
                          f"clone3,clone:error=EAGAIN:when={when}+")
        assert done.returncode in (0, 75), f"{when}: {done.returncode} {done.stderr}"
        if done.returncode == 75:
            assert done.stderr.count("error: ") == 1, done.stderr
            assert "no further thread" in done.stderr.splitlines()[-1]
        if done.returncode == 0 and when > 12:
            return


def modes(folder) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in pathlib.Path(folder).iterdir()}


def test_what_is_merged_is_as_private_as_its_base():
    shutil.copytree(LLAMA / "base", "base")
    os.chmod("base/model.safetensors", 0o600)
    os.chmod("base", 0o750)
    call = ["merge", LLAMA / "adapter", "--base", "base", "--out"]
    before = os.umask(0o022)
    try:
        dnd(*call, "out", engine=False)
        os.umask(0o077)
        dnd(*call, "private", engine=False)
    finally:
        os.umask(before)
    assert modes("out") == modes("base") | {"model.safetensors": 0o600}
    assert pathlib.Path("out").stat().st_mode & 0o777 == 0o750
    assert set(modes("private").values()) == {0o600}


@pytest.mark.parametrize("command, name", [
    ("encode --prompts {four} --model {bundle}", "taken"),
    ("generate --prompts {four} --model {bundle} --format gguf", "taken.gguf"),
    ("convert {llama}/adapter --to gguf --base {llama}/base", "taken.gguf"),
    ("codec tokenize {golden}/adapter_fp32.safetensors --layout {layout}", "taken"),
    ("layout --base {llama}/base", "taken.json"),
])
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
def test_a_file_is_not_put_where_a_folder_is(bundle, four, command, name, force):
    """Which is found before anything is computed, be the folder empty."""
    os.mkdir(name)
    words = command.format(bundle=bundle, four=four, llama=LLAMA, golden=GOLDEN, layout=LAYOUT).split()
    message = fails(Exit.CANNOT_CREATE, *words, "--out", name, *force)
    assert f"{name}: is a folder" in message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a program that runs as root for others")
def test_variables_count_for_nothing_where_the_rights_are_not_the_callers():
    """What a setuid program loads is not the caller's choice."""
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        (root / "bin").mkdir()
        shutil.copy(PROGRAM, root / "bin/dnd")
        call = [root / "bin/dnd", "doctor", "--json"]
        env = environment({"DND_ENGINE_LIBRARY": "/nowhere/mine.so", "DND_MODEL": "/nowhere/model"})
        options = {"env": env, "capture_output": True, "text": True, "user": 65534, "group": 65534}
        (root / "bin/dnd").chmod(0o755)
        assert "/nowhere/mine.so" in subprocess.run(call, check=False, **options).stdout
        (root / "bin/dnd").chmod(0o4755)
        if "nosuid" in subprocess.run(["findmnt", "-no", "OPTIONS", "--target", name], capture_output=True, text=True,
                                      check=False).stdout:
            pytest.skip("the file system knows no setuid")
        result = subprocess.run(call, check=False, **options)
        assert "nowhere" not in result.stdout + result.stderr, result.stdout
