"""Seconds that suggestions save people, against drawing everything themselves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.preannotation.reviewing import Outcome, Review, Reviewed
from auto_labeling.records import Interval


def seconds_saved(one: Reviewed, times: AnnotationTimes) -> float:
    """Return the seconds that showing a suggestion saved; below zero where it cost some.

    What was kept in any way is an object that would have had to be noticed and drawn.

    >>> one = Reviewed(label="car", score=0.9, outcome=Outcome.DELETE)
    >>> seconds_saved(one, AnnotationTimes())
    -1.8
    """
    return outcome_value(one.outcome, times, is_box=one.is_box)


def outcome_value(outcome: Outcome, times: AnnotationTimes, *, is_box: bool = True) -> float:
    """Return the seconds that showing saves where a suggestion comes to this."""
    drawing = times.notice_s + (times.draw_box_s if is_box else times.draw_mask_s)
    match outcome:
        case Outcome.ACCEPT:
            return drawing - times.accept_s
        case Outcome.ADJUST:
            return drawing - (times.adjust_s if is_box else times.correct_mask_s)
        case Outcome.RELABEL:
            return drawing - times.relabel_s
        case Outcome.DELETE:
            return -times.delete_s


def saved(
    reviews: Sequence[Review],
    times: AnnotationTimes,
    rng: np.random.Generator,
    *,
    alpha: float = 0.05,
    draws: int = 2000,
) -> Interval:
    """Return the seconds a picture that suggestions saved, with bootstrap limits over pictures.

    Only drawing is counted: opening a picture costs the same either way. On a picture without
    suggestions nothing has to be noticed as missing: every object is drawn.
    """
    n = len(reviews)
    if n == 0:
        return Interval.unknown()
    each = np.array([_saved_on(review, times) for review in reviews])
    means = np.array([each[rng.integers(n, size=n)].mean() for _ in range(draws)])
    low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
    return Interval(value=float(each.mean()), low=float(low), high=float(high), n=n)


def _saved_on(review: Review, times: AnnotationTimes) -> float:
    objects = len(review.drawn) + sum(
        one.outcome is not Outcome.DELETE for one in review.suggestions
    )
    shown = sum(seconds_saved(one, times) for one in review.suggestions)
    return shown - times.notice_s * objects
