"""safetensors against the reference implementation in Rust: files we write open there; headers it refuses we refuse,
and the other way round."""

import concurrent.futures
import json
import random
import struct

import pytest
import safetensors
import tiny_models
import torch
from make_official_checkpoint import Architecture
from safetensors import safe_open
from safetensors.torch import save_file
from test_reference import random_adapter

DTYPE_BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}

SECOND_DTYPE, EXTRA_FIELD = ',"dtype":"F32"', ',"x":'


# --- Files the program writes ---------------------------------------------------------------------------------------


def test_every_file_written_opens(dnd, layout, layout_file, tmp_path):
    prompts = tiny_models.write_prompts(tmp_path / "prompts.jsonl", tiny_models.TEXTS[:4])
    bundle = dnd.new(tmp_path / "bundle", layout_file, Architecture(3, [(4, 20, 32), (70, 6, 14)]), "tiny-bert")
    dnd.generate(bundle, prompts, tmp_path / "adapter", "bf16")
    dnd.encode(bundle, prompts, tmp_path / "condition.safetensors")
    save_file(random_adapter(layout, seed=0), tmp_path / "lora.safetensors", metadata={"format": "pt"})
    dnd.tokenize(tmp_path / "lora.safetensors", layout_file, tmp_path / "tokens.safetensors")
    dnd.detokenize(tmp_path / "tokens.safetensors", layout_file, tmp_path / "detokenized")
    written = sorted(tmp_path.rglob("*.safetensors"))
    assert len(written) >= 6
    for path in written:
        with safe_open(path, "pt") as file:
            assert file.metadata()["format"] == "pt", path
            assert all(torch.is_tensor(file.get_tensor(name)) for name in file.keys()), path  # noqa: SIM118
        header_size = struct.unpack("<Q", path.read_bytes()[:8])[0]
        assert header_size % 8 == 0, f"{path}: tensor data not aligned"


# --- Headers it must accept or refuse -------------------------------------------------------------------------------


def entry(dtype: str = "F32", shape="[2]", offsets="[0,8]", extra: str = "") -> str:
    return f'{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}{extra}}}'


