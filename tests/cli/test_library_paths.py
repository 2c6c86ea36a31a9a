"""Where libraries are looked for: in folders that are named in full. A model's folder, in which the program is called,
may hold files with the names of libraries."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest
from support import DATA, ENVIRONMENT, PROGRAM, read_adapter

BUILD = PROGRAM.parents[1]
QWEN2 = DATA / "interop/qwen2"
OPENED_BY_NAME = {"libcuda.so.1", "libdnd_cuda.so", "libdnd_engine.so", "libnvidia-ml.so.1", "libtorch_cuda.so"}
NEEDED = re.compile(r"^\s+(lib\S+)", re.MULTILINE)
SEARCH_PATH = re.compile(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]")
OPENED = re.compile(r'^\d+ +(\w+)\((AT_FDCWD, |\d+, )?"((?:[^"\\]|\\.)*)"', re.MULTILINE)
CALLS = "open,openat,openat2,execve,execveat,readlink,readlinkat"


def binaries(root: pathlib.Path) -> list[pathlib.Path]:
    """Programs and libraries of a build tree or an installation, LibTorch's beside the engine among them."""
    folders = ("bin", "lib", "lib/dnd", "lib/dnd/torch", "tests")
    files = [path for folder in folders for path in root.glob(f"{folder}/*")]
    return [path for path in files if path.is_file() and path.open("rb").read(4) == b"\x7fELF"]


def output(*command) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def search_paths(root: pathlib.Path) -> dict[str, list[str]]:
    """file -> elements of its RPATH or RUNPATH, where it has one."""
    paths = {path.name: SEARCH_PATH.findall(output("readelf", "--wide", "--dynamic", path)) for path in binaries(root)}
    return {name: found[0].split(":") for name, found in paths.items() if found}


def check_search_paths(root: pathlib.Path) -> None:
    paths = search_paths(root)
    loose = {name: path for name, path in paths.items() if not all(re.match(r"/|\$ORIGIN(/|$)", part) for part in path)}
    assert loose == {}
    assert paths["libdnd_engine.so"] == ["$ORIGIN/torch"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("installed")
    output("cmake", "--install", BUILD, "--prefix", prefix)
    yield prefix
    shutil.rmtree(prefix)  # half a gigabyte


@pytest.fixture
def decoys():
    """The working folder holds files with the names of all libraries."""
    needed = NEEDED.findall(output("ldd", *(BUILD / "lib/dnd").glob("*.so"), PROGRAM))
    names = OPENED_BY_NAME.union(needed)
    assert {"libtorch_cpu.so", "libc10.so", "libgomp.so.1", "librt.so.1", "libdl.so.2", "libutil.so.1"} <= names
    folder = pathlib.Path("downloaded-model").resolve()
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"\x7fELF, but no library")
    return folder


def opened(program: pathlib.Path, call, folder: pathlib.Path, env: dict) -> tuple[str, list[str]]:
    """What a call in the folder prints, and every path it opens that does not hang on an open folder."""
    trace = folder.parent / "trace.txt"
    strace = ["strace", "-f", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-o", trace]
    done = subprocess.run([*strace, program, *map(str, call)], cwd=folder, env=env, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr
    calls = OPENED.findall(trace.read_text(errors="replace"))
    return done.stdout, [path for _, at, path in calls if not at[:1].isdigit()]


def check_opened(program: pathlib.Path, call, folder: pathlib.Path, env: dict) -> str:
    printed, paths = opened(program, call, folder, env)
    assert str(program.parents[1] / "lib/dnd/libdnd_engine.so") in paths
    assert any(path.endswith("/libtorch_cpu.so") for path in paths)
    assert [path for path in paths if not path.startswith("/") or path.startswith(f"{folder}/")] == []
    return printed


def environment_of_the_loader() -> dict:
    """Without the variables that may name further folders."""
    return {name: value for name, value in ENVIRONMENT.items() if not name.startswith("LD_")}


def test_search_paths_of_the_build_tree():
    check_search_paths(BUILD)


@pytest.mark.parametrize("command", ["doctor", "encode", "generate", "verify"])
def test_the_working_folder_has_no_libraries(command, bundle, four, tmp_path, decoys):
    prompts = ["--model", bundle, "--prompts", tmp_path / four, "--out", tmp_path / "out"]
    options = {"doctor": [], "encode": prompts, "generate": prompts,
               "verify": [QWEN2 / "adapter", "--base", QWEN2 / "base", "--run", "--ids", "1,2,3"]}
    check_opened(PROGRAM, [command, *options[command]], decoys, environment_of_the_loader())


@pytest.mark.slow
def test_an_installation(installed, bundle, four, tmp_path, decoys):
    """It runs with an empty environment, from what it brought."""
    check_search_paths(installed)
    program = installed / "bin/dnd"
    report = json.loads(check_opened(program, ["--json", "doctor"], decoys, env={}))
    assert report["engine"]["ok"]
    call = ["generate", "--model", bundle, "--prompts", tmp_path / four, "--out", tmp_path / "out"]
    check_opened(program, call, decoys, env={})
    assert read_adapter(tmp_path / "out").tensors
    assert not any(str(BUILD) in path for path in opened(program, ["doctor"], decoys, env={})[1])
