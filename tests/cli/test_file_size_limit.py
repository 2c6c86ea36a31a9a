"""A limit for the size of files (ulimit -f) is like a full disk: one error, and nothing left behind."""

import pathlib

import pytest
from support import DATA, GOLDEN, LAYOUT, Exit, dnd, errors_when_limited, file_size_limit, folder_bytes
from train_data import write_config, write_tasks

LLAMA = DATA / "interop/llama"
ADAPTER = LLAMA / "adapter"
ON_LLAMA = (ADAPTER, "--base", LLAMA / "base")
ALONE = {  # command that needs no engine -> arguments
    "codec tokenize": (GOLDEN / "adapter_fp32.safetensors", "--layout", LAYOUT),
    "compose": (ADAPTER,),
    "convert --to diffusers": (ADAPTER,),
    "convert --to diffusion_model": (ADAPTER,),
    "convert --to gguf": ON_LLAMA,
    "convert --to kohya": (ADAPTER,),
    "convert --to mlx": (ADAPTER,),
    "convert --to peft": (ADAPTER,),
    "import": (GOLDEN / "decoder.pth", "--layout", LAYOUT),
    "layout": ("--base", DATA / "targets/qwen2.5-0.5b-instruct"),
    "merge": ON_LLAMA,
    "new": ("--layout", LAYOUT, "--features", "4,32,384;6,16,20;70,6,14"),
}


def largest(path: str) -> int:
    """The size of the largest file made."""
    return max(file.stat().st_size for file in [pathlib.Path(path), *pathlib.Path(path).rglob("*")] if file.is_file())


@pytest.mark.parametrize("command", ALONE)
def test_what_needs_no_engine(command):
    call = [*command.split(), *ALONE[command], "--out"]
    dnd(*call, "whole", engine=False)
    for limit in (0, 1, 1000, largest("whole") - 1):
        (error,) = errors_when_limited([*call, "out"], limit, engine=False)
        assert error.endswith(": File too large")
    dnd(*call, "out", engine=False, **file_size_limit(largest("whole")))


@pytest.mark.parametrize("format", ["peft", "mlx", "gguf"])
def test_generate(bundle, four, format):
    call = ["generate", "--model", bundle, "--prompts", four, "--format", format, "--out", "deep/out"]
    (error,) = errors_when_limited(call, 4096, stays={"deep"})
    assert error.endswith(": File too large")


def test_generate_many(bundle, four):
    call = ["generate", "--model", bundle, "--prompts", four, "--variants", 3, "--out", "out"]
    *errors, last = errors_when_limited(call, 4096, stays={"out"})
    assert len(errors) == 3 and all(error.endswith(": File too large") for error in errors)
    assert last == "dnd: error: 3 of 3 adapters failed"


def test_encode(bundle, four):
    (error,) = errors_when_limited(["encode", "--model", bundle, "--prompts", four, "--out", "out"], 4096)
    assert error.endswith(": File too large")


def test_verify(bundle):
    (error,) = errors_when_limited(["verify", *ON_LLAMA, "--run", "--ids", "1,2,3", "--logits-out", "out"], 1000)
    assert error.endswith(": File too large")


def test_train():
    """A training keeps its work folder; what stands there does not stop the next."""
    write_tasks(".")
    write_config()
    call = ["train", "--config", "train.json", "--threads", 2, "--out"]
    (error,) = errors_when_limited(
        [*call, "out"], 4096, stays={"out.train", "out.train/lock", "out.train/conditions.safetensors.part"})
    assert error.endswith(": File too large")
    dnd(*call, "out")
    dnd(*call, "undisturbed")
    assert folder_bytes("out") == folder_bytes("undisturbed")


def test_what_is_printed():
    with open("out.txt", "w", encoding="utf-8") as out:
        result = dnd("--quiet", "layout", *ALONE["layout"], "--name", "a/b", engine=False, stdout=out, expect=Exit.IO,
                     **file_size_limit(100))
    (error,) = result.err.splitlines()
    assert error.startswith("dnd: error: ") and error.endswith("File too large")
