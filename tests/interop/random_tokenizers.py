"""Random tokenizer.json, with every component, its parameters and orders, and random hard texts."""

import base64
import struct
from random import Random

WORDS = r"""the quick brown fox Don't we'll I'M they'RE 3.14 1,000 x=1; def f(a, b): return a+b // été naïve Ελλάδα ΣΊΣΥΦΟΣ привет
мир 中文字符 日本語テスト カタカナ 한국어 العربية עברית हिन्दी ไทย ｆｕｌｌ ﬁ ½ ² Ⅷ € $ ¡ ¿ « » — … “ ” ’ ß ẞ İ ı K ſ Å e\u0301 a\u0323\u0302
q\u0307\u0323 👍🏽 👨‍👩‍👧 🇩🇪 ☃ ☕️ \u00ad \u200b \u200d \ufeff \u00a0 \u2028 \u3000 \t \n \r\n \n\n \x00 \x01 \x7f \x85 \x0b \x0c <s>
</s> [CLS] [SEP] <|x|> <0x41> ▁ ▁▁ Ġ Ċ ## @@ \u0345 \u0344 \u0958 \u1e9b\u0323 \ufdfa \U0001d400 \U00020000 \U000e0001 \ue000
\ud7ff \ufffd \U0010ffff \u0897 \U0001e5d0 \U0002ebf0 \u1c89 \ua7da \U00010d50""".split()
WORDS = [word.encode("raw_unicode_escape").decode("unicode_escape") if "\\" in word else word for word in WORDS]
PLANES = [(0, 0x80), (0, 0x800), (0, 0xD800), (0xE000, 0x10000), (0x10000, 0x20000), (0x20000, 0x110000)]
LETTERS = [*"abcdefghijklmnopqrstuvwxyzABCDEXYZ 0123.,!'-é中文а▁Ġß\u0301<s>", "<0x41>"]
BYTES = [chr(c) for c in (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x144))]
EXPRESSIONS = [
    r"\s+",
    r"\d",
    r"\d{1,3}",
    r"[a-z]+",
    r"\p{L}+",
    r"\p{N}",
    r"[^\s\p{L}\p{N}]+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|\s+(?!\S)|\s+",
    r" ?[^(\s|[.,!?…。，、।۔،])]+",
    r"[一-龥\u3040-\u309F\u30A0-\u30FF]+",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*",
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
    r"(?<n>a|é)\k<n>",
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
    r"\x{e9}|\u0062",
    r"(?x) a  b # c",
    r"a{,2}b",
    r"a{2}?",
    r"\p{Greek}+|\p{Cyrillic}+",
    r"[\p{Lo}&&[^\p{Han}]]+",
    r"(?i)abc",
    r"(?i:é)",
    r"(?i)[a-f]+",
    r"\G.",
    r"[\w']+|[^\w\s]+",
    r"\S+\s*",
    r"[[:upper:]][[:lower:]]*",
    r"[^a-c-e]",
    r"\p{Emoji}",
    r"",
    r"(?:)",
    r"a|",
    r"\p{M}+",
    r"\p{Sc}|\p{Sm}",
    r"[\s\S]",
    r"\O",
    r"\N+",
    r"[[:graph:]]+",
    r"[[:cntrl:]]",
    r"\p{Lo}+",
    r"\p{Ll}",
    r"\p{Cn}+",
    r"[\d\-x]+",
    r"[]a]+",
    r"{",
    r"a{1",
    r"(?i)stra\x{df}e",
    r"(?i)k+",
    r"[[:word:]]+",
    r"[[:print:]]+",
    r"[[:alnum:]]+",
    r"[[:blank:]]",
]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
FALLBACK = [f"<0x{byte:02X}>" for byte in range(256)]


