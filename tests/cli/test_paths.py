"""Whatever takes a text refuses one that cannot be used: one line, the right exit code, nothing made, nothing changed.

All commands, options and positional arguments are found in the program's own help.
"""

import contextlib
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import zlib

import pytest
from command_tree import Parameter, read_tree
from support import DATA, GOLDEN, LAYOUT, PROGRAM, QUESTIONS, ROOT, Exit, dnd, environment, tree, write_prompts
from train_data import write_answer_config, write_answer_tasks, write_tasks

TREE = read_tree()
PARAMETERS = [parameter for command in TREE for parameter in command.parameters]
LLAMA = DATA / "interop/llama"
TIMEOUT_SECONDS = 20

# What a text is, where it does not name something to read.
OUTPUTS = {"--out", "--work", "--logits-out"}
WORDS = {"--answer", "--device", "--features", "--field", "--key-prefix", "--layers", "--license", "--name", "--part",
         "--preset", "--prompt", "--shard", "--show", "--system", "--targets", "--task", "--tune-own", "page", "text"}
# A name to be looked up later; steps and questions.
WORDS_OF_ONE_COMMAND = {"import --encoder", "new --encoder", "tune --joint"}
MAY_BE_EMPTY = {"layout --key-prefix"}
MAY_BE_A_PIPE = {"--prompts"}

# What the valid call has more, or has not, where it takes an option.
CHAT_BASE = ROOT / "models/default/base"  # has a tokenizer
BESIDE = {"eval --show": {"--base": LLAMA / "base"}, "eval --chat": {"--base": CHAT_BASE},
          "eval --system": {"--base": CHAT_BASE}, "eval --tune-own": {"--base": CHAT_BASE},
          "verify --chat": {"--base": CHAT_BASE}}
INSTEAD = {"generate --condition": {"--prompts"}, "import --preset": {"--layout"},
           "new --preset": {"--layout", "--features"}, "tokenize --encoder": {"--base"}}

NEVER_TO_BE_OPENED = {
    "a loop of links": "loop",
    "below a loop of links": "loop/x",
    "a link to nothing": "dangling",
    "a name of 300 bytes": "n" * 300,
    "a path of 4,400 bytes": "x/" * 2200 + "x",
    "below a file": "file/x",
    "in a folder without permission": "denied/x",
}
NO_NUMBERS = {"a loop of links": "loop", "a name of 300 bytes": "n" * 300}
BAD_INPUTS = NEVER_TO_BE_OPENED | {
    "nothing there": "nowhere",
    "a file without permission": "sealed.safetensors",
    "a file of another kind": "file",
    "a folder of another kind": "folder",
    "a folder of loops of links": "loops",
    "a folder of pipes": "pipes",
    "a folder that cannot be listed": "unlisted",
    "a pipe": "pipe",
    "a device": "/dev/null",
}
BAD_OUTPUTS = NEVER_TO_BE_OPENED | {
    "in a folder that takes no entries": "read-only/x",
    "a file": "file",
    "a folder": "folder",
    "a pipe": "pipe",
    "a full device": "/dev/full",
}
PERMISSIONS = {"denied/x", "sealed.safetensors", "unlisted", "read-only/x"}
READ_FIRST = ("config.json", "adapter_config.json", "adapter_model.safetensors", "generator.json", "model.safetensors",
              "model.safetensors.index.json")
READABLE = {"file", "folder", "loops", "pipes", "unlisted", "pipe", "/dev/null"}  # and wrong
MAY_BE_THERE = {"train --work": {"folder"}}


