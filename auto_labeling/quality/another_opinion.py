"""What another opinion on an item is expected to bring: more right labels, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import DataError

Floats: TypeAlias = NDArray[np.float64]

_CLASSES = 3
"""An item's most probable classes that are looked at; its others hardly ever become its label."""
_LEVELS = 4095
"""To how many parts of 1 a probability is rounded, so that equal items are reckoned once."""
_ROWS = 1 << 13
"""Items that are reckoned at once: a few arrays of them fit into a processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strangers:
    """Who may answer next, as m kinds of people among k classes."""

    confusion: Floats
    """(m, k, k) how often each kind says the class of a column of an item of a row's class."""
    share: Floats
    """(m,) how often the next answer is by one of each kind; they sum to 1."""

    def __post_init__(self) -> None:
        k = self.confusion.shape[-1]
        expect_shape("confusion", self.confusion, (len(self.share), k, k))
        if not np.isclose(self.share.sum(), 1):
            raise DataError(f"share: expected shares that sum to 1, got {self.share}")

    @classmethod
    def of(cls, confusion: Floats, answers: NDArray[np.integer[Any]], kinds: int = 5) -> Strangers:
        """Return (w, k, k) people who gave (w,) answers as at most `kinds` kinds of equal work.

        People are ranked by how often they are right; a kind is the average of its people. It
        matters that they differ: the vote of a good one turns what the average one cannot.
        """
        w, k, _ = confusion.shape
        if w == 0:
            raise DataError("confusion: expected at least one person, got none")
        work = answers + 1 / w  # so that those who said nothing yet count, a little
        rank = np.argsort(np.trace(confusion, axis1=1, axis2=2), kind="stable")
        before = np.cumsum(work[rank]) - work[rank] / 2
        kind = np.empty(w, dtype=np.intp)
        kind[rank] = (before * kinds / work.sum()).astype(np.intp)
        share = np.bincount(kind, work, minlength=kinds)
        sums = np.zeros((kinds, k, k))
        np.add.at(sums, kind, confusion * work[:, None, None])
        there = share > 0
        return cls(
            confusion=sums[there] / share[there, None, None], share=share[there] / share.sum()
        )


def net_gain(
    posterior: NDArray[np.floating[Any]], strangers: Strangers, *, cost: float, ahead: int = 2
) -> Floats:
    """Return (n,) what another opinion brings beyond its cost, in expected right labels.

    Above 0: it is worth its price. `posterior` is (n, k); `cost` is the share of a right label that
    an opinion has to bring. The gain is the rise of the probability that the most probable class is
    right, where up to `ahead` opinions follow one another, each only if those before leave it worth
    its cost: one vote alone often cannot turn a label, and two can.

    Stopping where it is 0 or less, when `ahead` is as many as may follow, loses at most `cost` in
    right labels an opinion that is saved, by what the posterior knows: whoever always goes on is
    one of those whom this does no worse than.

    References:
        Howard, R. A. (1966). Information Value Theory. IEEE Trans. Systems Science and Cybernetics.
        Dai, P., Lin, C. H., Mausam and Weld, D. S. (2013). POMDP-based control of workflows for
        crowdsourcing. Artificial Intelligence 202.

    >>> alike = Strangers(confusion=np.array([[[0.8, 0.2], [0.2, 0.8]]]), share=np.ones(1))
    >>> proba = np.array([[0.5, 0.5], [0.8, 0.2], [0.99, 0.01]])
    >>> net_gain(proba, alike, cost=0.01, ahead=1).round(2)
    array([ 0.29, -0.01, -0.01])
    >>> net_gain(proba, alike, cost=0.01).round(2)
    array([ 0.29,  0.08, -0.01])
    """
    k = strangers.confusion.shape[1]
    expect_shape("posterior", posterior, ("n", k))
    if not (np.isfinite(posterior).all() and (posterior >= 0).all()):
        raise DataError("posterior: expected probabilities, got a negative or an unknown one")
    classes, proba, place, looked_at = _distinct(posterior)
    gains = np.empty(len(proba))
    for start in range(0, len(proba), _ROWS):
        rows = slice(start, start + _ROWS)
        outcomes = _outcomes(strangers, classes[rows], k)
        gains[rows] = _further(proba[rows].T, outcomes, cost, ahead) - proba[rows].max(axis=1)
    found: Floats = (gains[place] + cost) * looked_at - cost
    return found


def _distinct(
    posterior: NDArray[np.floating[Any]],
) -> tuple[NDArray[np.intp], Floats, NDArray[np.intp], Floats]:
    """Return (u, t) classes, (u, t) their probabilities, (n,) where each item stands in them.

    The t most probable classes of an item stand for all of them; last, (n,) how probable it is that
    the item is of one of them.
    """
    n, k = posterior.shape
    t = min(k, _CLASSES)
    looked_at = np.empty(n)
    likeliest = np.empty((n, t), dtype=np.int64)
    levels = np.empty((n, t - 1), dtype=np.int64)
    for start in range(0, n, _ROWS):
        rows = posterior[start : start + _ROWS]
        best = np.sort(np.argpartition(-rows, t - 1, axis=1)[:, :t], axis=1)
        proba = np.take_along_axis(rows, best, axis=1)
        looked_at[start : start + _ROWS] = proba.sum(axis=1)
        proba = proba / proba.sum(axis=1, keepdims=True)
        likeliest[start : start + _ROWS] = best
        levels[start : start + _ROWS] = np.rint(proba[:, :-1] * _LEVELS)
    shape = (*(k,) * t, *(_LEVELS + 1,) * (t - 1))
    codes = np.ravel_multi_index((*likeliest.T, *levels.T), shape)
    once, place = np.unique(codes, return_inverse=True)
    parts = np.unravel_index(once, shape)
    proba = np.column_stack(parts[t:]) / _LEVELS
    rest = np.clip(1 - proba.sum(axis=1, keepdims=True), 0, None)
    return np.column_stack(parts[:t]), np.concatenate([proba, rest], axis=1), place, looked_at


def _outcomes(strangers: Strangers, classes: NDArray[np.intp], k: int) -> list[Floats]:
    """Return for each thing that may be said, (t, n) how often that is on an item of each class."""
    outcomes: list[Floats] = []
    for confusion, share in zip(strangers.confusion, strangers.share, strict=True):
        said = share * confusion[classes[:, :, None], classes[:, None, :]].T
        outcomes.extend(np.ascontiguousarray(column) for column in said)
        if classes.shape[1] < k:  # any of the classes that are not looked at
            outcomes.append(share - said.sum(axis=0))
    return outcomes


def _further(joint: Floats, outcomes: list[Floats], cost: float, ahead: int) -> Floats:
    """Return (n,) the right labels less costs, if another opinion is bought now.

    `joint` is (t, n): the probability of each class together with all that was said so far, so
    that nothing has to be normalised.
    """
    total: Floats = -cost * joint.sum(axis=0)
    for outcome in outcomes:
        after = joint * outcome
        worth = after.max(axis=0)
        if ahead > 1:
            worth = np.maximum(worth, _further(after, outcomes, cost, ahead - 1))
        total += worth
    return total
