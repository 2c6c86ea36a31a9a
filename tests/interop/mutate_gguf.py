"""Mutated GGUF files: small valid ones with wrong lengths, counts, types, shapes and offsets, and with broken bytes.
Deterministic; the seed names the corpus. `python mutate_gguf.py` gives the verdicts of llama.cpp's reader."""

import copy
import ctypes
import dataclasses
import json
import pathlib
import random
import struct
import sys
from collections.abc import Callable, Iterator

Random = random.Random
U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
FORMATS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "?", U64: "Q", I64: "q", F64: "d"}
# Tensor type: (elements, bytes) of a block.
BLOCKS = {0: (1, 4), 1: (1, 2), 8: (32, 34), 30: (1, 2), 2: (32, 18), 14: (256, 210), 24: (1, 1)}


class Bytes(bytes):
    """Written as they stand where a value or a string belongs."""


def number(value: int) -> bytes:
    return struct.pack("<Q", value % 2**64)


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else bytes(value)
    return bytes(raw) if isinstance(value, Bytes) else number(len(raw)) + raw


def scalar(kind: int, value) -> bytes:
    if isinstance(value, Bytes):
        return bytes(value)
    return text(value) if kind == STRING else struct.pack("<" + FORMATS[kind], value)


@dataclasses.dataclass
class Entry:
    key: str | bytes
    kind: int
    value: object  # of an array: (element kind, [values])

    def pack(self) -> bytes:
        head = text(self.key) + struct.pack("<I", self.kind % 2**32)
        if self.kind == ARRAY and isinstance(self.value, tuple):
            element, values = self.value
            items = b"".join(scalar(element, item) for item in values)
            return head + struct.pack("<I", element) + number(len(values)) + items
        return head + scalar(self.kind, self.value)


