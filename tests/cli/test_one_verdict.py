"""What verify refuses, convert, merge and compose refuse: an adapter is judged alike whoever takes it."""

import json
import pathlib
import shutil
import struct

import pytest
from support import DATA, Exit, dnd, fails, safetensors_bytes, tree

LLAMA = DATA / "interop/llama"
QWEN = DATA / "interop/qwen2"
BASE, ADAPTER = LLAMA / "base", LLAMA / "adapter"


def tensors_of(folder) -> dict[str, tuple[str, list[int], bytes]]:
    content = (pathlib.Path(folder) / "adapter_model.safetensors").read_bytes()
    size, = struct.unpack_from("<Q", content)
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    return {name: (entry["dtype"], entry["shape"], data[slice(*entry["data_offsets"])])
            for name, entry in header.items() if name != "__metadata__"}


def write_tensors(folder, tensors: dict) -> None:
    header, data = {}, b""
    for name, (dtype, shape, piece) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    (pathlib.Path(folder) / "adapter_model.safetensors").write_bytes(safetensors_bytes(header, data))


@pytest.fixture
def changed():
    """A copy of the adapter whose tensors a function changes, and its configuration."""
    def change(tensors=lambda found: found, config=lambda found: found) -> str:
        shutil.copytree(ADAPTER, "changed")
        write_tensors("changed", tensors(tensors_of("changed")))
        path = pathlib.Path("changed/adapter_config.json")
        path.write_text(json.dumps(config(json.loads(path.read_text()))))
        return "changed"
    return change


def twice(tensors: dict) -> dict:
    """The first module by another of its names, too."""
    first = next(name for name in tensors if "lora_A" in name)
    both = {name: tensors[name] for name in (first, first.replace("lora_A", "lora_B"))}
    return tensors | {name.removeprefix("base_model.model."): tensor for name, tensor in both.items()}


def poisoned(tensors: dict) -> dict:
    name = next(iter(tensors))
    dtype, shape, data = tensors[name]
    size = {"F32": 4, "F16": 2, "BF16": 2}[dtype]
    nan = {"F32": b"\0\0\xc0\x7f", "F16": b"\0\x7e", "BF16": b"\xc0\x7f"}[dtype]
    return tensors | {name: (dtype, shape, nan + data[size:])}


def without_effect(tensors: dict) -> dict:
    return {name: (dtype, shape, bytes(len(data)) if "lora_B" in name else data)
            for name, (dtype, shape, data) in tensors.items()}


CASES = {
    "a module by two names": (twice, lambda config: config, "appear a second time"),
    "a value that is no number": (poisoned, lambda config: config, "NaN or infinite"),
    "no effect": (without_effect, lambda config: config, "does nothing"),
    "no scale": (lambda found: found, lambda config: config | {"lora_alpha": 0}, "scale 0"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("call", [
    ["merge", "--base", BASE, "--out", "out"],
    ["compose", "--out", "out"],
    ["compose", "--base", BASE, "--out", "out"],
    ["convert", "--to", "peft", "--out", "out"],
    ["convert", "--to", "gguf", "--base", BASE, "--out", "out"],
], ids=lambda call: " ".join(word for word in call if isinstance(word, str) and word not in ("--out", "out")))
def test_what_verify_refuses_is_refused(changed, case, call):
    tensors, config, reason = CASES[case]
    adapter = changed(tensors, config)
    before = tree()
    verdict = dnd("verify", adapter, "--base", BASE, engine=False, expect=Exit.DATA).out
    assert reason in verdict, verdict
    message = fails(Exit.DATA, call[0], adapter, *call[1:])
    assert reason in message and "internal" not in message, message
    assert tree() == before


def gguf_text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def write_gguf_adapter(path, architecture: str, layers: int = 3, size: int = 128, rank: int = 4) -> str:
    """Matrices of each layer's queries."""
    entries = [("general.architecture", 8, gguf_text(architecture)), ("general.type", 8, gguf_text("adapter")),
               ("adapter.type", 8, gguf_text("lora")), ("adapter.lora.alpha", 6, struct.pack("<f", 8.0))]
    infos, data, count = b"", b"", 0
    for layer in range(layers):
        for part, dimensions in (("a", (size, rank)), ("b", (rank, size))):
            infos += gguf_text(f"blk.{layer}.attn_q.weight.lora_{part}")
            infos += struct.pack("<IQQIQ", 2, *dimensions, 0, len(data))
            data += struct.pack("<f", 0.01 * (count + 1)) * (size * rank)
            count += 1
    head = b"GGUF" + struct.pack("<IQQ", 3, count, len(entries))
    for key, kind, value in entries:
        head += gguf_text(key) + struct.pack("<I", kind) + value
    content = head + infos
    pathlib.Path(path).write_bytes(content + bytes(-len(content) % 32) + data)
    return str(path)


@pytest.mark.parametrize("command", ["verify", "convert", "merge", "compose"])
def test_an_adapter_of_another_architecture(command):
    """Whose rows of queries and keys are in another order."""
    base = DATA.parents[1] / "models/default/base"
    options = {"verify": [], "convert": ["--to", "peft", "--out", "out"]}.get(command, ["--out", "out"])
    own = write_gguf_adapter("own.gguf", "qwen2")
    dnd(command, own, "--base", base, *options, engine=False)
    other = write_gguf_adapter("other.gguf", "llama")
    words = "the adapter is for 'llama', the base is 'qwen2'"
    options = [option.replace("out", "other") if option == "out" else option for option in options]
    if command == "verify":
        assert words in dnd(command, other, "--base", base, engine=False, expect=Exit.DATA).out
    else:
        assert words in fails(Exit.DATA, command, other, "--base", base, *options)
        assert not pathlib.Path("other").exists()


def test_a_part_of_the_layers_may_be_merged():
    """verify asks for --partial; a merge of some layers is what it is."""
    base = DATA.parents[1] / "models/default/base"
    part = write_gguf_adapter("part.gguf", "qwen2", layers=1)
    dnd("verify", part, "--base", base, engine=False, expect=Exit.DATA)
    dnd("verify", part, "--base", base, "--partial", engine=False)
    dnd("merge", part, "--base", base, "--out", "merged", engine=False)
