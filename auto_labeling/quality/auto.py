"""The models of people that predict opinions they have not seen, chosen from the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.dawid_skene import rows
from auto_labeling.quality.deciding import Deciding
from auto_labeling.quality.expectation import (
    Floats,
    Frequencies,
    Maximises,
    Opinions,
    estimate,
    even,
    learned,
)
from auto_labeling.quality.expected_errors import alike, between, own_coin, pooled
from auto_labeling.quality.held_out import Fold, folds
from auto_labeling.quality.shared_errors import averaged, correlation, discounted
from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model of how people err, and what it takes the classes' frequencies for."""

    maximises: Maximises
    frequencies: Frequencies

    def fit(self, opinions: Opinions) -> Aggregate:
        return estimate(opinions, self.maximises, self.frequencies)


Family: TypeAlias = tuple[Candidate, ...]
"""Models of one kind, which differ in what their priors lie around, and in how much these weigh."""


def _confusions(frequencies: Frequencies) -> Family:
    priors = (
        (own_coin, 4.0),
        *((between, strength) for strength in (1.0, 2.0, 4.0, 12.0)),
        (pooled, 4.0),
    )
    return tuple(
        Candidate(
            maximises=partial(rows, expects=expects, strength=strength), frequencies=frequencies
        )
        for expects, strength in priors
    )


VOTE = Candidate(maximises=alike, frequencies=even)
"""Everybody alike: the class with the most votes is the most probable one."""
FAMILIES: tuple[Family, ...] = (
    (VOTE,),
    (Candidate(maximises=own_coin, frequencies=even),),
    _confusions(even),
    _confusions(learned),
)
"""From the vote over one coin to confusions, with classes that are equally frequent and not."""

_FEWEST = 50
"""Opinions that a comparison needs; with fewer, everybody is taken for alike."""
_MOST = 50_000
"""Opinions that models are compared on; of more, those on items drawn at random."""
_MOST_CELLS = 2**18
"""Numbers in the confusions of models that are compared, likewise."""
_FOLDS = 4
_NATS = 2.0
"""A difference of the whole logarithm of the likelihood that is no evidence, on however few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto(Deciding):
    """Of the models that predict hidden opinions as well as the best, those nearest the vote.

    A quarter of the opinions at a time is hidden, and predicted by models fitted to the rest. Of
    each family those models are averaged that predict within a standard error of its best. The
    families whose best is within two standard errors of the best of all are equally good, and of
    these that one stands which overturns the fewest votes. So votes are overturned where that
    predicts what people say, and else not.

    How sure the posterior is follows from the same hidden opinions: where items are hard, people
    err together, and many opinions say less than they seem to.

    Confusions are left out where the classes have more pairs than there are opinions to compare.
    With fewer than 50 opinions nothing can be compared, and the vote decides. Of more than 50,000,
    or of very many people, those on some items are compared, drawn with `seed`; what is chosen is
    fitted to all.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ConfigurationError(f"seed: expected 0 or more, got {self.seed}")

    def aggregate(self, ratings: Ratings) -> Aggregate:
        opinions = Opinions(ratings)
        rng = np.random.default_rng(self.seed)
        some = _some_items(ratings, rng) if len(ratings) else ratings
        if len(some) < _FEWEST:
            return VOTE.fit(opinions)
        parts = list(folds(some, _FOLDS, rng))
        families = FAMILIES if ratings.shape[2] ** 2 <= len(some) else FAMILIES[:2]
        chosen = nearest_the_vote(equally_good(families, parts), Opinions(some))
        shared = correlation([(part, _fits(chosen, part.seen)) for part in parts])
        return discounted(_fits(chosen, opinions), opinions, shared)


def equally_good(families: Sequence[Family], parts: Sequence[Fold]) -> list[Family]:
    """Return the families that predict hidden opinions as well as the best, of each its best."""
    found, losses = [], []
    for family in families:
        each = np.array([_loss(candidate, parts) for candidate in family])
        found.append(tuple(family[at] for at in _within(1.0, each)))
        losses.append(each[each.sum(axis=1).argmin()])
    return [found[at] for at in _within(2.0, np.array(losses))]


def nearest_the_vote(families: Sequence[Family], opinions: Opinions) -> Family:
    """Return the family by which most opinions are right; of equal ones, the first."""
    if len(families) == 1:
        return families[0]
    counts = opinions.counts()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    agreeing = []
    for family in families:
        best = averaged(_fits(family, opinions)).posterior.argmax(axis=1)
        agreeing.append(float(np.take_along_axis(shares, best[:, None], axis=1).sum()))
    return families[int(np.argmax(agreeing))]


def _fits(family: Family, opinions: Opinions) -> list[Aggregate]:
    return [candidate.fit(opinions) for candidate in family]


def _loss(candidate: Candidate, parts: Sequence[Fold]) -> Floats:
    """Return (n,) how surprising the hidden opinions on each item are."""
    found: Floats = np.sum([part.surprise(candidate.fit(part.seen)) for part in parts], axis=0)
    return found


def _within(errors: float, losses: Floats) -> NDArray[np.intp]:
    """Return which of (m, n) losses are at most so many standard errors behind the least."""
    behind = losses - losses[losses.sum(axis=1).argmin()]
    allowed = errors * behind.std(axis=1) * np.sqrt(behind.shape[1])
    return np.flatnonzero(behind.sum(axis=1) <= np.maximum(allowed, _NATS))


def _some_items(ratings: Ratings, rng: np.random.Generator) -> Ratings:
    """Return about as many opinions as can be compared: all of those on some items, or on all."""
    n, w, k = ratings.shape
    share = min(_MOST / len(ratings), _MOST_CELLS / (w * k * k))
    if share >= 1:
        return ratings
    kept = ratings.where((rng.random(n) < share)[ratings.items])
    items, item_of = np.unique(kept.items, return_inverse=True)
    people, person_of = np.unique(kept.people, return_inverse=True)
    shape = (len(items), len(people), k)
    return Ratings(items=item_of, people=person_of, labels=kept.labels, shape=shape)
