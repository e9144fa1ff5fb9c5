"""Chance that depends on what is decided, never on when or in which order."""

from __future__ import annotations

import hashlib
import math
import struct

_UNPACK = struct.Struct("<4Q").unpack


def draws(seed: int, purpose: str, *about: str | int) -> tuple[float, ...]:
    """Return four numbers in [0, 1), the same whenever the same thing is asked.

    A hash rather than a generator: no state is carried from one answer to the next, and setting up
    a generator for each would cost five times as much.

    >>> draws(0, "answer", "mia", "item 7", 0) == draws(0, "answer", "mia", "item 7", 0)
    True
    >>> draws(0, "answer", "mia", "item 7", 0) == draws(0, "answer", "mia", "item 7", 1)
    False
    """
    asked = f"{seed} {purpose} {about!r}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(asked, digest_size=32).digest()
    return tuple([(number >> 11) * 2.0**-53 for number in _UNPACK(digest)])


def normal(first: float, second: float) -> float:
    """Return a standard normal number made of two uniform ones (Box and Muller, 1958)."""
    return math.sqrt(-2.0 * math.log(1.0 - first)) * math.cos(2.0 * math.pi * second)


def normals(seed: int, purpose: str, *about: str | int) -> tuple[float, ...]:
    """Return four standard normal numbers, the same whenever the same thing is asked."""
    ones, twos = draws(seed, purpose, *about, 0), draws(seed, purpose, *about, 1)
    return tuple([normal(one, two) for one, two in zip(ones, twos, strict=True)])


def happens(seed: int, what: str, share: float, *about: str | int) -> bool:
    """Return whether something that has a probability of `share` is the case."""
    return share > 0 and draws(seed, what, *about)[0] < share


def between(seed: int, what: str, least: float, most: float, *about: str | int) -> float:
    """Return a number in [least, most), all equally likely."""
    return least + (most - least) * draws(seed, what, *about)[1]


def count(chance: float, expected: float) -> int:
    """Return how often something happens that happens `expected` times on average (Poisson).

    >>> count(0.3, 1.0), count(0.5, 1.0), count(0.95, 1.0)
    (0, 1, 3)
    """
    often, share = 0, math.exp(-expected)
    reached = share
    while chance >= reached and share > 0:
        often += 1
        share *= expected / often
        reached += share
    return often
