"""Whether pseudo-labels are still believed: people's labels on an audit of them decide. Pure.

What is audited was drawn by lot among rows that carried a pseudo-label, and people who answered saw
nothing of it. People err as well, so a precision here is how often people agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError
from auto_labeling.quality.annotators.shares import exact_limits
from auto_labeling.records import Interval

Act: TypeAlias = Literal["keep", "calm", "stop"]
LEVEL = 0.95
"""Of the limits of the precision, and of the test of the confidences."""
_LENT = 4.0
"""Audits that a claimed confidence counts as before people have said anything."""
_CALMEST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Audited:
    """Pseudo-labels and what people say of the same rows; every array is (m,)."""

    claimed: NDArray[np.intp]
    """Class positions."""
    confidence: NDArray[np.float64]
    """The claimed chance of being right, in [0, 1]."""
    answered: NDArray[np.intp]
    """Class positions of people's labels."""

    def __post_init__(self) -> None:
        expect_shape("confidence", self.confidence, self.claimed.shape)
        expect_shape("answered", self.answered, self.claimed.shape)
        if not ((self.confidence >= 0) & (self.confidence <= 1)).all():  # false for NaN
            raise DataError("confidence: expected chances in [0, 1]")

    def __len__(self) -> int:
        return len(self.claimed)

    @property
    def right(self) -> int:
        """How many of them people agree with."""
        return int((self.claimed == self.answered).sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What an audit comes to."""

    act: Act
    """Go on, go on with less weight, or stop for good."""
    weight: float
    """What the weight of pseudo-labels is multiplied by: 1 to keep, 0 to stop."""
    precision: Interval
    """How often people agree, with Clopper and Pearson's limits; nan before the first audit."""
    claimed: float
    """The mean of the claimed confidences; nan likewise."""
    credible: float
    """How likely so few, or fewer, were right if the claimed confidences held; nan likewise."""
    reason: str
    """Why it is not kept as it is; '' where it is."""


def judge(audited: Audited, *, asked: float, n_classes: int) -> Judgement:
    """Return whether pseudo-labels go on, when this share of what they claim has to be borne out.

    A label that claims little weighs little, so it is no fault that it is often wrong; to be wrong
    more often than claimed is. They stop where even the upper 95 % limit of the precision is below
    `asked` of the mean confidence. Where fewer are right than the confidences allow for (the exact
    lower tail of the Poisson binomial distribution, at 5 %), they go on with less weight: a label
    that is right with the chance p pulls a model by p less what guessing would hit, and no more
    than that of the claimed pull is left.

    >>> claimed, sure = np.zeros(10, dtype=np.intp), np.full(10, 0.9)
    >>> people = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
    >>> audited = Audited(claimed=claimed, confidence=sure, answered=people)
    >>> found = judge(audited, asked=0.8, n_classes=2)
    >>> found.act, found.weight
    ('stop', 0.0)
    >>> found.reason
    'people agree with 3 of 10 audited pseudo-labels, 30.0% (6.7 to 65.2%); 90.0% was claimed, and
    at least 72.0% is asked for'
    """
    n, right = len(audited), audited.right
    if not n:
        nan = float("nan")
        precision = Interval.unknown()
        return Judgement(
            act="keep", weight=1.0, precision=precision, claimed=nan, credible=nan, reason=""
        )
    low, high = (float(limit) for limit in exact_limits(right, n, 1 - LEVEL))
    precision = Interval(value=right / n, low=low, high=high, n=n)
    claimed = float(audited.confidence.mean())
    credible = at_most(right, audited.confidence)
    act: Act = "stop" if high < asked * claimed else "calm" if credible <= 1 - LEVEL else "keep"
    weight = {"stop": 0.0, "keep": 1.0, "calm": _calmer(right, n, claimed, 1 / n_classes)}[act]
    return Judgement(
        act=act,
        weight=weight,
        precision=precision,
        claimed=claimed,
        credible=credible,
        reason=_reason(act, right, precision, claimed, asked, weight),
    )


def at_most(hits: int, chances: NDArray[np.float64]) -> float:
    """Return how likely `hits` or fewer of events with these chances happen, exactly.

    References:
        Hong, Y. (2013). On computing the distribution function for the Poisson binomial
        distribution. Computational Statistics & Data Analysis 59.

    >>> round(at_most(1, np.array([0.5, 0.9])), 2)
    0.55
    """
    pmf = np.ones(1)
    for chance in chances:
        pmf = np.convolve(pmf, (1 - chance, chance))
    return float(min(pmf[: hits + 1].sum(), 1.0))


def _calmer(right: int, n: int, claimed: float, guessed: float) -> float:
    """Return what is left of the pull that was claimed, of which a few audits say little yet."""
    borne_out = (right + _LENT * claimed) / (n + _LENT)
    if claimed <= guessed:
        return 1.0  # no pull was claimed
    return float(np.clip((borne_out - guessed) / (claimed - guessed), _CALMEST, 1.0))


def _reason(
    act: Act, right: int, precision: Interval, claimed: float, asked: float, weight: float
) -> str:
    if act == "keep":
        return ""
    low, high = 100 * precision.low, 100 * precision.high
    said = (
        f"people agree with {right} of {precision.n} audited pseudo-labels, "
        f"{precision.value:.1%} ({low:.1f} to {high:.1f}%); {claimed:.1%} was claimed"
    )
    if act == "stop":
        return f"{said}, and at least {asked * claimed:.1%} is asked for"
    return f"{said}, so that they weigh {weight:.2f} of what was set"
