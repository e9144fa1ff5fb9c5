"""Anchoring: how much more people agree with suggestions because they were shown them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.preannotation.reviewing import Review, reviewed
from auto_labeling.records import Interval
from auto_labeling.shapes import Shape

Pair: TypeAlias = tuple[tuple[Shape, ...], tuple[Shape, ...]]
"""What a model suggests on a picture, and what a person answered there."""


def anchoring(
    seen: Sequence[Pair],
    unseen: Sequence[Pair],
    rng: np.random.Generator,
    *,
    alpha: float = 0.05,
    draws: int = 2000,
) -> Interval:
    """Return by how much the share of suggestions that people agree with is higher where seen.

    In [-1, 1]; 0 where people are not led. `unseen` are the pictures of the blind slice, with what
    the same model would have suggested; as they were drawn by lot, nothing else differs. To agree
    is to answer the same class at an IoU of .75 or more, whether or not an edge was moved. Limits
    are of a bootstrap over pictures, `n` is how many pictures were blind; nan where either side has
    no suggestion.
    """
    return difference(agreed(map(_review, seen)), agreed(map(_review, unseen)), rng, alpha, draws)


def difference(
    seen: NDArray[np.int64],
    unseen: NDArray[np.int64],
    rng: np.random.Generator,
    alpha: float = 0.05,
    draws: int = 2000,
) -> Interval:
    """Return the same of (n, 2) and (m, 2) what `agreed` tells of each picture."""
    if not seen[:, 1].sum() or not unseen[:, 1].sum():
        return Interval.unknown()
    value = _share(seen) - _share(unseen)
    differences = [_share(_again(seen, rng)) - _share(_again(unseen, rng)) for _ in range(draws)]
    # A draw of pictures without a suggestion says nothing.
    low, high = np.nanquantile(differences, [alpha / 2, 1 - alpha / 2])
    return Interval(value=float(value), low=float(low), high=float(high), n=len(unseen))


def agreed(reviews: Iterable[Review]) -> NDArray[np.int64]:
    """Return (n, 2) how many suggestions of each picture were agreed with, and how many it had."""
    rows = [(sum(o.agreed for o in one.suggestions), len(one.suggestions)) for one in reviews]
    return np.array(rows, np.int64).reshape(-1, 2)


def _review(pair: Pair) -> Review:
    return reviewed(*pair)


def _again(rows: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return rows[rng.integers(len(rows), size=len(rows))]


def _share(rows: NDArray[np.int64]) -> float:
    agreed, of = rows.sum(axis=0)
    return float(agreed / of) if of else np.nan
