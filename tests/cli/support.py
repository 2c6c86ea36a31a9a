"""Running the program, and the files it reads and writes, with the standard library alone."""

import dataclasses
import enum
import hashlib
import json
import math
import os
import pathlib
import resource
import struct
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data"
LAYOUT = DATA / "decoder/layout.json"
GOLDEN = DATA / "decoder/plain-k3"
PROGRAM = pathlib.Path(os.environ.get("DND_BIN", ROOT / "build/bin/dnd")).resolve()

# The CUDA half of LibTorch, where scripts/setup_interop.sh has been.
PYTORCH = ROOT / ".deps/python/lib/python3.11/site-packages/torch/lib/libtorch_cuda.so"

# What the shell of whoever runs the tests must not bring in; encoders may be elsewhere.
FOREIGN = ("DND_ENGINE", "DND_CUDA", "DND_TORCH", "DND_MODEL", "SLURM_", "RANK", "LOCAL_RANK", "WORLD_SIZE", "NO_COLOR")
# What the program remembers from call to call is neither the user's nor another process of tests'.
CACHE = tempfile.TemporaryDirectory(prefix="dnd-tests-cache-")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
ENVIRONMENT["XDG_CACHE_HOME"] = CACHE.name
NO_ENGINE = {"DND_ENGINE_LIBRARY": "/nonexistent/libdnd_engine.so"}

ADAPTER_FILES = {"adapter_model.safetensors", "adapter_config.json", "README.md"}
CHAT_TEMPLATE = ("{% for m in messages %}[{{ m.role }}]{{ m.content }}\n{% endfor %}"
                 "{% if add_generation_prompt %}[assistant]{% endif %}")
QUESTIONS = [f"What is {n} times {n + 1}?" for n in range(2, 12)]


class Exit(enum.IntEnum):
    DONE = 0
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    CANNOT_CREATE = 73
    IO = 74
    INTERRUPTED = 130


@dataclasses.dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def json(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]

    @property
    def last_error(self) -> str:
        return self.err.strip().splitlines()[-1]


def environment(env: dict | None = None, engine: bool = True) -> dict:
    return {**ENVIRONMENT, **({} if engine else NO_ENGINE), **(env or {})}


def dnd(*arguments, stdin: str = "", env: dict | None = None, engine: bool = True, expect: int = Exit.DONE,
        **options) -> Result:
    """Runs the program and checks its exit code. Without an `engine`, whatever computes ends with exit code 69."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(env, engine)} | options
    done = subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, text=True, errors="replace", timeout=300,
                          check=False, **options)
    result = Result(done.returncode, done.stdout or "", done.stderr or "")
    assert result.code == expect, f"{' '.join(map(str, arguments))}: exit code {result.code}\n{result.err}"
    return result


def fails(code: int, *arguments, **options) -> str:
    """Runs a call that must fail before anything is computed; its last line on stderr."""
    result = dnd(*arguments, expect=code, **({"engine": False} | options))
    assert result.out == ""
    assert result.last_error.startswith("dnd: error: ")
    return result.last_error


def file_size_limit(limit: int) -> dict:
    """`ulimit -f`, for subprocess. The signal that comes with it stays what it is by default: death."""
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}


def errors_when_limited(call, limit: int, *, stays=(), engine: bool = True) -> list[str]:
    """A call that fails as its files are too large, and leaves what was there, and `stays`; its errors."""
    before = tree()
    result = dnd(*call, engine=engine, expect=Exit.IO, **file_size_limit(limit))
    assert result.out == ""
    assert tree() == before | set(stays)
    return [line for line in result.err.splitlines() if line.startswith("dnd: error: ")]


@dataclasses.dataclass(frozen=True)
class Safetensors:
    tensors: dict[str, dict]  # name -> {"dtype", "shape", "data_offsets"}
    metadata: dict[str, str]
    data: bytes

    def values(self, name: str) -> tuple[float, ...]:
        tensor = self.tensors[name]
        begin, end = tensor["data_offsets"]
        piece = self.data[begin:end]
        if tensor["dtype"] == "BF16":  # the upper half of an fp32
            piece = b"".join(b"\0\0" + piece[i:i + 2] for i in range(0, len(piece), 2))
        return struct.unpack(f"<{math.prod(tensor['shape'])}{'e' if tensor['dtype'] == 'F16' else 'f'}", piece)

    def exponents(self, name: str) -> tuple[int, ...]:
        """Those of a weight's output channels (docs/formats.md)."""
        channels = self.tensors[name]["shape"][0]
        if f"{name}.exponents" not in self.tensors:
            return (0,) * channels
        tensor = self.tensors[f"{name}.exponents"]
        assert tensor["dtype"] == "I32" and tensor["shape"] == [channels]
        return struct.unpack(f"<{channels}i", self.data[slice(*tensor["data_offsets"])])

    def scaled_values(self, name: str) -> list[float]:
        exponents, values = self.exponents(name), self.values(name)
        return [value * 2.0 ** exponents[i * len(exponents) // len(values)] for i, value in enumerate(values)]


def read_safetensors(path: pathlib.Path) -> Safetensors:
    content = pathlib.Path(path).read_bytes()
    size, = struct.unpack_from("<Q", content)
    tensors = json.loads(content[8:8 + size])
    metadata = tensors.pop("__metadata__", {})
    data = content[8 + size:]
    assert max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0) == len(data)
    return Safetensors(tensors, metadata, data)


def safetensors_bytes(header: dict | bytes, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def read_adapter(folder) -> Safetensors:
    """The weights of a whole adapter folder: three files, each of which parses."""
    folder = pathlib.Path(folder)
    assert {file.name for file in folder.iterdir()} == ADAPTER_FILES
    assert json.loads((folder / "adapter_config.json").read_text())["peft_type"] == "LORA"
    assert (folder / "README.md").read_text().startswith("---\n")
    return read_safetensors(folder / "adapter_model.safetensors")


def folder_bytes(folder) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in pathlib.Path(folder).iterdir()}


def sha256(path) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def prompts_sha256(prompts: list[str]) -> str:
    return hashlib.sha256(b"".join(prompt.encode() + b"\0" for prompt in prompts)).hexdigest()


def write_prompts(path, prompts, **fields) -> str:
    """JSON Lines of prompts, or of (task, prompt) pairs."""
    records = [{"prompt": p, **fields} if isinstance(p, str) else {"task": p[0], "prompt": p[1]} for p in prompts]
    pathlib.Path(path).write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(path)


def tree(folder=".") -> set[str]:
    return {str(path.relative_to(folder)) for path in pathlib.Path(folder).rglob("*")}
