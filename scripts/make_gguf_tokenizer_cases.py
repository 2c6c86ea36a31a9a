#!/usr/bin/env python3
"""Writes tests/data/gguf/words.gguf (BPE), scores.gguf (SentencePiece's kind) and tokenizers.json: ids and ends that
llama.cpp gives of them, the first with every name of words.

Usage: make_gguf_tokenizer_cases.py, with .deps/python; llama.cpp as scripts/setup_llama_cpp.sh builds it. The merges
are made of the texts as they are, across words, so that every cut shows in the ids.
"""

import collections
import itertools
import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/interop"))
import llama
from llama import gguf
from llama_words import WORDS, with_words

OUT = ROOT / "tests/data/gguf"
TEXTS = [
    "", " ", "   ", "Hello world", " Hello   World!\n\n  next", "don't WE'LL I'Ve they'RE",
    "1 12 123 1234 12345678 x99",
    "a1b22c333  4444 ", "camelCaseHTTPServer XMLHttp", "x=1; def f(a, b):\n\treturn a+b  # ok\r\n",
    "$+<=>^`|~ ?!.,;: {}[]()",
    "…。，foo(bar|baz)!", "中文字符 与 English 混合", "ひらがなカタカナ 한국어 ภาษาไทย", "Ünïcödé e\u0301 ÀÉ ſß ǅ",
    "हिन्दी ½ ² ٣٤٥ Ⅷ",
    "🦙 llama 🚀🚀 \u200d", "a\u00a0b\u3000c\u2028d\x85e", "\n\n\n", " \n \n", "//path/to\\file_name.txt",
    "<s>text</s><|im_end|>",
    "IMGIMGABCZ <sentinel:12>", "ab  cd   ef    gh\t\ti", "\x00\x1f\x7f", "'s 'T \"quoted\"", "==== ---- ____",
    "aaaaaaaaaaaaa",
]
SPECIAL = {"<s>": 3, "</s>": 3, "<|im_end|>": 3, "<unk>": 2, "aaaa": 4}


def alphabet() -> dict[int, str]:
    """GPT-2's."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {**{byte: chr(byte) for byte in plain}, **{byte: chr(256 + i) for i, byte in enumerate(rest)}}


def train(texts: list[list[str]], count: int) -> list[tuple[str, str]]:
    merges = []
    for _ in range(count):
        pairs = collections.Counter(pair for text in texts for pair in itertools.pairwise(text))
        left, right = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append((left, right))
        for text in texts:
            i = 0
            while i + 1 < len(text):
                if (text[i], text[i + 1]) == (left, right):
                    text[i:i + 2] = [left + right]
                i += 1
    return merges


def write(path: pathlib.Path, kind: str, tokens: list[str], types: list[int], scores=None, merges=None):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model(kind)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores:
        writer.add_token_scores(scores)
    if merges:
        writer.add_token_merges([" ".join(pair) for pair in merges])
        writer.add_tokenizer_pre("default")
    writer.add_bos_token_id(tokens.index("<s>"))
    writer.add_eos_token_id(tokens.index("</s>"))
    writer.add_chat_template([{"name": "default", "template": "{{ bos_token }}{{ messages[0].content }}"},
                              {"name": "tool", "template": "none"}])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def write_words(path: pathlib.Path):
    letters = alphabet()
    merges = train([[letters[byte] for byte in text.encode()] for text in TEXTS], 330)
    ends = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = list(dict.fromkeys([*SPECIAL, *letters.values(), *(a + b for a, b in merges), *ends]))
    write(path, "gpt2", tokens, [SPECIAL.get(token, 6 if token in ends else 1) for token in tokens], merges=merges)


def write_scores(path: pathlib.Path):
    texts = [list(text.replace(" ", "▁")) for text in TEXTS]
    merges = train([list(text) for text in texts], 250)
    missing = set("½²🚀ßǅ\x00")  # and no longer piece has them
    singles = sorted({c for text in texts for c in text} - missing)
    pieces = list(dict.fromkeys([*(a + b for a, b in merges if not missing & set(a + b)), *singles]))
    special = {**{token: kind for token, kind in SPECIAL.items() if token != "aaaa"}}
    ends = [f"<0x{byte:02X}>" for byte in range(256)]
    ordered = ["<unk>", "<s>", "</s>", "<|im_end|>", *ends, *pieces]
    scores = [0.0] * (4 + 256) + [-float(i // 3) for i in range(len(pieces))]  # some are equal
    write(path, "llama", ordered, [special.get(token, 6 if token in ends else 1) for token in ordered], scores)


def main():
    write_words(OUT / "words.gguf")
    write_scores(OUT / "scores.gguf")
    library = llama.Library()

    def ids(path: pathlib.Path) -> list[list[int]]:
        with library.vocabulary(path) as vocab:
            return [library.tokenize(vocab, text, True) for text in TEXTS]

    with tempfile.TemporaryDirectory() as folder:
        words = {name: ids(with_words(OUT / "words.gguf", name, pathlib.Path(folder) / "x.gguf")) for name in WORDS}
    distinct = {json.dumps(each): each for each in words.values()}
    places = {text: i for i, text in enumerate(distinct)}
    with library.vocabulary(OUT / "words.gguf") as vocab:
        ends = library.ends(vocab)
    content = {"texts": TEXTS, "ends": ends, "words": {name: places[json.dumps(each)] for name, each in words.items()},
               "ids": list(distinct.values()), "scores": ids(OUT / "scores.gguf")}
    (OUT / "tokenizers.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
