"""A GGUF as a base model: the same layout, logits and merged weights as the folder that it was made of."""

import json
import pathlib
import shutil
import struct

import pytest
from support import DATA, ROOT, Exit, dnd, fails, read_safetensors

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
    path, kind = name.removeprefix("model.layers.").rsplit(".", 1)
    layer, module = path.split(".", 1)
    return f"blk.{layer}.{NAMES[module]}.{kind}"


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
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, value) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, list):  # of texts
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return text(key) + (struct.pack("<If", 6, value) if isinstance(value, float) else struct.pack("<II", 4, value))


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 32)


def write_gguf(path, tensors: dict[str, tuple[list[int], bytes]], metadata: dict = METADATA,
               dtype: int = BF16) -> pathlib.Path:
    """Lists become F32, if the content is bf16."""
    entries = [entry(key, value) for key, value in {"general.architecture": "llama", **metadata}.items()]
    infos, data = b"", b""
    for name, (shape, content) in tensors.items():
        kind = F32 if len(shape) == 1 else dtype
        upper_halves = b"".join(b"\0\0" + content[i:i + 2] for i in range(0, len(content), 2))
        stored = content if kind == dtype else upper_halves
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
    ({"llama.rope.scaling.type": "yarn"}, "rope type 'yarn of a GGUF'"),
])
def test_what_the_metadata_says_must_fit(tmp_path, change, reason):
    path = write_gguf(tmp_path / "x.gguf", tensors_of(BASE), {**METADATA, **change})
    assert reason in fails(Exit.DATA, "verify", ADAPTER, "--base", path, "--run", "--ids", IDS, engine=True)


def test_options_that_do_not_go_with_a_gguf(base):
    assert "ends with .gguf" in fails(Exit.USAGE, "merge", ADAPTER, "--base", base, "--out", "out")
    assert "is for a GGUF base" in fails(Exit.USAGE, "merge", ADAPTER, "--base", BASE, "--out", "x", "--dtype", "f16")
    message = fails(Exit.DATA, "verify", ADAPTER, "--base", base, "--run", "--prompt", "hello", engine=True)
    assert "has no tokenizer (tokenizer.ggml.model)" in message


# --- Texts: the default base is there as a folder and as a GGUF ------------------------------------------------------

FOLDER = ROOT / "models/default/base"
GGUF = FOLDER / "base.gguf"
TEXTS = ["two words", "  What is 2 times 3?\n", "é 中 \U0001F999", "</s> x", ""]
SHORT = ("--max-tokens", 8)


def pieces(base, *options) -> list[dict]:
    return dnd("tokenize", "--base", base, *options, stdin="".join(json.dumps(text) + "\n" for text in TEXTS),
               engine=False).json


def test_ids_are_the_folders():
    found, expected = pieces(GGUF), pieces(FOLDER)
    for text, one, other in zip(TEXTS, found, expected, strict=True):
        # The kind "llama" puts a space before every text and behind every special token, this folder's tokenizer not
        # before another space nor behind a token.
        if not text.startswith((" ", "</s>")):
            assert one == other, text
    assert pieces(GGUF, "--no-special") == found, "the file says that no marker is put"


def test_answers_are_the_folders(tmp_path):
    shutil.copy(GGUF, tmp_path / "only.gguf")
    expected = dnd("run", "--base", FOLDER, *SHORT, "the first").out
    for base in (GGUF, tmp_path / "only.gguf", tmp_path):
        assert dnd("run", "--base", base, *SHORT, "the first").out == expected


@pytest.fixture(scope="module")
def own_adapter(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated") / "adapter"
    dnd("generate", "--prompts", ROOT / "examples/questions.jsonl", "--out", folder)
    return next(path.parent for path in sorted(folder.rglob("adapter_config.json")))


def test_adapters_change_the_same_answers(own_adapter):
    run = ("verify", own_adapter, "--run", "--json", *SHORT, "--answer", " yes")
    found, expected = (dnd(*run, "--base", base).json[0]["run"] for base in (GGUF, FOLDER))
    for key in ("prompt", "ids", "base_answer", "adapted_answer"):
        assert found[key] == expected[key], key
    assert found["adapted_log_probability"] == pytest.approx(expected["adapted_log_probability"], rel=1e-4)
    one, other = (dnd("run", "--base", base, *SHORT, "-a", own_adapter, "the first").out for base in (GGUF, FOLDER))
    assert one == other


def with_template(path, template: str, name: str = "") -> pathlib.Path:
    """A copy of GGUF with a chat template."""
    content = GGUF.read_bytes()
    version, tensors, entries = struct.unpack_from("<IQQ", content, 4)
    first = content.index(text("general.architecture"))
    more = entry("tokenizer.chat_template" + name, template)
    more += entry("x.filler", "." * (-(len(more) + len(entry("x.filler", ""))) % 32))  # keeps the tensors' alignment
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, entries + 2)
    path.write_bytes(head + content[len(head):first] + more + content[first:])
    return path


TEMPLATE = "[{{ messages[0].content }}]{{ eos_token }}{% if add_generation_prompt %}>{% endif %}"


def test_its_chat_template_asks(tmp_path):
    base = with_template(tmp_path / "chat.gguf", TEMPLATE)
    asked = dnd("run", "--base", base, *SHORT, "the first")
    assert "asked by its own chat template" in asked.err
    plain = dnd("run", "--base", base, "--chat", "none", *SHORT, "[the first]</s>>")
    assert asked.out == plain.out and "chat template" not in plain.err
    rendered = json.dumps("[two words]</s>>") + "\n"
    expected = dnd("tokenize", "--base", GGUF, "--no-special", stdin=rendered, engine=False).json
    assert pieces(base, "--chat", "auto")[:1] == expected
    named = with_template(tmp_path / "named.gguf", TEMPLATE, ".tool")
    assert "chat template" not in dnd("run", "--base", named, *SHORT, "x").err


def test_files_of_other_tokenizers_are_refused_before_the_weights(tmp_path):
    content = GGUF.read_bytes()
    kind = text("tokenizer.ggml.model") + struct.pack("<I", 8) + text("llama")
    assert kind in content
    (tmp_path / "x.gguf").write_bytes(content.replace(kind, kind[:-5] + b"other"))
    message = fails(Exit.DATA, "run", "--base", tmp_path / "x.gguf", "x")
    assert "the kind 'other' (tokenizer.ggml.model) is not supported" in message
