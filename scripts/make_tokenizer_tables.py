#!/usr/bin/env python3
"""Writes src/tokenizer/unicode_data.cpp: where the character classes of the `tokenizers` library differ from those
of libutf8proc, found by asking both about every code point.

Usage: make_tokenizer_tables.py OUT (tokenizers 0.23, Python 3.11, whose Unicode is PCRE2 10.42's: 14.0;
libutf8proc.so.2)
"""

import collections
import ctypes
import pathlib
import struct
import sys
import unicodedata

from tokenizers import Regex, normalizers, pre_tokenizers

OUT = pathlib.Path(sys.argv[1])
CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Cs Co".split()
# Planes 4 to 13 hold nothing, 15 and 16 private characters.
POINTS = [c for c in [*range(0x34000), *range(0xE0000, 0xE1000)] if not 0xD800 <= c < 0xE000]
ALL = "".join(map(chr, POINTS))
# \w is not [[:word:]] below U+0100, and [[:punct:]] is not \p{Punct}.
SETS = {
    "word": r"\w",
    "wordclass": "[[:word:]]",
    "space": r"\s",
    "digit": r"\d",
    "xdigit": r"\h",
    "posixpunct": "[[:punct:]]",
} | {name: f"[[:{name}:]]" for name in "alnum alpha blank cntrl graph lower print upper".split()}
SCRIPTS = """Arabic Armenian Balinese Bengali Bopomofo Braille Canadian_Aboriginal Cherokee Common Coptic Cyrillic
Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Inherited Javanese Kannada Katakana
Khmer Lao Latin Malayalam Mongolian Myanmar Nko Ogham Oriya Runic Sinhala Sundanese Syriac Tamil Telugu Thaana Thai
Tibetan Tifinagh Yi Alphabetic Uppercase Lowercase White_Space Emoji Emoji_Presentation Extended_Pictographic
Ideographic""".split()

utf8proc = ctypes.CDLL("libutf8proc.so.2")
utf8proc.utf8proc_category.argtypes = [ctypes.c_int32]
utf8proc.utf8proc_decompose_char.argtypes = [
    ctypes.c_int32,
    ctypes.POINTER(ctypes.c_int32),
    ctypes.c_ssize_t,
    ctypes.c_int,
    ctypes.POINTER(ctypes.c_int),
]
utf8proc.utf8proc_decompose_char.restype = ctypes.c_ssize_t


class Property(ctypes.Structure):
    _fields_ = [
        ("category", ctypes.c_int16),
        ("combining_class", ctypes.c_int16),
        ("bidi", ctypes.c_int16),
        ("decomp_type", ctypes.c_int16),
        ("decomp", ctypes.c_uint16),
        ("casefold", ctypes.c_uint16),
        ("upper", ctypes.c_uint16),
        ("lower", ctypes.c_uint16),
        ("title", ctypes.c_uint16),
        ("comb", ctypes.c_uint16),
        ("bits", ctypes.c_uint16),
    ]


utf8proc.utf8proc_get_property.restype = ctypes.POINTER(Property)


def own_decomposition(point, compatibility):
    out, boundary = (ctypes.c_int32 * 32)(), ctypes.c_int(0)
    options = 1 << 4 | (1 << 2 if compatibility else 0)  # UTF8PROC_DECOMPOSE, UTF8PROC_COMPAT
    count = utf8proc.utf8proc_decompose_char(point, out, 32, options, ctypes.byref(boundary))
    return "".join(map(chr, out[:count])) if count > 0 else chr(point)


def ranges(points):
    """[(first, last)]"""
    out = []
    for c in sorted(points):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def valued(values):
    """{point: value} -> [(first, last, value)]"""
    out = []
    for c in sorted(values):
        if out and out[-1][1] == c - 1 and out[-1][2] == values[c]:
            out[-1][1] = c
        else:
            out.append([c, c, values[c]])
    return out


def matched(pattern):
    """The code points that an expression for one character matches."""
    splitter = pre_tokenizers.Split(Regex(f"(?:{pattern})+"), "removed")
    left = set(range(len(ALL)))
    for _, (first, last) in splitter.pre_tokenize_str(ALL):
        left.difference_update(range(first, last))
    return {POINTS[i] for i in left}


def cases(transform):
    return {c: transform(chr(c)) for c in POINTS}


lines = [
    "// clang-format off",
    "// Written by scripts/make_tokenizer_tables.py: what tokenizers 0.23.3 answers about every code point, where",
    "// libutf8proc 2.8 (Unicode 15.0) answers something else. Meanings: tokenizer/unicode_data.h.",
    '#include "tokenizer/unicode_data.h"',
    "",
    "namespace dnd::tokenizer {",
    "namespace {",
    "",
]
exports = []


def emit(type_, name, rows):
    def cell(x):
        return f"0x{x:X}" if isinstance(x, int) and x > 255 else str(x)

    body, line = [], "   "
    for row in rows:
        text = " {" + ", ".join(map(cell, row)) + "},"
        if len(line) + len(text) > 100:
            body.append(line)
            line = "   "
        line += text
    body.append(line)
    lines.extend([f"constexpr {type_} {name}Data[] = {{", *body, "};", ""] if rows else [])
    exports.append(f"const std::span<const {type_}> {name}" + (f" = {name}Data;" if rows else ";"))


