"""How good and how settled a session's model is, as far as its own labels can tell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.intervals import exact
from auto_labeling.campaign.metrics import cohen_kappa
from auto_labeling.records import Interval
from auto_labeling.sampling import learning
from auto_labeling.sampling import rows as data
from auto_labeling.sampling.metrics import guesses
from auto_labeling.view import len_of

_COMPARED = 2_000  # pool rows on which the predictions of two rounds are compared
_SEED = 0  # of folds and of the compared rows: the same in every round


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


def predictions(model: Any, rows: Any) -> NDArray[Any] | None:
    """Return what the model says of at most 2,000 rows, always the same; None without a model."""
    if model is None:
        return None
    n = len_of(rows)
    compared = np.sort(np.random.default_rng(_SEED).choice(n, min(n, _COMPARED), replace=False))
    return guesses(model, data.take(rows, compared))


def agreement(after: NDArray[Any] | None, before: NDArray[Any] | None) -> float:
    """Return Cohen's kappa of two predictions of the same rows; nan where one is missing."""
    if after is None or before is None:
        return math.nan
    return cohen_kappa(after, before)
