"""How good or bad a word feels: the lexicon of vaderSentiment (MIT), means of ten people's ratings from -4 to 4."""

import functools
import re

from builder.sources.folder import PACKAGES

LICENCE, SOURCE = "MIT", "vaderSentiment"
FILE = PACKAGES / "python/vaderSentiment/vader_lexicon.txt"


@functools.cache
def ratings() -> dict[str, float]:
    """Of words in lower-case letters; no emoticons."""
    rows = (line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines())
    return {row[0]: float(row[1]) for row in rows if re.fullmatch("[a-z]+", row[0])}
