"""Folders of base models with small tokenizers and random settings: classes, special and added tokens, flags."""

import functools
import json
import pathlib
from random import Random

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = ["the quick brown fox jumps over the lazy dog", "Don't you think we'll see? 12 345 6,789.0", "été naïve",
          "x = f(a, b) + 1; // код и слова", "中文字符", "日本語",
          "hello hello world worlds the then there", " \n\n\t  "] * 3
NAMES = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"]
SPECIALS = ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "<bos>", "<eos>", "<|endoftext|>", "[UNK]", "[CLS]", "[SEP]",
            "[PAD]", "[MASK]", "<|im_start|>", "<|im_end|>", "<0x41>", "the", "fox", "New Token", "É", "zz", " q", "12",
            "<image>"]
TYPES = ["qwen2", "qwen3", "qwen3_moe", "llama", "mistral", "mixtral", "phi3", "gemma", "gemma2", "gpt2", "gpt_neox",
         "smollm3", "bert", "roberta", "xlm-roberta", "starcoder2", "granite", "olmo", "nothing-known", "qwen3_5",
         "internlm2", None]
CLASSES = ["LlamaTokenizer", "LlamaTokenizerFast", "Qwen2Tokenizer", "Qwen2TokenizerFast", "GPT2Tokenizer",
           "GPT2TokenizerFast", "GPTNeoXTokenizer", "GPTNeoXTokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast",
           "BertTokenizer", "BertTokenizerFast", "RobertaTokenizer", "XLMRobertaTokenizer",
           "PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend",
           "Qwen3_5Tokenizer", "InternLM2Tokenizer", "BloomTokenizerFast", None]
GENERIC = ["PreTrainedTokenizerFast", "PreTrainedTokenizer", "TokenizersBackend", "InternLM2Tokenizer"]
FITTING = {"bytes": ["Qwen2Tokenizer", "GPT2TokenizerFast", "GPTNeoXTokenizer", "LlamaTokenizerFast",
                     "Qwen3_5Tokenizer", "RobertaTokenizerFast"],
           "pieces": ["LlamaTokenizer", "GemmaTokenizerFast"], "wordpiece": ["BertTokenizerFast"],
           "unigram": ["XLMRobertaTokenizer", "XLMRobertaTokenizerFast"]}
TEXTS = ["", "hello world", " the quick brown fox", "the fox the  fox ", "Don't we'll 12345", "<s>hello</s>",
         "a<|endoftext|> b", "[CLS] été [SEP]", "中文 x", "New Token new token", "\n\n hello\tworld .",
         "can 't , it 's ' x ' n't ? !", "<|im_start|>user\nhi<|im_end|>", "É é zz zzz qzz q",
         "<image>the<mask>", "<unk><pad><bos><eos>[UNK][PAD]", "\U0001f642 ok"]


def _trained(model, trainer, **parts) -> dict:
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())


@functools.cache
def _base(kind: str) -> str:
    specials = ["<unk>", "<s>", "</s>"]
    if kind == "bytes":
        document = _trained(
            models.BPE(), trainers.BpeTrainer(vocab_size=340, special_tokens=["<|endoftext|>"], show_progress=False,
                                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet()),
            pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False), decoder=decoders.ByteLevel())
    elif kind == "pieces":
        document = _trained(
            models.BPE(fuse_unk=True, byte_fallback=True, unk_token="<unk>"),
            trainers.BpeTrainer(vocab_size=380, show_progress=False,
                                special_tokens=[*specials, *(f"<0x{byte:02X}>" for byte in range(256))]),
            normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
            decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                       decoders.Strip(" ", 1, 0)]))
        document["added_tokens"] = document["added_tokens"][:3]
    elif kind == "wordpiece":
        document = _trained(
            models.WordPiece(unk_token="[UNK]"),
            trainers.WordPieceTrainer(vocab_size=200, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"],
                                      show_progress=False),
            normalizer=normalizers.BertNormalizer(lowercase=True), pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
            decoder=decoders.WordPiece())
    elif kind == "unigram":
        document = _trained(
            models.Unigram(), trainers.UnigramTrainer(vocab_size=150, special_tokens=specials, unk_token="<unk>",
                                                      show_progress=False),
            pre_tokenizer=pre_tokenizers.Metaspace(), decoder=decoders.Metaspace())
    else:
        document = _trained(
            models.WordLevel(unk_token="<unk>"),
            trainers.WordLevelTrainer(special_tokens=specials, show_progress=False),
            normalizer=normalizers.Lowercase(), pre_tokenizer=pre_tokenizers.Whitespace())
    return json.dumps(document)


def _flags(rng: Random) -> dict:
    flags = {name: rng.random() < 0.3 for name in ("lstrip", "rstrip", "single_word", "normalized", "special")}
    return {name: value for name, value in flags.items() if rng.random() < 0.9 or name == "special"}


def _template(rng: Random, document: dict) -> dict | None:
    vocabulary = document["model"]["vocab"]
    ids = vocabulary if isinstance(vocabulary, dict) else {piece: i for i, (piece, _) in enumerate(vocabulary)}
    begin, end = rng.choice(list(ids)), rng.choice(list(ids))
    plain = not {" ", ":"} & {*begin, *end}  # these separate the parts of a template
    processor = processors.TemplateProcessing(
        single=rng.choice([f"{begin} $A", f"$A {end}", f"{begin} $A {end}"]) if plain else "$A",
        special_tokens=[(begin, ids[begin])] if begin == end else [(begin, ids[begin]), (end, ids[end])])
    return json.loads(processor.__getstate__())


