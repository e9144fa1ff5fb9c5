"""What people did with suggestions, told from what was shown and what they answered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from scipy.optimize import linear_sum_assignment

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.formats.overlaps import ious
from auto_labeling.shapes import Box, Shape

UNTOUCHED = 0.99
"""The IoU from which on a shape is the one that was shown: tools round what they store."""
_FOUND = AnnotationTimes().adjust_iou
_FITS = AnnotationTimes().accept_iou


class Outcome(StrEnum):
    """What became of a suggestion."""

    ACCEPT = "accept"
    ADJUST = "adjust"
    RELABEL = "relabel"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One suggestion that somebody has looked at."""

    label: str
    """The class that was suggested."""
    score: float
    outcome: Outcome
    is_box: bool = True
    """Outlines and masks take longer to draw and to correct."""
    iou: float = field(default=math.nan, compare=False)
    """How well it fits the answer that it was paired with; 0 where it was deleted."""

    @property
    def agreed(self) -> bool:
        """Whether the answer says the same, whether or not an edge was moved."""
        return self.outcome in (Outcome.ACCEPT, Outcome.ADJUST) and self.iou >= _FITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What one person did with the suggestions on one picture."""

    suggestions: tuple[Reviewed, ...] = ()
    drawn: tuple[Shape, ...] = ()
    """What nobody had suggested."""


def reviewed(
    shown: tuple[Shape, ...], answered: tuple[Shape, ...], *, accepted: float = UNTOUCHED
) -> Review:
    """Return what an answer made of the suggestions.

    Suggestions and answers are paired so that the sum of their IoU is greatest; an IoU below .3
    makes no pair. A suggestion without one was deleted, an answer without one drawn. Another class
    is relabeled; an IoU of `accepted` or more is accepted, by default where nobody moved an edge.

    Of a person who saw no suggestions, what the model would have shown can be reviewed all the
    same, for all its scores: with `accepted=AnnotationTimes().accept_iou`.

    >>> car = Box(label="car", x=0.1, y=0.1, width=0.4, height=0.4, score=0.9)
    >>> made = reviewed((car,), (Box(label="van", x=0.1, y=0.1, width=0.4, height=0.4),))
    >>> made.suggestions[0].outcome.value, made.drawn
    ('relabel', ())
    """
    overlaps = ious(shown, answered)
    one_way, other_way = (np.array([one.label for one in some]) for some in (shown, answered))
    same = one_way[:, None] == other_way
    # Where two answers fit equally well, the one of the suggested class is its.
    preferred = np.where(overlaps >= _FOUND, overlaps + 1e-6 * same, 0.0)
    rows, columns = linear_sum_assignment(preferred, maximize=True)
    pairs = {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if preferred[row, column] > 0
    }
    suggestions = []
    for at, one in enumerate(shown):
        other = pairs.get(at)
        outcome = (
            Outcome.DELETE
            if other is None
            else _outcome(one, answered[other], overlaps[at, other] >= accepted)
        )
        fit = 0.0 if other is None else float(overlaps[at, other])
        suggestions.append(_reviewed(one, outcome, fit))
    left = set(range(len(answered))) - set(pairs.values())
    return Review(suggestions=tuple(suggestions), drawn=tuple(answered[at] for at in sorted(left)))


def by_class(reviews: Sequence[Review]) -> dict[str, list[Reviewed]]:
    """Return class -> its suggestions, in order of first appearance."""
    found: dict[str, list[Reviewed]] = {}
    for review in reviews:
        for one in review.suggestions:
            found.setdefault(one.label, []).append(one)
    return found


def _outcome(one: Shape, other: Shape, fits: bool) -> Outcome:
    if one.label != other.label:
        return Outcome.RELABEL
    return Outcome.ACCEPT if fits else Outcome.ADJUST


def _reviewed(one: Shape, outcome: Outcome, fit: float) -> Reviewed:
    return Reviewed(
        label=one.label,
        score=1.0 if one.score is None else one.score,
        outcome=outcome,
        is_box=isinstance(one, Box),
        iou=fit,
    )