def text(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(
            [
                "",
                " ",
                "  ",
                "\n",
                "a",
                " a",
                "a ",
                "\t\t",
                "    \n   \n",
                "a" * rng.randint(1, 300),
                " " * rng.randint(1, 300),
                "aAaA",
                "0" * rng.randint(1, 40),
            ]
        )
    if kind < 0.15:
        return "".join(chr(rng.randrange(*rng.choice(PLANES))) for _ in range(rng.randint(1, 30)))
    parts = [
        part
        for _ in range(rng.randint(1, 14))
        for part in (rng.choice(WORDS), rng.choice([" ", " ", " ", "", "", "  ", "\n"]))
    ]
    return "".join(parts[: len(parts) - rng.randint(0, 1)])


def flip(rng: Random) -> bool:
    return rng.random() < 0.5


def charsmap(rng: Random) -> str:
    """SentencePiece's normalisation rules: a double array of a few replacements."""
    keys = ["a", "e\u0301", "\r\n", "A", "ﬁ", "中", "\u00a0", "½", "x\u0323", "é", "b", "ab", "\u200d", "©"]
    trie, texts = {}, b"\0"
    for key in rng.sample(keys, rng.randint(0, 6)):
        node = trie
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[None] = len(texts)
        texts += rng.choice(["", "b", "XY", "é", "中文", " "]).encode() + b"\0"
    units, taken = [1 << 31] * 256, {0}

    def place(node, index):
        offset = 1
        while any(index ^ offset ^ (byte or 0) in taken for byte in node):
            offset += 1
        start = index ^ offset
        units.extend([1 << 31] * ((start | 0xFF) + 1 - len(units)))
        units[index] = units[index] & 0xFF | offset << 10 | (0x100 if None in node else 0)
        for byte, child in node.items():
            taken.add(start ^ (byte or 0))
            units[start ^ (byte or 0)] = 1 << 31 | child if byte is None else byte
        for byte, child in node.items():
            if byte is not None:
                place(child, start ^ byte)

    units[0] = 0
    place(trie, 0)
    return base64.b64encode(struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + texts).decode()


def pattern(rng: Random) -> dict:
    if rng.random() < 0.35:
        return {"String": rng.choice(["", "a", " ", "ab", "▁", "é", "<", "\n", "."])}
    return {"Regex": rng.choice(EXPRESSIONS)}


def sequence(rng: Random, key: str, make, depth: int) -> dict:
    return {"type": "Sequence", key: [make(rng, depth + 1) for _ in range(rng.randint(0, 4))] if depth < 3 else []}


def normalizer(rng: Random, depth: int = 0) -> dict:
    kind = rng.choice(
        [
            "NFC",
            "NFD",
            "NFKC",
            "NFKD",
            "Lowercase",
            "StripAccents",
            "Strip",
            "Replace",
            "Replace",
            "Prepend",
            "BertNormalizer",
            "Precompiled",
            "ByteLevel",
            "Nmt",
            "Sequence",
            "Sequence",
        ]
    )
    if kind == "Sequence":
        return sequence(rng, "normalizers", normalizer, depth)
    return {"type": kind} | {
        "Strip": lambda: {"strip_left": flip(rng), "strip_right": flip(rng)},
        "Replace": lambda: {"pattern": pattern(rng), "content": rng.choice(["", "▁", " ", "x", "XY", "é"])},
        "Prepend": lambda: {"prepend": rng.choice(["▁", " ", "ab", "▁"]) if rng.random() < 0.9 else ""},
        "BertNormalizer": lambda: {
            "clean_text": flip(rng),
            "handle_chinese_chars": flip(rng),
            "strip_accents": rng.choice([None, True, False]),
            "lowercase": flip(rng),
        },
        "Precompiled": lambda: {"precompiled_charsmap": charsmap(rng)},
    }.get(kind, dict)()


def metaspace(rng: Random) -> dict:
    made = {
        "type": "Metaspace",
        "replacement": rng.choice("▁_ a") if rng.random() < 0.3 else "▁",
        "prepend_scheme": rng.choice(["always", "first", "never"]),
    }
    return (
        made
        | ({"split": flip(rng)} if flip(rng) else {})
        | ({"add_prefix_space": flip(rng)} if rng.random() < 0.1 else {})
    )


def byte_level(rng: Random) -> dict:
    return {"type": "ByteLevel", "add_prefix_space": flip(rng), "trim_offsets": flip(rng)} | (
        {"use_regex": flip(rng)} if flip(rng) else {}
    )


def pre_tokenizer(rng: Random, depth: int = 0) -> dict:
    kind = rng.choice(
        [
            "ByteLevel",
            "Split",
            "Split",
            "Split",
            "Digits",
            "Metaspace",
            "Metaspace",
            "Punctuation",
            "Whitespace",
            "WhitespaceSplit",
            "BertPreTokenizer",
            "UnicodeScripts",
            "FixedLength",
            "CharDelimiterSplit",
            "Sequence",
            "Sequence",
        ]
    )
    if kind == "Sequence":
        return sequence(rng, "pretokenizers", pre_tokenizer, depth)
    return {"type": kind} | {
        "ByteLevel": lambda: byte_level(rng),
        "Metaspace": lambda: metaspace(rng),
        "Split": lambda: {"pattern": pattern(rng), "behavior": rng.choice(BEHAVIORS), "invert": flip(rng)},
        "Digits": lambda: {"individual_digits": flip(rng)},
        "Punctuation": lambda: {"behavior": rng.choice(BEHAVIORS)} if flip(rng) else {},
        "FixedLength": lambda: {"length": rng.randint(1, 9)} if flip(rng) else {},
        "CharDelimiterSplit": lambda: {"delimiter": rng.choice(" a▁é")},
    }.get(kind, dict)()


def template(rng: Random) -> dict:
    names = ["<s>", "</s>"]

    def piece(sequences):
        if flip(rng):
            return {"Sequence": {"id": rng.choice(sequences), "type_id": rng.randint(0, 1)}}
        return {"SpecialToken": {"id": rng.choice(names), "type_id": 0}}

    return {
        "type": "TemplateProcessing",
        "single": [piece("A" if rng.random() < 0.95 else "AB") for _ in range(rng.randint(0, 4))],
        "pair": [piece("AB") for _ in range(rng.randint(0, 5))],
        "special_tokens": {
            name: {
                "id": name,
                "ids": [rng.randint(0, 30) for _ in range(rng.choice([1, 1, 1, 0, 2]))],
                "tokens": [name],
            }
            for name in (names if rng.random() < 0.95 else names[:1])
        },
    }


def post_processor(rng: Random, depth: int = 0) -> dict:
    kind = rng.choice(
        ["TemplateProcessing", "TemplateProcessing", "ByteLevel", "BertProcessing", "RobertaProcessing", "Sequence"]
    )
    if kind == "Sequence":
        return sequence(rng, "processors", post_processor, depth)
    if kind == "TemplateProcessing":
        return template(rng)
    ends = {"sep": ["</s>", rng.randint(0, 20)], "cls": ["<s>", rng.randint(0, 20)]} if kind != "ByteLevel" else {}
    spaces = {"add_prefix_space": flip(rng), "trim_offsets": flip(rng)} if kind != "BertProcessing" else {}
    return {"type": kind} | ends | spaces


def decoder(rng: Random, depth: int = 0) -> dict:
    kind = rng.choice(
        [
            "BPEDecoder",
            "ByteLevel",
            "WordPiece",
            "Metaspace",
            "CTC",
            "ByteFallback",
            "Fuse",
            "Strip",
            "Replace",
            "Sequence",
            "Sequence",
        ]
    )
    if kind == "Sequence":
        return sequence(rng, "decoders", decoder, depth)
    return {"type": kind} | {
        "BPEDecoder": lambda: {"suffix": rng.choice(["</w>", "", "a"])},
        "ByteLevel": lambda: byte_level(rng),
        "Metaspace": lambda: metaspace(rng),
        "WordPiece": lambda: {"prefix": rng.choice(["##", "", "a"]), "cleanup": flip(rng)},
        "CTC": lambda: {
            "pad_token": rng.choice(["<pad>", "a", ""]),
            "word_delimiter_token": rng.choice(["|", " ", "b"]),
            "cleanup": flip(rng),
        },
        "Strip": lambda: {
            "content": rng.choice(" a▁"),
            "start": rng.randint(0, 2),
            "stop": rng.randint(0, 2) if rng.random() < 0.3 else 0,
        },
        "Replace": lambda: {"pattern": pattern(rng), "content": rng.choice(["", " ", "x"])},
    }.get(kind, dict)()


def words(rng: Random, count: int, alphabet: list[str]) -> list[str]:
    return ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 4))) for _ in range(count)]


