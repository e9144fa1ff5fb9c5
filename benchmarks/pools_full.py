"""The pools of the full pipeline: real ones, and made-up ones for data that are not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import pools, pools_pictures, pools_texts
from benchmarks.data import DATA
from benchmarks.pools import Pool

_REAL = ("fashion_mnist", "trec", "sms_spam")
_START, _BATCH, _BUDGET = 50, 50, 1_000

Read = Callable[[int], Any]
"""Seed -> (X, y) of a pool, and (X, y) of what judges."""
_SETS: dict[str, tuple[Read, Callable[[], Any]]] = {
    "fashion_mnist": (pools_pictures.fashion_mnist, pools_pictures.library_default),
    "trec": (pools_texts.trec, pools.on_unit_rows),
    "sms_spam": (pools_texts.sms_spam, pools.on_unit_rows),
    "made_photographs": (pools_pictures.photographs, pools_pictures.library_default),
    "made_news": (pools_texts.news, pools.on_unit_rows),
    "made_reviews": (pools_texts.reviews, pools.on_unit_rows),
}


def names() -> list[str]:
    """Return the sets that are there."""
    return ["digits", *(name for name in _SETS if DATA.exists() or name not in _REAL)]


def pool(name: str, seed: int) -> Pool:
    """Return one seed's pool, its judges, the set's plain model, and how far it is studied."""
    if name == "digits":
        return pools.pool(name, seed)
    read, model = _SETS[name]
    (X, y), (test_X, test_y) = read(seed)
    return Pool(
        X=X,
        y=y,
        test_X=test_X,
        test_y=test_y,
        model=model,
        start=_first(y, seed),
        batch=_BATCH,
        budget=_BUDGET,
    )


def answers(y: NDArray[np.intp], noise: float, seed: int) -> NDArray[np.intp]:
    """Return (n,) what people say: with the chance `noise` an item has any of the other classes.

    A seed and an item always have the same answer, whoever asks.
    """
    rng, k = np.random.default_rng([seed, 8]), int(y.max()) + 1
    wrong = rng.random(len(y)) < noise
    other = (y + rng.integers(1, k, len(y))) % k
    return np.where(wrong, other, y)


def _first(y: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Return what random labeling begins with; at least two classes are among it."""
    rng = np.random.default_rng([seed, 1])
    while True:
        first = rng.permutation(len(y))[:_START]
        if len(np.unique(y[first])) > 1:
            return first
