"""From which score on a suggestion saves time, learned from what people did with others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.preannotation.reviewing import Outcome, Review, Reviewed, by_class
from auto_labeling.preannotation.savings import outcome_value, seconds_saved

_GRID: NDArray[np.float64] = np.linspace(0.01, 0.99, 99, dtype=np.float64)
"""The scores at which a belief is held."""
_PRIOR = {Outcome.ACCEPT: 0.7, Outcome.ADJUST: 0.2, Outcome.RELABEL: 0.1}
"""What becomes of suggestions that show something."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worth:
    """What showing a suggestion of each score is expected to save, in seconds.

    It never falls as the score rises: a model that is surer is more often right.
    """

    scores: NDArray[np.float64]
    """(g,) ascending."""
    seconds: NDArray[np.float64]
    """(g,) ascending too."""

    @classmethod
    def believed(cls, times: AnnotationTimes, *, is_box: bool = True) -> Worth:
        """Return what is believed before any review: suggestions show less than their scores say.

        The chance to show something is taken to be the square of the score: on pedestrians, which
        they had not learned, the published weights of YOLOv8n showed something in 12 % of those
        from .4 to .6 and in 53 % of those from .6 to .75, and a network that has barely learned
        anything is surer than it should be. Of those that do, 70 % are accepted, 20 % adjusted and
        10 % relabeled. With the fixed times a box then pays from a score of .41 on.
        """
        real = sum(
            share * outcome_value(outcome, times, is_box=is_box)
            for outcome, share in _PRIOR.items()
        )
        nothing = outcome_value(Outcome.DELETE, times, is_box=is_box)
        return cls(scores=_GRID, seconds=_GRID**2 * real + (1 - _GRID**2) * nothing)

    def learned(self, reviews: Sequence[Reviewed], times: AnnotationTimes, weight: float) -> Worth:
        """Return what is believed after some reviews.

        This belief counts as `weight` reviews, spread over all scores; then the ascending curve
        that is nearest to all by least squares is taken [1]_.

        References:
            [1] Barlow, R. E. et al. (1972). Statistical Inference under Order Restrictions.
        """
        scores = np.concatenate([self.scores, [one.score for one in reviews]])
        values = np.concatenate([self.seconds, [seconds_saved(one, times) for one in reviews]])
        weights = np.ones(len(scores))
        weights[: len(self.scores)] = weight / len(self.scores)
        levels, at = np.unique(scores, return_inverse=True)
        held = np.bincount(at, weights)
        means = np.bincount(at, weights * values) / held
        curve = isotonic_regression(means, weights=held).x
        return Worth(scores=levels, seconds=curve)

    @property
    def threshold(self) -> float:
        """Return the score from which on a suggestion saves time; inf where none does."""
        pays = np.flatnonzero(self.seconds > 0)
        if not len(pays):
            return math.inf
        first = int(pays[0])
        below = self.scores[first - 1] if first else 0.0
        return float((below + self.scores[first]) / 2)


def thresholds(
    reviews: Sequence[Review],
    classes: Sequence[str],
    times: AnnotationTimes,
    *,
    is_box: bool = True,
    prior_weight: float = 10.0,
    class_weight: float = 20.0,
) -> Mapping[str, float]:
    """Return class -> the score from which on its suggestions are shown; inf: none of them is.

    A suggestion is shown where the seconds that accepting, adjusting, relabeling or deleting it
    takes are expected to be fewer than those that noticing and drawing its object would take. What
    all classes have in common is learned first, from a belief that counts as `prior_weight`
    reviews, and counts as `class_weight` reviews in each class. So after n reviews of a class,
    showing costs at most about 40 / n seconds a suggestion more than showing nothing, however bad
    the model is (`tests/preannotation/test_worth.py`). Scores that nobody has reviewed, because
    they are below what was shown, are reached by the blind slice: `reviewed` says how.
    """
    found = by_class(reviews)
    every = [one for each in found.values() for one in each]
    common = Worth.believed(times, is_box=is_box).learned(every, times, prior_weight)
    return {
        name: common.learned(found.get(name, ()), times, class_weight).threshold for name in classes
    }
