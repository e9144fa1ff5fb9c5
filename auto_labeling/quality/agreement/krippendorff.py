"""Krippendorff's alpha, by how far apart two answers are: unequal, in ranks, or in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.errors import DataError
from auto_labeling.quality.agreement.coefficients import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class NominalAlpha:
    """Krippendorff's alpha of classes that have no order: two answers are equal or not.

    As for the other two: items with fewer than two answers say nothing. nan where all answers are
    the same, or none can be compared.

    References:
        Krippendorff, K. (2011). Computing Krippendorff's Alpha-Reliability.
    """

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        shared, answers = _shared(counts)
        differing = answers**2 - np.square(shared).sum(axis=1)
        return np.column_stack([differing / np.maximum(answers - 1, 1), shared])

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        totals = sums[:, 1:]
        n = totals.sum(axis=1)
        return _alpha(sums[:, 0], n**2 - np.square(totals).sum(axis=1), n)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdinalAlpha:
    """Krippendorff's alpha of classes in their order: answers are as far apart as their ranks.

    The rank of a class is the middle of the answers that say it, and the distance its square: the
    published metric, since the answers from the middle of one class to that of another are those
    between. Each item has k x k figures here, so that many classes are numbers better
    (`IntervalAlpha`).
    """

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        shared, answers = _shared(counts)
        both = shared[:, :, None] * shared[:, None, :] / np.maximum(answers - 1, 1)[:, None, None]
        return np.concatenate([shared, both.reshape(len(shared), counts.shape[1] ** 2)], axis=1)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        k = round((np.sqrt(1 + 4 * sums.shape[1]) - 1) / 2)  # of q = k + k * k columns
        totals, both = sums[:, :k], sums[:, k:].reshape(-1, k, k)
        ranks = np.cumsum(totals, axis=1) - totals / 2
        apart = np.square(ranks[:, :, None] - ranks[:, None, :])
        expected = np.einsum("mc,md,mcd->m", totals, totals, apart)
        return _alpha(np.einsum("mcd,mcd->m", both, apart), expected, totals.sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalAlpha:
    """Krippendorff's alpha of numbers: answers are as far apart as the square of their difference.

    Classes are taken in the order of the counts' columns.
    """

    values: tuple[float, ...]
    """The number that each class stands for."""

    def __post_init__(self) -> None:
        if not np.isfinite(self.values).all():
            raise DataError(f"values: expected finite numbers, got {self.values}")

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        shared, answers = _shared(counts)
        numbers = np.asarray(self.values, np.float64)
        numbers -= numbers.mean()  # no difference changes, and large numbers lose no digits
        first, second = shared @ numbers, shared @ np.square(numbers)
        apart = 2 * (answers * second - first**2) / np.maximum(answers - 1, 1)
        return np.stack([apart, answers, first, second], axis=1)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        observed, n, first, second = sums.T
        expected = 2 * (n * second - first**2)
        # Of equal numbers rounding leaves something that is not 0.
        return _alpha(observed, np.where(expected > 1e-9 * n * second, expected, 0.0), n)


def _shared(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (n, k) counts and (n,) answers, without those of items that have a single one."""
    shared = np.where(counts.sum(axis=1, keepdims=True) >= 2, counts, 0).astype(np.float64)
    return shared, shared.sum(axis=1)


def _alpha(
    observed: NDArray[np.float64], expected: NDArray[np.float64], n: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 1 - Do / De of sums of distances, over all pairs of n answers for `expected`."""
    return 1 - ratio((n - 1) * observed, expected)
