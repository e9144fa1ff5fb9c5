"""Tests of one hypothesis about every person at once: that their answers are as they should be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.quality.annotators.copying import Following
from auto_labeling.quality.annotators.merit import Merit
from auto_labeling.quality.annotators.repetition import Repetition
from auto_labeling.quality.annotators.shares import Floats, exact_limits
from auto_labeling.quality.annotators.trend import Trend
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tested:
    """One hypothesis tested of w people, (w,) each."""

    p: Floats
    """How likely so much is, if nothing is wrong; nan where nothing could be tested."""
    beyond: NDArray[np.bool_]
    """Whether the whole interval is on the wrong side."""
    against: Floats
    """What the figure is compared with."""
    value: Floats
    low: Floats
    high: Floats
    n: Floats

    def figure(self, person: int) -> Interval:
        """Return what was seen of a person, with 95 % limits."""
        value, low, high = (float(one[person]) for one in (self.value, self.low, self.high))
        return Interval(value=value, low=low, high=high, n=round(float(self.n[person])))


def too_few_right(merit: Merit, *, worth: float, fewest: int) -> Tested:
    """Test that a person is worth at least a share of the median person's kappa."""
    usual = merit.typical(fewest)
    kappa = worth * usual if usual > 0 else math.nan
    against = merit.chance + kappa * (1 - merit.chance)
    p = np.where(merit.n >= fewest, merit.below(kappa), np.nan)
    low, high = exact_limits(merit.hits, merit.n)
    return Tested(
        p=p, beyond=high < against, against=against,
        value=merit.share, low=low, high=high, n=merit.n,
    )  # fmt: skip


def repeats(found: Repetition) -> Tested:
    """Test that answers repeat no more than the items do."""
    low, high = exact_limits(found.share * found.n, found.n)
    return Tested(
        p=found.p, beyond=found.lag > 0, against=found.expected,
        value=found.share, low=low, high=high, n=found.n,
    )  # fmt: skip


def hasty(hits: Floats, n: Floats, p: Floats, *, fewest: int) -> Tested:
    """Test that at most half of the answers were given too fast."""
    low, high = exact_limits(hits, n)
    return Tested(
        p=np.where(n >= fewest, p, np.nan), beyond=low > 0.5, against=np.full(len(n), 0.5),
        value=ratio(hits, n), low=low, high=high, n=n,
    )  # fmt: skip


def led(following: Following, *, margin: float, fewest: int) -> Tested:
    """Test that a person agrees with suggestions no more than a margin above the blind share."""
    agreed, shown = following.agreed, following.shown
    low, high = exact_limits(agreed, shown)
    blind = following.blind_agreed / following.blind if following.blind else math.nan
    enough = (shown >= fewest) & (following.blind >= fewest)
    return Tested(
        p=np.where(enough, following.p(margin), np.nan),
        beyond=low > blind + margin,
        against=np.full(len(shown), blind),
        value=ratio(agreed, shown), low=low, high=high, n=shown,
    )  # fmt: skip


def falls(trends: Sequence[Trend]) -> Tested:
    """Test that people do not get worse."""
    changes = [one.change for one in trends]
    columns = [(one.value, one.low, one.high, one.n) for one in changes]
    value, low, high, n = np.array(columns, dtype=np.float64).reshape(-1, 4).T
    p = np.array([one.p for one in trends], dtype=np.float64)
    against = np.zeros(len(trends))
    return Tested(p=p, beyond=high < 0, against=against, value=value, low=low, high=high, n=n)
