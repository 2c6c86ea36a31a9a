"""Single common words."""

import functools

from builder.draws import shuffled
from builder.sources import wordnet


@functools.cache
def nouns() -> list[str]:
    """700 nouns that name things, people, places and the like."""
    concrete = {"animal", "artifact", "body", "food", "object", "person", "plant", "substance", "location", "group",
                "event", "time", "communication", "phenomenon", "shape"}
    found = [word for word in wordnet.common_words("n") if wordnet.senses()[word, "n"][0].area in concrete]
    return shuffled(found[:700], "nouns")


@functools.cache
def verbs() -> list[str]:
    """500 verbs in their plain form."""
    return shuffled([word for word in wordnet.common_words("v") if word not in STATES][:500], "verbs")


@functools.cache
def adjectives() -> list[str]:
    """340 adjectives."""
    return shuffled(wordnet.common_words("a")[:340], "adjectives")


@functools.cache
def words() -> list[str]:
    """620: 280 of the nouns, 170 of the verbs, 170 of the adjectives, mixed. The pool for all about a word's letters,
    sounds and sense."""
    return shuffled([*nouns()[:280], *verbs()[:170], *adjectives()[:170]], "words")


STATES = {"can", "may", "might", "must", "shall", "will", "would", "could", "should", "ought", "be", "have", "do"}
