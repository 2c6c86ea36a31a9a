"""merge: base + adapters -> a checkpoint of the same files; anything that does not fit is refused before it is made."""

import functools
import json
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time

import pytest
from support import (
    DATA,
    PROGRAM,
    Exit,
    dnd,
    environment,
    fails,
    folder_bytes,
    read_safetensors,
    safetensors_bytes,
    tree,
)
from tracing import traced

LLAMA = DATA / "interop/llama"
BASE, ADAPTER = LLAMA / "base", LLAMA / "adapter"
CALL = ("merge", ADAPTER, "--base", BASE, "--out", "out")


def bf16(value: float) -> bytes:
    return struct.pack("<f", value)[2:]


def write_base(folder, tensors: dict[str, tuple[int, ...]], value: float = 1.0) -> pathlib.Path:
    """A bf16 base of one value everywhere."""
    header, data = {}, b""
    for name, shape in tensors.items():
        size = 2
        for length in shape:
            size *= length
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [len(data), len(data) + size]}
        data += bf16(value) * (size // 2)
    folder = pathlib.Path(folder)
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(safetensors_bytes(header, data))
    return folder


def write_adapter(folder, module: str, out: int, inner: int, rank: int = 1, value: float = 1.0) -> pathlib.Path:
    """A and B of one value everywhere; scale 1."""
    key = f"base_model.model.{module}"
    sizes = 4 * rank * inner, 4 * rank * out
    header = {f"{key}.lora_A.weight": {"dtype": "F32", "shape": [rank, inner], "data_offsets": [0, sizes[0]]},
              f"{key}.lora_B.weight": {"dtype": "F32", "shape": [out, rank], "data_offsets": [sizes[0], sum(sizes)]}}
    folder = pathlib.Path(folder)
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(
        safetensors_bytes(header, struct.pack("<f", value) * (sum(sizes) // 4)))
    (folder / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": [module.rsplit(".", 1)[-1]],
         "fan_in_fan_out": False, "bias": "none"}))
    return folder


def test_it_says_what_it_made():
    (line,) = dnd("--json", *CALL, engine=False).json
    assert line.pop("seconds") > 0
    size = sum(path.stat().st_size for path in BASE.iterdir())
    assert line == {"path": "out", "tensors_merged": 14, "tensors_copied": 7, "bytes": size}
    assert tree("out") == {"config.json", "generation_config.json", "model.safetensors"}
    assert tree() == {"out"} | {f"out/{name}" for name in tree("out")}


def test_without_json_the_path():
    assert dnd(*CALL, engine=False).out == "out\n"


def test_the_sum_and_its_weights():
    write_base("base", {"q.weight": (2, 3), "other": (5,)})
    write_adapter("one", "q", 2, 3)
    write_adapter("two", "q", 2, 3, rank=2)
    dnd("merge", "one", "two:-0.25", "--base", "base", "--out", "out", engine=False)
    merged = read_safetensors("out/model.safetensors")
    assert merged.values("q.weight") == (1 + 1 - 0.25 * 2,) * 6
    assert merged.values("other") == (1.0,) * 5


def test_colons_in_paths():
    write_base("base", {"q.weight": (2, 3)})
    write_adapter("run:2", "q", 2, 3)
    dnd("merge", "run:2", "--base", "base", "--out", "a", engine=False)
    assert read_safetensors("a/model.safetensors").values("q.weight") == (2.0,) * 6
    dnd("merge", "run:2:3", "--base", "base", "--out", "b", engine=False)
    assert read_safetensors("b/model.safetensors").values("q.weight") == (4.0,) * 6
    assert "run:x" in fails(Exit.NO_INPUT, "merge", "run:x", "--base", "base", "--out", "c")


def test_the_same_bytes_for_any_number_of_threads():
    for threads in (1, 2, 7):
        dnd(*CALL[:-1], f"out{threads}", "--threads", threads, engine=False)
    assert folder_bytes("out1") == folder_bytes("out2") == folder_bytes("out7")


def test_what_stays_behind_is_said():
    base = pathlib.Path(shutil.copytree(BASE, "base"))
    for name in ("pytorch_model.bin", "a\x1b.gguf"):
        (base / name).write_text("x")
    (base / "original").mkdir()
    (base / "tokenizer.json").write_text("{}")
    said = dnd("merge", ADAPTER, "--base", base, "--out", "out", engine=False).err
    assert "original/" in said and "pytorch_model.bin" in said and "\x1b" not in said
    assert tree("out") == {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}


@pytest.mark.parametrize("arguments, code, words", [
    (("merge", ADAPTER, "--base", "none", "--out", "out"), Exit.NO_INPUT, ["none"]),
    (("merge", "none", "--base", BASE, "--out", "out"), Exit.NO_INPUT, ["none"]),
    (("merge", ADAPTER, "--base", ADAPTER, "--out", "out"), Exit.DATA, ["no tensor", "another model?"]),
    (("merge", f"{ADAPTER}:inf", "--base", BASE, "--out", "out"), Exit.USAGE, ["not finite"]),
    (("merge", "--base", BASE, "--out", "out"), Exit.USAGE, ["adapters"]),
])
def test_calls_that_do_not_fit(arguments, code, words):
    message = fails(code, *arguments)
    assert all(word in message for word in words)
    assert tree() == set()


def test_a_missing_module_is_named_before_anything_is_made():
    write_base("base", {"q_proj.weight": (2, 3)})
    write_adapter("lora", "q_porj", 2, 3)
    message = fails(Exit.DATA, "merge", "lora", "--base", "base", "--out", "out")
    assert "'q_porj'" in message and "there is 'q_proj.weight'" in message
    assert "out" not in tree()


def test_another_shape():
    write_base("base", {"q.weight": (3, 2)})
    write_adapter("lora", "q", 2, 3)
    message = fails(Exit.DATA, "merge", "lora", "--base", "base", "--out", "out")
    assert "shape [3, 2], the adapter needs [2, 3]" in message


def test_results_that_are_not_finite():
    write_base("base", {"q.weight": (2, 3)})
    write_adapter("lora", "q", 2, 3, value=1e30)
    assert "'q.weight'" in fails(Exit.DATA, "merge", "lora", "--base", "base", "--out", "out")
    assert not [name for name in tree() if "out" in name]


def test_quantised_bases():
    base = pathlib.Path(shutil.copytree(BASE, "base"))
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "gptq"}}))
    assert "quantised (gptq" in fails(Exit.DATA, "merge", ADAPTER, "--base", base, "--out", "out")


