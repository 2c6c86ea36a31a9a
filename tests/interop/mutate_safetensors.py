"""Mutated safetensors files: small valid ones, broken or rewritten in every layer of the format. Deterministic; the
seed names the corpus."""

import copy
import dataclasses
import json
import random
import struct
from collections.abc import Callable, Iterator

DTYPES = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
          "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
          "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}


class Raw(str):
    """A token written as it stands."""


class Object(list):
    """[key, value] pairs: unlike a dict it may repeat a key. Keys may be Raw."""


@dataclasses.dataclass
class File:
    header: Object
    data: bytes

    def pack(self, before: bytes = b"", after: bytes = b"") -> bytes:
        return pack(before + encode(self.header) + after, self.data)


def pack(header: bytes, data: bytes, size: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if size is None else size % 2**64) + header + data


def encode(value, space: str = "") -> bytes:
    if isinstance(value, Raw):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, Object):
        members = (encode(key) + b":" + space.encode() + encode(item, space) for key, item in value)
        return b"{" + (b"," + space.encode()).join(members) + b"}"
    if isinstance(value, list):
        return b"[" + (b"," + space.encode()).join(encode(item, space) for item in value) + b"]"
    return json.dumps(value, ensure_ascii=False).encode()


# --- Valid files ----------------------------------------------------------------------------------------------------


