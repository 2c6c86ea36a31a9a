"""The program as a whole: help, usage errors, exit codes, completion, what starts the engine."""

import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import time

import pytest
from command_tree import read_tree
from support import GOLDEN, LAYOUT, PROGRAM, ROOT, Exit, dnd, environment, fails, tree, write_prompts

COMMANDS = ["generate", "import", "inspect", "merge", "compose", "layout", "encode", "codec", "new", "doctor",
            "completion", "man", "version"]
CONFIG = ROOT / "tests/data/targets/qwen2.5-0.5b-instruct/config.json"


def test_help_lists_every_command_and_exit_code():
    text = dnd("--help", engine=False).out
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert all(f"{code.value} " in text for code in Exit)
    assert dnd("-h", engine=False).out == text


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_begins_with_examples(command):
    result = dnd(command, "--help", engine=False)
    assert result.err == ""
    assert 0 < result.out.index("\nExamples:\n") < result.out.index(f"\nUsage: dnd {command}")


@pytest.mark.parametrize("direction", ["tokenize", "detokenize"])
def test_help_of_a_nested_command(direction):
    assert f"Usage: dnd codec {direction}" in dnd("codec", direction, "--help", engine=False).out


def test_bare_call_shows_help_on_standard_error():
    result = dnd(expect=Exit.USAGE, engine=False)
    assert result.out == "" and "Subcommands:" in result.err


def test_version():
    text = dnd("--version", engine=False).out
    assert text.startswith("dnd 0.")
    assert text == dnd("-V", engine=False).out == dnd("version", engine=False).out
    for call in (["--version", "--json"], ["--json", "--version"], ["version", "--json"]):
        (line,) = dnd(*call, engine=False).json
        assert line["version"] == text.split()[1] and len(line["build"]) == 16


def test_help_is_a_command_too():
    assert dnd("help", engine=False).out == dnd("--help", engine=False).out
    assert dnd("help", "codec", "tokenize", engine=False).out == dnd("codec", "tokenize", "--help", engine=False).out
    assert "'genrate' is not a command; did you mean 'generate'?" in fails(Exit.USAGE, "help", "genrate")


def test_errors_of_a_call_have_no_colours_on_request():
    """On a terminal; elsewhere there are none."""
    command = ["script", "-qec", f"{PROGRAM} --no-color genrate", "/dev/null"]
    text = subprocess.run(command, env=environment(engine=False) | {"TERM": "xterm"}, stdin=subprocess.DEVNULL,
                          capture_output=True, check=False).stdout
    assert b"genrate" in text and b"\x1b" not in text
    command[2] = f"{PROGRAM} genrate"
    assert b"\x1b" in subprocess.run(command, env=environment(engine=False) | {"TERM": "xterm"}, capture_output=True,
                                     stdin=subprocess.DEVNULL, check=False).stdout


