#!/usr/bin/env python3
"""Writes tests/data/text/llama: small SentencePiece models of the kinds that language models have, and what
transformers' LlamaTokenizer (BPE) and sentencepiece itself (unigram) make of hard texts.

Usage: make_lm_tokenizer_cases.py (sentencepiece 0.2, transformers 5.23)
"""

import json
import pathlib
import random
import tempfile

import sentencepiece
import transformers

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "text" / "llama"
WORDS = """the quick brown fox jumps over lazy dog question answer letter yes no red blue green Paris is a capital of
France water animals compare numbers left right or and by (a) (b) 1 2 12 ? . , ! é""".split()
TEXTS = [
    "Question: is water red or blue? Answer:", "the quick  brown   fox ", " the fox", "  the fox",
    "\u2581the \u2581fox", "", " ",
    "   ", "a\nb\n\nc\r\n\td", "\n", "ü € 😀 e\u0301 ﬁ ｆｕｌｌ 中文 \u00a0\u200b\ufeff",
    "x\x00y", "the</s>the", "<s> the", " <s>the<s>", "</s></s> a", "<unk>a<unk> b", "<0x0A> <0xFF>", "<s",
    "a<|x|>b <|x|> c", "<pad>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "UPPER Case 3.14159 1,000", "\u2581",
    "\u2581\u2581the", "\U0010ffff\ud7ff"]
CONFIGS = [{"add_bos_token": True, "add_eos_token": False}, {"add_bos_token": False, "add_eos_token": True},
           {"add_bos_token": False, "legacy": True}, {"add_bos_token": False, "add_prefix_space": False}]


def train(corpus, model, **options):
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/tok"
        sentencepiece.SentencePieceTrainer.train(
            input=corpus, model_prefix=prefix, byte_fallback=True, hard_vocab_limit=False, minloglevel=2,
            user_defined_symbols=["<|x|>"], **options)
        (OUT / model).write_bytes(pathlib.Path(prefix + ".model").read_bytes())


def llama_tokenizer(config):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "tokenizer.model").write_bytes((OUT / "bpe.model").read_bytes())
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        return transformers.LlamaTokenizer.from_pretrained(folder)


def continuation(tokenizer, ids):
    """What `ids` add to a text: decoding takes one space from the front, so it is given one."""
    space = tokenizer.convert_tokens_to_ids("\u2581")
    return tokenizer.decode([space, *ids], skip_special_tokens=True)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = random.Random(5)
    corpus = str(OUT / "corpus.txt")
    with open(corpus, "w") as file:
        for _ in range(2000):
            print(" ".join(rng.choice(WORDS) for _ in range(rng.randint(3, 12))), file=file)
    train(corpus, "bpe.model", vocab_size=360, model_type="bpe", normalization_rule_name="identity",
          remove_extra_whitespaces=False)
    train(corpus, "unigram.model", vocab_size=340, model_type="unigram", normalization_rule_name="identity")
    (OUT / "corpus.txt").unlink()

    cases = []
    for config in CONFIGS:
        tokenizer = llama_tokenizer(config)
        cases.append({"config": config, "texts": [{"text": t, "ids": tokenizer(t)["input_ids"]} for t in TEXTS]})
    tokenizer = llama_tokenizer(CONFIGS[0])
    draws = [[rng.randrange(len(tokenizer)) for _ in range(12)] for _ in range(20)]
    draws += [[3 + 1 + byte for byte in "ü€\n😀".encode()], [3 + 1 + 0xFF, 300, 3 + 1 + 0xC3], [1, 300, 2], [0],
              [3 + 1 + 0xC3, 1, 3 + 1 + 0xBC, 0, 2, 3 + 1 + ord(",")]]
    unigram = sentencepiece.SentencePieceProcessor(str(OUT / "unigram.model"))
    plain = [text for text in TEXTS if not any(token in text for token in ("<s>", "</s>", "<unk>"))]
    golden = {
        "encode": cases, "decode": [{"ids": ids, "text": continuation(tokenizer, ids)} for ids in draws],
        "unigram": [{"text": text, "ids": unigram.encode(text)} for text in plain]}
    (OUT / "golden.json").write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")


main()
