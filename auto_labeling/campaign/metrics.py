"""What a model can be judged by: every metric by its name, as a function of counts.

A confusion matrix is more than these metrics need: for each class how often it was true, how often
it was predicted, and how often both; and how many items were right as a whole. Where an item may
have several classes, it is right if its set is. Counts of many resamples are stacked in leading
axes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.errors import ConfigurationError

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counts:
    """How often each of k classes was right, true and predicted, (..., k), and items, (...)."""

    hits: Floats
    truths: Floats
    guesses: Floats
    right: Floats
    """How many items were right as a whole."""
    items: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure in [0, 1], higher = better, that counts decide."""

    rate: Callable[[Counts], Floats]
    """Counts (..., k) -> (...) the figure; nan where it is undefined."""
    size: Callable[[Counts], Floats]
    """Counts (..., k) -> (...) the number of items of which a share is as sure as this figure."""
    weight: Callable[[Counts, Counts], Floats]
    """Counts of u units (u, k) and of all (k,) -> (u,) how much of the figure each unit makes."""
    share: bool
    """Whether it is a share of `size` items, so that without groups it is binomial."""
    shown: Callable[[float], float] = float
    """Increasing; from the rate, on which the interval is made, to the figure that is shown."""


def mean_defined(values: Floats) -> Floats:
    """Return (...) means over the last axis of what is not nan; nan where nothing is."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(-1), known.sum(-1).astype(np.float64))


def _relevant(counts: Counts) -> Floats:
    return counts.truths + counts.guesses - counts.hits


def _recalls(counts: Counts) -> Floats:
    return ratio(counts.hits, counts.truths)


def _f1s(counts: Counts) -> Floats:
    return ratio(2 * counts.hits, counts.truths + counts.guesses)


def _f1_of_jaccard(jaccard: float) -> float:
    return 2 * jaccard / (1 + jaccard)


def _share_of(
    hits: Callable[[Counts], Floats],
    size: Callable[[Counts], Floats],
    shown: Callable[[float], float] = float,
) -> Metric:
    return Metric(
        rate=lambda counts: ratio(hits(counts), size(counts)),
        size=size,
        weight=lambda units, all_of_them: ratio(size(units), size(all_of_them)),
        share=True,
        shown=shown,
    )


def _average_of(rates: Callable[[Counts], Floats]) -> Metric:
    """Average over the classes that occur, as scikit-learn does."""
    return Metric(
        rate=lambda counts: mean_defined(rates(counts)),
        size=_balanced_size,
        weight=lambda units, all_of_them: mean_defined(ratio(units.truths, all_of_them.truths)),
        share=False,
    )


def _balanced_size(counts: Counts) -> Floats:
    """Return of how many items a share is as sure as an average over classes is.

    The mean of k shares p of n_c items each has the variance p (1 - p) sum(1 / n_c) / k^2.
    """
    seen = counts.truths > 0
    inverse = np.where(seen, ratio(np.ones(()), counts.truths), 0.0).sum(-1)
    return ratio(seen.sum(-1).astype(np.float64) ** 2, inverse)


def _of(at: int, values: Callable[[Counts], Floats]) -> Callable[[Counts], Floats]:
    return lambda counts: values(counts)[..., at]


def _hits(counts: Counts) -> Floats:
    return counts.hits


def _truths(counts: Counts) -> Floats:
    return counts.truths


def _guesses(counts: Counts) -> Floats:
    return counts.guesses


OVERALL: Mapping[str, Metric] = {
    "accuracy": _share_of(lambda counts: counts.right, lambda counts: counts.items),
    "balanced_accuracy": _average_of(_recalls),
    "f1_macro": _average_of(_f1s),
    # Of one class an item it is the accuracy. Labels of one item err together: no binomial share.
    "f1_micro": Metric(
        rate=lambda counts: ratio(counts.hits.sum(-1), _relevant(counts).sum(-1)),
        size=lambda counts: _relevant(counts).sum(-1),
        weight=lambda units, all_of_them: ratio(
            _relevant(units).sum(-1), _relevant(all_of_them).sum(-1)
        ),
        share=False,
        shown=_f1_of_jaccard,
    ),
}
PER_CLASS: Mapping[str, Callable[[int], Metric]] = {
    # F1 by the Jaccard index: the share of hits among items that are, or are taken for, the class.
    "f1": lambda at: _share_of(_of(at, _hits), _of(at, _relevant), _f1_of_jaccard),
    "precision": lambda at: _share_of(_of(at, _hits), _of(at, _guesses)),
    "recall": lambda at: _share_of(_of(at, _hits), _of(at, _truths)),
}
"""By name: the position of a class -> its metric, asked for as `recall/person`."""


def _log_losses(truth: NDArray[np.intp], proba: Floats) -> Floats:
    """Return (n,) negative log probabilities of what is true; lower = better.

    Of several labels it is the mean over labels.
    """
    clipped = np.clip(_of_true(truth, proba), np.finfo(np.float64).eps, 1.0)
    return _per_item(-np.log(clipped))


def _brier_losses(truth: NDArray[np.intp], proba: Floats) -> Floats:
    """Return (n,) squared distances to the true class, in [0, 2]; lower = better (Brier 1950).

    Of several labels it is the mean over labels, in [0, 1].
    """
    if truth.ndim == 2:
        return _per_item((proba - truth) ** 2)
    return np.asarray((proba**2).sum(1) - 2 * _of_true(truth, proba) + 1)


def _of_true(truth: NDArray[np.intp], proba: Floats) -> Floats:
    """Return the probability of the true class, (n,), or of each label's truth, (n, k)."""
    if truth.ndim == 2:
        return np.where(truth == 1, proba, 1.0 - proba)
    return np.asarray(proba[np.arange(len(truth)), truth])


def _per_item(losses: Floats) -> Floats:
    return np.asarray(losses.mean(axis=1) if losses.ndim == 2 else losses)


LOSSES: Mapping[str, Callable[[NDArray[np.intp], Floats], Floats]] = {
    "brier": _brier_losses,
    "log_loss": _log_losses,
}
"""By name: truth and probabilities as of `evaluate` -> (n,) losses, whose mean is shown."""


def metric(name: str, classes: Sequence[str]) -> Metric:
    """Return the metric of a name that `check_metrics` has passed and that is no loss."""
    if name in OVERALL:
        return OVERALL[name]
    kind, _, one = name.partition("/")
    return PER_CLASS[kind](list(classes).index(one))


def cohen_kappa(first: NDArray[Any], second: NDArray[Any]) -> float:
    """Return the agreement of two (n,) prediction vectors beyond chance, at most 1.

    nan where chance alone explains everything: no items, or one and the same class throughout.

    References:
        Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and
        Psychological Measurement 20.

    >>> round(cohen_kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])), 3)
    0.5
    """
    if first.shape != second.shape or first.ndim != 1:
        raise ConfigurationError(
            f"cohen_kappa: expected two vectors of one length, got {first.shape}, {second.shape}"
        )
    if len(first) == 0:
        return float("nan")
    names, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    one, other = codes[: len(first)], codes[len(first) :]
    shares = [np.bincount(side, minlength=len(names)) / len(first) for side in (one, other)]
    chance = float(shares[0] @ shares[1])
    if len(names) == 1:
        return float("nan")
    return (float((one == other).mean()) - chance) / (1 - chance)
