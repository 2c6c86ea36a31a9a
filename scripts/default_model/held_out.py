"""Which tasks are held out: drawn from a seed, by rules that know nothing of any result of this version.

Whole domains first, which no training adapter has; then, in every other domain, combinations with conventions that
other domains train. No combination is held out that an earlier version held out or tuned on, because its results have
been seen: but for DEMONSTRATION, which stays what it was. No domain is held out whole that was before. A domain keeps
at least one of REVERSING, the conventions that name the wrong option: where both are held out, nothing trains a
domain's rule in that use, and the sum of the parts of domain and convention fails as well.
"""

import random
from collections import Counter

from conventions import ANSWERS
from domains import CORE, SUBJECT

SEED = 3
WHOLE = 3      # core domains
EACH = 3       # combinations of every other domain
MOST = {True: 4, False: 3}  # combinations of one convention in core domains, in subject domains; at least one
DEMONSTRATION = ("telegram", "exclaim")
REVERSING = {"contrast", "reject"}

# Domain -> conventions whose results two earlier versions of the family have shown.
SEEN = {
    "animals": "word sentence choice quoted bullet heading reject",
    "continents": "quoted exclaim twice sentence choice reject word",
    "colours": "bullet heading word quoted contrast sentence",
    "capitals": "sentence choice quoted word exclaim twice contrast",
    "units": "exclaim twice bullet word sentence",
    "grammar": "word heading sentence quoted bullet contrast",
    "opposites": "quoted choice exclaim contrast heading reject word",
    "jobs": " ".join(ANSWERS),
    "food": " ".join(ANSWERS),
    "school": "word sentence heading bullet twice reject",
    "opera": "quoted contrast choice word sentence exclaim twice",
    "telegram": "bullet exclaim reject choice twice quoted",
    "poster": "sentence heading twice word contrast reject quoted",
    "ballroom": "contrast choice word quoted bullet sentence exclaim",
    "barber": "exclaim reject quoted contrast heading choice bullet",
}


def fresh(domain: str) -> list[str]:
    return [convention for convention in ANSWERS if convention not in SEEN.get(domain, "").split()]


def draw_whole(rng: random.Random) -> list[str]:
    return sorted(rng.sample([domain for domain in CORE if fresh(domain)], WHOLE))


def draw_combinations(rng: random.Random, domains: list[str]) -> dict[str, set[str]]:
    """Domain -> conventions; domains without a fresh task train on all."""
    drawn = {}
    for domain in domains:
        always = {DEMONSTRATION[1]} if domain == DEMONSTRATION[0] else set()
        drawn[domain] = always | set(rng.sample(fresh(domain), min(EACH - len(always), len(fresh(domain)))))
    return drawn


def is_fair(drawn: dict[str, set[str]], most: int) -> bool:
    counts = Counter(convention for conventions in drawn.values() for convention in conventions)
    return (all(1 <= counts[convention] <= most for convention in ANSWERS)
            and not any(REVERSING <= conventions for conventions in drawn.values()))


def draw_fair(rng: random.Random, domains: list[str], most: int) -> dict[str, set[str]]:
    while True:
        drawn = draw_combinations(rng, domains)
        if is_fair(drawn, most):
            return drawn


def draw_validation(rng: random.Random, held_out: dict[str, set[str]]) -> dict[str, str]:
    """Domain -> a convention for tuning. It leaves the domain one of REVERSING too."""
    def leaves_one(domain: str, convention: str) -> bool:
        return not REVERSING <= held_out[domain] | {convention}
    return {domain: rng.choice([c for c in ANSWERS if c not in held_out[domain] and leaves_one(domain, c)])
            for domain in held_out}


def draw(seed: int) -> tuple[list[str], dict[str, set[str]], dict[str, str]]:
    """Whole domains; domain -> held-out conventions; domain -> convention for tuning."""
    rng = random.Random(f"held out {seed}")
    whole = draw_whole(rng)
    combinations = {**draw_fair(rng, [domain for domain in CORE if domain not in whole], MOST[True]),
                    **draw_fair(rng, list(SUBJECT), MOST[False])}
    return whole, combinations, draw_validation(rng, combinations)


WHOLE_HELD_OUT, COMBINATIONS, VALIDATION = draw(SEED)