@pytest.fixture(scope="session")
def inputs(bundle, adapter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    write_tasks(folder)
    tasks = json.loads((folder / "tasks.json").read_text())
    tasks["held_out"][0]["test"] = "test.jsonl"
    (folder / "tasks.json").write_text(json.dumps(tasks))
    (folder / "test.jsonl").write_text('{"prompt": "q", "answer": "a"}\n')
    (folder / "answers").mkdir()
    write_answer_tasks(folder / "answers")
    write_answer_config(folder / "answers")
    write_prompts(folder / "four.jsonl", QUESTIONS[:4])
    dnd("codec", "tokenize", GOLDEN / "adapter_fp32.safetensors", "--layout", LAYOUT, "--out",
        folder / "tokens.safetensors")
    return {"folder": folder, "bundle": bundle, "adapter": adapter}


def valid_calls(inputs: dict) -> dict[str, dict]:
    """One for each command: short, and reading all that it is given."""
    folder, bundle, base = inputs["folder"], inputs["bundle"], LLAMA / "base"
    return {
        "generate": {"--prompts": folder / "four.jsonl", "--model": bundle, "--out": "out"},
        "import": {"checkpoint": GOLDEN / "decoder.pth", "--layout": LAYOUT, "--out": "out"},
        "inspect": {"paths": inputs["adapter"]},
        "verify": {"adapters": LLAMA / "adapter", "--base": base},
        "eval": {"--tasks": folder / "tasks.json", "--model": bundle},
        "run": {"text": "x", "--base": CHAT_BASE, "--max-tokens": 1},
        "tokenize": {"--base": CHAT_BASE},
        "convert": {"adapter": LLAMA / "adapter", "--to": "gguf", "--base": base, "--out": "out"},
        "merge": {"adapters": LLAMA / "adapter", "--base": base, "--out": "out"},
        "compose": {"adapters": LLAMA / "adapter-f32.gguf", "--base": base, "--out": "out"},
        "layout": {"--base": base},
        "encode": {"--prompts": folder / "four.jsonl", "--model": bundle, "--out": "out"},
        "codec tokenize": {"input": GOLDEN / "adapter_fp32.safetensors", "--layout": LAYOUT, "--out": "out"},
        "codec detokenize": {"input": folder / "tokens.safetensors", "--layout": LAYOUT, "--out": "out"},
        "new": {"--layout": LAYOUT, "--features": "4,12,8;70,6,14", "--out": "out"},
        "train": {"--config": folder / "answers/train.json", "--out": "out"},
        "tune": {"--base": CHAT_BASE, "--tasks": folder / "test.jsonl", "--out": "out", "--steps": 1},
        "doctor": {},
        "version": {},
        "completion": {"shell": "bash"},
        "man": {"page": "generate"},
    }


def words_of(command: str, values: dict, flags=()) -> list[str]:
    """The call; positional arguments first, lest an option with several values takes them."""
    words = command.split() + [str(value) for name, value in values.items() if not name.startswith("-")]
    for name, value in values.items():
        words += [name, str(value)] if name.startswith("-") else []
    return words + list(flags)


def call_with(parameter: Parameter, value: str, inputs: dict) -> list[str]:
    key = str(parameter)
    values = valid_calls(inputs)[parameter.command] | BESIDE.get(key, {}) | {parameter.name: value}
    for name in INSTEAD.get(key, ()):
        del values[name]
    return words_of(parameter.command, values, parameter.needs)


@pytest.fixture
def scene(tmp_path):
    """A working folder with what cannot be used."""
    os.symlink("loop", "loop")
    os.symlink("nothing", "dangling")
    os.mkfifo("pipe")
    for name in ("file", "sealed.safetensors"):
        pathlib.Path(name).write_bytes(b"\xff\0")
    for name in ("folder", "folder/x", "loops", "pipes", "unlisted", "denied", "denied/x", "read-only"):
        os.mkdir(name)
    for name in READ_FIRST:
        os.symlink(name, f"loops/{name}")
        os.mkfifo(f"pipes/{name}")
    modes = {"sealed.safetensors": 0, "denied": 0, "unlisted": 0o300, "read-only": 0o555}
    for name, mode in modes.items():
        os.chmod(name, mode)
    yield tmp_path
    for name in modes:
        os.chmod(name, 0o700)


def without_privileges():
    """In the child: root as a user like any other, whom permissions bind."""
    pr_set_securebits, secbit_noroot = 28, 1
    if os.getuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(pr_set_securebits, secbit_noroot, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


@contextlib.contextmanager
def empty_writer(pipe: str):
    """Somebody who opens the pipe for writing as soon as it is read, and writes nothing."""
    writer = threading.Thread(target=lambda: os.close(os.open(pipe, os.O_WRONLY)))
    writer.start()
    try:
        yield
    finally:  # where nobody came to read
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        writer.join()
        os.close(reader)


def state_of(*places) -> dict:
    """Every entry below the places: what it is, and of a file whether it is the same."""
    state = {}
    for place in places:
        for folder, folders, files in os.walk(place):
            for path in (os.path.join(folder, name) for name in folders + files):
                found = os.lstat(path)
                whole = (found.st_size, found.st_mtime_ns) if path[len(folder) + 1:] in files else ()
                state[path] = (found.st_mode, found.st_ino, *whole)
    return state


def run(call: list[str], value: str = "", engine: bool = False) -> subprocess.CompletedProcess:
    """Whatever comes of it; `value` is what the call is given to stumble over."""
    return subprocess.run([PROGRAM, *call], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=TIMEOUT_SECONDS, env=environment(engine=engine),
                          preexec_fn=without_privileges if value in PERMISSIONS else None, check=False)


def complaints_of(parameter: Parameter, value: str, codes: set[int], call: list[str], engine: bool) -> list[str]:
    """What is wrong with how the program takes the value."""
    before, empty = state_of("."), parameter.text and not value
    waits = value == "pipe" and parameter.name in MAY_BE_A_PIPE
    try:
        with empty_writer(value) if waits else contextlib.nullcontext():
            done = run(call, value, engine)
    except subprocess.TimeoutExpired:
        return ["hangs"]
    complaints, after = [], state_of(".")
    errors = [line for line in done.stderr.splitlines() if line.startswith("dnd: error: ")]
    if done.returncode not in codes:
        complaints.append(f"exit code {done.returncode}, not of {sorted(map(int, codes))}")
    if len(errors) != (done.returncode != 0) or not all(line.isprintable() for line in errors):
        complaints.append(f"{len(errors)} lines of errors")
    elif done.returncode in (Exit.NO_INPUT, Exit.CANNOT_CREATE) and value[:4] not in errors[0]:
        complaints.append("does not say which")
    elif empty and done.returncode == Exit.USAGE and f" {parameter.name}: is empty" not in errors[0]:
        complaints.append("does not say what is empty")
    if done.returncode != 0 and done.stdout:
        complaints.append(f"prints {done.stdout[:80]!r}")
    if done.returncode != 0 and after.keys() > before.keys():
        complaints.append(f"leaves {sorted(after.keys() - before.keys())[:3]}")
    if any(after.get(path) != entry for path, entry in before.items()):
        complaints.append("changes what was there")
    return complaints + ["".join(errors)[:200]] if complaints else []


def remove_outputs(before=()):
    for path in sorted(state_of(".").keys() - before, reverse=True):
        os.rmdir(path) if os.path.isdir(path) else os.unlink(path)


def right_codes(parameter: Parameter, value: str) -> set[int]:
    key = str(parameter)
    if not value:
        return {Exit.DONE if key in MAY_BE_EMPTY else Exit.USAGE}
    if not parameter.text:
        return {Exit.USAGE}
    if parameter.name in WORDS or key in WORDS_OF_ONE_COMMAND:  # fine, or wrong for what it means
        return {Exit.DONE, Exit.USAGE, Exit.DATA, Exit.NO_INPUT, Exit.CANNOT_CREATE}
    if parameter.name in OUTPUTS:
        return {Exit.CANNOT_CREATE} | ({Exit.DONE} if value in MAY_BE_THERE.get(key, ()) else set())
    return {Exit.NO_INPUT} | ({Exit.DATA} if value in READABLE else set())


def bad_values(parameter: Parameter) -> dict[str, str]:
    if not parameter.text:
        return {"nothing": "", **NO_NUMBERS}
    return {"nothing": "", **(BAD_OUTPUTS if parameter.name in OUTPUTS else BAD_INPUTS)}


def a_third_of(values: dict[str, str], parameter: Parameter) -> dict[str, str]:
    """By the parameter's name, so that all parameters together meet all values many times; and nothing, always."""
    turn = zlib.crc32(str(parameter).encode())
    return {kind: value for i, (kind, value) in enumerate(values.items()) if not value or (i + turn) % 3 == 0}


def all_complaints(parameter: Parameter, inputs: dict, engine: bool) -> str:
    entries, state, found = set(state_of(".")), state_of(*inputs.values(), LLAMA, LAYOUT.parent), []
    values = bad_values(parameter)
    for kind, value in (values if engine else a_third_of(values, parameter)).items():
        late = {Exit.UNAVAILABLE} if not engine and value else set()
        complaints = complaints_of(parameter, value, right_codes(parameter, value) | late,
                                   call_with(parameter, value, inputs), engine)
        found += [f"{parameter}: {kind}: {'; '.join(complaints)}"] if complaints else []
        remove_outputs(entries)
    if state_of(*inputs.values(), LLAMA, LAYOUT.parent) != state:
        found.append(f"{parameter}: changes its inputs")
    return "\n".join(found)


def test_completion_knows_the_same_options():
    """That none is missed in the help."""
    (program,) = [command for command in TREE if not command.name]
    script = dnd("completion", "bash", engine=False).out
    offered = {name: words.split() for name, words in re.findall(r'^ +"([\w-]+) "\*\) words="(.*)" ;;$', script, re.M)}
    assert offered.keys() == set(program.subcommands)
    for name, words in offered.items():
        within = [command for command in TREE if command.name.split()[:1] == [name]]
        listed = {word for command in within for word in command.options + command.subcommands}
        assert {word for word in words if word.startswith("-") or word in listed} == listed | set(program.options)


def test_every_command_has_a_valid_call(inputs):
    calls = valid_calls(inputs)
    assert calls.keys() == {command.name for command in TREE if not command.subcommands}
    for command, values in calls.items():
        done = run(words_of(command, values))
        assert done.returncode in (Exit.DONE, Exit.UNAVAILABLE), f"{command}: {done.stderr}"
        remove_outputs()


@pytest.mark.parametrize("parameter", PARAMETERS, ids=str)
def test_what_cannot_be_used_is_refused(parameter, inputs, scene):
    """Without an engine: exit code 69 is what a value meets that is looked at later. A third of the values."""
    assert not (found := all_complaints(parameter, inputs, engine=False)), found


@pytest.mark.slow
@pytest.mark.parametrize("parameter", [p for p in PARAMETERS if p.text], ids=str)
def test_what_cannot_be_used_is_refused_with_an_engine(parameter, inputs, scene):
    assert not (found := all_complaints(parameter, inputs, engine=True)), found


def test_a_loop_of_links_beside_the_files_of_a_base():
    """Not to be copied, as a link to nothing is not."""
    shutil.copytree(LLAMA / "base", "base")
    os.symlink("loop", "base/loop")
    done = dnd("merge", LLAMA / "adapter", "--base", "base", "--out", "out", engine=False)
    assert "not copied from the base: loop\n" in done.err
    assert "out/loop" not in tree()


def test_an_encoder_with_a_name_that_no_file_can_have(bundle, four):
    shutil.copytree(bundle, "bundle")
    config = json.loads(pathlib.Path("bundle/generator.json").read_text())
    config["condition"]["encoder"] = "n" * 300
    pathlib.Path("bundle/generator.json").write_text(json.dumps(config))
    done = run(["generate", "--model", "bundle", "--prompts", four, "--out", "out"])
    assert done.returncode in (Exit.DATA, Exit.NO_INPUT)
    assert done.stderr.splitlines()[-1].startswith("dnd: error: ") and "encoder" in done.stderr
    assert "out" not in tree()
