#!/usr/bin/env python3
"""Writes tests/fuzz/seeds/<target>: small inputs that each reader accepts or refuses late.

Usage: make_fuzz_seeds.py  (standard library only)
"""

import json
import pathlib
import struct
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
OUT = ROOT / "tests" / "fuzz" / "seeds"

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LAYOUT = {
    "format": "dnd-layout", "version": 1, "base_model": "example/tiny", "architecture": "Qwen2ForCausalLM",
    "rank": 4, "alpha": 8, "token_shape": [6, 14], "heads": {"attention": 4, "key_value": 2},
    "blocks": [
        {"prefix": "model.layers.{i}", "count": 2, "modules": [
            {"name": "self_attn.q_proj", "in": 24, "out": 12, "chunks_a": 2, "chunks_b": 1}]},
        {"prefix": "", "count": 1, "modules": [
            {"name": "head", "in": 12, "out": 30, "chunks_a": 1, "chunks_b": 3}]}],
}
GENERATOR = {
    "format": "dnd-generator", "version": 1, "name": "tiny", "untrained": True,
    "decoder": {"features": [[2, 6, 8], [4, 6, 8], [10, 6, 14]], "kernel": 3, "dtype": "F16",
                "sha256": "00"},
    "condition": {"encoder": "e", "kind": "transformer", "prompts": 2, "max_length": 512, "width": 8,
                  "empty_chunk": "uniform", "projection": {"from": 512, "to": 6}},
    "layout": LAYOUT, "license": "Apache-2.0", "provenance": {"source": "x"},
    "statistics": {"mean": [0.5, -1e-3, None, True]},
}


