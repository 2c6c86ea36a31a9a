#!/usr/bin/env python3
"""Writes tests/data/tokenizer: small tokenizer.json of all kinds, and what the library `tokenizers` makes of hard
texts with them; matches of regular expressions; digests of character classes.

Usage: make_tokenizer_cases.py (tokenizers 0.23)
"""

import base64
import json
import os
import pathlib
import struct
import sys

os.environ["RUST_BACKTRACE"] = "0"

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests" / "data" / "tokenizer"
CORPUS = """The quick brown fox jumps over the lazy dog. Don't they say we'll see? I'M sure they'RE right: 3.14 is 1,000 times
less. def add(a, b):\n    return a + b  # été naïve\nprintf("%d\\n", x1);\n\n\tΕλλάδα ΣΊΣΥΦΟΣ привет мир 中文字符 日本語 カタカナ 한국어
العربية עברית हिन्दी ไทย question answer yes no red green blue water animals numbers left right""".split("\n")
TEXTS = [
    "",
    " ",
    "The quick  brown fox.",
    " Don't we'll I'M THEY'RE",
    "a\n\n b\r\n\tc   ",
    "x=3.14; y1 = 1,000\u00b2 \u2167 \u00bd",
    "\u00e9t\u00e9 e\u0301 \u1e9b\u0323 q\u0307\u0323 \u00df \u1e9e \u0130 \ufb01 \uff46\uff55",
    "\u03a3\u038a\u03a3 \u043f\u0440\u0438\u0432\u0435\u0442 \u4e2d\u6587ab\u30ab\u30fc\u3072 \ud55c",
    "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469 \u2615\ufe0f \u00a9\u200d",
    "a\x00b\x01\x7f\x85\u00a0\u00ad\u200b\u2028\ufeff\ufffd",
    "<s> a</s><s>b  <|x|>c AB<|X|> <s>_ [MASK] [MASK]a",
    "\u2581a\u2581\u2581b \u0120\u010a ##x aaaaaa <0x41>",
    "\U0002ebf0\u1c89\ua7da\U00010d50\u0897 \U000e0001\ue000\U0010ffff",
    "it's 's ' s n't do not (yes) ? ! , . -- _x_",
    "a\u0305\u0301a\u0897 \x7f\u0897",
]
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}


def added(content, **flags):
    return {"id": 0, "content": content, **FLAGS, **flags}


ADDED = [added("<s>", special=True), added("</s>", special=True), added("<|x|>", normalized=True)]


def document(**parts):
    return {
        "version": "1.0",
        "added_tokens": ADDED,
        "normalizer": None,
        "pre_tokenizer": None,
        "post_processor": None,
        "decoder": None,
        **parts,
    }


# Shows the bytes of every piece, and its end.
SHOW = {
    "type": "BPE",
    "byte_fallback": True,
    "end_of_word_suffix": "|",
    "vocab": {f"<0x{byte:02X}>": byte for byte in range(256)},
    "merges": [],
}


def charsmap(entries):
    """SentencePiece's normalisation rules: a trie whose units do not share blocks."""
    trie, texts = {}, b"\0"
    for source, target in entries.items():
        node = trie
        for byte in source.encode():
            node = node.setdefault(byte, {})
        node[None] = len(texts)
        texts += target.encode() + b"\0"
    units, blocks = [1 << 31] * 256, [0]

    def place(node, index):
        blocks[0] += 256
        units.extend([1 << 31] * 256)
        block = blocks[0] | index & 0xFF if index else 256
        offset = index ^ block
        units[index] = units[index] & 0xFF | offset << 10 | (0x100 if None in node else 0)
        for byte, child in node.items():
            if byte is None:
                units[block] = 1 << 31 | child
            else:
                units[block ^ byte] = byte
        for byte, child in node.items():
            if byte is not None:
                place(child, block ^ byte)

    units[0] = 0
    place(trie, 0)
    return base64.b64encode(struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + texts).decode()