# Categories: Oniguruma's, libutf8proc's, PCRE2's.
category = {}
for index, name in enumerate(CATEGORIES):
    if name != "Cs":
        category.update(dict.fromkeys(matched(rf"\p{{{name}}}"), index))
assert len(category) == len(POINTS)
emit(
    "CategoryRange",
    "kCategoryChanges",
    valued({c: category[c] for c in POINTS if utf8proc.utf8proc_category(c) != category[c]}),
)
pcre2 = {c: CATEGORIES.index(unicodedata.category(chr(c))) for c in POINTS}
emit("CategoryRange", "kPcre2Categories", valued({c: pcre2[c] for c in POINTS if pcre2[c] != category[c]}))
print("categories", collections.Counter(category.values()), file=sys.stderr)
sizes = collections.Counter(category.values())
by_category = collections.defaultdict(set)
for c, value in category.items():
    by_category[value].add(c)


def emit_set(name, members):
    """A mask of categories, and the code points where the set differs from their union."""
    inside = collections.Counter(category[c] for c in members)
    mask = sum(1 << g for g in sizes if 2 * inside[g] > sizes[g])
    union = {c for c in POINTS if mask >> category[c] & 1}
    rows = ranges(union ^ members)
    if len(ranges(members)) < len(rows):
        mask, rows = 0, ranges(members)
    print(name, f"{mask:x}", len(rows), file=sys.stderr)
    if rows:
        emit("CodePointRange", name + "Exceptions", rows)
        exports.pop()
    return f"{{0x{mask:X}, " + (f"{name}ExceptionsData}}" if rows else "{}}")


# Named sets of Oniguruma.
named = []
for name, pattern in SETS.items():
    named.append(f'    {{"{name}", {emit_set("k" + name.capitalize(), matched(pattern))}}},')
for name in SCRIPTS:
    plain = name.replace("_", "").lower()
    named.append(f'    {{"{plain}", {emit_set("k" + name.replace("_", ""), matched(rf"{chr(92)}p{{{name}}}"))}}},')

# The library's own predicates.
whitespace = pre_tokenizers.Whitespace()
word = {c for c in POINTS if whitespace.pre_tokenize_str("a" + chr(c)) == [("a" + chr(c), (0, 2))]}
digits = pre_tokenizers.Digits(individual_digits=True)
numeric = {c for c in POINTS if len(digits.pre_tokenize_str("a" + chr(c))) == 2}
strip = normalizers.StripAccents()
marks = {c for c in POINTS if strip.normalize_str(chr(c)) == ""}
spaces = {c for c in POINTS if normalizers.Strip().normalize_str(chr(c)) == ""}
punctuation = pre_tokenizers.Punctuation("isolated")
punctuated = {c for c in POINTS if len(punctuation.pre_tokenize_str("a" + chr(c))) == 2}
bert = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
deleted = {c for c in POINTS if bert.normalize_str(chr(c)) == ""}
nonspacing = normalizers.BertNormalizer(
    clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
)
stripped = {c for c in POINTS if nonspacing.normalize_str(chr(c)) == ""}
library = [
    f"const CategorySet k{name} = {emit_set('k' + name, members)};"
    for name, members in [
        ("RustWord", word),
        ("RustNumeric", numeric),
        ("CombiningMarks", marks),
        ("RustWhitespace", spaces),
        ("Punctuation", punctuated),
        ("BertDeleted", deleted),
        ("BertNonspacing", stripped),
    ]
]

# Lower case.
lower, rows = normalizers.Lowercase(), []
for c in POINTS:
    theirs, ours = lower.normalize_str(chr(c)), chr(utf8proc.utf8proc_tolower(c))
    if theirs != ours:
        assert len(theirs) <= 2
        rows.append((c, ord(theirs[0]), ord(theirs[1]) if len(theirs) > 1 else 0))
emit("LowerCase", "kLowerChanges", rows)

# Decomposition, combining classes, composition.
nfd, nfkd, nfc = normalizers.NFD(), normalizers.NFKD(), normalizers.NFC()
plain, compat_plain, pairs = set(), set(), {}
for c in POINTS:
    theirs, ours = nfd.normalize_str(chr(c)), own_decomposition(c, False)
    if theirs != ours:
        assert theirs == chr(c), hex(c)
        plain.add(c)
    theirs, ours = nfkd.normalize_str(chr(c)), own_decomposition(c, True)
    if theirs != ours:
        if theirs != chr(c):
            print("NFKD", hex(c), ascii(theirs), ascii(ours), file=sys.stderr)
        compat_plain.add(c)
emit("CodePointRange", "kNotDecomposed", ranges(plain))
emit("CodePointRange", "kNotCompatibilityDecomposed", ranges(compat_plain))
references = {}
for c in POINTS:
    text = chr(c)
    if text == "\u0345" or nfd.normalize_str("\u0345" + text) == text + "\u0345":
        references.setdefault(unicodedata.combining(text), text)
