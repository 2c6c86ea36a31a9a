"""--device cuda: on machines that lack something for it, and with a library whose device is the kernels' host twin, so
that everything but the device is the real thing. With a real device its tokens stand beside those of the CPU, too."""

import json
import os
import pathlib
import struct

import pytest
from support import PROGRAM, PYTORCH, ROOT, Exit, dnd, fails

LIBRARY = PROGRAM.parents[1] / "lib/dnd/libdnd_cuda.so"
TORCH = ROOT / ".deps/libtorch/torch/lib"
TWIN = os.environ.get("CUDA_TWIN", str(PROGRAM.parents[1] / "tests/libdnd_cuda_twin.so"))


@pytest.fixture
def call(bundle, four):
    return ["generate", "--model", bundle, "--prompts", four, "--adapter-dtype", "f32"]


def on_cuda(device="cuda", precision="fast"):
    return ["--precision", precision, "--out", "made", "--device", device]


def refusal(call, library, env=None, device="cuda"):
    return refused([*call, *on_cuda(device)], {"DND_CUDA_LIBRARY": str(library)} | (env or {}))


def refused(words, env):
    message = fails(Exit.UNAVAILABLE, *words, engine=True, env=env)
    assert message.startswith("dnd: error: device cuda")
    assert "device cpu" in message and "--" not in message
    assert not pathlib.Path("made").exists()
    return message


def cuda_report(env=None):
    return json.loads(dnd("--json", "doctor", env=env).out)["engine"]["cuda"]


def test_a_build_without_kernels(call):
    assert "/nonexistent/libdnd_cuda.so" in refusal(call, "/nonexistent/libdnd_cuda.so")


def test_the_old_name_of_its_environment_variable(call):
    result = dnd(*call, *on_cuda(), env={"DND_CUDA": "/nonexistent/old.so"}, expect=Exit.UNAVAILABLE)
    assert "no /nonexistent/old.so" in result.last_error
    assert "DND_CUDA is called DND_CUDA_LIBRARY now" in result.err


def test_a_library_of_another_build(call):
    build = dnd("--json", "doctor").json[0]["build"]
    library = pathlib.Path("libdnd_cuda.so").resolve()
    content = pathlib.Path(TWIN).read_bytes()
    assert build.encode() in content
    library.write_bytes(content.replace(build.encode(), b"0123456789abcdef"))
    message = refusal(call, library)
    assert f"{library} is of build 0123456789abcdef, the engine of build {build}" in message
    assert "build both from the same sources" in message


def test_a_library_that_cannot_be_loaded(call):
    broken = pathlib.Path("libdnd_cuda.so")
    broken.write_bytes(b"\x7fELF")
    assert "CUDA's libraries" in refusal(call, broken.resolve())


def test_a_library_of_something_else(call):
    assert "dnd_cuda_build_id" in refusal(call, PROGRAM.parents[1] / "lib/dnd/libdnd_engine.so")


def test_a_device_that_computes_something_else(call):
    message = refusal(call, TWIN, {"DND_TWIN_FAULT": "1"})
    assert "host twin does not compute what the CPU does: layer norm (error" in message


def test_a_device_that_is_not_there(call):
    assert "cuda:7" in refusal(call, TWIN, device="cuda:7")
    assert "'cuda:x'" in fails(Exit.USAGE, *call, *on_cuda("cuda:x"), engine=True)


def without_torchs_half(call, library):
    return refused([*call, *on_cuda(precision="exact")], {"DND_TORCH_CUDA": str(library)})


def test_what_libtorch_computes_needs_its_cuda_half(call):
    assert "no /nonexistent/libtorch_cuda.so" in without_torchs_half(call, "/nonexistent/libtorch_cuda.so")


def test_a_half_of_another_libtorch(call):
    library = pathlib.Path("libtorch_cuda.so").resolve()
    library.write_bytes(b"\x7fELF")
    assert "is not of LibTorch" in without_torchs_half(call, library)
    pathlib.Path("libtorch_cpu.so").write_bytes(b"another")
    assert "is not of LibTorch" in without_torchs_half(call, library)


def test_a_half_that_cannot_be_loaded(call):
    pathlib.Path("libtorch_cpu.so").symlink_to(TORCH / "libtorch_cpu.so")
    library = pathlib.Path("libtorch_cuda.so").resolve()
    library.write_bytes(b"\x7fELF")
    assert "CUDA libraries that PyTorch needs" in without_torchs_half(call, library)


