"""Which objects of a view count, and how what each is worth becomes one number a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.view import PoolView

Scores: TypeAlias = NDArray[np.float64]
By: TypeAlias = Literal["sum", "mean", "max"]
"""How the numbers of a picture's objects become one (Brust, Käding & Denzler 2019, 1809.09875)."""

FLOOR = 0.1
"""Fainter than this a detection says little: a detector keeps hundreds, and most are nothing."""
_SLACK = 0.01  # what rounding to half precision may add to a score


def seen(view: PoolView, name: str, who: str) -> Detections:
    """Return a view's `detections`, or what is `mirrored`, as sound as a scorer needs them.

    Raises `DataError` that names the first picture with a number that is not finite, or a score
    that is none.
    """
    found: Detections = view.need(name, who)
    finite = np.isfinite(found.scores) & np.isfinite(found.boxes).all(axis=1)
    outside = _is_no_chance(found.scores)
    if found.proba is not None:
        finite &= np.isfinite(found.proba).all(axis=1)
        outside |= _is_no_chance(found.proba).any(axis=1)
    if found.doubt is not None:
        finite &= np.isfinite(found.doubt)
    _refuse(~finite, found, f"view.{name}: expected finite numbers", "is not")
    _refuse(outside, found, f"view.{name}: expected scores in [0, 1]", "has others")
    return found


def counted(found: Detections, floor: float) -> Detections:
    """Return the objects whose score is `floor` or more; of a picture without one, the surest.

    So what is asked does not jump where the surest object of a picture crosses the floor.
    """
    surest = np.zeros(len(found))
    np.maximum.at(surest, found.pictures, found.scores)
    return found.where(found.scores >= np.minimum(surest, floor)[found.pictures])


def by_picture(worth: Scores, found: Detections, by: By) -> Scores:
    """Return (n,) the sum, mean or largest of each picture's (m,) numbers of at least 0.

    A picture on which nothing is seen has 0: the model is sure that nothing is there.
    """
    return _TOGETHER[by](worth, found)


def expect_floor(floor: float) -> None:
    """Raise `ConfigurationError` unless a floor of scores is one."""
    if not 0 <= floor <= 1:
        raise ConfigurationError(f"floor: expected a score in [0, 1], got {floor}")


def expect_by(by: str) -> None:
    """Raise `ConfigurationError` unless numbers can be put together so."""
    if by not in _TOGETHER:
        raise ConfigurationError(f"by: expected one of {', '.join(_TOGETHER)}, got {by!r}")


def _sum(worth: Scores, found: Detections) -> Scores:
    totals: Scores = np.bincount(found.pictures, worth, len(found)).astype(np.float64, copy=False)
    return totals


def _mean(worth: Scores, found: Detections) -> Scores:
    means: Scores = _sum(worth, found) / np.maximum(found.counts, 1)
    return means


def _max(worth: Scores, found: Detections) -> Scores:
    largest = np.zeros(len(found))
    np.maximum.at(largest, found.pictures, worth)
    return largest


_TOGETHER: Mapping[str, Callable[[Scores, Detections], Scores]] = {
    "sum": _sum,
    "mean": _mean,
    "max": _max,
}


def _is_no_chance(scores: NDArray[Any]) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = (scores < -_SLACK) | (scores > 1 + _SLACK)
    return outside


def _refuse(wrong: NDArray[np.bool_], found: Detections, expected: str, but: str) -> None:
    if wrong.any():
        row = int(found.pictures[wrong.argmax()])
        raise DataError(f"{expected}, row {row} {but}")
