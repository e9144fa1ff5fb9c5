"""Ask about pictures on which the model does not know how many objects there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auto_labeling.arrays import spans
from auto_labeling.strategies.detection_objects import FLOOR, Scores, counted, expect_floor, seen
from auto_labeling.strategies.probabilities import entropies
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class CountEntropy:
    """The entropy of how many objects a picture has, if each is there by itself with its score.

    It grows far slower than a sum over objects does, with the logarithm of how many are doubtful,
    and so leaves crowded pictures less of an advantage.

    >>> from auto_labeling.detections import Detections
    >>> seen = Detections(
    ...     offsets=np.array([0, 1, 3]), boxes=np.full((3, 4), 0.1, np.float32),
    ...     scores=np.array([0.5, 0.5, 0.5], np.float32), labels=np.zeros(3, np.intp))
    >>> CountEntropy().score(PoolView(detections=seen)).round(4)
    array([0.6931, 1.0397])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"detections"})
    rowwise: ClassVar[bool] = True

    floor: float = FLOOR
    """A fainter detection is no object, but for the surest of a picture that has no other."""

    def __post_init__(self) -> None:
        expect_floor(self.floor)

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores of at least 0, in nats; higher is less certain."""
        objects = counted(seen(view, "detections", "count_entropy"), self.floor)
        chances = np.clip(objects.scores.astype(np.float64), 0.0, 1.0)
        scores = np.zeros(len(objects))
        for count in np.unique(objects.counts):
            alike = np.flatnonzero(objects.counts == count)
            for span in spans(len(alike), 3 * (int(count) + 1)):
                rows = alike[span]
                places = objects.offsets[rows, None] + np.arange(count)
                scores[rows] = entropies(count_laws(chances[places]).T)
        return scores


def count_laws(chances: Scores) -> Scores:
    """Return (n, c + 1) the chances of 0 to c objects, of (n, c) chances of each by itself.

    The Poisson binomial law, one object after the other (Wang 1993).

    >>> count_laws(np.array([[0.5, 0.5]]))
    array([[0.25, 0.5 , 0.25]])
    """
    n, c = chances.shape
    laws = np.zeros((n, c + 1))
    laws[:, 0] = 1.0
    for at in range(c):
        there = chances[:, at, None]
        one_more = laws[:, : at + 1] * there
        laws[:, : at + 1] *= 1.0 - there
        laws[:, 1 : at + 2] += one_more
    return laws
