"""How good and how settled a session's model is, as far as its own labels can tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.campaign.intervals import exact
from auto_labeling.campaign.metrics import cohen_kappa
from auto_labeling.models import learning
from auto_labeling.ports import Shift
from auto_labeling.records import Interval
from auto_labeling.strategies.stopping.evidence import shift
from auto_labeling.view import len_of

_COMPARED = 2_000  # pool rows on which the predictions of two rounds are compared
_SEED = 0  # of folds and of the compared rows: the same in every round


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What a model says of the rows on which models are compared."""

    rows: NDArray[np.intp]
    """(m,) positions in the pool, the same for every model."""
    classes: NDArray[Any]
    """(k,) what it has seen so far, in the order of its probabilities."""
    proba: NDArray[np.float64]
    """(m, k)"""
    labels: int
    """How many labels it learned from."""

    def guesses(self) -> NDArray[Any]:
        """Return (m,) the likeliest classes."""
        likeliest: NDArray[Any] = self.classes[self.proba.argmax(axis=1)]
        return likeliest

    def among(self, classes: NDArray[Any]) -> NDArray[np.float64]:
        """Return (m, j) probabilities of sorted classes; those that it has not seen have 0."""
        spread = np.zeros((len(self.proba), len(classes)))
        spread[:, np.searchsorted(classes, self.classes)] = self.proba
        return spread


def cross_validated(model: Any, rows: Any, labels: NDArray[Any]) -> Interval:
    """Return the share of labels that copies of the model, fitted without them, predict.

    The limits are exact 95 % limits of a share; unknown without five labels of two classes.
    """
    if model is None or not len(labels):
        return Interval.unknown()
    hits = learning.hits_out_of_fold(model, rows, labels, _SEED)
    if not len(hits):
        return Interval.unknown()
    low, high = exact(int(hits.sum()), len(hits))
    return Interval(value=float(hits.mean()), low=low, high=high, n=len(hits))


def said(model: Any, rows: Any, labels: int) -> Said | None:
    """Return what a model says of at most 2,000 rows, always the same; None without a model."""
    if model is None:
        return None
    n = len_of(rows)
    compared = np.sort(np.random.default_rng(_SEED).choice(n, min(n, _COMPARED), replace=False))
    return Said(
        rows=compared,
        classes=np.asarray(model.classes_),
        proba=learning.proba(model, data.take(rows, compared)),
        labels=labels,
    )


def agreement(before: Said | None, after: Said | None) -> float:
    """Return Cohen's kappa of what two models predict; nan where one is missing."""
    if before is None or after is None:
        return math.nan
    return cohen_kappa(after.guesses(), before.guesses())


def shifted(before: Said | None, after: Said | None, labeled: NDArray[np.intp]) -> Shift | None:
    """Return what the newer model predicts otherwise; None where one is missing.

    `labeled` are the positions whose labels are known. The newer model's probabilities are taken
    at their word, as in a campaign without judges.
    """
    if before is None or after is None:
        return None
    classes = np.union1d(before.classes, after.classes)
    return shift(
        before.among(classes),
        after.among(classes),
        np.isin(after.rows, labeled),
        before=before.labels,
        items=after.labels,
    )