def pack(header: str | bytes, data: int = 8, size: int | None = None) -> bytes:
    raw = header if isinstance(header, bytes) else header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(raw) if size is None else size) + raw + bytes(data)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def hand_written() -> dict[str, bytes]:
    good = f'{{"a":{entry()}}}'
    two = lambda first, second: f'{{"a":{entry("U8", "[4]", first)},"b":{entry("U8", "[4]", second)}}}'
    cases = {
        "empty file": b"",
        "seven bytes": b"\0" * 7,
        "size zero": pack(""),
        "good": pack(good),
        "size beyond file": pack(good, size=10**6),
        "size huge": pack(good, size=2**64 - 1),
        "size above cap": pack(good, size=100_000_001),
        "data short": pack(good, 7),
        "data long": pack(good, 9),
        "BOM": pack("\ufeff" + good),
        "NUL padding": pack(good + "\0"),
        "space padding": pack(good + "   "),
        "other padding": pack(good + "\t\r\n "),
        "leading space": pack(" \n" + good),
        "rubbish after": pack(good + "x"),
        "latin-1": pack(good.replace("a", "é").encode("latin-1")),
        "overlong UTF-8": pack(b'{"\xc0\x80":1}'),
        "raw surrogate": pack(good.replace('"a"', '"\ud800"')),
        "raw non-ASCII": pack(good.replace('"a"', '"ø漢🙂"')),
        "not an object": pack("[]", 0),
        "null": pack("null", 0),
        "empty object": pack("{}", 0),
        "comma": pack("{,}", 0),
        "trailing comma": pack(good[:-1] + ",}"),
        "comment": pack(good[:-1] + "/**/}"),
        "single quotes": pack("{'a':1}"),
        "empty name": pack(f'{{"":{entry()}}}'),
        "escaped name": pack(f'{{"\\u0041\\n\\"\\\\":{entry()}}}'),
        "lone surrogate escape": pack(f'{{"\\ud800":{entry()}}}'),
        "surrogate pair": pack(f'{{"\\ud83d\\ude42":{entry()}}}'),
        "bad escape": pack(f'{{"\\x41":{entry()}}}'),
        "control character": pack(f'{{"\1":{entry()}}}'),
        "DEL": pack(f'{{"\x7f":{entry()}}}'),
        "NUL escape": pack(f'{{"\\u0000":{entry()}}}'),
        "overlap": pack(two("[0,4]", "[2,6]"), 6),
        "hole": pack(two("[0,4]", "[5,9]"), 9),
        "late": pack(two("[1,5]", "[5,9]"), 9),
        "reversed order": pack(two("[4,8]", "[0,4]")),
        "same range": pack(two("[0,4]", "[0,4]"), 4),
        "end before begin": pack(f'{{"a":{entry(offsets="[8,0]")}}}'),
        "one offset": pack(f'{{"a":{entry(offsets="[8]")}}}'),
        "three offsets": pack(f'{{"a":{entry(offsets="[0,8,8]")}}}'),
        "object of offsets": pack(f'{{"a":{entry(offsets="{}")}}}'),
        "scalar": pack(f'{{"a":{entry(shape="[]", offsets="[0,4]")}}}', 4),
        "array entry": pack('{"a":["F32",[2],[0,8]]}'),
        "zero size": pack(f'{{"a":{entry(shape="[0,3]", offsets="[0,0]")}}}', 0),
        "zero size in the middle": pack(
            f'{{"a":{entry()},"b":{entry("U8", "[0]", "[8,8]")},"c":{entry("U8", "[1]", "[8,9]")}}}', 9
        ),
        "wrong size": pack(f'{{"a":{entry(shape="[3]")}}}'),
        "no dtype": pack('{"a":{"shape":[2],"data_offsets":[0,8]}}'),
        "no shape": pack('{"a":{"dtype":"F32","data_offsets":[0,8]}}'),
        "no offsets": pack('{"a":{"dtype":"F32","shape":[2]}}'),
        "null entry": pack('{"a":null}'),
        "null shape": pack(f'{{"a":{entry(shape="null")}}}'),
        "metadata null": pack(f'{{"__metadata__":null,"a":{entry()}}}'),
        "metadata empty": pack(f'{{"__metadata__":{{}},"a":{entry()}}}'),
        "metadata last": pack(f'{{"a":{entry()},"__metadata__":{{"k":"v"}}}}'),
        "metadata integer": pack('{"__metadata__":{"k":1}}', 0),
        "metadata null value": pack('{"__metadata__":{"k":null}}', 0),
        "metadata list": pack('{"__metadata__":[]}', 0),
        "metadata tensor": pack(f'{{"__metadata__":{entry()}}}'),
        "metadata nested": pack('{"__metadata__":{"k":{"l":"m"}}}', 0),
        "duplicate tensor": pack(f'{{"a":{entry()},"a":{entry()}}}'),
        "duplicate metadata": pack('{"__metadata__":{},"__metadata__":{}}', 0),
        "duplicate key in metadata": pack('{"__metadata__":{"k":"1","k":"2"}}', 0),
        "duplicate by escape": pack(f'{{"a":{entry()},"\\u0061":{entry()}}}'),
        "duplicate dtype": pack(f'{{"a":{entry(extra=SECOND_DTYPE)}}}'),
    }
    for number in (
        "2.0",
        "2e0",
        "-2",
        "-0",
        "02",
        "+2",
        "0x2",
        '"2"',
        "true",
        "null",
        "NaN",
        "1e400",
        str(2**63),
        str(2**64 - 1),
        str(2**64),
        "9" * 400,
    ):
        cases[f"shape of {number[:24]}"] = pack(f'{{"a":{entry(shape=f"[{number}]")}}}')
        cases[f"begin at {number[:24]}"] = pack(f'{{"a":{entry(offsets=f"[{number},8]")}}}')
    for shape in (
        "[0,9223372036854775807]",
        "[0,9223372036854775808]",
        "[0,18446744073709551615]",
        "[4294967296,4294967296]",
        "[4294967296,4294967296,0]",
        "[0,4294967296,4294967296]",
        "[4611686018427387904]",
        "[2305843009213693952]",
        nested(1)[:-1] + "1," * 500 + "0]",
    ):
        cases[f"shape {shape[:40]}"] = pack(f'{{"a":{entry(shape=shape, offsets="[0,0]")}}}', 0)
    for extra in (
        "1",
        "null",
        "-1.5e3",
        '"x"',
        '{"b":[true,false]}',
        "NaN",
        "01",
        *(nested(d) for d in (100, 124, 125, 126, 127, 128, 129, 4000)),
    ):
        cases[f"extra field {extra[:20]} ({len(extra)})"] = pack(f'{{"a":{entry(extra=EXTRA_FIELD + extra)}}}')
    for dtype, bits in DTYPE_BITS.items():
        for count in (3, 4):
            size = -(-bits * count // 8)
            cases[f"{count} x {dtype}"] = pack(f'{{"a":{entry(dtype, f"[{count}]", f"[0,{size}]")}}}', size)
        cases[f"lower case {dtype}"] = pack(f'{{"a":{entry(dtype.lower(), "[1]", f"[0,{bits // 8}]")}}}', bits // 8)
    return cases


def mutated(count: int, seed: int) -> dict[str, bytes]:
    """One to three random edits of a good header; the size field follows, so the edits reach the JSON reader."""
    pick = random.Random(seed)
    good = (
        f'{{"__metadata__":{{"format":"pt"}},"a.weight":{entry("BF16", "[2,3]", "[0,12]")},'
        f'"b":{entry("F32", "[]", "[12,16]")},"c":{entry("I64", "[0]", "[16,16]")}}}'
    ).encode()
    alphabet = b'{}[]",:0123456789.-+eE \n\t\\/utfnabF_xsdhpeo\x00\x01\x7f\x80\xc3\xff'
    cases = {}
    for i in range(count):
        header = bytearray(good)
        for _ in range(pick.choice((1, 1, 1, 2, 3))):
            at, length = pick.randrange(len(header)), pick.randrange(1, 12)
            edit = pick.randrange(4)
            if edit == 0:
                header[at] = pick.choice(alphabet)
            elif edit == 1:
                header[at:at] = bytes([pick.choice(alphabet)])
            elif edit == 2:
                del header[at : at + pick.choice((1, length))]
            else:
                header[at:at] = header[at : at + length]
        cases[f"mutation {seed}.{i}"] = pack(bytes(header), 16)
    return cases


def rust_accepts(file: bytes) -> bool:
    try:
        safetensors.deserialize(file)
    except safetensors.SafetensorError:
        return False
    return True


def has_duplicate_keys(file: bytes) -> bool:
    """The one thing that we refuse and the reference does not: it lets the last of them win."""
    found = []

    def check(pairs):
        found.append(len({key for key, _ in pairs}) < len(pairs))

    try:
        json.loads(file[8 : 8 + struct.unpack("<Q", file[:8])[0]], object_pairs_hook=check)
    except (ValueError, RecursionError):
        return False
    return any(found)


# What the reference accepts by accident of serde and usize, and we refuse: an entry as a positional array, and
# sizes beyond a signed 64-bit integer (possible only beside a zero).
STRICTER = {"array entry", "shape [0,9223372036854775808]", "shape [0,18446744073709551615]"}

CORPUS = {"hand-written": hand_written, "mutated-0": lambda: mutated(300, 0), "mutated-1": lambda: mutated(300, 1)}


@pytest.mark.parametrize("corpus", CORPUS)
def test_corpus_holds_both_kinds(corpus):
    verdicts = [rust_accepts(file) for file in CORPUS[corpus]().values()]
    assert 10 < sum(verdicts) < len(verdicts) - 10


@pytest.mark.parametrize("corpus", CORPUS)
def test_same_verdict_as_the_reference_reader(dnd, corpus, tmp_path):
    files = CORPUS[corpus]()

    def inspect(item) -> str | None:
        index, (name, file) = item
        path = tmp_path / f"{index}.safetensors"
        path.write_bytes(file)
        result = dnd.attempt("inspect", path)
        accepted = result.returncode == 0
        expected = rust_accepts(file) and not has_duplicate_keys(file) and name not in STRICTER
        if result.returncode not in (0, 65):
            return f"{name}: exit code {result.returncode}: {result.stderr.strip()}"
        if accepted != expected:
            return f"{name}: {'accepted' if accepted else 'refused'} {file[8:160]!r}: {result.stderr.strip()}"
        return None

    with concurrent.futures.ThreadPoolExecutor() as pool:
        faults = [fault for fault in pool.map(inspect, enumerate(files.items())) if fault]
    assert not faults, "\n".join(faults)