def sequence(kind, parts):
    return {"type": "Sequence", kind: parts}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
    r"\s+(?!\S)|\s+"
)
O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
RULES = charsmap(
    {
        "a": "A",
        "e\u0301": "\u00e9",
        "\r\n": "\n",
        "\ufb01": "fi",
        "\u00bd": "1/2",
        "\u00a9": "(c)",
        "\u00ad": "",
        "\u4e2d": "\u4e2d\u4e2d",
        "\u00a0": " ",
        "x": "",
        "\x7f": "",
    }
)
BERT = {
    "type": "BertNormalizer",
    "clean_text": True,
    "handle_chinese_chars": True,
    "strip_accents": None,
    "lowercase": True,
}
NORMALIZERS = [
    *({"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "ByteLevel", "Nmt")),
    {"type": "Strip", "strip_left": True, "strip_right": False},
    {"type": "Strip", "strip_left": False, "strip_right": True},
    {"type": "Strip", "strip_left": True, "strip_right": True},
    {"type": "Prepend", "prepend": "\u2581x"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
    {"type": "Replace", "pattern": {"String": ""}, "content": "-"},
    {"type": "Replace", "pattern": {"Regex": r"\s+|e"}, "content": ""},
    {"type": "Precompiled", "precompiled_charsmap": RULES},
    BERT,
    {**BERT, "clean_text": False, "lowercase": False},
    {**BERT, "handle_chinese_chars": False, "strip_accents": False},
    {**BERT, "strip_accents": True, "lowercase": False, "clean_text": False, "handle_chinese_chars": False},
    sequence("normalizers", [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]),
    sequence("normalizers", [{"type": "Replace", "pattern": {"Regex": "^"}, "content": "_"}, {"type": "Lowercase"}]),
    sequence("normalizers", [{"type": "Prepend", "prepend": ""}, {"type": "NFC"}]),
    sequence("normalizers", []),
]


def metaspace(scheme, **more):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, **more}


def byte_level(space, **more):
    return {"type": "ByteLevel", "add_prefix_space": space, "trim_offsets": True, **more}


PRE_TOKENIZERS = [
    byte_level(True),
    byte_level(False),
    byte_level(True, use_regex=False),
    byte_level(False, use_regex=False),
    *(
        {"type": "Split", "pattern": {"Regex": r"\s|[a-c]+"}, "behavior": b, "invert": i}
        for b in BEHAVIORS
        for i in (False, True)
    ),
    *(
        {"type": "Split", "pattern": {"String": pattern}, "behavior": b, "invert": False}
        for pattern in ("", " ", "a")
        for b in ("Removed", "MergedWithPrevious")
    ),
    *({"type": "Split", "pattern": {"Regex": p}, "behavior": "Isolated", "invert": False} for p in (GPT2, QWEN, O200K)),
    {"type": "Digits", "individual_digits": True},
    {"type": "Digits", "individual_digits": False},
    *(metaspace(scheme, split=split) for scheme in ("always", "first", "never") for split in (True, False)),
    {"type": "Metaspace", "replacement": "_", "add_prefix_space": True},
    {"type": "Punctuation"},
    *({"type": "Punctuation", "behavior": b} for b in BEHAVIORS),
    *(
        {"type": name}
        for name in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer", "UnicodeScripts", "FixedLength")
    ),
    {"type": "FixedLength", "length": 3},
    {"type": "CharDelimiterSplit", "delimiter": "a"},
    sequence(
        "pretokenizers",
        [{"type": "WhitespaceSplit"}, metaspace("first"), {"type": "Digits", "individual_digits": True}],
    ),
    sequence(
        "pretokenizers",
        [
            {"type": "Split", "pattern": {"Regex": QWEN}, "behavior": "Isolated", "invert": False},
            byte_level(False, use_regex=False),
        ],
    ),
]


def piece(name):
    kind = "Sequence" if name in "AB" else "SpecialToken"
    return {kind: {"id": name, "type_id": 0}}


def template(single, names=("<s>", "</s>")):
    return {
        "type": "TemplateProcessing",
        "single": [piece(p) for p in single],
        "pair": [piece(p) for p in ("B", "</s>", "A")],
        "special_tokens": {
            n: {"id": n, "ids": [300 + i, 7][: i + 1], "tokens": [n, "x"][: i + 1]} for i, n in enumerate(names)
        },
    }


BERT_ENDS = {"type": "BertProcessing", "sep": ["</s>", 9], "cls": ["<s>", 8]}
ROBERTA_ENDS = {**BERT_ENDS, "type": "RobertaProcessing", "trim_offsets": True, "add_prefix_space": False}
PROCESSORS = [
    template(["<s>", "A", "</s>"]),
    template(["A", "<s>", "A"]),
    template(["A", "B"]),
    template(["A", "x"]),
    template([]),
    BERT_ENDS,
    ROBERTA_ENDS,
    byte_level(True),
    sequence("processors", [byte_level(False), template(["<s>", "A"])]),
    sequence("processors", [template(["<s>", "A"]), template(["A", "</s>", "B"])]),
    sequence("processors", [BERT_ENDS, ROBERTA_ENDS]),
    sequence("processors", [template(["<s>", "A"]), ROBERTA_ENDS]),
    sequence("processors", [template(["<s>", "A"]), BERT_ENDS]),
]
DECODERS = [
    None,
    {"type": "BPEDecoder", "suffix": "</w>"},
    {"type": "BPEDecoder", "suffix": ""},
    byte_level(True),
    {"type": "WordPiece", "prefix": "##", "cleanup": True},
    {"type": "WordPiece", "prefix": "##", "cleanup": False},
    *(metaspace(scheme) for scheme in ("always", "first", "never")),
    {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
    {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": False},
    {"type": "ByteFallback"},
    {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    {"type": "Strip", "content": "a", "start": 0, "stop": 1},
    {"type": "Strip", "content": "a", "start": 1, "stop": 1},
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
    {"type": "Replace", "pattern": {"Regex": "a+|^b"}, "content": "<>"},
    sequence(
        "decoders",
        [
            {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
            {"type": "ByteFallback"},
            {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0},
        ],
    ),
]
TOKENS = [
    "a",
    "b",
    "ab",
    "##b",
    "\u2581a",
    "\u2581",
    " ",
    "  a",
    "</w>",
    "a</w>",
    "<0x41>",
    "<0xE4>",
    "<0xB8>",
    "<0xAD>",
    "<0xff>",
    "<0x+4>",
    "\u0120a",
    "\u00e2\u0124\u00ac",
    "\u00e2\u0124",
    "\u00f0\u0141\u0133",
    "\u4e2d",
    "|",
    "<pad>",
    " .",
    " do not",
    "n't",
    " '",
    "'s",
    "aa",
    "aaa",
    ".",
    "e\u0301",
]
WORDS = {"type": "WordLevel", "vocab": {token: i for i, token in enumerate(TOKENS)}, "unk_token": "a"}
WORDS_ADDED = [
    added("<s>", special=True),
    added("AB", normalized=True),
    added("\u2581\u2581", special=True, normalized=True),
]


def quiet(call):
    """None where the library fails; it prints what it panics about."""
    sys.stderr.flush()
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        return call()
    except BaseException as error:  # pyo3's panics are no Exceptions
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return None
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


def load(document):
    tokenizer = quiet(lambda: Tokenizer.from_str(json.dumps(document)))
    if tokenizer is not None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
    return tokenizer


def encodings(document, texts, special=False):
    tokenizer = load(document)
    assert tokenizer is not None, {key: value for key, value in document.items() if key != "model"}
    return [quiet(lambda: tokenizer.encode(text, add_special_tokens=special).ids) for text in texts]  # noqa: B023


def packed(ids):
    """Bytes as Latin-1 where all are bytes: short and readable."""
    if ids is not None and all(i < 256 for i in ids):
        return "".join(map(chr, ids))
    return ids


def save(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


def components():
    cases = []
    for key, values in (("normalizer", NORMALIZERS), ("pre_tokenizer", PRE_TOKENIZERS), ("post_processor", PROCESSORS)):
        for value in values:
            made = document(**{key: value}, model=SHOW)
            if load(made) is None:  # an added token that cannot be normalised
                made["added_tokens"] = ADDED[:2]
            ids = encodings(made, TEXTS, special=key == "post_processor")
            cases.append(
                {"part": key, "value": value, "added": len(made["added_tokens"]), "ids": [packed(i) for i in ids]}
            )
    save("encode.json", {"texts": TEXTS, "model": SHOW, "added_tokens": ADDED, "cases": cases})
    lists = [
        [],
        [0],
        [4, 0, 5, 1],
        [6, 7, 7, 0],
        [10, 11, 12, 13, 0, 11, 12, 14],
        [16, 17, 18, 19, 16],
        [3, 0, 3, 23, 24, 25, 26, 27],
        [15, 20],
        [0, 0, 1, 21, 22, 22, 2],
        [32, 0, 33, 34, 999],
        [8, 9, 1],
        [28, 29, 1, 0],
        [31, 30],
    ]
    cases = []
    for decoder in DECODERS:
        tokenizer = load(
            document(decoder=decoder, model=WORDS, added_tokens=WORDS_ADDED, normalizer={"type": "Lowercase"})
        )
        cases.append(
            {
                "value": decoder,
                "texts": [
                    [
                        quiet(lambda: tokenizer.decode(ids, skip_special_tokens=skip))  # noqa: B023
                        for skip in (False, True)
                    ]
                    for ids in lists
                ],
            }
        )
    save(
        "decode.json",
        {
            "lists": lists,
            "model": WORDS,
            "added_tokens": WORDS_ADDED,
            "normalizer": {"type": "Lowercase"},
            "cases": cases,
        },
    )


def added_tokens():
    texts = [
        *TEXTS,
        "  a  AB  ab",
        "xABx AB,AB ab_ \u00e9AB",
        " \n<s> \t a",
        "<s><s> <s>",
        "aABb <m> <m>x",
        "caf\u00e9s CAF\u00c9 cafe\u0301",
        "   ",
        "a<m>  AB",
    ]
    sets = [[added("AB", **{flag: True})] for flag in FLAGS] + [
        [added("AB", normalized=True), added("ab")],
        [added(" ", rstrip=True), added("AB", lstrip=True, rstrip=True)],
        [added("<m>", rstrip=True), added("AB", lstrip=True)],
        [added("A", lstrip=True), added("AB", lstrip=True, single_word=True)],
        [added("caf\u00c9", normalized=True, special=True), added("\u4e2d", single_word=True)],
        [added("<0x41>"), added("new"), added("<0x42>", special=True)],
        [added("a", normalized=True), added("aa", normalized=True)],
        [added("AB", special=True), added("AB", special=True, lstrip=True)],
        [added("")],
        [added("a", rstrip=True), added(" ", lstrip=True)],
    ]
    cases = []
    for tokens in sets:
        for normalizer in (None, {"type": "Lowercase"}, {"type": "Prepend", "prepend": "\u2581"}):
            made = document(added_tokens=tokens, normalizer=normalizer, model=SHOW)
            cases.append(
                {"added_tokens": tokens, "normalizer": normalizer, "ids": [packed(i) for i in encodings(made, texts)]}
            )
    save("added.json", {"texts": texts, "model": SHOW, "cases": cases})


def train(model, trainer, normalizer=None, pre_tokenizer=None):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.train_from_iterator(CORPUS, trainer)
    return json.loads(tokenizer.to_str())


def whole_models():
    """Trained ones, then the settings that training does not make."""
    byte_bpe = train(
        models.BPE(),
        trainers.BpeTrainer(
            vocab_size=420,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=["<s>", "</s>"],
        ),
        None,
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    )
    bpe = train(
        models.BPE(unk_token="<unk>"),
        trainers.BpeTrainer(vocab_size=160, show_progress=False, special_tokens=["<unk>"]),
        None,
        pre_tokenizers.Whitespace(),
    )
    affixes = train(
        models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"),
        trainers.BpeTrainer(
            vocab_size=260,
            show_progress=False,
            special_tokens=["<unk>"],
            continuing_subword_prefix="##",
            end_of_word_suffix="</w>",
        ),
        None,
        pre_tokenizers.Whitespace(),
    )
    wordpiece = train(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=240, show_progress=False, special_tokens=["[UNK]"]),
        normalizers.BertNormalizer(),
        pre_tokenizers.BertPreTokenizer(),
    )
    wordlevel = train(
        models.WordLevel(unk_token="<unk>"),
        trainers.WordLevelTrainer(show_progress=False, special_tokens=["<unk>"]),
        None,
        pre_tokenizers.WhitespaceSplit(),
    )
    unigram = train(
        models.Unigram(),
        trainers.UnigramTrainer(
            vocab_size=150, show_progress=False, unk_token="<unk>", special_tokens=["<unk>", "</s>"]
        ),
        normalizers.NFKC(),
        pre_tokenizers.Metaspace(),
    )
    cases = [byte_bpe, bpe, affixes, wordpiece, wordlevel, unigram]

    def with_model(base, extra=(), **settings):
        made = json.loads(json.dumps(base))
        made["model"].update(settings)
        vocabulary = made["model"]["vocab"]
        for token in extra:
            if isinstance(vocabulary, dict):
                vocabulary.setdefault(token, max(vocabulary.values()) + 1)
            else:
                vocabulary.append([token, -9.0])
        cases.append(made)

    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    with_model(byte_bpe, ignore_merges=True, extra=["\u0120\u0120brown", "\u0120THEY", "abcabcab"])
    with_model(bpe, fuse_unk=True)
    with_model(bpe, unk_token=None)
    with_model(bpe, byte_fallback=True, fuse_unk=True, extra=fallback[:208])
    with_model(affixes, byte_fallback=True, extra=fallback)
    with_model(bpe, unk_token="missing")
    with_model(wordpiece, max_input_chars_per_word=4)
    with_model(wordpiece, continuing_subword_prefix="")
    with_model(wordlevel, unk_token="missing")
    with_model(unigram, byte_fallback=True, extra=fallback)
    with_model(unigram, unk_id=None)
    # Merges whose order tells a queue of candidates from a search for the best pair: a candidate stays as long as its place merges to the same.
    letters = {t: i for i, t in enumerate(["a", "b", "c", "ab", "bc", "abc", "cab", "aa", "aaa", "aaaa"])}
    for merges in (
        [["a", "bc"], ["a", "b"], ["b", "c"], ["ab", "c"], ["c", "ab"]],
        [["b", "c"], ["ab", "c"], ["a", "b"], ["a", "bc"]],
        [["a", "aa"], ["aa", "a"], ["a", "a"], ["aa", "aa"]],
        ["a b", "b c", "a bc", "a a"],
    ):
        cases.append(document(model={"type": "BPE", "vocab": letters, "merges": merges}))
    # An unknown character costs more than the least likely piece; its token need not be the first.
    cases.append(document(model={"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["xy", -3.0], ["y", 5.0]]}))
    cases.append(document(model={"type": "WordLevel", "unk_token": "<unk>", "vocab": {"a": 0, "<unk>": 1}}))
    texts = [*TEXTS, "xyx", "abcabcab", "aaaaaaaaaaa", "bcabcaaabcc", "cabcab", *CORPUS]
    for made in cases:
        made.pop("truncation", None)
        made.pop("padding", None)
    save(
        "models.json", {"texts": texts, "cases": [{"tokenizer": made, "ids": encodings(made, texts)} for made in cases]}
    )


EXPRESSIONS = [
    r"\s+",
    r"\d{1,3}",
    GPT2,
    QWEN,
    O200K,
    r" ?[^(\s|[.,!?\u2026\u3002\uff0c])]+",
    r"\w+",
    r"\W",
    r"\b",
    r"\B",
    r"^",
    r"$",
    r"(?<=a)b",
    r"(?<!a)b",
    r"(?=b)",
    r"a*",
    r"a*?b",
    r"(a|b)\1",
    r"(?<n>a|\x{e9})\k<n>",
    r"[[:alpha:]]+",
    r"[[:punct:]]",
    r"[[:^space:]]{2}",
    r"[a-z&&[^aeiou]]+",
    r"\h+",
    r"\R",
    r".",
    r"(?m:.+)",
    r"\A.",
    r".\z",
    r".\Z",
    r"\p{Han}+",
    r"\p{^Latin}",
    r"\P{Lu}",
    r"(?>a+)b",
    r"a++b",
    r"x?+",
    r"\x{e9}|\u0062|\101",
    r"(?x) a  b # c",
    r"a{,2}b",
    r"a{2}?",
    r"a{1,2}+",
    r"a{2,}?",
    r"\p{Greek}+|\p{Cyrillic}+",
    r"[\p{Lo}&&[^\p{Han}]]+",
    r"(?i)abc",
    r"(?i:\x{e9})",
    r"(?i)[a-f]+",
    r"(?i)k|[^a-s]",
    r"a(?i)b|c",
    r"\G.",
    r"\S+\s*",
    r"[^a-c-e]",
    r"[]a]+",
    r"[\d\-x]+",
    r"{",
    r"a{1",
    r"",
    r"a|",
    r"\p{M}+",
    r"\p{Sc}|\p{Sm}",
    r"[\s\S]",
    r"\O",
    r"\N+",
    r"[[:graph:]]+",
    r"[[:cntrl:]]",
    r"\p{Lo}+",
    r"\p{Lm}|\p{Ll}",
    r"\p{Cn}+",
    r"\p{Emoji}",
    r"(?-i:a)(?#b)c",
    r"[a[^b]]{3}",
    r"a\Kb",
    r"(?<!\n)^.",
    r"\p{Letter}\p{uppercase_letter}",
    r"[\]\\^-]",
    r"b(?!c)",
    r"(?:ab)+(?:c)?",
    r"[\w\d]+",
    r"[^\W]",
    r"\p{Punct}|\p{Word}",
    r"[\p{Word}]",
    r"\w\b",
]
REFUSED = [
    r"(",
    r")",
    r"[",
    r"[]",
    r"*",
    r"a|*",
    r"^*",
    r"\b+",
    r"(?=a)*",
    r"[a-\d]",
    r"(?<n>a)\1",
    r"\p{Foo}",
    r"\p{L",
    r"a{100001}",
    r"(?s)a",
    r"\8",
    r"[z-a]",
    r"[[:foo:]]",
    r"(?P<n>a)",
    "\\",
]
UNSUPPORTED = [r"\X", r"(?~ab)", r"\y", r"(?<a>x)\g<a>", r"(?i)ss", r"(?i)\x{df}", r"(?W)a", r"(?<=a+)b"]


def expressions():
    texts = [
        *TEXTS,
        "abcABC\u00e9\u00c9 aab\nab",
        "\n",
        "a\n",
        "kK\u212a sS\u017f fF",
        "x\u0301\u0327 \u00b5\u03bc\u039c \u00b2a\u00bd",
    ]

    for expression in REFUSED:
        assert quiet(lambda: Regex(expression)) is None, expression  # noqa: B023
    made = [
        {
            "expression": expression,
            "ids": [
                packed(ids)
                for ids in encodings(
                    document(
                        model=SHOW,
                        added_tokens=[],
                        pre_tokenizer={
                            "type": "Split",
                            "pattern": {"Regex": expression},
                            "behavior": "MergedWithNext",
                            "invert": False,
                        },
                    ),
                    texts,
                )
            ],
        }
        for expression in EXPRESSIONS
    ]
    save("expressions.json", {"texts": texts, "model": SHOW, "cases": made, "refused": REFUSED + UNSUPPORTED})


def digest(points):
    """FNV-1a of the numbers, as 64 bits."""
    value = 0xCBF29CE484222325
    for point in points:
        value = (value ^ point) * 0x100000001B3 & (1 << 64) - 1
    return f"{value:016x}"


def classes():
    points = [c for c in [*range(0x34000), *range(0xE0000, 0xE1000)] if not 0xD800 <= c < 0xE000]
    text = "".join(map(chr, points))
    made = {}
    for expression in (
        r"\w",
        r"\d",
        r"\s",
        r"\p{L}",
        r"\p{N}",
        r"\p{Lu}",
        r"\p{Ll}",
        r"\p{Lm}",
        r"\p{Lo}",
        r"\p{M}",
        r"\p{P}",
        r"\p{S}",
        r"\p{Han}",
        r"\p{Latin}",
        r"[[:alpha:]]",
        r"[[:punct:]]",
        r"\p{Cn}",
        r"\p{Cf}",
    ):
        left = set(range(len(text)))
        for _, (first, last) in pre_tokenizers.Split(Regex(f"(?:{expression})+"), "removed").pre_tokenize_str(text):
            left.difference_update(range(first, last))
        made[expression] = digest(points[i] for i in sorted(left))
    changes = {}
    for normalizer in [
        {"type": name} for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt")
    ] + [{**BERT, "lowercase": False, "strip_accents": True}]:
        apply = load(document(normalizer=normalizer, model=SHOW, added_tokens=[])).normalizer.normalize_str
        changes[json.dumps(normalizer)] = digest(ord(c) for point in points for c in apply("a" + chr(point)) + "|")
    save(
        "classes.json",
        {"classes": made, "normalizers": [{"value": json.loads(k), "digest": v} for k, v in changes.items()]},
    )


if __name__ == "__main__":
    components()
    added_tokens()
    whole_models()
    expressions()
    classes()
