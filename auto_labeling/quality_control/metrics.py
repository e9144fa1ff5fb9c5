"""The measures of agreement by the names that people type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from auto_labeling.arguments import as_number
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality.agreement import (
    Coefficient,
    FleissKappa,
    GwetAC1,
    IntervalAlpha,
    NominalAlpha,
    OrdinalAlpha,
    Percent,
    coefficient_interval,
)
from auto_labeling.quality.agreement.drawings import Drawings, DrawnAgreement
from auto_labeling.quality.agreement.pairs import mean_cohen_kappa
from auto_labeling.quality.agreement.resampling import DRAWS, resampled
from auto_labeling.quality.set_alpha import SetAlpha
from auto_labeling.quality_control.annotations import Annotations
from auto_labeling.records import Interval

_MOST_CELLS = 50_000_000
"""Figures that grades are compared by: for every item, and for every draw of items, k x k."""
_Measure = Callable[[Annotations, np.random.Generator], Interval]


class Agreement(float):
    """A measure of agreement: a number, at most 1, with its limits beside it.

    >>> kappa = Agreement(Interval(value=0.5, low=0.25, high=0.75, n=80))
    >>> f"{kappa:.2f}", kappa.interval.low, kappa.why_unknown
    ('0.50', 0.25, None)
    """

    interval: Interval
    """With 95 % limits that resample items; `n` is how many items it rests on."""
    why_unknown: str | None
    """Why it is nan, where it is."""

    def __new__(cls, interval: Interval, why_unknown: str | None = None) -> Agreement:
        """Make the number of an interval."""
        made = super().__new__(cls, interval.value)
        made.interval = interval
        made.why_unknown = why_unknown
        return made


def measured(annotations: Annotations, metric: str, rng: np.random.Generator) -> Agreement:
    """Return the agreement by this metric. Raises `ConfigurationError` for one that is none."""
    if not isinstance(metric, str):
        raise ConfigurationError(f"metric: expected a name, got a {type(metric).__name__}")
    if annotations.nothing and metric in OF_SHAPES.keys() - OF_LABELS.keys():
        n = int((annotations.ratings()[0].counts().sum(axis=1) >= 2).sum())
        return Agreement(replace(Interval.unknown(), n=n), "nobody drew anything")
    table = OF_SHAPES if annotations.kind == "drawn" else OF_LABELS
    if metric not in table:
        of = "shapes" if annotations.kind == "drawn" else "labels"
        other = OF_LABELS if annotations.kind == "drawn" else OF_SHAPES
        only = f"; {metric} is for {'labels' if of == 'shapes' else 'shapes'}"
        raise ConfigurationError(
            f"metric: expected, of {of}, one of {', '.join(sorted(table))}, got {metric!r}"
            + (only if metric in other else "")
        )
    interval = table[metric](annotations, rng)
    return Agreement(interval, _why(annotations, metric, interval))


def _why(annotations: Annotations, metric: str, interval: Interval) -> str | None:
    if not math.isnan(interval.value):
        return None
    if not interval.n:
        return "no item was labeled by two annotators, so that there is nothing to compare"
    if annotations.kind == "drawn" and metric != "krippendorff_alpha":
        return "no object was drawn by two annotators"
    if annotations.kind == "drawn" and interval.n < 2:
        return "one picture has no other to tell agreement from chance by"
    return (
        "all answers that can be compared are the same, so that agreement cannot be told from "
        "chance"
    )


def _coefficient(coefficient: Coefficient) -> _Measure:
    def measure(annotations: Annotations, rng: np.random.Generator) -> Interval:
        return coefficient_interval(coefficient, annotations.ratings()[0].counts(), rng)

    return measure


def _cohen(annotations: Annotations, rng: np.random.Generator) -> Interval:
    return mean_cohen_kappa(annotations.ratings()[0], rng)


def _alpha(annotations: Annotations, rng: np.random.Generator) -> Interval:
    if annotations.kind == "single":
        return _coefficient(NominalAlpha())(annotations, rng)
    ratings, _, sets = annotations.ratings()
    names = sorted({name for one in sets for name in one}, key=str)
    counts = ratings.counts()
    said = np.array([[name in one for name in names] for one in sets], dtype=np.intp)
    answers = counts.sum(axis=1)
    alpha = SetAlpha()
    terms = alpha.terms(counts @ said.reshape(len(sets), len(names)), answers)
    return resampled(terms, alpha.value, rng, n=int((answers >= 2).sum()))


def _ordinal(annotations: Annotations, rng: np.random.Generator) -> Interval:
    grades = len(_numbers(annotations.classes()))  # words have no order that anybody has told
    if not grades:
        return Interval.unknown()
    if max(len(annotations.items), DRAWS) * grades**2 > _MOST_CELLS:
        raise DataError(
            f"annotations: {grades} different grades take too much memory; round them, or use "
            "krippendorff_alpha_interval"
        )
    return _coefficient(OrdinalAlpha())(annotations, rng)


def _interval(annotations: Annotations, rng: np.random.Generator) -> Interval:
    ratings, _, classes = annotations.ratings()
    if not classes:
        return Interval.unknown()
    return coefficient_interval(IntervalAlpha(values=_numbers(classes)), ratings.counts(), rng)


def _numbers(classes: Sequence[Any]) -> tuple[float, ...]:
    numbers = tuple(map(as_number, classes))
    for one, number in zip(classes, numbers, strict=True):
        if math.isnan(number):
            raise DataError(f"annotations: expected numbers as labels, got {one!r}")
    return numbers


def _drawn(figure: Callable[[DrawnAgreement], Interval]) -> _Measure:
    def measure(annotations: Annotations, rng: np.random.Generator) -> Interval:
        votes, _, _ = annotations.votes()
        return figure(Drawings.of(votes, rng).agreement(rng))

    return measure


OF_LABELS: dict[str, _Measure] = {
    "cohen_kappa": _cohen,
    "fleiss_kappa": _coefficient(FleissKappa()),
    "gwet_ac1": _coefficient(GwetAC1()),
    "krippendorff_alpha": _alpha,
    "krippendorff_alpha_interval": _interval,
    "krippendorff_alpha_ordinal": _ordinal,
    "percent": _coefficient(Percent()),
}
"""Name -> measure, of labels; sets of labels are compared as wholes, but for Krippendorff's alpha,
whose distance is how many labels two sets do not share."""
OF_SHAPES: dict[str, _Measure] = {
    "dice": _drawn(lambda found: found.dice),
    "f1": _drawn(lambda found: found.f1),
    "iou": _drawn(lambda found: found.iou),
    "krippendorff_alpha": _drawn(lambda found: found.alpha),
}
"""Name -> measure, of boxes, polygons and masks."""


def each_item(annotations: Annotations, rng: np.random.Generator) -> list[tuple[Any, float]]:
    """Return the items with several answers, and how far these agree, in [0, 1]."""
    if annotations.kind == "drawn":
        drawings = Drawings.of(annotations.votes()[0], rng)
        items = [annotations.items[int(one)] for one in drawings.pictures]
        return list(zip(items, drawings.alike().tolist(), strict=True))
    ratings, items, _ = annotations.ratings()
    terms = Percent().terms(ratings.counts())
    return [
        (item, float(share)) for item, (share, several) in zip(items, terms, strict=True) if several
    ]
