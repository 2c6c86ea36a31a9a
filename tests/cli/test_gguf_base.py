"""A GGUF as a base model: the same layout, logits and merged weights as the folder that it was made of."""

import pathlib
import struct

import pytest
from support import DATA, Exit, dnd, fails, read_safetensors

LLAMA = DATA / "interop/llama"
ADAPTER, BASE = LLAMA / "adapter", LLAMA / "base"
HEADS = {"q_proj": 4, "k_proj": 2}
NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
         "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
OUTSIDE = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
           "lm_head.weight": "output.weight"}
METADATA = {"llama.block_count": 2, "llama.embedding_length": 32, "llama.feed_forward_length": 80,
            "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2, "llama.context_length": 128,
            "llama.attention.key_length": 8, "llama.attention.layer_norm_rms_epsilon": 1e-6,
            "llama.rope.freq_base": 1e4}
BF16, F32 = 30, 0
IDS = ",".join(map(str, range(1, 17)))


def gguf_name(name: str) -> str:
    if name in OUTSIDE:
        return OUTSIDE[name]
    layer, module = name.removeprefix("model.layers.").removesuffix(".weight").split(".", 1)
    return f"blk.{layer}.{NAMES[module]}.weight"


def interleave(rows: list[bytes], heads: int) -> list[bytes]:
    """llama.cpp's order: of each head's rows one of the first half, one of the second."""
    half = len(rows) // heads // 2
    return [rows[2 * half * head + half * side + i] for head in range(heads) for i in range(half) for side in (0, 1)]


def tensors_of(folder) -> dict[str, tuple[list[int], bytes]]:
    """GGUF name -> shape, bf16 values in llama.cpp's order."""
    source, found = read_safetensors(folder / "model.safetensors"), {}
    for name, tensor in source.tensors.items():
        data = source.data[slice(*tensor["data_offsets"])]
        heads = HEADS.get(name.split(".")[-2])
        if heads:
            size = len(data) // tensor["shape"][0]
            data = b"".join(interleave([data[i:i + size] for i in range(0, len(data), size)], heads))
        found[gguf_name(name)] = (tensor["shape"], data)
    return found


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def entry(key: str, value) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    return text(key) + (struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)


def write_gguf(path, tensors: dict[str, tuple[list[int], bytes]], metadata: dict = METADATA) -> pathlib.Path:
    entries = [entry(key, value) for key, value in {"general.architecture": "llama", **metadata}.items()]
    infos, data = b"", b""
    for name, (shape, content) in tensors.items():
        kind = F32 if len(shape) == 1 else BF16
        upper_halves = b"".join(b"\0\0" + content[i:i + 2] for i in range(0, len(content), 2))
        stored = upper_halves if kind == F32 else content
        infos += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *reversed(shape), kind, len(data))
        data += padded(stored)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries) + infos
    path.write_bytes(padded(header) + data)
    return path


@pytest.fixture
def base(tmp_path) -> pathlib.Path:
    return write_gguf(tmp_path / "base.gguf", tensors_of(BASE))


def logits(base) -> list[float]:
    """Without and with the adapter."""
    report = dnd("verify", ADAPTER, "--base", base, "--run", "--ids", IDS, "--logits-out", "x.safetensors",
                 "--json").json[0]
    assert report["ok"] and "base_quantization" not in report["run"]
    found = read_safetensors("x.safetensors")
    pathlib.Path("x.safetensors").unlink()
    return [*found.values("base"), *found.values("adapted")]


def assert_close(found: list[float], expected: list[float]):
    """Not equal: the metadata has the norms' epsilon as fp32, config.json as fp64."""
    largest = max(map(abs, expected))
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 1e-5 * largest


def test_logits_are_the_folders(base):
    assert_close(logits(base), logits(BASE))


def test_layouts_are_the_folders(base):
    found, expected = (dnd("layout", "--base", path, "--rank", 4, engine=False).out for path in (base, BASE))
    assert found == expected


def test_merging_is_merging_into_the_folder(base, tmp_path):
    dnd("merge", ADAPTER, "--base", base, "--out", "merged.gguf", engine=False)
    dnd("merge", ADAPTER, "--base", BASE, "--out", "merged", engine=False)
    expected = write_gguf(tmp_path / "expected.gguf", tensors_of(pathlib.Path("merged")))
    assert pathlib.Path("merged.gguf").read_bytes() == expected.read_bytes() != base.read_bytes()
    fails(Exit.CANNOT_CREATE, "merge", ADAPTER, "--base", base, "--out", "merged.gguf")
    dnd("merge", ADAPTER, "--base", base, "--out", "merged.gguf", "--force", "--dtype", "f32", engine=False)
    assert pathlib.Path("merged.gguf").stat().st_size > 1.7 * expected.stat().st_size


def test_a_folder_with_one_is_a_base(base):
    pathlib.Path("folder").mkdir()
    base.rename("folder/x.gguf")
    assert_close(logits(pathlib.Path("folder")), logits(BASE))


@pytest.mark.parametrize("change, reason", [
    ({"llama.attention.head_count": 5}, "5 heads cannot share 2 key/value heads"),
    ({"llama.block_count": 3}, "no tensor 'model.layers.2."),
    ({"llama.block_count": 1}, "is not part of a LlamaForCausalLM"),
    ({"llama.feed_forward_length": 81}, "shape [80, 32], expected [81, 32] by the metadata"),
    ({"llama.rope.scaling.type": "yarn"}, "rope type 'yarn'"),
])
def test_what_the_metadata_says_must_fit(tmp_path, change, reason):
    path = write_gguf(tmp_path / "x.gguf", tensors_of(BASE), {**METADATA, **change})
    assert reason in fails(Exit.DATA, "verify", ADAPTER, "--base", path, "--run", "--ids", IDS, engine=True)


def test_options_that_do_not_go_with_a_gguf(base):
    assert "ends with .gguf" in fails(Exit.USAGE, "merge", ADAPTER, "--base", base, "--out", "out")
    assert "is for a GGUF base" in fails(Exit.USAGE, "merge", ADAPTER, "--base", BASE, "--out", "x", "--dtype", "f16")
    message = fails(Exit.DATA, "verify", ADAPTER, "--base", base, "--run", "--prompt", "hello", engine=True)
    assert "holds neither tokenizer.json" in message