assert 0 not in references
ladder = sorted(references)
classes = {}
for c in POINTS:
    text = chr(c)
    if nfd.normalize_str(text) != text:
        continue
    if text != "\u0345" and nfd.normalize_str("\u0345" + text) != text + "\u0345":
        value = 0
    else:
        value = next(
            (
                v
                for v in ladder
                if nfd.normalize_str(references[v] + text) == references[v] + text
                and nfd.normalize_str(text + references[v]) == text + references[v]
            ),
            None,
        )
        assert value is not None, hex(c)
    if value != utf8proc.utf8proc_get_property(c)[0].combining_class:
        classes[c] = value
emit("CategoryRange", "kCombiningClassChanges", valued(classes))
uncomposed = set()
for c in POINTS:
    parts = nfd.normalize_str(chr(c))
    if parts != chr(c) and nfc.normalize_str(parts) != chr(c):
        uncomposed.add(c)
ours = {
    c
    for c in POINTS
    if unicodedata.normalize("NFD", chr(c)) != chr(c) and unicodedata.normalize("NFC", chr(c)) != chr(c)
}
print("not composed: differs from Unicode 14 at", [hex(c) for c in (uncomposed ^ ours) - plain], file=sys.stderr)
emit("CodePointRange", "kNotComposed", ranges(uncomposed))

# Grapheme clusters: what joins a letter before it. A map of "a" to "X" replaces the whole (short) cluster.
units = [1 << 31] * 768
units[0], units[256 ^ 0x61], units[512] = 256 << 10, 0x161 | (256 ^ 0x61 ^ 512) << 10, 1 << 31
charsmap = struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + b"X\0"
precompiled = normalizers.Precompiled(charsmap)
utf8proc.utf8proc_grapheme_break.restype = ctypes.c_bool
joining = {c for c in POINTS if precompiled.normalize_str("a" + chr(c)) == "X"}
known = {c for c in POINTS if not utf8proc.utf8proc_grapheme_break(97, c)}
assert known <= joining
emit("CodePointRange", "kNewerMarks", ranges(joining - known))

# Scripts of the UnicodeScripts pre-tokenizer: classes of equal scripts, 0 for "any".
scripts = pre_tokenizers.UnicodeScripts()


def apart(a, b):
    return len(scripts.pre_tokenize_str(a + b)) == 2


# A leading "any" swallows the split before the next character, so runs are told apart pairwise.
representatives, script_of, previous = [], {}, None
for c in POINTS:
    text = chr(c)
    if not apart("a", text) and not apart("\u4e00", text):
        script_of[c] = 0
        continue
    if previous is not None and not apart(representatives[previous], text):
        script_of[c] = previous + 1
        continue
    for index, other in enumerate(representatives):
        if not apart(other, text):
            previous = index
            break
    else:
        previous = len(representatives)
        representatives.append(text)
    script_of[c] = previous + 1
print("scripts", len(representatives), file=sys.stderr)
# Unlisted points between points of one script are "any": keep them, they join what stands around them.
emit("ScriptRange", "kScripts", valued({c: s for c, s in script_of.items() if s}))

# Case folding of Oniguruma, single characters: against simple closure of libutf8proc's cases.
cased = [
    c
    for c in POINTS
    if len(
        {
            chr(c).lower(),
            chr(c).upper(),
            chr(c).title(),
            chr(c).casefold(),
            chr(c),
            chr(utf8proc.utf8proc_tolower(c)),
            chr(utf8proc.utf8proc_toupper(c)),
        }
    )
    > 1
    or (category[c] in (1, 2, 3) and pcre2[c] == 0)
]
text = "".join(map(chr, cased))
folds = {}
for c in cased:
    left = set(range(len(text)))
    found = pre_tokenizers.Split(Regex(rf"(?i)\x{{{c:x}}}"), "removed").pre_tokenize_str(text)
    for _, (first, last) in found:
        left.difference_update(range(first, last))
    folds[c] = {cased[i] for i in left}
    assert c in folds[c]
closure = collections.defaultdict(set)
for c in cased:
    closure[utf8proc.utf8proc_tolower(utf8proc.utf8proc_toupper(c))].add(c)
rows = []
for c in cased:
    ours = closure[utf8proc.utf8proc_tolower(utf8proc.utf8proc_toupper(c))]
    if folds[c] != ours:
        for other in sorted(folds[c] ^ ours):
            rows.append((c, other))
print("fold differences", len(rows), file=sys.stderr)
emit("FoldChange", "kFoldChanges", rows)
multi = {c for c in cased if len(chr(c).casefold()) > 1}
emit("CodePointRange", "kSeveralFolds", ranges(multi))

lines += [
    "constexpr NamedSet kNamedSetsData[] = {",
    *named,
    "};",
    "",
    "}  // namespace",
    "",
    *exports,
    *library,
    "const std::span<const NamedSet> kNamedSets = kNamedSetsData;",
    "",
    "}  // namespace dnd::tokenizer",
]
OUT.write_text("\n".join(lines) + "\n")
