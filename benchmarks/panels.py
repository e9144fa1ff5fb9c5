"""Panels of simulated people whose true answers are known: five kinds, in three sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ratings import Ratings

SIZES = ((200, 3), (1_000, 3), (1_000, 5))
"""Items, and opinions on each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """What people said, and the (n,) classes that the items are of."""

    ratings: Ratings
    truth: NDArray[np.intp]


def spread(rng: np.random.Generator, people: int = 20) -> NDArray[np.float64]:
    """Everybody errs evenly, from next to guessing to next to never."""
    return _coins(rng.uniform(0.35, 0.98, people), classes=3)


def spammers(rng: np.random.Generator, people: int = 20) -> NDArray[np.float64]:
    """Of ten people four say the same class whatever they see, or any."""
    confusion = _coins(rng.uniform(0.7, 0.95, people), classes=3)
    for person in range(0, people, 5):
        confusion[person] = 1 / 3
        confusion[person + 1] = 0.9 * np.eye(3)[rng.integers(3)] + 0.1 / 3
    return confusion


def ordinary(rng: np.random.Generator, people: int = 20) -> NDArray[np.float64]:
    """Everybody errs evenly, and the classes' frequencies are what is hard."""
    return _coins(rng.uniform(0.55, 0.95, people), classes=3)


def biased(rng: np.random.Generator, people: int = 20) -> NDArray[np.float64]:
    """Every other person takes one class for another most of the time."""
    confusion = _coins(rng.uniform(0.7, 0.95, people), classes=3)
    for person in range(0, people, 2):
        one, other = rng.permutation(3)[:2]
        confusion[person, one] = np.roll(np.eye(3), 0, axis=0)[other] * 0.75 + 0.25 / 3
    return confusion


KINDS: dict[str, tuple[Callable[[np.random.Generator], NDArray[np.float64]], tuple[float, ...]]] = {
    "spread": (spread, (1 / 3, 1 / 3, 1 / 3)),
    "spammers": (spammers, (1 / 3, 1 / 3, 1 / 3)),
    "imbalance": (ordinary, (0.8, 0.15, 0.05)),
    "biased": (biased, (1 / 3, 1 / 3, 1 / 3)),
}
"""How people err, and how frequent the classes are."""


def panel(kind: str, items: int, opinions: int, rng: np.random.Generator) -> Panel:
    """Return what `opinions` people each, drawn by lot, say about every item."""
    people_of, frequencies = KINDS[kind]
    confusion = people_of(rng)
    people, classes = confusion.shape[:2]
    truth = rng.choice(classes, items, p=frequencies)
    who = np.argsort(rng.random((items, people)), axis=1)[:, :opinions].ravel()
    which = np.repeat(np.arange(items), opinions)
    chances = confusion[who, truth[which]].cumsum(axis=1)
    said = (chances < rng.random((len(who), 1))).sum(axis=1)
    ratings = Ratings(
        items=which.astype(np.int32),
        people=who.astype(np.int32),
        labels=np.minimum(said, classes - 1).astype(np.int32),
        shape=(items, people, classes),
    )
    return Panel(ratings=ratings, truth=truth)


def _coins(accuracy: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    off = ((1 - accuracy) / (classes - 1))[:, None, None]
    same: NDArray[np.float64] = np.eye(classes)[None] * (accuracy[:, None, None] - off) + off
    return same