def unique(tokens) -> list[str]:
    return list(dict.fromkeys(tokens))


def bpe(rng: Random, alphabet: list[str], unknown: str) -> dict:
    prefix, suffix = rng.choice([None, None, None, "##", ""]), rng.choice([None, None, None, "</w>", ""])
    tokens = [
        before + letter + after for before in {"", prefix or ""} for after in {"", suffix or ""} for letter in alphabet
    ]
    byte_fallback = flip(rng)
    tokens = unique(
        sorted(tokens)
        + [unknown] * (rng.random() < 0.8)
        + FALLBACK[: rng.choice([256, 256, 200])] * (byte_fallback or rng.random() < 0.1)
    )
    merges = []
    for _ in range(rng.randint(0, 120)):
        left, right = rng.choice(tokens), rng.choice(tokens)
        merged = left + right[len(prefix or "") :]
        if right.startswith(prefix or "") and len(merged) <= 12:
            tokens += [merged] * (merged not in tokens)
            merges.append([left, right])
    rng.shuffle(merges)
    if flip(rng) and not any(" " in token for merge in merges for token in merge):
        merges = [" ".join(merge) for merge in merges]
    if flip(rng):
        rng.shuffle(tokens)
    return {
        "type": "BPE",
        "dropout": rng.choice([None, None, 0.0]),
        "unk_token": rng.choice([None, unknown, unknown]),
        "continuing_subword_prefix": prefix,
        "end_of_word_suffix": suffix,
        "fuse_unk": flip(rng),
        "byte_fallback": byte_fallback,
        "ignore_merges": flip(rng),
        "vocab": {token: i for i, token in enumerate(tokens)},
        "merges": merges,
    }