@dataclasses.dataclass
class Tensor:
    name: str | bytes
    shape: list[int]  # fastest dimension first
    kind: int = 0
    offset: int | None = None  # None: where it belongs

    def size(self) -> int:
        elements, size = BLOCKS.get(self.kind, (1, 4))
        for extent in self.shape:
            size *= extent
        return max(0, size // elements)


@dataclasses.dataclass
class File:
    entries: list[Entry]
    tensors: list[Tensor]
    alignment: int = 32
    version: int = 3
    magic: bytes = b"GGUF"
    more_entries: int = 0  # announced beyond those there are
    more_tensors: int = 0

    def pack(self) -> bytes:
        head = self.magic + struct.pack("<I", self.version % 2**32)
        head += number(len(self.tensors) + self.more_tensors) + number(len(self.entries) + self.more_entries)
        head += b"".join(entry.pack() for entry in self.entries)
        offset = 0
        for tensor in self.tensors:
            head += text(tensor.name) + struct.pack("<I", len(tensor.shape)) + b"".join(map(number, tensor.shape))
            head += struct.pack("<I", tensor.kind % 2**32)
            head += number(offset if tensor.offset is None else tensor.offset)
            offset += tensor.size() + -tensor.size() % self.alignment
        data = bytes(i % 251 for i in range(min(offset, 1 << 16)))
        return head + bytes(-len(head) % self.alignment) + data


ORIGINALS = [
    File([Entry("general.architecture", STRING, "llama"), Entry("general.type", STRING, "adapter"),
          Entry("adapter.type", STRING, "lora"), Entry("adapter.lora.alpha", F32, 8.0)],
         [Tensor("blk.0.attn_q.weight.lora_a", [16, 4]), Tensor("blk.0.attn_q.weight.lora_b", [4, 16])]),
    File([Entry("general.alignment", U32, 64), Entry("a", U8, 200), Entry("b", I8, -3), Entry("c", U16, 60000),
          Entry("d", I16, -5), Entry("e", I32, -9), Entry("f", BOOL, True), Entry("g", U64, 2**63), Entry("h", I64, -1),
          Entry("i", F64, 0.5)], [Tensor("x", [5], 1), Tensor("y", [3, 2, 1, 2], 30), Tensor("z", [64, 2], 8)], 64),
    File([Entry("words", ARRAY, (STRING, ["ø", "", "three"])), Entry("sizes", ARRAY, (U32, [1, 2, 3])),
          Entry("none", ARRAY, (F32, [])), Entry("flags", ARRAY, (BOOL, [True, False]))], []),
    File([Entry("general.alignment", U32, 1)], [Tensor("q4", [32, 3], 2), Tensor("q6", [256], 14), Tensor("s", [], 0),
                                                Tensor("empty", [0, 3]), Tensor("bytes", [7], 24)], 1),
]

# --- Mutations of the meaning ---------------------------------------------------------------------------------------

SIZES = [0, 1, 2, 3, 31, 32, 33, 255, 256, 2**16, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64 - 32]


def change_counts(file: File, pick: Random) -> None:
    more = pick.choice((-1, 1, 2, 10, 2**31, 2**61, 2**63, -2**63))
    if pick.random() < 0.5:
        file.more_entries = more
    else:
        file.more_tensors = more


def change_head(file: File, pick: Random) -> None:
    if pick.random() < 0.7:
        file.version = pick.choice((0, 1, 2, 2, 2, 3, 4, 2**16, 3 << 24, 2**32 - 1))
    else:
        file.magic = pick.choice((b"GGUE", b"FUGG", b"gguf", b"GGU", b"\0\0\0\0"))


def change_alignment(file: File, pick: Random) -> None:
    value = pick.choice((0, 1, 2, 3, 8, 16, 31, 32, 48, 64, 4096, 2**31, 2**32 - 1))
    file.entries = [entry for entry in file.entries if entry.key != "general.alignment"]
    kind = pick.choice((U32, U32, U32, U32, U64, I32, STRING))
    file.entries.append(Entry("general.alignment", kind, str(value) if kind == STRING else min(value, 2**31 - 1)
                              if kind == I32 else value))
    if 0 < value <= 4096 and pick.random() < 0.8:
        file.alignment = value


def change_key(file: File, pick: Random) -> None:
    for entry in pick.sample(file.entries, min(1, len(file.entries))):
        length = Bytes(number(pick.choice(SIZES)) + b"key")
        entry.key = pick.choice(("", "x", "\0", "UPPER case", "k" * 70000, b"\xff\xfe", length,
                                 pick.choice(file.entries).key))


def change_value(file: File, pick: Random) -> None:
    for entry in pick.sample(file.entries, min(1, len(file.entries))):
        if pick.random() < 0.4:
            entry.kind = pick.choice((*range(13), 13, 255, 2**31, 2**32 - 1))
            entry.value = Bytes(pick.randbytes(pick.choice((0, 1, 2, 4, 8, 12, 16))))
        else:
            element = pick.choice((*range(13), 13, 2**32 - 1))
            count = pick.choice((*SIZES, 0, 1, 2))
            items = pick.randbytes(pick.choice((0, 8, 40)))
            entry.kind, entry.value = ARRAY, Bytes(struct.pack("<I", element) + number(count) + items)


def add_entry(file: File, pick: Random) -> None:
    kind = pick.choice(list(FORMATS))
    entry = Entry(f"more.{pick.randrange(3)}", kind, Bytes(pick.randbytes(struct.calcsize(FORMATS[kind]))))
    file.entries.insert(pick.randrange(len(file.entries) + 1), entry)


def change_name(file: File, pick: Random) -> None:
    for tensor in pick.sample(file.tensors, min(1, len(file.tensors))):
        length = Bytes(number(pick.choice(SIZES)) + b"name")
        tensor.name = pick.choice(("", "n" * 62, "n" * 63, "n" * 64, "n" * 500, "a\0b", "\0", b"\xff", length,
                                   pick.choice(file.tensors).name))


def change_shape(file: File, pick: Random) -> None:
    for tensor in pick.sample(file.tensors, min(1, len(file.tensors))):
        if pick.random() < 0.5 and tensor.shape:
            tensor.shape[pick.randrange(len(tensor.shape))] = pick.choice(SIZES)
        else:
            tensor.shape = [pick.choice(SIZES) for _ in range(pick.randrange(7))]
        tensor.shape = [extent if extent < 2**20 or pick.random() < 0.5 else 1 for extent in tensor.shape]


def change_type(file: File, pick: Random) -> None:
    for tensor in pick.sample(file.tensors, min(1, len(file.tensors))):
        tensor.kind = pick.choice((*range(45), 100, 2**31 - 1, 2**31, 2**32 - 1))


def change_offset(file: File, pick: Random) -> None:
    for tensor in pick.sample(file.tensors, min(1, len(file.tensors))):
        tensor.offset = pick.choice(SIZES)


def change_tensors(file: File, pick: Random) -> None:
    if file.tensors and pick.random() < 0.5:
        file.tensors.pop(pick.randrange(len(file.tensors)))
    else:
        file.tensors.append(Tensor(f"more.{pick.randrange(2)}", [pick.choice((0, 1, 4))], pick.choice((0, 1, 30))))


MEANING: list[Callable[[File, Random], None]] = [
    change_counts, change_head, change_alignment, change_key, change_value, add_entry, add_entry, change_name,
    change_shape, change_type, change_offset, change_tensors, change_tensors]

# --- Mutations of the bytes -----------------------------------------------------------------------------------------


def flip_bits(file: bytes, pick: Random) -> bytes:
    changed = bytearray(file)
    for _ in range(pick.choice((1, 1, 2, 4))):
        changed[pick.randrange(min(len(changed), 400))] ^= 1 << pick.randrange(8)
    return bytes(changed)


def truncate(file: bytes, pick: Random) -> bytes:
    return file[: pick.choice((pick.randrange(len(file) + 1), len(file) - pick.randrange(1, 40)))]


def append(file: bytes, pick: Random) -> bytes:
    return file + bytes(pick.randrange(1, 70))


def splice(file: bytes, pick: Random) -> bytes:
    at, length = pick.randrange(min(len(file), 400)), pick.choice((1, 2, 4, 8))
    return pick.choice((file[:at] + file[at + length :], file[:at] + bytes(length) + file[at:],
                        file[:at] + number(pick.choice(SIZES)) + file[at + 8 :]))


BYTES: list[Callable[[bytes, Random], bytes]] = [flip_bits, flip_bits, truncate, append, splice]


def corpus(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    pick = Random(seed)
    for i in range(count):
        original = pick.randrange(len(ORIGINALS))
        file, done = copy.deepcopy(ORIGINALS[original]), []
        of_meaning = pick.random() < 0.65
        if of_meaning:
            for mutation in pick.choices(MEANING, k=pick.choice((1, 1, 1, 2))):
                mutation(file, pick)
                done.append(mutation.__name__)
        packed = file.pack()
        if not of_meaning or pick.random() < 0.1:
            mutation = pick.choice(BYTES)
            packed = mutation(packed, pick)
            done.append(mutation.__name__)
        yield f"{seed}.{i} (original {original}: {', '.join(done)})", packed


# --- Verdicts of llama.cpp, in a process that may die ---------------------------------------------------------------


class InitParameters(ctypes.Structure):
    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p)]