def file_of(tensors: list[tuple[str, str, list[int]]], metadata: dict[str, str] | None = None) -> File:
    header, data = Object(), b""
    if metadata is not None:
        header.append(["__metadata__", Object([key, value] for key, value in metadata.items())])
    for name, dtype, shape in tensors:
        bits = DTYPES[dtype]
        for size in shape:
            bits *= size
        begin, data = len(data), data + bytes(i % 251 for i in range(bits // 8))
        entry = Object([["dtype", dtype], ["shape", list(shape)], ["data_offsets", [begin, len(data)]]])
        header.append([name, entry])
    return File(header, data)


ORIGINALS = [
    file_of([("a.weight", "BF16", [2, 3]), ("b", "F32", []), ("c", "I64", [0])], {"format": "pt"}),
    file_of([("model.layers.0.self_attn.q_proj.lora_A.weight", "F32", [2, 4]), ("x", "U8", [7])]),
    file_of([("t", dtype, [4]) for dtype in ["F16"]] + [(f"t{i}", d, [8, 1]) for i, d in enumerate(DTYPES)]),
    file_of([("ø漢🙂\n\"\\", "I8", [3]), ("", "BOOL", [1, 1, 1, 1, 1])], {"k": "v", "note": "quote \" and \\"}),
    file_of([], {}),
    file_of([("zero", "F64", [0, 3]), ("zero too", "U8", [5, 0])]),
]

# --- Mutations of the header as a tree ------------------------------------------------------------------------------

Random = random.Random
NUMBERS = ["-1", "-0", "0", "00", "01", "1", "2", "3", "4", "8", "1.0", "0.0", "2.5", "1e0", "1E1", "8e0", "0e0",
           "1e-1", "1e400", "-1e400", "+1", ".5", "1.", "0x4", "1_0", "NaN", "Infinity", "-Infinity", "true", "null",
           '"4"', "[]", "{}", "[4]", str(2**31), str(2**32), str(2**53 + 1), str(2**63 - 1), str(2**63),
           str(2**64 - 1), str(2**64), "1" + "0" * 30, "9" * 400, "4 ", "\t4", "4\x0b", "4/**/"]
VALUES = ["null", "true", "0", "-0", "1.5", "1e400", '"x"', '""', "[]", "{}", '["F32",[1],[0,4]]', "[[]]", '{"a":1}',
          "NaN", '{"a":1,"a":2}', '{"":{"":1,"":2}}', "'x'", "nul", "True", '"\\ud800"', '"\\ud83d\\ude42"',
          '"\\u0000"', '"\\x41"', '"\x01"', '"\t"', '"\x7f"', '"\\/\\b\\f\\n\\r\\t"', '"a\nb"', '"\ufeff"', '["pt"]',
          '"\udfff"', ""]
KEYS = ["dtype", "shape", "data_offsets", "__metadata__", "format", "Dtype", "SHAPE", "data_offset", "dtype ", "",
        "extra", "\\u0064type", "sh\\u0061pe", "\\u005f_metadata__", "\\ud83d\\ude42", "\\udc00", "\\u00", "a\\qb",
        "a\x02b"]
SPACES = ["", " ", " ", "\n", "\n", "\t", "\r\n", "   ", "\x0b", "\x0c", "\xa0", "\u2028", "\ufeff", "\0", "/**/",
          "//\n", "#"]


def objects(value) -> Iterator[Object]:
    if isinstance(value, Object):
        yield value
        for _, item in value:
            yield from objects(item)


def entries(file: File) -> list[Object]:
    return [value for key, value in file.header if key != "__metadata__" and isinstance(value, Object)]


def any_object(file: File, pick: Random) -> Object:
    return pick.choice(list(objects(file.header)))


def member(entry: Object, key: str):
    return next((value for name, value in entry if name == key), None)


def replace_number(file: File, pick: Random) -> None:
    for entry in pick.sample(found := entries(file), min(1, len(found))):
        numbers = member(entry, pick.choice(("shape", "data_offsets")))
        if isinstance(numbers, list) and numbers:
            numbers[pick.randrange(len(numbers))] = Raw(pick.choice(NUMBERS))


def nudge_number(file: File, pick: Random) -> None:
    """Holes, overlaps, reversed ranges, sizes that do not fit."""
    for entry in pick.sample(found := entries(file), min(1, len(found))):
        numbers = member(entry, pick.choice(("shape", "data_offsets", "data_offsets")))
        if isinstance(numbers, list) and numbers and all(type(number) is int for number in numbers):
            edit = pick.randrange(4)
            if edit == 0:
                numbers[pick.randrange(len(numbers))] += pick.choice((-8, -4, -1, 1, 2, 4, 8, 2**32))
            elif edit == 1:
                numbers.reverse()
            elif edit == 2:
                numbers.append(pick.choice((0, 1, 1, 2)))
            else:
                numbers.pop()


def huge_shape(file: File, pick: Random) -> None:
    """Of a tensor without bytes where there is one: beside a zero the other sizes are free."""
    found = entries(file)
    empty = [entry for entry in found if isinstance(shape := member(entry, "shape"), list) and 0 in shape]
    for entry in pick.sample(empty or found, min(1, len(found))):
        numbers = member(entry, "shape")
        if isinstance(numbers, list):
            sizes = (0, 1, 2, 2**16, 2**31, 2**32, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64)
            numbers[:] = [pick.choice(sizes) for _ in range(pick.randrange(1, 5))]
            if pick.random() < 0.5:
                numbers.insert(pick.randrange(len(numbers) + 1), 0)


def other_dtype(file: File, pick: Random) -> None:
    for entry in pick.sample(found := entries(file), min(1, len(found))):
        for pair in entry:
            if pair[0] == "dtype":
                name = pick.choice(list(DTYPES))
                pair[1] = pick.choice((name, name, str(pair[1]).lower(), f" {name}", f"{name}\0", "F128", "FLOAT32",
                                       ""))


def replace_value(file: File, pick: Random) -> None:
    if target := any_object(file, pick):
        pick.choice(target)[1] = Raw(pick.choice(VALUES))


def extra_member(file: File, pick: Random) -> None:
    target = any_object(file, pick)
    key = Raw(f'"{pick.choice(KEYS)}"') if pick.random() < 0.7 else f"extra {pick.randrange(3)}"
    target.insert(pick.randrange(len(target) + 1), [key, Raw(pick.choice(VALUES + NUMBERS))])


def repeat_member(file: File, pick: Random) -> None:
    if target := any_object(file, pick):
        again = copy.deepcopy(pick.choice(target))
        target.insert(pick.randrange(len(target) + 1), again)


def rename_member(file: File, pick: Random) -> None:
    if target := any_object(file, pick):
        pick.choice(target)[0] = Raw(f'"{pick.choice(KEYS)}"')


def drop_member(file: File, pick: Random) -> None:
    if target := any_object(file, pick):
        target.pop(pick.randrange(len(target)))


def shuffle(file: File, pick: Random) -> None:
    pick.shuffle(any_object(file, pick))


def escape_strings(file: File, pick: Random) -> None:
    """The same text in other spellings; surrogate pairs where it needs them."""
    for pair in any_object(file, pick):
        if type(pair[0]) is str:
            units = struct.unpack(f"<{len(pair[0].encode('utf-16-le')) // 2}H", pair[0].encode("utf-16-le"))
            hexadecimal = pick.choice(("\\u{:04x}", "\\u{:04X}"))
            pair[0] = Raw('"' + "".join(hexadecimal.format(unit) for unit in units) + '"')


def nest(file: File, pick: Random) -> None:
    depth = pick.choice((1, 2, 60, 123, 124, 125, 126, 127, 128, 129, 130, 1000))
    opening, closing = pick.choice((("[", "]"), ('{"a":', "}")))
    inner = "[]" if pick.random() < 0.5 else "1"
    any_object(file, pick).append(["deep", Raw(opening * depth + inner + closing * depth)])


def positional_entry(file: File, pick: Random) -> None:
    for pair in file.header:
        if isinstance(pair[1], Object) and pair[0] != "__metadata__" and pick.random() < 0.5:
            pair[1] = [value for _, value in pair[1]]


def space_out(file: File, pick: Random) -> None:
    space = pick.choice(SPACES)
    file.header[:] = [[Raw(f"{space}{encode(key).decode('utf-8', 'surrogatepass')}{space}"), value]
                      for key, value in file.header]


TREE: list[Callable[[File, Random], None]] = [
    replace_number, nudge_number, huge_shape, other_dtype, replace_value, extra_member, repeat_member, rename_member,
    drop_member, shuffle, escape_strings, nest, positional_entry, space_out]

# --- Mutations of the bytes -----------------------------------------------------------------------------------------

ALPHABET = b'{}[]",:0123456789.-+eE \n\t\\/utfnabF_xsdhpeo\x00\x01\x0b\x7f\x80\xc3\xe2\xed\xef\xbb\xbf\xf4\xff'
PADDING = [b" ", b" ", b"\n", b"\t", b"\r", b"\0", b"\xef\xbb\xbf", b"\xff", b"\x0b", b"\x0c", b"\xc2\xa0", b"x",
           b"{}", b",", b"#"]


def flip_bit(data: bytearray, first: int, last: int, pick: Random) -> None:
    if last > first:
        data[pick.randrange(first, last)] ^= 1 << pick.randrange(8)


def header_end(file: bytes) -> int:
    return 8 + struct.unpack("<Q", file[:8])[0]


def flip_header_bits(file: bytes, pick: Random) -> bytes:
    changed = bytearray(file)
    for _ in range(pick.choice((1, 1, 1, 2, 4))):
        flip_bit(changed, 8, header_end(file), pick)
    return bytes(changed)


def flip_size_bits(file: bytes, pick: Random) -> bytes:
    changed = bytearray(file)
    flip_bit(changed, 0, 8, pick)
    return bytes(changed)


def wrong_size(file: bytes, pick: Random) -> bytes:
    size = pick.choice((header_end(file) - 8 + pick.randrange(-9, 10), len(file) - 8, len(file), 0, 1, 2, 2**63, -1, -8,
                        100_000_000, 100_000_001, 2**32))
    return struct.pack("<Q", size % 2**64) + file[8:]


def truncate(file: bytes, pick: Random) -> bytes:
    sizes = (pick.randrange(len(file) + 1), max(0, len(file) - pick.randrange(1, 9)), pick.randrange(12))
    return file[: pick.choice(sizes)]


def append(file: bytes, pick: Random) -> bytes:
    return file + pick.choice((b"\0", b"\0" * 8, b" ", bytes(pick.randrange(1, 20)), file))


def edit_header(file: bytes, pick: Random) -> bytes:
    """Insertions, deletions, replacements; the size field follows, so that they reach the JSON reader."""
    end = header_end(file)
    header = bytearray(file[8:end])
    for _ in range(pick.choice((1, 1, 1, 2, 3))):
        at, length = pick.randrange(len(header) + 1), pick.randrange(1, 12)
        edit = pick.randrange(5)
        if edit == 0:
            header[at : at + 1] = bytes([pick.choice(ALPHABET)])
        elif edit == 1:
            header[at:at] = bytes([pick.choice(ALPHABET)])
        elif edit == 2:
            del header[at : at + pick.choice((1, length))]
        elif edit == 3:
            header[at:at] = header[at : at + length]
        else:
            header[at:at] = pick.choice(PADDING)
    return pack(bytes(header), file[end:])


def pad(file: bytes, pick: Random) -> bytes:
    end = header_end(file)
    padding = pick.choice(PADDING) * pick.choice((1, 2, 7, 8, 64))
    before, after = pick.choice(((padding, b""), (b"", padding), (padding, padding)))
    return pack(before + file[8:end] + after, file[end:])


def shift_data(file: bytes, pick: Random) -> bytes:
    at = pick.randrange(header_end(file), len(file) + 1)
    return file[:at] + bytes(pick.choice((1, 4, 8))) + file[at:]


BYTES: list[Callable[[bytes, Random], bytes]] = [
    flip_header_bits, flip_header_bits, flip_size_bits, wrong_size, truncate, append, edit_header, edit_header, pad,
    shift_data]


def corpus(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, file): three in five change the header's meaning, one in five of these its bytes too."""
    pick = Random(seed)
    for i in range(count):
        original = pick.randrange(len(ORIGINALS))
        file, done = copy.deepcopy(ORIGINALS[original]), []
        of_the_tree = pick.random() < 0.6
        if of_the_tree:
            for mutation in pick.choices(TREE, k=pick.choice((1, 1, 1, 2, 3))):
                mutation(file, pick)
                done.append(mutation.__name__)
        packed = file.pack()
        if not of_the_tree or pick.random() < 0.2:
            mutation = pick.choice(BYTES)
            packed = mutation(packed, pick)
            done.append(mutation.__name__)
        yield f"{seed}.{i} (original {original}: {', '.join(done)})", packed
