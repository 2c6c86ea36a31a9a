"""Inflected forms of English words, by lemminflect (MIT)."""

import functools

from lemminflect import getAllLemmas, getInflection

LICENCE, SOURCE = "MIT", "lemminflect"


@functools.cache
def inflected(word: str, tag: str) -> str:
    """By Penn tag: NNS plural; VBD past, VBN participle, VBG -ing, VBZ third person; JJR, JJS comparison."""
    forms = getInflection(word, tag=tag, inflect_oov=True)
    return forms[0] if forms else word


def lemmas(word: str) -> dict[str, tuple[str, ...]]:
    """Possible lemmas, by universal part of speech (NOUN, VERB, ADJ, ADV)."""
    return getAllLemmas(word)