def reader(library: str) -> Callable[[str], dict | None]:
    """Path -> keys and tensors (name, type, bytes), None where refused. As the adapter loader does, tensors must lie in
    the file."""
    ggml = ctypes.CDLL(library)
    for name, result, *arguments in (
            ("gguf_init_from_file", ctypes.c_void_p, ctypes.c_char_p, InitParameters),
            ("gguf_free", None, ctypes.c_void_p), ("gguf_get_n_kv", ctypes.c_int64, ctypes.c_void_p),
            ("gguf_get_key", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64),
            ("gguf_get_n_tensors", ctypes.c_int64, ctypes.c_void_p),
            ("gguf_get_data_offset", ctypes.c_size_t, ctypes.c_void_p),
            ("gguf_get_tensor_name", ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64),
            ("gguf_get_tensor_type", ctypes.c_int, ctypes.c_void_p, ctypes.c_int64),
            ("gguf_get_tensor_size", ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int64),
            ("gguf_get_tensor_offset", ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int64),
            ("ggml_type_name", ctypes.c_char_p, ctypes.c_int)):
        getattr(ggml, name).restype, getattr(ggml, name).argtypes = result, arguments

    def read(path: str) -> dict | None:
        file = ggml.gguf_init_from_file(path.encode(), InitParameters(True, None))
        if not file:
            return None
        tensors = range(ggml.gguf_get_n_tensors(file))
        data = ggml.gguf_get_data_offset(file)
        ends = [data + ggml.gguf_get_tensor_offset(file, i) + ggml.gguf_get_tensor_size(file, i) for i in tensors]
        found = {
            "keys": [ggml.gguf_get_key(file, i).decode(errors="replace") for i in range(ggml.gguf_get_n_kv(file))],
            "tensors": [[ggml.gguf_get_tensor_name(file, i).decode(errors="replace"),
                         ggml.ggml_type_name(ggml.gguf_get_tensor_type(file, i)).decode().lower(),
                         ggml.gguf_get_tensor_size(file, i)] for i in tensors]}
        ggml.gguf_free(file)
        return found if all(end <= pathlib.Path(path).stat().st_size for end in ends) else None

    return read


if __name__ == "__main__":  # mutate_gguf.py LIBGGML_BASE PATH...: a line of JSON for each path
    read = reader(sys.argv[1])
    for path in sys.argv[2:]:
        print(json.dumps(read(path)), flush=True)