def test_a_reader_that_has_read_enough(adapter):
    """Ends as other programs do, without a word."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([PROGRAM, "inspect", adapter], env=environment(engine=False), stdout=write,
                          stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode == -signal.SIGPIPE and done.stderr == b""


@pytest.mark.parametrize("arguments, words", [
    (["genrate"], ["'genrate' is not a command", "did you mean 'generate'?"]),
    (["xyzzy"], ["'xyzzy' is not a command", "dnd --help"]),
    (["generate", "--promts", "p"], ["unknown option '--promts'", "did you mean '--prompts'?", "dnd generate --help"]),
    (["generate", "--varients=2"], ["'--varients'", "'--variants'"]),
    (["codec", "tokenize", "x", "--layuot", "y"], ["'--layuot'", "'--layout'"]),
    (["--jsno", "doctor"], ["'--jsno'", "'--json'"]),
    (["gen\x1b[31mrate"], ["is not a command"]),
    (["generate"], ["--prompts", "--condition"]),
    (["generate", "--prompts", "p", "--condition", "c"], ["either --prompts", "--condition"]),
    (["generate", "--prompts"], ["--prompts"]),
    (["generate", "--prompts", "p", "--adapter-dtype", "f8"], ["--adapter-dtype", "f32", "f16", "bf16"]),
    (["generate", "--prompts", "p", "--precision", "best"], ["--precision", "exact"]),
    (["generate", "--prompts", "p", "--select", "last"], ["--select", "first"]),
    (["generate", "--prompts", "p", "--variants", "0"], ["--variants"]),
    (["generate", "--prompts", "p", "--seed", "-1"], ["--seed"]),
    (["generate", "--prompts", "p", "--seed", "x"], ["--seed"]),
    (["new", "--layout", "l", "--features", "f", "--out", "b", "--seed", "-1"], ["--seed"]),
    (["generate", "--prompts", "p", "--seed", "18446744073709551616"], ["--seed"]),
    (["import"], ["checkpoint"]),
    (["import", "x.pth"], ["--out"]),
    (["import", "x.pth", "--out", "b"], ["--preset", "--layout"]),
    (["import", "x.pth", "--out", "b", "--preset", "gpt"], ["'gpt'", "qwen2.5-0.5b", "qwen2.5-vl-3b"]),
    (["inspect"], ["paths"]),
    (["layout"], ["--base"]),
    (["layout", "--base", "x", "--rank", "0"], ["--rank"]),
    (["encode", "--prompts", "p"], ["--out"]),
    (["codec"], ["subcommand"]),
    (["codec", "tokenise"], ["'tokenise'", "did you mean 'tokenize'?", "dnd codec --help"]),
    (["completion", "tcsh"], ["tcsh", "fish"]),
])
def test_usage_errors(arguments, words):
    message = fails(Exit.USAGE, *arguments)
    assert all(word in message for word in words), message
    assert message.isprintable()
    assert tree() == set()


@pytest.mark.parametrize("arguments, words", [
    (["generate", "--prompts", "none.jsonl"], ["none.jsonl"]),
    (["generate", "--prompts", "p.jsonl", "--model", "none"], ["none"]),
    (["generate", "--prompts", "p.jsonl", "--model", "BUNDLE", "--encoder", "none"], ["--encoder none", "not found"]),
    (["generate", "--condition", "none.safetensors", "--model", "BUNDLE"], ["none.safetensors"]),
    (["encode", "--prompts", "none.jsonl", "--out", "c"], ["none.jsonl"]),
    (["import", "none.pth", "--layout", str(LAYOUT), "--out", "b"], ["none.pth"]),
    (["import", str(GOLDEN / "decoder.pth"), "--layout", "none.json", "--out", "b"], ["none.json"]),
    (["inspect", "none"], ["none"]),
    (["layout", "--base", "none"], ["none"]),
    (["codec", "tokenize", "none", "--layout", str(LAYOUT), "--out", "t"], ["none"]),
    (["codec", "detokenize", "none", "--layout", str(LAYOUT), "--out", "t"], ["none"]),
    (["new", "--layout", "none.json", "--features", "1,2,3", "--out", "b"], ["none.json"]),
])
def test_missing_input(bundle, arguments, words):
    prompts = write_prompts("p.jsonl", ["q"])
    message = fails(Exit.NO_INPUT, *[bundle if word == "BUNDLE" else word for word in arguments])
    assert all(word in message for word in words), message
    assert tree() == {prompts}


@pytest.mark.parametrize("name, content", [
    ("p.jsonl", b'{"prompt": "a"}\n{"prompt": \n'), ("p.jsonl", b'{"answer": "4"}\n'), ("p.jsonl", b'{"prompt": 3}\n'),
    ("p.jsonl", b'{"prompt": "a", "task": 1}\n'), ("p.jsonl", b"[" * 100000), ("p.json", b"[1, 2]"), ("p.json", b"{"),
    ("p.csv", b'question\n"open'), ("p.txt", b"\xff\xfe\n"),
], ids=range(9))
def test_malformed_prompts(bundle, name, content):
    pathlib.Path(name).write_bytes(content)
    message = fails(Exit.DATA, "generate", "--model", bundle, "--prompts", name)
    assert name in message and len(message) < 400


def test_no_engine(bundle, four):
    message = fails(Exit.UNAVAILABLE, "generate", "--model", bundle, "--prompts", four)
    assert "/nonexistent/libdnd_engine.so" in message and "dnd doctor" in message
    assert tree() == {four}


def test_no_encoder(bundle, four, tmp_path):
    (tmp_path / "all-MiniLM-L6-v2").mkdir()
    message = fails(Exit.NO_INPUT, "generate", "--model", bundle, "--prompts", four, "--encoder", "all-MiniLM-L6-v2")
    assert "config.json" in message


def test_a_device_that_is_not_there(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four, "--device"]
    assert "'tpu'" in fails(Exit.USAGE, *call, "tpu", engine=True)
    assert "cuda" in fails(Exit.UNAVAILABLE, *call, "cuda:99", engine=True)
    assert tree() == {four}


def test_quiet_and_verbose(bundle, adapter, four):
    call = ["generate", "--model", bundle, "--prompts", four, "--out", adapter, "--resume"]
    assert "info" in dnd(*call, engine=False).err
    quiet = dnd(*call, "-q", engine=False)
    assert "info" not in quiet.err and "warning" in quiet.err
    assert "\x1b" not in quiet.err


def test_the_engine_says_as_much_as_the_program(bundle, four):
    def said(*words):
        return dnd("generate", "--model", bundle, "--prompts", four, "--out", "made", "--force", *words).err

    assert "dnd: debug: engine: device auto, threads" in said("-v")
    assert "engine:" not in said()
    assert all(line.startswith("dnd: warning: ") for line in said("-q").splitlines())


@pytest.mark.parametrize("words, said", [
    (["--threads", "5000"], "threads 5000: expected 1 to 1024"), (["--device", "tpu"], "device 'tpu': expected auto"),
])
def test_the_engine_knows_no_options(bundle, four, words, said):
    message = fails(Exit.USAGE, "generate", "--model", bundle, "--prompts", four, *words, engine=True)
    assert said in message and "--" not in message


def test_old_names_of_environment_variables(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four]
    old = {"DND_ENGINE": "/nonexistent/by_the_old_name.so"}
    result = dnd(*call, env=old, expect=Exit.UNAVAILABLE)
    assert "/nonexistent/by_the_old_name.so" in result.last_error
    (warning,) = [line for line in result.err.splitlines() if "DND_ENGINE" in line]
    assert warning.startswith("dnd: warning: ") and "DND_ENGINE is called DND_ENGINE_LIBRARY now" in warning
    assert dnd("doctor", env=old, expect=Exit.UNAVAILABLE).err.count("DND_ENGINE_LIBRARY") == 1
    result = dnd(*call, env=old, engine=False, expect=Exit.UNAVAILABLE)
    assert "/nonexistent/libdnd_engine.so" in result.last_error and "DND_ENGINE" not in result.err


def calls_that_compute_nothing(bundle, adapter, four):
    return {
        "--help": ["--help"],
        "inspect": ["inspect", bundle, adapter, LAYOUT],
        "layout": ["layout", "--base", CONFIG],
        "generate --dry-run": ["generate", "--model", bundle, "--prompts", four, "--dry-run"],
        "generate --resume": ["generate", "--model", bundle, "--prompts", four, "--out", adapter, "--resume"],
        "completion": ["completion", "bash"],
        "new": ["new", "--layout", LAYOUT, "--features", "4,12,8;70,6,14", "--out", "new", "--force"],
        "import": ["import", GOLDEN / "decoder.pth", "--layout", LAYOUT, "--out", "bundle", "--force"],
        "codec": ["codec", "tokenize", GOLDEN / "adapter_fp32.safetensors", "--layout", LAYOUT, "--out",
                  "t.safetensors", "--force"],
    }


def test_commands_that_compute_nothing_need_no_engine(bundle, adapter, four):
    for name, call in calls_that_compute_nothing(bundle, adapter, four).items():
        seconds = []
        for _ in range(20):
            begin = time.perf_counter()
            dnd(*call, engine=False)
            seconds.append(time.perf_counter() - begin)
        print(f"{name:20} {statistics.median(seconds) * 1000:6.1f} ms")


def test_doctor():
    (report,) = dnd("doctor", "--json").json
    assert report["engine"]["ok"] and report["engine"]["libtorch"] and report["engine"]["threads"] >= 1
    assert "qwen2.5-0.5b" in report["presets"]
    assert report["version"] in dnd("doctor").out


def test_doctor_without_engine():
    result = dnd("doctor", "--json", engine=False, expect=Exit.UNAVAILABLE)
    assert result.json[0]["engine"]["ok"] is False
    assert "NOT USABLE" in dnd("doctor", engine=False, expect=Exit.UNAVAILABLE).out


def completed(*words) -> list[str]:
    """What bash offers for the last word."""
    script = 'source <("$0" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _dnd; echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", script, PROGRAM, "dnd", *words], env=environment(engine=False), text=True,
                          capture_output=True, check=True)
    return done.stdout.split()


def test_bash_completion():
    assert completed("gen") == ["generate"]
    assert set(COMMANDS) <= set(completed(""))
    assert completed("generate", "--pro") == ["--prompts"]
    assert completed("codec", "tok") == ["tokenize"]


def test_bash_completion_of_values_and_past_flags():
    assert completed("generate", "--select", "") == ["random", "first"]
    assert completed("-q", "generate", "--json", "--form") == ["--format"]
    assert completed("-q", "gen") == ["generate"]
    assert completed("convert", "adapter", "--to", "g") == ["gguf"]
    assert completed("generate", "-p", "--f") == []  # a file's name


def test_fish_completion_has_descriptions_and_values():
    text = dnd("completion", "fish", engine=False).out
    assert "-l select -x -a 'random first' -d 'Which prompts" in text
    assert "-l prompts -s p -r -d 'Prompt files" in text


def test_manual_pages_name_every_option():
    tree_of_commands = read_tree()
    (program,) = [command for command in tree_of_commands if not command.name]
    pages = dnd("man", "--names", engine=False).out.split()
    assert pages == ["dnd", *(f"dnd-{name}" for name in program.subcommands)]
    for command in tree_of_commands:
        page = dnd("man", *command.name.split()[:1], engine=False).out
        assert all(option in page.replace("\\-", "-") for option in command.options), command.name
    assert dnd("man", "eval", engine=False).out == dnd("man", "dnd-eval", engine=False).out
    assert "no page 'dnd-generat'; there are dnd, dnd-generate" in fails(Exit.USAGE, "man", "generat")


@pytest.mark.skipif(not shutil.which("man"), reason="no man")
def test_man_reads_the_pages():
    for page in dnd("man", "--names", engine=False).out.split():
        text = dnd("man", page, engine=False).out
        shown = subprocess.run(["man", "--warnings", "-E", "ascii", "-l", "-"], input=text, capture_output=True,
                               text=True, check=True, env={"PATH": os.environ["PATH"], "MANWIDTH": "100"})
        assert not shown.stderr and "SYNOPSIS" in shown.stdout, page


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_parse(shell):
    script = pathlib.Path("script")
    script.write_text(dnd("completion", shell, engine=False).out)
    assert "generate" in script.read_text()
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    subprocess.run([shell, "-n", script], check=True)


def test_found_through_a_link(bundle, four):
    os.symlink(PROGRAM, "dnd")
    subprocess.run(["./dnd", "generate", "--model", bundle, "--prompts", four, "--out", "out"], env=environment(),
                   check=True, capture_output=True)
    assert {"out/README.md", "out/adapter_config.json"} < tree()
