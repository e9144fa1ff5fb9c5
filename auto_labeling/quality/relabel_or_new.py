"""Whether to ask about a new item or to ask again: one score for both, given a classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError
from auto_labeling.ratings import Ratings

Floats: TypeAlias = NDArray[np.float64]

_LEAST_WEIGHT = 1e-6
_TINY = 1e-12
_FITTED_ON = 10_000
"""Items that the temperature of the classifier is fitted on, at the most about."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """How much a classifier and each person count in the average that is an item's label."""

    model: float
    people: Floats
    """(w,) the weight of one opinion of each."""
    agreement: float
    """How often opinions are those of the consensus."""


def relabel_or_new(
    ratings: Ratings, proba: NDArray[np.floating[Any]], *, temperature: float | None = None
) -> Floats:
    """Return (n,) scores in [0, 1]: ask sooner where higher, be it the first or another opinion.

    `proba` is (n, k), by models that were fitted without the item. An item without opinions is new.
    The score is 1 less ActiveLab's: the weighted average of the classifier, of the opinions there
    are, and of one more that is taken to say nothing. `temperature` divides the logarithms of
    `proba`; None: that at which they predict the opinions best, and 1 where no item has several.

    References:
        Goh, H. W. and Mueller, J. (2023). ActiveLab: Active Learning with Re-Labeling by Multiple
        Annotators. arXiv:2301.11856
        Goh, H. W., Tkachenko, U. and Mueller, J. (2022). CROWDLAB: Supervised learning to infer
        consensus labels and quality scores for data with multiple annotators. arXiv:2210.06812

    >>> opinions = [("a", "ann", 0), ("b", "ann", 0), ("b", "bob", 1), ("c", "ann", 1)]
    >>> ratings = Ratings.of([*opinions, ("c", "bob", 1), ("d", "bob", 0), ("d", "ann", 0)])[0]
    >>> proba = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8], [0.9, 0.1]])
    >>> relabel_or_new(ratings, proba, temperature=1.0).round(2)
    array([0.1, 0.5, 0.2, 0.1])
    """
    n, w, k = ratings.shape
    expect_shape("proba", proba, (n, k))
    if not (np.isfinite(proba).all() and (proba >= 0).all()):
        raise DataError("proba: expected probabilities, got a negative or an unknown one")
    counts = ratings.counts()
    if (counts.sum(axis=1) > 1).any():
        fitted = _temperature(proba, counts) if temperature is None else temperature
        belief = _tempered(proba, fitted)
        weights = _weights(ratings, counts, belief, _leading(counts, belief))
        # The average may lead to other labels than the vote, and these to other weights.
        labels = _average(ratings, counts, belief, weights).argmax(axis=1)
        weights = _weights(ratings, counts, belief, labels)
        label = _average(ratings, counts, belief, weights).max(axis=1)
    else:
        belief = _tempered(proba, 1.0 if temperature is None else temperature)
        weights = Weights(model=1.0, people=np.ones(w), agreement=1.0)
        asked = counts.any(axis=1)
        label = np.where(asked, (belief * counts).sum(axis=1), belief.max(axis=1))
    said = weights.model + _sum_a_item(ratings, weights.people[ratings.people])
    usual = weights.people.mean() if w else 1.0
    scores: Floats = 1 - (label * said + usual / k) / (said + usual)
    return scores


def _tempered(proba: NDArray[np.floating[Any]], temperature: float) -> Floats:
    logs = np.log(np.maximum(proba, _TINY)) / temperature
    logs -= logs.max(axis=1, keepdims=True)
    found: Floats = np.exp(logs, out=logs)
    found /= found.sum(axis=1, keepdims=True)
    return found


def _temperature(proba: NDArray[np.floating[Any]], counts: NDArray[np.intp]) -> float:
    """Return the temperature at which the classifier predicts the shares of the votes best."""
    from scipy.optimize import minimize_scalar

    asked = np.flatnonzero(counts.any(axis=1))
    asked = asked[:: max(len(asked) // _FITTED_ON, 1)]
    shares = counts[asked] / counts[asked].sum(axis=1, keepdims=True)

    def surprise(log_temperature: float) -> float:
        belief = _tempered(proba[asked], np.exp(log_temperature))
        return float(-(shares * np.log(np.maximum(belief, _TINY))).sum())

    found = minimize_scalar(surprise, bounds=(math.log(0.1), math.log(10.0)), method="bounded")
    return float(np.exp(found.x))


def _leading(counts: NDArray[np.intp], belief: Floats) -> NDArray[np.intp]:
    """Return (n,) the class with the most votes; of several, what the classifier finds likelier."""
    leads: NDArray[np.intp] = (counts + belief / 2).argmax(axis=1)
    return leads


def _weights(
    ratings: Ratings, counts: NDArray[np.intp], belief: Floats, labels: NDArray[np.intp]
) -> Weights:
    """Return how much less everybody errs than who always says the commonest class.

    People err where they differ from others who answered the same item, the classifier where it
    differs from the label. Only items with several opinions tell.
    """
    opinions = counts.sum(axis=1)
    shared = opinions > 1
    found = labels[shared]
    classes = np.bincount(found, minlength=counts.shape[1])
    commonest = max(1 - classes.max() / len(found), _LEAST_WEIGHT)
    w = ratings.shape[1]
    others = opinions[ratings.items] - 1
    alike = counts[ratings.items, ratings.labels] - 1
    met = np.bincount(ratings.people, others, minlength=w)
    agreed = np.bincount(ratings.people, alike, minlength=w)
    agreement = np.divide(agreed, met, out=np.full(w, np.nan), where=met > 0)
    agreement[met == 0] = agreement[met > 0].mean()
    model_errs = (belief[shared].argmax(axis=1) != found).mean()
    better = max(1 - model_errs / commonest, _LEAST_WEIGHT)
    with_label = counts[np.arange(len(labels)), labels]
    return Weights(
        model=better * np.sqrt(opinions[opinions > 0].mean()),
        people=np.maximum(1 - (1 - agreement) / commonest, _LEAST_WEIGHT),
        agreement=float((with_label[shared] / opinions[shared]).mean()),
    )


def _average(
    ratings: Ratings, counts: NDArray[np.intp], belief: Floats, weights: Weights
) -> Floats:
    """Return (n, k) the classes' probabilities: the average of the classifier and the opinions."""
    n, k = counts.shape
    each = weights.people[ratings.people]
    cells = ratings.items.astype(np.intp) * k + ratings.labels
    votes = np.bincount(cells, each, minlength=n * k).reshape(n, k)
    total = votes.sum(axis=1, keepdims=True)
    error = (1 - weights.agreement) / (k - 1)
    said = votes * weights.agreement + (total - votes) * error
    found: Floats = (weights.model * belief + said) / (weights.model + total)
    return found


def _sum_a_item(ratings: Ratings, values: Floats) -> Floats:
    # Without any entry, counts are what comes back.
    sums = np.bincount(ratings.items, values, minlength=ratings.shape[0])
    return sums.astype(np.float64)
