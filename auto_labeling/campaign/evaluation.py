"""How good a model is on items it never learned from: named metrics, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from auto_labeling.campaign.intervals import (
    Groups,
    exact,
    lower_bound,
    percentiles,
    resampled,
    spent,
)
from auto_labeling.campaign.metric_names import ITEMS
from auto_labeling.campaign.metrics import (
    LOSSES,
    Counts,
    Floats,
    Metric,
    cohen_kappa,
    metric,
)
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import Interval

__all__ = ["codes_of", "cohen_kappa", "evaluate", "lower_bound", "spent"]

_CELLS_AT_ONCE = 4_000_000  # of resampling weights, about 32 MB


def evaluate(
    truth: ArrayLike,
    proba: ArrayLike,
    classes: Sequence[str],
    metrics: Sequence[str],
    *,
    groups: ArrayLike | None = None,
    alpha: float = 0.05,
    rng: np.random.Generator,
    draws: int = 1000,
) -> dict[str, Interval]:
    """Return the value of each metric with limits of which each side spends alpha / 2.

    A target is tested on `low` alone, so `alpha=2 * spent(alpha, rounds)` makes `low` the bound for
    one of so many tests. Without groups, shares (accuracy; recall, precision and F1 of a class)
    have exact binomial limits. Averages over classes, and everything where there are `groups`,
    resample items, or whole groups, `draws` times: see `intervals.resampled`. Losses are unbounded
    and have percentile limits. What is undefined, such as the recall of an absent class, is nan.
    A metric's interval does not depend on which others are asked for.

    Args:
        truth: (n,) positions in `classes`; or (n, k) zeros and ones, where an item may have
            several: it is then taken to have those whose probability is above one half.
        proba: (n, k) probabilities, in the order of `classes`.
        classes: the k names.
        metrics: names such as `accuracy`, `f1_macro`, `recall/person`, `log_loss`.
        groups: (n,) what is resampled whole, such as the patient of each item.
        alpha: the error that the two limits spend together.
        rng: where the resamples come from.
        draws: how many resamples.

    >>> truth, proba = [0, 0, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]]
    >>> found = evaluate(truth, proba, ["cat", "dog"], ["accuracy", "recall/dog"],
    ...                  rng=np.random.default_rng(0))
    >>> found["accuracy"].value, round(found["accuracy"].low, 3), found["recall/dog"].n
    (0.75, 0.194, 2)
    """
    ITEMS.check(metrics, classes)
    if not 0 < alpha < 1:
        raise ConfigurationError(f"alpha: expected (0, 1), got {alpha}")
    losses = [name for name in metrics if name in LOSSES]
    true, given = _checked(truth, proba, len(classes), sums=bool(losses))
    if len(true) == 0:
        return {name: Interval.unknown() for name in metrics}
    codes = None if groups is None else codes_of(groups, len(true))
    count_rng, *loss_rngs = rng.spawn(1 + len(LOSSES))
    counted = {name: metric(name, classes) for name in metrics if name not in LOSSES}
    sample = _count(true, given, codes)
    found = _judge_counts(sample, counted, alpha, count_rng, draws)
    for name, loss_rng in zip(LOSSES, loss_rngs, strict=True):
        if name in losses:
            sample = _sum(LOSSES[name](true, given), codes)
            found[name] = _judge_loss(sample, alpha, loss_rng, draws)
    return {name: found[name] for name in metrics}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Sample:
    """What was seen, by the units that are resampled: items, or groups of them."""

    rows: Any
    """Sparse (u, s): what each kind of unit adds to s sums."""
    times: NDArray[np.int64]
    """(u,) how many units are of that kind."""
    grouped: bool
    """Whether units are groups of items."""
    clustered: bool
    """Whether a unit adds to several classes, which then err together."""

    def total(self) -> Floats:
        """Return (s,) sums over all units."""
        return np.asarray(self.rows.T @ self.times, dtype=np.float64)

    def resample(self, draws: int, rng: np.random.Generator) -> Floats:
        """Return (draws, s) sums over as many units, drawn with replacement."""
        units, shares = int(self.times.sum()), self.times / self.times.sum()
        step = max(1, _CELLS_AT_ONCE // len(shares))
        parts = [
            self.rows.T @ rng.multinomial(units, shares, size=min(step, draws - start)).T
            for start in range(0, draws, step)
        ]
        return np.asarray(np.concatenate(parts, axis=1).T, dtype=np.float64)


def _count(truth: NDArray[np.intp], given: Floats, codes: NDArray[np.intp] | None) -> _Sample:
    """Return the sample whose sums are k hits, k truths, k guesses, items right, and items."""
    k = given.shape[1]
    if truth.ndim == 2:
        return _sample(_set_counts(truth, given > 0.5), codes, clustered=True)
    guess = given.argmax(axis=1)
    if codes is None:
        # Items with the same truth and guess are one kind: at most k * k kinds are resampled.
        kinds, times = np.unique(truth * k + guess, return_counts=True)
        rows = _class_counts(kinds // k, kinds % k, k)
        return _Sample(rows=rows, times=times, grouped=False, clustered=False)
    return _sample(_class_counts(truth, guess, k), codes)


def _class_counts(truth: NDArray[np.intp], guess: NDArray[np.intp], k: int) -> Any:
    """Return sparse (n, 3 k + 2) what each item adds."""
    right = np.flatnonzero(truth == guess)
    every = np.arange(len(truth))
    row = np.concatenate([right, every, every, right, every])
    column = np.concatenate(
        [
            truth[right],
            k + truth,
            2 * k + guess,
            np.repeat([3 * k, 3 * k + 1], [len(right), len(every)]),
        ]
    )
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(every), 3 * k + 2))


def _set_counts(truth: NDArray[np.intp], guess: NDArray[np.bool_]) -> Any:
    """Return sparse (n, 3 k + 2) what each item adds."""
    true = truth == 1
    right = (true == guess).all(axis=1, keepdims=True)
    parts = [true & guess, true, guess, right, np.ones_like(right)]
    return sparse.csr_array(np.concatenate(parts, axis=1).astype(np.float64))


def _sample(rows: Any, codes: NDArray[np.intp] | None, *, clustered: bool = False) -> _Sample:
    """Return the sample of items, or of the groups that they are in."""
    if codes is not None:
        members = (np.ones(len(codes)), (codes, np.arange(len(codes))))
        rows = sparse.csr_array(members) @ rows
    times = np.ones(rows.shape[0], dtype=np.int64)
    grouped = codes is not None
    return _Sample(rows=rows, times=times, grouped=grouped, clustered=clustered or grouped)


def _sum(losses: Floats, codes: NDArray[np.intp] | None) -> _Sample:
    """Return the sample whose sums are the loss and the number of items."""
    row = np.arange(len(losses)) if codes is None else codes
    sums = np.stack([np.bincount(row, losses), np.bincount(row)], axis=1)
    return _Sample(
        rows=sparse.csr_array(sums),
        times=np.ones(len(sums), dtype=np.int64),
        grouped=codes is not None,
        clustered=codes is not None,
    )


def _judge_counts(
    sample: _Sample,
    metrics: Mapping[str, Metric],
    alpha: float,
    rng: np.random.Generator,
    draws: int,
) -> dict[str, Interval]:
    total = _counts(sample.total())
    exactly = {
        name: _exact(one, total, alpha)
        for name, one in metrics.items()
        if one.share and not sample.grouped
    }
    rest = {name: one for name, one in metrics.items() if name not in exactly}
    if not rest:
        return exactly
    drawn = _counts(sample.resample(draws, rng))
    units = _counts(sample.rows.toarray()) if sample.clustered else None
    return exactly | {
        name: _resampled(one, total, drawn, units, alpha) for name, one in rest.items()
    }


def _exact(one: Metric, total: Counts, alpha: float) -> Interval:
    value, size = float(one.rate(total)), float(one.size(total))
    return _interval(one, value, exact(value * size, size, alpha), size)


def _resampled(
    one: Metric, total: Counts, drawn: Counts, groups: Counts | None, alpha: float
) -> Interval:
    value, size = float(one.rate(total)), float(one.size(total))
    rates = one.rate(drawn)
    known = rates[~np.isnan(rates)]
    variance = float(known.var()) if len(known) else 0.0
    worth = None if groups is None else _worth(one, total, groups)
    limits = resampled(value, variance, n=size, groups=worth, alpha=alpha)
    return _interval(one, value, limits, size if one.share else float(total.items))


def _worth(one: Metric, total: Counts, groups: Counts) -> Groups:
    weights = one.weight(groups, total)
    rates = one.rate(groups)
    return Groups(
        size=1 / float(np.nansum(weights**2) or np.inf),
        telling=int(min((rates < 1).sum(), (rates > 0).sum())),
    )


def _interval(one: Metric, value: float, limits: tuple[float, float], n: float) -> Interval:
    low, high = limits
    if np.isnan(value):
        return Interval.unknown()
    return Interval(value=one.shown(value), low=one.shown(low), high=one.shown(high), n=round(n))


def _judge_loss(sample: _Sample, alpha: float, rng: np.random.Generator, draws: int) -> Interval:
    loss, n = sample.total()
    low = high = float("nan")
    if sample.times.sum() > 1:
        drawn = sample.resample(draws, rng)
        low, high = percentiles(drawn[:, 0] / drawn[:, 1], alpha)
    return Interval(value=float(loss / n), low=low, high=high, n=round(n))


def _counts(sums: Floats) -> Counts:
    hits, truths, guesses = np.split(sums[..., :-2], 3, axis=-1)
    return Counts(
        hits=hits, truths=truths, guesses=guesses, right=sums[..., -2], items=sums[..., -1]
    )


def codes_of(groups: ArrayLike, n: int) -> NDArray[np.intp]:
    """Return (n,) positions of groups; an item whose group is None is a group of its own."""
    names = np.asarray(groups, dtype=object)
    if names.shape != (n,):
        raise DataError(f"evaluation: expected {n} groups, one an item, got shape {names.shape}")
    seen: dict[Any, int] = {}
    keys = ((at,) if name is None else name for at, name in enumerate(names.tolist()))
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.intp)


def _checked(
    truth: ArrayLike, proba: ArrayLike, k: int, *, sums: bool
) -> tuple[NDArray[np.intp], Floats]:
    true, given = np.asarray(truth), np.asarray(proba, dtype=np.float64)
    if len(true) == 0:
        return np.zeros(0, dtype=np.intp), np.zeros((0, k))
    if true.shape not in ((len(true),), (len(true), k)) or true.dtype.kind not in "iu":
        raise DataError(
            f"evaluation: expected truth as (n,) class positions or (n, {k}) zeros and ones, "
            f"got {true.dtype} {true.shape}"
        )
    if given.shape != (len(true), k):
        raise DataError(f"evaluation: expected proba ({len(true)}, {k}), got {given.shape}")
    most = k - 1 if true.ndim == 1 else 1
    if true.min() < 0 or true.max() > most:
        raise DataError(f"evaluation: expected truth in 0..{most}, got {true.min()}..{true.max()}")
    if not np.isfinite(given).all():
        raise DataError("evaluation: expected finite probabilities, got NaN or infinity")
    if sums and true.ndim == 1 and np.abs(given.sum(axis=1) - 1).max() > 1e-3:
        raise DataError("evaluation: a loss needs probabilities whose rows sum to one")
    return true.astype(np.intp), given
