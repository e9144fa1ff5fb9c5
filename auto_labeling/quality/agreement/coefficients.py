"""Agreement of people who are interchangeable: it rests on how many said what of each item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.quality.agreement.resampling import beyond_chance, resampled
from auto_labeling.records import Interval

Counts: TypeAlias = NDArray[np.integer[Any]]
"""(n, k): how many people gave item i the class j."""


class Coefficient(Protocol):
    """A measure of agreement, at most 1, that is a function of sums over items."""

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        """Return (n, q) what each item adds to the sums."""
        ...

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (m,) what each row of (m, q) sums comes to; nan where it is undefined."""
        ...


def coefficient_of(coefficient: Coefficient, counts: Counts) -> float:
    """Return the agreement of (n, k) counts, or nan where it is undefined."""
    return float(coefficient.value(coefficient.terms(counts).sum(axis=0, keepdims=True))[0])


def coefficient_interval(
    coefficient: Coefficient,
    counts: Counts,
    rng: np.random.Generator,
    groups: NDArray[np.integer[Any]] | None = None,
) -> Interval:
    """Return the agreement with 95 % limits that resample items, or whole (n,) `groups` of them.

    `n` of the interval is how many items have two answers or more.
    """
    answers = counts.sum(axis=1)
    rated = answers > 0  # items that nobody has answered are no part of the sample
    return resampled(
        coefficient.terms(counts[rated]),
        coefficient.value,
        rng,
        n=int((answers >= 2).sum()),
        groups=None if groups is None else groups[rated],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Percent:
    """The share of equal pairs among the answers to one item, averaged over items.

    nan where no item has two answers.
    """

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        return np.stack([equal_pairs(counts), counts.sum(axis=1) >= 2], axis=1)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return ratio(sums[:, 0], sums[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class FleissKappa:
    """Fleiss' kappa; for numbers of answers that vary, as Gwet generalised it.

    Items with one answer say how frequent classes are, and nothing else. Every item counts the
    same for that, however many have answered. nan where all say the same class, or none can be
    compared.

    References:
        Fleiss, J. (1971). Measuring nominal scale agreement among many raters. Psychological
        Bulletin 76(5).
        Gwet, K. (2014). Handbook of Inter-Rater Reliability, 4th edition, chapter 2.
    """

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        return _proportions(counts)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        frequent = ratio(sums[:, 3:], sums[:, 2:3])
        return beyond_chance(ratio(sums[:, 0], sums[:, 1]), np.square(frequent).sum(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class GwetAC1:
    """Gwet's AC1, which one frequent class does not pull to 0, as it does the kappas.

    It rests on how many classes there are, k, whether they were said or not. nan where none can be
    compared, or of a single class.

    References:
        Gwet, K. (2008). Computing inter-rater reliability and its variance in the presence of high
        agreement. British Journal of Mathematical and Statistical Psychology 61(1).
    """

    def terms(self, counts: Counts) -> NDArray[np.float64]:
        return _proportions(counts)

    def value(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        frequent = ratio(sums[:, 3:], sums[:, 2:3])
        k = np.full(len(sums), frequent.shape[1] - 1.0)
        by_chance = ratio((frequent * (1 - frequent)).sum(axis=1), k)
        return beyond_chance(ratio(sums[:, 0], sums[:, 1]), by_chance)


def equal_pairs(counts: Counts) -> NDArray[np.float64]:
    """Return (n,) the share of equal pairs among the answers to each item; 0 of fewer than two."""
    answers = counts.sum(axis=1)
    equal = np.square(counts).sum(axis=1) - answers
    shares: NDArray[np.float64] = equal / np.maximum(answers * (answers - 1), 1)
    return shares


def _proportions(counts: Counts) -> NDArray[np.float64]:
    """Return (n, 3 + k): equal pairs, whether there are pairs, whether rated, and proportions."""
    answers = counts.sum(axis=1)
    whether = np.stack([equal_pairs(counts), answers >= 2, answers >= 1], axis=1)
    return np.concatenate([whether, counts / np.maximum(answers, 1)[:, None]], axis=1)