@pytest.mark.parametrize(("precision", "bound"), [("exact", 1e-5), ("bf16", 3e-2)])
def test_libtorchs_own_operations(call, precision, bound):
    if not PYTORCH.exists():
        pytest.skip("no PyTorch with CUDA (scripts/setup_interop.sh)")
    env = {"DND_TORCH_CUDA": str(PYTORCH)}
    if not cuda_report()["ok"]:
        assert "LibTorch finds 0 devices" in without_torchs_half(call, PYTORCH)
        return
    dnd(*call, "--precision", "exact", "--out", "cpu", "--device", "cpu")
    dnd(*call, *on_cuda(precision=precision), env=env)
    assert 0 < distance(values("made"), values("cpu")) < bound


def test_doctor_tells_what_is_missing(bundle):
    env = {"DND_CUDA_LIBRARY": "/nonexistent/libdnd_cuda.so"}
    assert cuda_report(env)["error"] in dnd("doctor", env=env).out


def test_doctor_names_every_kernel():
    report = cuda_report({"DND_CUDA_LIBRARY": TWIN})
    assert report["ok"] and report["driver"] == "13.1" and report["cublas"] == "13.0.2"
    assert {check["name"] for check in report["checks"]} >= {"forward transform", "inverse transform", "product"}
    text = dnd("doctor", env={"DND_CUDA_LIBRARY": TWIN}).out
    assert text.count("passed") == len(report["checks"]) and "FAILED" not in text
    assert "FAILED  layer norm" in dnd("doctor", env={"DND_CUDA_LIBRARY": TWIN, "DND_TWIN_FAULT": "1"}).out


def test_a_machine_without_a_device(call):
    if not LIBRARY.exists():
        pytest.skip("built without nvcc")
    if "error" not in cuda_report():
        pytest.skip("there is a device")
    message = refusal(call, LIBRARY)
    assert "driver" in message or "libcublas" in message


def test_auto_is_the_cpu_and_does_not_look_for_cuda(call):
    made = dnd("--json", *call, "--out", "made", "--device", "auto",
               env={"DND_CUDA_LIBRARY": "/nonexistent/libdnd_cuda.so"})
    assert made.json[0]["device"] == "cpu"


def values(folder):
    data = pathlib.Path(folder, "adapter_model.safetensors").read_bytes()
    tensors = data[8 + struct.unpack("<Q", data[:8])[0]:]
    return struct.unpack(f"<{len(tensors) // 4}f", tensors)


def distance(found, expected):
    error = sum((a - b) ** 2 for a, b in zip(expected, found, strict=True)) ** 0.5
    return error / sum(a * a for a in expected) ** 0.5


@pytest.mark.parametrize("library", [TWIN, None], ids=["twin", "device"])
@pytest.mark.parametrize("memory", [[], ["--max-gpu-memory", "6MB"]], ids=["", "capped"])
def test_the_adapter_is_the_cpus(call, library, memory):
    env = {"DND_CUDA_LIBRARY": library} if library else {}
    if not library and not cuda_report()["ok"]:
        pytest.skip("no CUDA device")
    dnd(*call, "--out", "cpu", "--device", "cpu")
    made = dnd("--json", *call, *on_cuda(), *memory, env=env)
    assert made.json[0]["device"] == "cuda:0" and made.json[0]["precision"] == "fast"
    assert "without a GPU" in made.err
    assert 1e-6 < distance(values("made"), values("cpu")) < 3e-3


def test_a_limit_that_nobody_would_keep(call):
    words = [*call, *on_cuda(precision="exact"), "--max-gpu-memory", "6MB"]
    assert "GPU memory: a limit is kept by" in fails(Exit.USAGE, *words, engine=True)


def test_too_little_memory(call):
    message = fails(75, *call, *on_cuda(), "--max-gpu-memory", "1KB", engine=True, env={"DND_CUDA_LIBRARY": TWIN})
    assert "the largest convolution needs" in message


def test_a_batch_has_the_adapters_of_its_tasks(call):
    for size in ("1", "3"):
        made = dnd("--json", *call, "--variants", "3", "--batch-size", size, "--precision", "fast", "--device", "cuda",
                   "--out", f"by-{size}", env={"DND_CUDA_LIBRARY": TWIN})
        assert len(made.json) == 3
    adapters = [sorted(pathlib.Path(f"by-{size}").rglob("adapter_model.safetensors")) for size in ("1", "3")]
    assert len(adapters[0]) == 3 and len({path.read_bytes() for path in adapters[0]}) == 3
    for alone, together in zip(*adapters, strict=True):
        assert alone.read_bytes() == together.read_bytes()
