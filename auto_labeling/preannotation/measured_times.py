"""How long a campaign's own people need for each act, told from what their answers took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.preannotation.reviewing import Outcome, Review

_ENOUGH = 20  # answers
_SURE = 0.5
"""By how much of itself an answer's time, and a time that was believed before, may be off."""
_LEAST = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One answer, and the seconds that it took; nan where nobody measured."""

    review: Review
    """Of an answer that began with nothing: all that was drawn."""
    seen: bool
    """Whether it began with suggestions: what is drawn was then noticed to be missing."""
    seconds: float


def measured(
    answers: Sequence[Timed], times: AnnotationTimes, *, is_box: bool = True
) -> AnnotationTimes:
    """Return the times that explain the answers best, and are no further from `times` than need be.

    An answer is opened, and then takes what its acts take. The factors on `times` minimise a robust
    sum of squares, of relative errors and of their own distance from 1: an answer that was laid
    aside for an hour counts little, and an act that nobody makes keeps its time. Below 20 measured
    answers all of them do.

    >>> quick = [Timed(review=Review(), seen=False, seconds=1.0)] * 50
    >>> round(measured(quick, AnnotationTimes()).open_s, 2)
    1.01
    """
    known = [one for one in answers if math.isfinite(one.seconds)]
    if len(known) < _ENOUGH:
        return times
    names = _names(is_box=is_box)
    believed = np.array([getattr(times, name) for name in names])
    acts = np.array([_acts(one) for one in known]) * believed
    seconds = np.array([one.seconds for one in known])
    usual = acts.sum(axis=1)

    def errors(factors: NDArray[np.float64]) -> NDArray[np.float64]:
        off = (acts @ factors - seconds) / (_SURE * usual)
        return np.concatenate([off, (factors - 1) / _SURE])

    found = least_squares(errors, np.ones(len(names)), bounds=(_LEAST, np.inf), loss="cauchy")
    return replace(times, **dict(zip(names, (found.x * believed).tolist(), strict=True)))


def _names(*, is_box: bool) -> tuple[str, ...]:
    draw, correct = ("draw_box_s", "adjust_s") if is_box else ("draw_mask_s", "correct_mask_s")
    return "open_s", draw, "notice_s", "accept_s", correct, "delete_s", "relabel_s"


def _acts(one: Timed) -> list[int]:
    became = Counter(suggestion.outcome for suggestion in one.review.suggestions)
    drawn = len(one.review.drawn)
    kept = (Outcome.ACCEPT, Outcome.ADJUST, Outcome.DELETE, Outcome.RELABEL)
    return [1, drawn, drawn if one.seen else 0, *(became[outcome] for outcome in kept)]