def test_taken_places():
    dnd(*CALL, engine=False)
    made = folder_bytes("out")
    assert "exists already (--force replaces it)" in fails(Exit.CANNOT_CREATE, *CALL)
    dnd(*CALL, "--force", engine=False)
    assert folder_bytes("out") == made
    pathlib.Path("mine").mkdir()
    pathlib.Path("mine/diary").touch()
    assert "will not be replaced" in fails(Exit.CANNOT_CREATE, *CALL[:-1], "mine", "--force")
    shutil.copytree(BASE, "base")
    before = folder_bytes("base")
    message = fails(Exit.CANNOT_CREATE, "merge", ADAPTER, "--base", "base", "--out", "base/.", "--force")
    assert "is an input of this call (base)" in message and folder_bytes("base") == before


def test_a_base_larger_than_the_disk():
    size = 2 * shutil.disk_usage(".").total
    pathlib.Path("base").mkdir()
    header = safetensors_bytes({"q.weight": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [0, 12]},
                                "big": {"dtype": "U8", "shape": [size], "data_offsets": [12, 12 + size]}})
    with open("base/model.safetensors", "wb") as file:
        file.write(header)
        try:
            file.truncate(len(header) + 12 + size)  # a hole
        except OSError:
            pytest.skip("no files of that size here")
    write_adapter("lora", "q", 2, 3)
    message = fails(Exit.CANNOT_CREATE, "merge", "lora", "--base", "base", "--out", "out")
    assert "the disk has" in message and not [name for name in tree() if "out" in name]


