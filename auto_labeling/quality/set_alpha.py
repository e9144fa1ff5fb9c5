"""How far people agree on sets of classes, one of which is a set as well."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAlpha:
    """Krippendorff's alpha whose distance is the number of classes that two sets do not share.

    Where every set has one class this is the alpha of classes that have no order. nan where all
    answers are the same, or none can be compared.

    References:
        Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability.
        Hamming, R. W. (1950). Error detecting and error correcting codes. Bell System Technical
        Journal 29. The distance.

    >>> alpha = SetAlpha()
    >>> terms = alpha.terms(np.array([[2, 0], [1, 1], [0, 2]]), np.array([2, 2, 2]))
    >>> alpha.value(terms.sum(axis=0, keepdims=True)).round(3)
    array([0.444])
    """

    def terms(
        self, counts: NDArray[np.integer], answers: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        """Return (n, k + 2) what each item adds to the sums.

        (n, k) `counts` say how many of the (n,) `answers` to an item have each class in them.
        """
        shared = answers >= 2
        said, given = np.where(shared[:, None], counts, 0.0), np.where(shared, answers, 0.0)
        differing = 2 * (said * (given[:, None] - said)).sum(axis=1)
        return np.column_stack([differing / np.maximum(given - 1, 1), given, said])

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (m,) the alphas of (m, k + 2) sums."""
        observed, n, totals = sums[:, 0], sums[:, 1], sums[:, 2:]
        expected = 2 * (totals * (n[:, None] - totals)).sum(axis=1)
        return 1 - ratio((n - 1) * observed, expected)