def _document(rng: Random, kind: str) -> dict:
    document = json.loads(_base(kind))
    choice = rng.random()
    if choice < 0.4:
        document["post_processor"] = _template(rng, document)
    elif choice < 0.5:
        document["post_processor"] = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                                      "use_regex": True}
    tokenizer = Tokenizer.from_str(json.dumps(document))
    for text in rng.sample(SPECIALS, rng.randrange(4)):
        tokenizer.add_tokens([AddedToken(text, **_flags(rng))])
    if rng.random() < 0.15:
        tokenizer.enable_padding(pad_id=rng.randrange(5), pad_token=rng.choice(SPECIALS[:20]), length=30)
    if rng.random() < 0.1:
        tokenizer.enable_truncation(5)
    return json.loads(tokenizer.to_str())


def _token(rng: Random):
    text = rng.choice(SPECIALS)
    choice = rng.random()
    if choice < 0.7:
        return text
    if choice < 0.75:
        return None
    return {"__type": "AddedToken", "content": text, **_flags(rng)}


def _settings(rng: Random, kind: str, size: int) -> dict:
    settings = {}
    name = rng.choice([*FITTING.get(kind, []), rng.choice(GENERIC)]) if rng.random() < 0.8 else rng.choice(CLASSES)
    if name is not None:
        settings["tokenizer_class"] = name
    for key in ("add_bos_token", "add_eos_token", "add_prefix_space", "clean_up_tokenization_spaces", "legacy",
                "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", "do_lower_case",
                "tokenize_chinese_chars", "strip_accents", "split_special_tokens"):
        if rng.random() < (0.1 if key.startswith("split") else 0.35):
            settings[key] = rng.random() < 0.5
    for key in NAMES:
        if rng.random() < 0.35:
            settings[key] = _token(rng)
    if rng.random() < 0.5:
        settings["added_tokens_decoder"] = {
            str(rng.choice([rng.randrange(size), size + rng.randrange(6)])):
                {"content": rng.choice([*SPECIALS, ""]), **_flags(rng)}
            for _ in range(rng.randrange(5))}
    if rng.random() < 0.3:
        settings["additional_special_tokens"] = [_token(rng) or "<x>" for _ in range(rng.randrange(3))]
    if rng.random() < 0.3:
        settings["extra_special_tokens"] = rng.choice([
            {}, [], ["<|im_end|>", "more"], {"image_token": "<image>", "boi_token": "<boi>"},
            [{"__type": "AddedToken", "content": "<video>", **_flags(rng)}, "New Token"]])
    if rng.random() < 0.2:
        settings["image_token"] = rng.choice(["<image>", {"__type": "AddedToken", "content": "<own>", **_flags(rng)}])
    return settings


def _special_tokens_map(rng: Random) -> dict:
    tokens = {}
    for key in NAMES:
        if rng.random() < 0.4:
            text = rng.choice(SPECIALS)
            tokens[key] = text if rng.random() < 0.6 else {"content": text, **_flags(rng)}
    if rng.random() < 0.3:
        tokens["additional_special_tokens"] = rng.sample(SPECIALS, 2)
    if rng.random() < 0.3:
        tokens["extra_special_tokens"] = rng.choice([["<video>", "fox"], [{"content": "<audio>", "lstrip": True}],
                                                     {"audio_token": "<audio>"}])
    if rng.random() < 0.1:
        tokens["add_eos_token"] = True
        tokens["add_bos_token"] = rng.random() < 0.5
    return tokens


def _write_templates(rng: Random, folder: pathlib.Path, settings: dict) -> None:
    if rng.random() < 0.4:
        settings["chat_template"] = rng.choice([
            "{{ bos_token }}\r\n", [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}],
            {"default": "o"}])
    if rng.random() < 0.2:
        (folder / "chat_template.jinja").write_bytes("a\r\nb\rc\n{# ü #}".encode())
    if rng.random() < 0.2:
        (folder / "additional_chat_templates").mkdir()
        for name in ("rag", "tool_use"):
            (folder / f"additional_chat_templates/{name}.jinja").write_text(f"{name}\n")


def write(rng: Random, folder: pathlib.Path) -> None:
    folder.mkdir()
    kind = rng.choice(["bytes", "bytes", "pieces", "pieces", "wordpiece", "unigram", "words"])
    document = _document(rng, kind)
    size = len(document["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(document))
    config = {"transformers_version": "4.40.0", "vocab_size": size, "hidden_size": 16, "num_attention_heads": 2}
    model_type = rng.choice(TYPES)
    if model_type is not None:
        config["model_type"] = model_type
    if rng.random() < 0.1:
        config["tokenizer_class"] = rng.choice([name for name in CLASSES if name])
    (folder / "config.json").write_text(json.dumps(config))
    settings = _settings(rng, kind, size)
    _write_templates(rng, folder, settings)
    if rng.random() < 0.95:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    if rng.random() < 0.4:
        (folder / "special_tokens_map.json").write_text(json.dumps(_special_tokens_map(rng)))
    if rng.random() < 0.3:
        (folder / "added_tokens.json").write_text(json.dumps(
            {text: size + i for i, text in enumerate(rng.sample(SPECIALS, 3))}))


def text(rng: Random) -> str:
    parts = [rng.choice([*TEXTS, *SPECIALS, " ", "  ", "\n", "Ünï", "ab"]) for _ in range(rng.randrange(1, 6))]
    return rng.choice(["", " "]).join(parts)