def sharded_merge(shards: int, size: int = 64) -> list[str]:
    """A base of many small shards and the call that merges an adapter of all of them, by many threads."""
    write_base("base", {})
    index, adapter, data = {}, {}, b""
    for i in range(shards):
        module, shard = f"layers.{i}.q", f"model-{i:05d}.safetensors"
        index[f"{module}.weight"] = shard
        header = {f"{module}.weight": {"dtype": "BF16", "shape": [size, size], "data_offsets": [0, 2 * size * size]}}
        pathlib.Path("base", shard).write_bytes(safetensors_bytes(header, bf16(1.0) * size * size))
        for matrix, shape in (("A", [1, size]), ("B", [size, 1])):
            adapter[f"base_model.model.{module}.lora_{matrix}.weight"] = {
                "dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * size]}
            data += struct.pack("<f", 0.5) * size
    pathlib.Path("base/model.safetensors").unlink()
    pathlib.Path("base/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    write_adapter("lora", "q", size, size)
    pathlib.Path("lora/adapter_model.safetensors").write_bytes(safetensors_bytes(adapter, data))
    return list(map(str, [PROGRAM, "merge", "lora", "--base", "base", "--out", "out", "--threads", 16, "-q"]))


def run_merge(call: list[str], **options) -> subprocess.CompletedProcess:
    """Makes all of `out`, or fails with one line and leaves nothing."""
    done = subprocess.run(call, env=environment(engine=False), capture_output=True, text=True, timeout=60, check=False,
                          **options)
    if done.returncode == Exit.DONE:
        assert (tree("out") == tree("base")) and ".dnd-tmp." not in " ".join(tree())
        return done
    assert done.returncode > 0, f"{call}: signal {-done.returncode}"
    assert done.stdout == "" and done.stderr.startswith("dnd: error: ") and done.stderr.count("\n") == 1, done.stderr
    assert {path.name for path in pathlib.Path().iterdir()} == {"base", "lora"}
    return done


def test_few_descriptors():
    """Which file is one too many, an input or an output, is a matter of the threads."""
    call = sharded_merge(24)
    codes = set()
    for limit in [*range(4, 24), 64]:
        for _ in range(3):
            bound = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (limit, limit))
            done = run_merge(call, preexec_fn=bound)
            codes.add(done.returncode)
            if done.returncode != Exit.DONE:
                assert "Too many open files" in done.stderr
            shutil.rmtree("out", ignore_errors=True)
    assert Exit.DONE in codes and Exit.CANNOT_CREATE in codes
    assert codes <= {Exit.DONE, Exit.CANNOT_CREATE, Exit.IO}, codes


@pytest.mark.parametrize("rule, code, words", [
    ("fallocate:error=ENOSPC", Exit.IO, "No space left on device"),
    ("fallocate:error=ENOSPC:when=2+", Exit.IO, "No space left on device"),
    ("fsync:error=EIO", Exit.IO, "Input/output error"),
    ("pwrite64:error=EDQUOT:when=2+", Exit.IO, "Disk quota exceeded"),
])
def test_system_calls_that_fail(rule, code, words):
    call = sharded_merge(24)
    for _ in range(5):
        done = run_merge(traced(call, rule))
        assert done.returncode == code and words in done.stderr, (done.returncode, done.stderr)


def large_merge(rows: int) -> list:
    """A base of rows x 4096 and the call that merges one adapter into it."""
    write_base("base", {"q.weight": (rows, 4096)})
    write_adapter("lora", "q", rows, 4096, rank=16)
    return list(map(str, [PROGRAM, "merge", "lora", "--base", "base", "--out", "out", "-q"]))


def test_killed_runs_leave_nothing_under_the_final_name():
    call = large_merge(4000)
    for delay in (0.0, 0.02, 0.05):
        process = subprocess.Popen(call, env=environment(), stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if pathlib.Path("out").exists():  # it was faster
            shutil.rmtree("out")
    dnd(*call[1:], engine=False)
    assert {path.name for path in pathlib.Path().iterdir()} == {"base", "lora", "out"}
    assert read_safetensors("out/model.safetensors").data == bf16(17) * (4000 * 4096)


# A child counts as large as its parent was when it began, so the parent is a small one.
MEASURE = """import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"""


def test_memory_does_not_grow_with_the_base():
    """Well below the size of the one tensor, 82 MB."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *large_merge(10_000)], env=environment(), check=True,
                          capture_output=True, text=True)
    assert int(done.stdout.split()[-1]) * 1024 < 50e6
