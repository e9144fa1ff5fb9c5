"""Who agrees with whom: Cohen's kappa of two people, and of one against the others.

Ratings have one opinion a person and item here, as votes have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.quality.agreement.resampling import beyond_chance, resampled_together
from auto_labeling.ratings import Ratings
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PairAgreement:
    """How far two people agree on the items that both have answered."""

    one: int
    other: int
    """Their positions, the lower one first."""
    percent: Interval
    """The share of items on which they agree."""
    kappa: Interval
    """Cohen's kappa, nan where each says one class only, and the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneAgainstOthers:
    """How far one person agrees with the others who have answered the same items."""

    person: int
    percent: Interval
    """The share of the others who say the same, averaged over items."""
    kappa: Interval
    """Cohen's kappa between the person and one of the others, drawn by lot for each item."""


def cohen_kappa(ratings: Ratings, one: int, other: int) -> float:
    """Return Cohen's kappa of two people, at most 1; nan where it is undefined.

    References:
        Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and
        Psychological Measurement 20(1).

    >>> said = [(at, "ann", one) for at, one in enumerate("aabb")]
    >>> said += [(at, "bob", one) for at, one in enumerate("aaba")]
    >>> cohen_kappa(Ratings.of(said)[0], 0, 1)
    0.5
    """
    terms = cohen_terms(*_seen_by_both(ratings, one, other))
    return float(kappas(terms.sum(axis=0, keepdims=True))[0])


def pair_agreement(
    ratings: Ratings, one: int, other: int, rng: np.random.Generator
) -> PairAgreement:
    """Return how far two people agree, with 95 % limits that resample the items of both."""
    percent, kappa = percent_and_kappa(cohen_terms(*_seen_by_both(ratings, one, other)), rng)
    return PairAgreement(one=one, other=other, percent=percent, kappa=kappa)


def one_against_others(
    ratings: Ratings, rng: np.random.Generator, least: int = 1
) -> Iterator[OneAgainstOthers]:
    """Yield, in their order, those who share `least` items with others.

    References:
        Vanbelle, S. and Albert, A. (2009). Agreement between an isolated rater and a group of
        raters. Statistica Neerlandica 63(1).
    """
    _, w, k = ratings.shape
    order = np.argsort(ratings.people, kind="stable")
    bounds = np.searchsorted(ratings.people[order], np.arange(w + 1))
    counts = ratings.counts()
    for person in range(w):
        mine = order[bounds[person] : bounds[person + 1]]
        own = ratings.labels[mine]
        others = counts[ratings.items[mine]] - one_hot(own, k)
        shared = others.sum(axis=1) > 0
        if shared.sum() >= max(least, 1):
            percent, kappa = percent_and_kappa(cohen_terms(own[shared], others[shared]), rng)
            yield OneAgainstOthers(person=person, percent=percent, kappa=kappa)


def _seen_by_both(
    ratings: Ratings, one: int, other: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (s,) classes of one and (s, k) counts of the other, of the items of both."""
    n, _, k = ratings.shape
    said = np.full((2, n), -1, dtype=np.intp)
    for row, person in enumerate((one, other)):
        mine = ratings.people == person
        said[row, ratings.items[mine]] = ratings.labels[mine]
    both = (said >= 0).all(axis=0)
    return said[0, both], one_hot(said[1, both], k)


def cohen_terms(own: NDArray[Any], others: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (s, 2 + 2k): 1, the share of others who agree, own class, and shares of others."""
    s, k = others.shape
    shares = others / others.sum(axis=1, keepdims=True)
    agree = shares[np.arange(s), own]
    return np.concatenate(
        [np.ones((s, 1)), agree[:, None], one_hot(own, k).astype(np.float64), shares], axis=1
    )


def kappas(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (m,) Cohen's kappa of (m, 2 + 2k) sums of `cohen_terms`."""
    n, k = sums[:, 0], (sums.shape[1] - 2) // 2
    by_chance = (sums[:, 2 : 2 + k] * sums[:, 2 + k :]).sum(axis=1)
    return beyond_chance(ratio(sums[:, 1], n), ratio(by_chance, n**2))


def percent_and_kappa(
    terms: NDArray[np.float64], rng: np.random.Generator
) -> tuple[Interval, Interval]:
    """Return the share of agreement and Cohen's kappa of (s, 2 + 2k) terms, with limits."""

    def percent(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        return ratio(sums[:, 1], sums[:, 0])

    agreeing, kappa = resampled_together(terms, [percent, kappas], rng, n=len(terms))
    return agreeing, kappa


def one_hot(labels: NDArray[Any], k: int) -> NDArray[np.intp]:
    """Return (s, k) ones where the class is."""
    hot: NDArray[np.intp] = (labels[:, None] == np.arange(k)).astype(np.intp)
    return hot
