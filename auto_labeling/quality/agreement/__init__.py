"""How far people agree, and how far beyond chance: of classes here, of drawings in `drawings`.

A coefficient says what each item adds to a few sums, and what the sums come to; so that one
resampling of items, in `resampling`, gives every coefficient its limits. Who agrees with whom is in
`cohen` and `pairs`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.agreement.coefficients import (
    Coefficient,
    FleissKappa,
    GwetAC1,
    Percent,
    coefficient_interval,
    coefficient_of,
)
from auto_labeling.quality.agreement.krippendorff import IntervalAlpha, NominalAlpha, OrdinalAlpha
from auto_labeling.records import Interval

__all__ = [
    "Coefficient",
    "FleissKappa",
    "GwetAC1",
    "IntervalAlpha",
    "NominalAlpha",
    "OrdinalAlpha",
    "Percent",
    "alpha_interval",
    "coefficient_interval",
    "coefficient_of",
    "krippendorff_alpha",
    "share_agreeing",
]


def krippendorff_alpha(counts: NDArray[np.integer[Any]]) -> float:
    """Return the `NominalAlpha` of (n, k) counts: how many people gave item i the answer j.

    >>> krippendorff_alpha(np.array([[2, 0], [0, 2]])), krippendorff_alpha(np.array([[1, 1]] * 2))
    (1.0, -0.5)
    """
    return coefficient_of(NominalAlpha(), counts)


def alpha_interval(counts: NDArray[np.integer[Any]], rng: np.random.Generator) -> Interval:
    """Return Krippendorff's alpha of (n, k) counts with 95 % limits."""
    return coefficient_interval(NominalAlpha(), counts, rng)


def share_agreeing(counts: NDArray[np.integer[Any]]) -> float:
    """Return the `Percent` of (n, k) counts, as a share.

    >>> share_agreeing(np.array([[2, 0], [1, 1], [1, 0]]))
    0.5
    """
    return coefficient_of(Percent(), counts)
