"""Questions with two answers, about equally many of each."""

from collections.abc import Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


def even(items: Iterable[Item], holds: Callable[[Item], bool], count: int = 460) -> list[tuple[Item, bool]]:
    """At most count items in their order, with whether it holds: those that come first of either side, the commoner
    side with 58 % of them at most."""
    found = [(item, holds(item)) for item in items]
    rarer = sum(held for _, held in found) * 2 <= len(found)
    few = min(sum(held == rarer for _, held in found), count // 2)
    left = {rarer: few, not rarer: min(count - few, few * 58 // 42)}
    kept = []
    for item, held in found:
        left[held] -= 1
        if left[held] >= 0:
            kept.append((item, held))
    return kept
