"""How much the figures of a detector vary over samples of the pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.drawn_metrics.figures import Figure, Found
from auto_labeling.campaign.intervals import Groups, resampled
from auto_labeling.campaign.metrics import Floats
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Interval

_CELLS_AT_ONCE = 500_000  # of resampling weights: 4 MB, which a processor keeps at hand
_UNITS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure and how much it varies over samples of the pictures, at any level."""

    value: float
    variance: float
    size: float
    groups: Groups
    n: int

    def interval(self, alpha: float) -> Interval:
        """Return the figure with limits of which each side spends alpha / 2."""
        if not 0 < alpha < 1:
            raise ConfigurationError(f"alpha: expected (0, 1), got {alpha}")
        if isnan(self.value):
            return Interval.unknown()
        low, high = resampled(
            self.value, self.variance, n=self.size, groups=self.groups, alpha=alpha
        )
        return Interval(value=self.value, low=low, high=high, n=self.n)

    @classmethod
    def unknown(cls) -> Estimate:
        """Return the estimate of a figure that nothing is known about."""
        return cls(value=nan, variance=0.0, size=0.0, groups=Groups(size=0.0, telling=0), n=0)


def estimates(
    figures: Mapping[str, Figure],
    found: Found,
    codes: NDArray[np.intp],
    *,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Estimate]:
    """Return what figures are and how they vary; picture i is resampled with all of codes[i]."""
    units = int(codes.max()) + 1
    step = max(1, _CELLS_AT_ONCE // max([len(codes), *(len(one.scores) for one in found.matches)]))
    drawn = _rates(figures, found, codes, _resamples(units, draws, step, rng))
    alone = _rates(figures, found, codes, _one_by_one(units, min(step, _UNITS_AT_ONCE)))
    return {name: _estimate(one, codes, drawn[name], alone[name]) for name, one in figures.items()}


def _resamples(
    units: int, draws: int, step: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Return how often each unit stands in each resample: (step, units) at a time."""
    shares = np.full(units, 1 / units)
    for start in range(0, draws, step):
        yield rng.multinomial(units, shares, size=min(step, draws - start))


def _one_by_one(units: int, step: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, units, step):
        yield np.eye(min(step, units - start), units, k=start, dtype=np.int64)


def _rates(
    figures: Mapping[str, Figure],
    found: Found,
    codes: NDArray[np.intp],
    samples: Iterator[NDArray[np.int64]],
) -> dict[str, Floats]:
    tallies = [found.tally(times[:, codes].astype(np.float64)) for times in samples]
    return {
        name: np.concatenate([one.rate(tally) for tally in tallies])
        for name, one in figures.items()
    }


def _estimate(one: Figure, codes: NDArray[np.intp], drawn: Floats, alone: Floats) -> Estimate:
    known = drawn[~np.isnan(drawn)]
    weights = np.bincount(codes, np.nan_to_num(one.weight))
    return Estimate(
        value=one.value,
        variance=float(known.var()) if len(known) else 0.0,
        size=one.size,
        groups=Groups(
            size=1 / float((weights**2).sum() or np.inf),
            telling=int(min((alone < 1).sum(), (alone > 0).sum())),
        ),
        n=one.n,
    )