def save(target, name, content):
    folder = OUT / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def checkpoints():
    for name in ("dtypes", "shared", "module", "parameter", "expanded", "training_state"):
        path = DATA / "torch_checkpoint" / f"{name}.pth"
        save("torch_checkpoint", name, path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            save("state_dict", name, archive.read(f"{name}/data.pkl"))


def prompts():
    """The first character chooses the file's name, and from '6' on the field doc.question."""
    records = [{"prompt": "one"}, {"messages": [{"role": "system", "content": "no"},
               {"role": "user", "content": [{"type": "text", "text": "two"}]}]},
               {"conversations": [{"from": "human", "value": "three"}]},
               {"body": {"messages": [{"role": "user", "content": "four"}]}},
               {"instruction": "five", "input": "six"}, {"arguments": [["seven", {}]]},
               {"arguments": {"gen_args_0": {"arg_0": "eight"}}}, {"question": "größe ☃"}]
    lines = "\n".join(map(json.dumps, records))
    save("prompts", "text", "0one\r\n\r\ntwo\n")
    save("prompts", "lines", "1" + lines)
    save("prompts", "array", "2" + json.dumps(records, ensure_ascii=False))
    save("prompts", "wrapped", "2" + json.dumps({"version": 1, "data": records[:2]}))
    save("prompts", "tasks", "1" + '{"task":"a","text":"one"}\n{"task":"b","text":"two"}\n')
    save("prompts", "csv", '3id,question,task\n1,"one ""quoted"",\nagain",a\n2,two,b\n')
    save("prompts", "tsv", "4whatever\none\ntwo\n")
    save("prompts", "sniffed", "5\ufeff" + lines)
    save("prompts", "field", "7" + '{"doc":{"question":"one"}}\n{"doc.question":"two"}\n')


def wordpiece():
    cases = json.loads((DATA / "text" / "wordpiece_hard.json").read_text())
    for i in (0, 9, 60, 120):
        save("wordpiece_text", f"hard_{i}", "?" + cases[i % len(cases)]["text"])
    save("wordpiece_text", "plain", "=The abba, [SEP] é e\u0301 中國 ab##ab １ ß\t\u0130")
    save("wordpiece_text", "not_utf8", b"8a\xff\xe4\xb8 b\xed\xa0\x80")

    save("wordpiece_files", "vocabulary", "0" + "\n".join([*SPECIALS, "the", "##s", "é"]) + "\n")
    marker = lambda token: {"SpecialToken": {"id": token, "type_id": 0}}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    tokenizer = {
        "added_tokens": [{"id": i, "content": t, "special": True, **flags} for i, t in enumerate(SPECIALS)],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing",
                           "single": [marker("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, marker("[SEP]")],
                           "special_tokens": {t: {"id": t, "ids": [SPECIALS.index(t)], "tokens": [t]}
                                              for t in ("[CLS]", "[SEP]")}},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100,
                  "vocab": {t: i for i, t in enumerate([*SPECIALS, "the", "##s"])}},
    }
    save("wordpiece_files", "template", "1" + json.dumps(tokenizer))
    tokenizer["post_processor"] = {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}
    save("wordpiece_files", "bert_processing", "1" + json.dumps(tokenizer))
    save("wordpiece_files", "settings", "2" + json.dumps(
        {"do_lower_case": False, "strip_accents": None, "tokenize_chinese_chars": False}))


def field(number, content):
    """A protobuf field of bytes."""
    size, left = b"", len(content)
    while left > 0x7F:
        size += bytes([0x80 | left & 0x7F])
        left >>= 7
    return bytes([number << 3 | 2]) + size + bytes([left]) + content


def sentencepiece():
    pieces = [("<pad>", 3), ("</s>", 3), ("<unk>", 2), ("\u2581the", 1), ("\u2581", 1), ("s", 1), ("t", 1)]
    model = b"".join(field(1, field(1, text.encode()) + struct.pack("<BfBB", 0x15, -i, 0x18, kind))
                     for i, (text, kind) in enumerate(pieces)) + field(2, b"\x18\x01")
    save("sentencepiece", "plain", model)
    # Normalisation rules: a trie that replaces "t" by "s".
    units = [1 << 31] * 768
    units[0], units[256 ^ 0x74], units[512] = 256 << 10, 0x174 | (256 ^ 0x74 ^ 512) << 10, 1 << 31
    rules = struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + b"s\0"
    save("sentencepiece", "rules", model + field(3, field(1, b"x") + field(2, rules)))


def gguf_text(text):
    return struct.pack("<Q", len(text)) + text.encode()


def gguf():
    entries = [gguf_text("general.architecture") + struct.pack("<I", 8) + gguf_text("llama"),
               gguf_text("general.type") + struct.pack("<I", 8) + gguf_text("adapter"),
               gguf_text("adapter.lora.alpha") + struct.pack("<If", 6, 16.0),
               gguf_text("a.flag") + struct.pack("<IB", 7, 1),
               gguf_text("a.count") + struct.pack("<IQ", 10, 3),
               gguf_text("a.list") + struct.pack("<IIQ3i", 9, 5, 3, 1, -2, 3),
               gguf_text("a.texts") + struct.pack("<IIQ", 9, 8, 2) + gguf_text("x") + gguf_text("")]
    # name, dimensions (fastest first), type, bytes: F32, F16, Q8_0, BF16
    tensors = [("blk.0.attn_q.weight.lora_a", [4, 2], 0, 32), ("half", [3], 1, 6), ("q", [32, 2], 8, 68),
               ("b", [2, 1], 30, 4)]
    infos, data = b"", b""
    for name, shape, kind, size in tensors:
        infos += gguf_text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, len(data))
        data += (bytes(range(size)) + bytes(31))[:(size + 31) // 32 * 32]
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(entries)) + b"".join(entries) + infos
    save("gguf", "types", head + bytes(-len(head) % 32) + data)
    empty = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + entries[0]
    save("gguf", "no_tensors", empty + bytes(-len(empty) % 32))


def gguf_list(key, kind, values):
    parts = [gguf_text(value) if kind == 8 else struct.pack("<f" if kind == 6 else "<i", value) for value in values]
    return gguf_text("tokenizer.ggml." + key) + struct.pack("<IIQ", 9, kind, len(parts)) + b"".join(parts)


