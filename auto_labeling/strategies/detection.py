"""Ask about pictures whose objects the model is unsure of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.detection_objects import (
    FLOOR,
    By,
    Scores,
    by_picture,
    counted,
    expect_by,
    expect_floor,
    seen,
)
from auto_labeling.view import PoolView

Doubt: TypeAlias = Literal["entropy", "margin", "least_confident", "mask_entropy"]


@dataclass(frozen=True, slots=True)
class Objects:
    """A picture's objects are doubtful: the sum, mean or largest of the doubt about each.

    Sums ask for pictures with much to learn from, which cost as much more to label; a mean or a
    maximum does not (Brust, Käding & Denzler 2019, arXiv 1809.09875; Roy, Unmesh & Namboodiri
    2018). Priced, a sum is the doubt that a second of work settles.

    >>> seen = Detections(
    ...     offsets=np.array([0, 1, 3, 3]), boxes=np.full((3, 4), 0.1, np.float32),
    ...     scores=np.array([0.5, 0.9, 0.75], np.float32), labels=np.zeros(3, np.intp))
    >>> Objects(of="margin").score(PoolView(detections=seen)).round(4)
    array([1. , 0.7, 0. ])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"detections"})

    of: Doubt = "entropy"
    """What is doubtful about an object.

    `entropy`: of a yes or no for each class, summed. `margin`: `1 - (a - b)`, where a and b are the
    likeliest two of its best class, its second best, and nothing at all. `least_confident`: what
    the likelier leaves of its best class and nothing. `mask_entropy`: of the pixels of its mask.
    """
    by: By = "sum"
    floor: float = FLOOR
    """A fainter detection is no object, but for the surest of a picture that has no other."""
    balance: float = 0.0
    """How much an object counts for being of a class seldom seen.

    Its weight is the mean count of a class over that of its own, to this power, where a count is
    the sum of scores over the pool, plus 1. At 0 all objects count the same, at 1 all classes do.
    """

    def __post_init__(self) -> None:
        if self.of not in _DOUBTS:
            raise ConfigurationError(f"of: expected one of {', '.join(_DOUBTS)}, got {self.of!r}")
        expect_by(self.by)
        expect_floor(self.floor)
        if not 0 <= self.balance < np.inf:
            raise ConfigurationError(f"balance: expected 0 or more, got {self.balance}")

    @property
    def rowwise(self) -> bool:
        """Whether the pool does not count: it does where rare classes weigh more."""
        return self.balance == 0

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores of at least 0; higher is less certain, 0 where nothing is seen."""
        objects = counted(seen(view, "detections", "objects"), self.floor)
        doubts: Scores = _DOUBTS[self.of](objects)
        if self.balance:
            doubts = doubts * (rarity(objects) ** self.balance)[objects.labels]
        return by_picture(doubts, objects, self.by)


def rarity(objects: Detections) -> Scores:
    """Return (k,) the mean count of a class over the count of each.

    A count is the sum of scores, plus 1 so that a class of which there is next to nothing does not
    outweigh all others; the labels of Brust, Käding & Denzler 2019 are replaced by predictions.
    """
    k = 0 if objects.proba is None else objects.proba.shape[1]
    counts = 1.0 + np.bincount(objects.labels, objects.scores.astype(np.float64), k)
    ratios: Scores = counts.sum() / max(len(counts), 1) / counts
    return ratios


def binary_entropy(chances: NDArray[np.floating]) -> Scores:
    """Return the entropy of a yes or no, in nats, of chances of any shape.

    >>> binary_entropy(np.array([0.0, 0.5])).round(4)
    array([0.    , 0.6931])
    """
    total = np.zeros(chances.shape)
    for one in (chances, 1.0 - chances):
        total -= one * np.log(np.where(one > 0, one, 1.0))  # 0 ln 0 is 0
    return total


def _entropy(objects: Detections) -> Scores:
    if objects.proba is None:
        return binary_entropy(_chances(objects.scores))
    doubts = np.empty(len(objects.scores))
    for span in spans(*objects.proba.shape):
        doubts[span] = binary_entropy(_chances(objects.proba[span])).sum(axis=1)
    return doubts


def _margin(objects: Detections) -> Scores:
    best, second = _best_two(objects)
    readings = np.sort(np.stack([best, second, 1.0 - best]), axis=0)
    doubts: Scores = 1.0 - (readings[2] - readings[1])
    return doubts


def _least_confident(objects: Detections) -> Scores:
    best = _chances(objects.scores)
    doubts: Scores = np.minimum(best, 1.0 - best)
    return doubts


def _mask_entropy(objects: Detections) -> Scores:
    if objects.doubt is None:
        if len(objects.scores):
            raise DataError(
                "objects needs view.detections.doubt, which only a model of masks tells; "
                "choose of: entropy"
            )
        return np.zeros(0)
    return objects.doubt.astype(np.float64)


_DOUBTS: Mapping[str, Callable[[Detections], Scores]] = {
    "entropy": _entropy,
    "margin": _margin,
    "least_confident": _least_confident,
    "mask_entropy": _mask_entropy,
}


def _best_two(objects: Detections) -> tuple[Scores, Scores]:
    """Return (m,) the chances of the best class, and (m,) of the second best, 0 without one."""
    best, second = _chances(objects.scores), np.zeros(len(objects.scores))
    if objects.proba is not None and objects.proba.shape[1] > 1:
        for span in spans(*objects.proba.shape):
            second[span], best[span] = np.partition(_chances(objects.proba[span]), -2).T[-2:]
    return best, second


def _chances(scores: NDArray[np.floating]) -> Scores:
    return np.clip(scores.astype(np.float64), 0.0, 1.0)