def unigram(rng: Random, alphabet: list[str], unknown: str) -> dict:
    tokens = unique([unknown, *alphabet, *words(rng, rng.randint(0, 100), alphabet)] + FALLBACK * flip(rng))
    if rng.random() < 0.1:
        tokens += tokens[3:5]
    rng.shuffle(tokens)
    return {
        "type": "Unigram",
        "unk_id": tokens.index(unknown) if rng.random() < 0.95 else None,
        "byte_fallback": flip(rng),
        "vocab": [[token, rng.choice([-1.0, -2.0, -3.5, 0.0, rng.uniform(-12, 0)])] for token in tokens],
    }


def wordpiece(rng: Random, alphabet: list[str], unknown: str) -> dict:
    prefix, pieces = rng.choice(["##", "##", "", "a"]), [*alphabet, *words(rng, rng.randint(0, 100), alphabet)]
    tokens = unique([*pieces, *(prefix + piece for piece in pieces)])
    if flip(rng):
        rng.shuffle(tokens)
        tokens = tokens[: len(tokens) * 3 // 4]
    tokens = unique(tokens + [unknown] * (rng.random() < 0.95))
    return {
        "type": "WordPiece",
        "unk_token": unknown,
        "continuing_subword_prefix": prefix,
        "max_input_chars_per_word": rng.choice([100, 100, 3, 0, 12]),
        "vocab": {token: i for i, token in enumerate(tokens)},
    }


def wordlevel(rng: Random, alphabet: list[str], unknown: str) -> dict:
    tokens = unique(
        [*alphabet, *words(rng, 80, alphabet), "the", "quick", "中文字符"] + [unknown] * (rng.random() < 0.9)
    )
    return {"type": "WordLevel", "unk_token": unknown, "vocab": {token: i for i, token in enumerate(tokens)}}


def model(rng: Random) -> dict:
    alphabet = unique(rng.choice([LETTERS, LETTERS, LETTERS, LETTERS + BYTES, ["a", "b"], ["a", "b", "▁", " "]]))
    made = rng.choice([bpe, bpe, bpe, unigram, unigram, wordpiece, wordpiece, wordlevel])(
        rng, alphabet, rng.choice(["<unk>", "[UNK]", "a"])
    )
    if isinstance(made["vocab"], dict) and rng.random() < 0.2:  # ids with holes
        made["vocab"] = {token: 2 * i + 3 for token, i in made["vocab"].items()}
    return made


def added_tokens(rng: Random, tokens: list[str]) -> list[dict]:
    contents = [
        "<s>",
        "</s>",
        "<|x|>",
        "[CLS]",
        "a",
        "quick",
        " ",
        "  ",
        "\n",
        "été",
        "É",
        "▁",
        "AB",
        "ab",
        "\u0301",
        "brown",
        "e",
        "文",
        "DON",
        "ｆｕｌｌ",
        "<0x41>",
        rng.choice(tokens),
    ]
    return [
        {
            "id": i,
            "content": content,
            "single_word": rng.random() < 0.3,
            "lstrip": rng.random() < 0.3,
            "rstrip": rng.random() < 0.3,
            "normalized": flip(rng),
            "special": flip(rng),
        }
        for i, content in enumerate(unique(rng.sample(contents, rng.choice([0, 0, 1, 2, 3, 6]))))
    ]


def document(rng: Random) -> dict:
    made = model(rng)
    tokens = [entry[0] if isinstance(entry, list) else entry for entry in made["vocab"]]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens(rng, tokens),
        "normalizer": normalizer(rng) if rng.random() < 0.6 else None,
        "pre_tokenizer": pre_tokenizer(rng) if rng.random() < 0.8 else None,
        "post_processor": post_processor(rng) if rng.random() < 0.5 else None,
        "decoder": decoder(rng) if rng.random() < 0.8 else None,
        "model": made,
    }