def gguf_tokenizer():
    """Without tensors: BPE of several words, and SentencePiece's kind."""
    ends = ["<s>", "</s>", "<|im_end|>"]
    letters = [*"the12345dn'", "Ġ", "th", "the", "Ġthe", "12", "Ċ", "ĊĊ"]
    merges = ["t h", "th e", "Ġ the", "1 2", "Ċ Ċ"]
    pieces = ["<unk>", *ends, *(f"<0x{byte:02X}>" for byte in (0x0A, 0xC3, 0xA9)), *"▁the12", "▁t", "th", "the", "▁the"]

    def write(name, model, tokens, types, *more):
        entries = [gguf_text(key) + struct.pack("<I", 8) + gguf_text(value) for key, value in (
            ("general.architecture", "llama"), ("tokenizer.ggml.model", model),
            ("tokenizer.chat_template", "{{ bos_token }}"))]
        entries += [gguf_list("tokens", 8, tokens), gguf_list("token_type", 5, types),
                    gguf_text("tokenizer.ggml.bos_token_id") + struct.pack("<II", 4, tokens.index("<s>")),
                    gguf_text("tokenizer.ggml.add_eos_token") + struct.pack("<IB", 7, 1),
                    gguf_text("tokenizer.ggml.eos_token_id") + struct.pack("<II", 4, tokens.index("</s>")), *more]
        head = b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + b"".join(entries)
        save("gguf_tokenizer", name, head + bytes(-len(head) % 32))

    for words in ("default", "llama-bpe", "smollm", "tekken", "kimi-k2", "gemma4"):
        write(words, "gpt2", [*ends, *letters], [3] * 3 + [1] * len(letters), gguf_list("merges", 8, merges),
              gguf_text("tokenizer.ggml.pre") + struct.pack("<I", 8) + gguf_text(words))
    write("scores", "llama", pieces, [2, 3, 3, 4, 6, 6, 6] + [1] * (len(pieces) - 7),
          gguf_list("scores", 6, [-float(i // 2) for i in range(len(pieces))]))


def training():
    """Files named beside them are those that the targets make: l, b, p, q, a. The first character chooses the file."""
    task = {"name": "x", "prompts": "p", "adapters": "a", "test": "q", "group": "g", "attributes": {"domain": "golf"},
            "paraphrase": {"prompts": "p", "test": "q"}, "scorer": "f1", "system": "s", "stop": ["\n\n", "Q:"]}
    save("task_set", "all_keys", "0" + json.dumps({"format": "dnd-tasks", "version": 1, "train": [task],
                                                   "held_out": [{"name": "y", "prompts": "p"}]}))
    save("task_set", "missing", "0" + json.dumps({"format": "dnd-tasks", "version": 1, "train": [
        {"name": "x", "prompts": "p", "adapters": "none"}]}))
    save("task_set", "questions", '1{"prompt": "one", "answer": " 1 "}\n\n{"prompt": "two", "answer": "2"}\n')
    shared = {"format": "dnd-train", "version": 1, "name": "x", "tasks": "tasks.json"}
    save("train_config", "all_keys", json.dumps({
        **shared, "license": "MIT", "seed": 1, "steps": 8, "batch": 4, "micro_batch": 2, "learning_rate": 1e-3,
        "generator": {"layout": "l", "features": [[2, 6, 8], [6, 6, 14]], "kernel": 5, "encoder": "e",
                      "encoder_kind": "transformer", "max_length": 512, "empty_chunk": "uniform",
                      "weights_dtype": "f16"},
        "warmup_steps": 2, "weight_decay": 0.1, "betas": [0.9, 0.99], "epsilon": 1e-8, "max_gradient_norm": 1.0,
        "noise": {"condition": 1e-4, "target": 0}, "criterion_weights": False, "residual": True, "save_every": 1,
        "targets": "canonical", "loss": "update", "module_weights": {"q": 2.0}, "log_every": 2, "evaluate_every": 3}))
    save("train_config", "start", json.dumps({**shared, "generator": {"start": "b", "weights_dtype": "f32"}}))


def work_folder():
    """The first character chooses the file."""
    def tensors(metadata, data=b"", **entries):
        text = json.dumps({"__metadata__": metadata, **entries}, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + data

    state = {"dnd.format": "dnd-train-state", "dnd.identity": '{"seed":"1"}', "dnd.step": "7"}
    save("work_folder", "state", b"0" + tensors(state))
    save("work_folder", "other_state", b"0" + tensors({**state, "dnd.identity": '{"seed":"2"}'}))
    save("work_folder", "metrics",
         '1{"step":1,"loss":0.5}\n{"step":50,"held_out":"task","distance":1}\n{"step":51}\n{"st')
    whole = {"conditions": {"dtype": "F32", "shape": [3, 2, 2], "data_offsets": [0, 48]}}
    content = tensors({"dnd.key": "key"}, struct.pack("<12f", *range(1, 13)), **whole)
    save("work_folder", "conditions", b"2" + content)
    save("work_folder", "part", b"3" + content[:-20])
    save("work_folder", "other_part", b"3" + tensors({"dnd.key": "other"}, bytes(16), **whole))
    save("work_folder", "hashes", "4" + f"66 1234 3 1700000000000000000 1700000000000000000 {'0' * 64}\n" * 2)
    save("work_folder", "answers", '5{"key":1}\n{"ids":[1,2],"tokens":[{"best":[3],"logs":[-0.5,null]},'
                                   '{"best":[4,5],"logs":[-1,-2,-3]}]}\n{"ids":[1')


def model_config():
    """The first character chooses the file: config.json or generation_config.json."""
    sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "intermediate_size": 16, "vocab_size": 32, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
             "hidden_act": "silu", "tie_word_embeddings": True, "eos_token_id": [1, 2]}
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 8192}
    save("model_config", "llama", "0" + json.dumps({
        "architectures": ["LlamaForCausalLM"], **sizes, "head_dim": 4, "attention_bias": True, "mlp_bias": True,
        "rope_theta": 500000.0, "rope_scaling": scaling}))
    save("model_config", "mistral", "0" + json.dumps({
        "architectures": ["MistralForCausalLM"], **sizes, "sliding_window": None, "partial_rotary_factor": 1.0}))
    save("model_config", "qwen2", "0" + json.dumps({
        "architectures": ["Qwen2ForCausalLM"], **sizes, "use_sliding_window": True, "sliding_window": 32}))
    save("model_config", "qwen3", "0" + json.dumps({
        "architectures": ["Qwen3ForCausalLM"], **sizes,
        "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}}))
    save("model_config", "gemma2", "0" + json.dumps({
        "architectures": ["Gemma2ForCausalLM"], **sizes, "sliding_window": 4, "query_pre_attn_scalar": 4,
        "attn_logit_softcapping": 50.0, "final_logit_softcapping": None, "layer_types": ["sliding_attention",
                                                                                         "full_attention"]}))
    save("model_config", "gemma3", "0" + json.dumps({
        "architectures": ["Gemma3ForConditionalGeneration"], "text_config": {
            **sizes, "sliding_window": 4, "sliding_window_pattern": 2, "rope_theta": 1e6, "rope_local_base_freq": 1e4,
            "rope_scaling": {"rope_type": "linear", "factor": 8.0}}}))
    save("model_config", "phi3", "0" + json.dumps({
        "architectures": ["Phi3ForCausalLM"], **sizes, "original_max_position_embeddings": 16, "head_dim": 4,
        "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.0, 3.0]}}))
    save("model_config", "smollm3", "0" + json.dumps({
        "architectures": ["SmolLM3ForCausalLM"], **sizes, "no_rope_layers": [1, 0], "rope_parameters": {
            "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "beta_fast": 32.0}}))
    save("model_config", "ends", '1{"eos_token_id": [3, 4]}')


def chat_template():
    """The cases of constructs, eight to a template: a template is a process."""
    cases = json.loads((DATA / "chat" / "cases.json").read_text())["cases"]
    sources = [case["source"] for case in cases if case["text"] is not None and "refused" not in case]
    for i in range(0, len(sources), 8):
        save("chat_template", f"constructs_{i // 8}", "\n".join(sources[i : i + 8]))
    for i, case in enumerate(case for case in cases if "refused" in case):
        save("chat_template", f"refused_{i}", case["source"])


def tokenizer_json():
    """Every component that the tests have, with a small model; a few of each kind of model."""
    tokens = ["[UNK]", "a", "b", "ab", "##b", "\u2581", "t", "h", "th", "<s>", "</s>"]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    small = {"type": "WordLevel", "vocab": vocabulary, "unk_token": "[UNK]"}
    encode = json.loads((DATA / "tokenizer" / "encode.json").read_text())
    flags = {"single_word": True, "lstrip": True, "rstrip": True, "normalized": True, "special": True}
    added = [{"id": 9, "content": "<s>", **flags}]
    for i, case in enumerate(encode["cases"][::3]):
        if len(json.dumps(case["value"])) > 4000:  # normalisation rules: the text fuzzer has its own
            continue
        document = {"added_tokens": added, case["part"]: case["value"], "model": small}
        save("tokenizer_json", f"part_{i}", json.dumps(document))
    decode = json.loads((DATA / "tokenizer" / "decode.json").read_text())
    for i, case in enumerate(decode["cases"][::3]):
        save("tokenizer_json", f"decoder_{i}", json.dumps({"decoder": case["value"], "model": small}))
    expressions = json.loads((DATA / "tokenizer" / "expressions.json").read_text())
    for i, case in enumerate(expressions["cases"][::5]):
        save("tokenizer_json", f"expression_{i}", json.dumps({"model": small, "pre_tokenizer": {
            "type": "Split", "pattern": {"Regex": case["expression"]}, "behavior": "Isolated", "invert": False}}))
    for name, model in {
            "bpe": {"type": "BPE", "vocab": vocabulary, "merges": [["a", "b"], ["t", "h"]], "unk_token": "[UNK]",
                    "fuse_unk": True},
            "bpe_affixes": {"type": "BPE", "vocab": vocabulary, "merges": ["a ##b"], "continuing_subword_prefix": "##",
                            "end_of_word_suffix": "b", "byte_fallback": True, "ignore_merges": True, "dropout": None},
            "unigram": {"type": "Unigram", "vocab": [[t, -i / 2] for i, t in enumerate(tokens)], "unk_id": 0,
                        "byte_fallback": True},
            "wordpiece": {"type": "WordPiece", "vocab": vocabulary, "unk_token": "[UNK]",
                          "continuing_subword_prefix": "##", "max_input_chars_per_word": 9}}.items():
        save("tokenizer_json", name, json.dumps({"version": "1.0", "added_tokens": added, "model": model}))


def tokenizer_folder():
    """The small files of the folders that the tests have; a name more, and pieces, by hand."""
    names = ["tokenizer_config.json", "config.json", "special_tokens_map.json", "added_tokens.json",
             "chat_template.jinja"]
    folders = json.loads((DATA / "tokenizer" / "folders.json").read_text())
    for case in folders["cases"][::2]:
        files = [case["files"].get(name, "").encode() for name in names]
        save("tokenizer_folder", f"case_{case['seed']}", b"\xff".join(files))
    settings = json.dumps({"chat_template": [{"name": "default", "template": "x"}], "tokenizer_class": "LlamaTokenizer",
                           "split_special_tokens": True, "clean_up_tokenization_spaces": True})
    pieces = b"\n\x03\n\x01a\n\x03\n\x01t"
    save("tokenizer_folder", "pieces", settings.encode() + b"\xff" * 5 + pieces)


if __name__ == "__main__":
    tokenizer_folder()
    tokenizer_json()
    chat_template()
    for case in (DATA / "safetensors").glob("*.safetensors"):
        save("safetensors", case.stem, case.read_bytes())
    checkpoints()
    prompts()
    wordpiece()
    save("layout", "all_keys", json.dumps(LAYOUT))
    save("layout", "tests", (DATA / "decoder" / "layout.json").read_bytes())
    save("generator", "all_keys", json.dumps(GENERATOR))
    glove = {**GENERATOR, "condition": {"encoder": "g", "kind": "glove", "prompts": 2, "max_length": 6,
                                        "width": 8}}
    save("generator", "glove", json.dumps(glove))
    sentencepiece()
    gguf()
    gguf_tokenizer()
    training()
    work_folder()
    model_config()
