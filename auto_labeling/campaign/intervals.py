"""How sure a share is: exact limits, limits from resampling, and alpha spent over rounds."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from auto_labeling.errors import ConfigurationError
from auto_labeling.quality.annotators.shares import exact_limits


def exact(hits: float, n: float, alpha: float = 0.05) -> tuple[float, float]:
    """Return the limits of a share of which `hits` of `n` were seen; each side spends alpha / 2.

    Neither side is ever passed more often than that, whatever the true share: Wilson's limits,
    narrower on average, are passed too often on the side a target is tested on when the share is
    near one. `hits` and `n` need not be whole, for effective sizes. (nan, nan) without items.

    >>> [round(limit, 3) for limit in exact(9, 10)]
    [0.555, 0.997]
    """
    low, high = exact_limits(hits, n, alpha)
    return float(low), float(high)


def lower_bound(hits: float, n: float, alpha: float) -> float:
    """Return the one-sided lower limit of a share, wrong with probability alpha at most.

    >>> round(lower_bound(60, 60, 0.05), 3)
    0.951
    """
    return exact(hits, n, 2 * alpha)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """What groups of items know about a figure."""

    size: float
    """How many items they are worth at least: where all items of a group always go alike."""
    telling: int
    """How many of them can say how much they vary: the fewer of those with a hit, with a miss."""


def resampled(
    value: float, variance: float, *, n: float, groups: Groups | None, alpha: float
) -> tuple[float, float]:
    """Return the limits of a figure in [0, 1] whose variance was found by resampling.

    They are the exact limits at the size of the independent sample that has this variance [1]_: at
    most `n` items and at least what the groups are worth [2]_. Percentiles of the resamples are not
    used: where little went wrong they hardly move, and at the small alphas that a repeated test
    spends, their lower limit is wrong many times too often (`tests/campaign/test_evaluation.py`).
    For the same reason the variance is trusted only as far as groups that went wrong, and groups
    that did not, have been seen.

    References:
        [1] Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small
        expected number of positive counts estimated from survey data. Survey Methodology 24.
        [2] Kish, L. (1965). Survey Sampling.
    """
    if math.isnan(value):
        return math.nan, math.nan
    spread = value * (1 - value)
    size = n if variance <= 0 or spread <= 0 else min(n, spread / variance)
    if groups is not None:
        freedom = max(groups.telling - 1, 1)
        doubt = float(special.ndtri(alpha / 2) / special.stdtrit(freedom, alpha / 2)) ** 2
        size = max(groups.size, size * doubt if groups.telling else 0.0)
    return exact(value * size, size, alpha)


def spent(alpha: float, rounds: int) -> float:
    """Return what one of `rounds` tests may spend so that all of them together spend alpha.

    >>> spent(0.05, 20)
    0.0025
    """
    if not 0 < alpha < 0.5:
        raise ConfigurationError(f"alpha: expected (0, .5), got {alpha}")
    if rounds < 1:
        raise ConfigurationError(f"rounds: expected at least one, got {rounds}")
    return alpha / rounds


def items_needed(share: float, target: float, alpha: float) -> float:
    """Return on how many items a share that is seen has its lower limit at the target.

    inf where it is not above the target.

    >>> items_needed(1.0, 0.9, 0.05)
    29
    """
    if not target < share <= 1:
        return math.inf
    few, many = 0, 1
    while lower_bound(share * many, many, alpha) < target:
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        if lower_bound(share * middle, middle, alpha) < target:
            few = middle
        else:
            many = middle
    return many


def passing(target: float, n: int, alpha: float) -> float:
    """Return the least share of n items that has its lower limit at the target; nan if none has.

    >>> passing(0.9, 60, 0.05), passing(0.9, 20, 0.05)
    (0.9833333333333333, nan)
    """
    hits = bisect_left(range(n + 1), target, key=lambda hits: lower_bound(hits, n, alpha))
    return hits / n if 0 < n >= hits else math.nan


def percentiles(draws: NDArray[np.float64], alpha: float) -> tuple[float, float]:
    """Return the percentile limits of resampled figures; each side leaves out alpha / 2."""
    low, high = np.quantile(draws, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)
