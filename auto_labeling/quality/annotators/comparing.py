"""How far each answer is what is known, or what the others say: nobody is compared with themselves.

All figures about people begin here. An answer has a score in [0, 1] against a reference, and the
score that chance alone would give it: what another answer of the same person, drawn by lot, would
score on this item. Who always says the same, or answers at random, scores what chance gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.quality.overlaps import agreement
from auto_labeling.ratings import Ratings
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """v answers against one reference; nan where there is nothing to compare with."""

    score: NDArray[np.float64]
    """(v,) in [0, 1]; 1 is what the reference says."""
    chance: NDArray[np.float64]
    """(v,) what chance alone would give."""

    @property
    def known(self) -> NDArray[np.bool_]:
        """(v,) which answers there is something to compare with."""
        return np.isfinite(self.score)

    @classmethod
    def nothing(cls, v: int) -> Compared:
        """Return v answers that cannot be compared."""
        return cls(score=np.full(v, np.nan), chance=np.full(v, np.nan))


def with_truth(ratings: Ratings, truth: NDArray[np.integer[Any]]) -> Compared:
    """Compare answers with what is known of their items; `truth` is (n,), -1 where nothing is.

    >>> said = Ratings.of([(0, "ann", "a"), (1, "ann", "b")])[0]
    >>> with_truth(said, np.array([0, -1])).score
    array([ 1., nan])
    """
    known = truth[ratings.items]
    score = np.where(known < 0, np.nan, known == ratings.labels).astype(np.float64)
    habits = _habits(ratings)
    chance = habits[ratings.people, np.maximum(known, 0)]
    return Compared(score=score, chance=np.where(known < 0, np.nan, chance))


def with_others(ratings: Ratings) -> Compared:
    """Compare each answer with what most of the others say about the item; of a tie it has a part.

    >>> said = Ratings.of([(0, "ann", "a"), (0, "bob", "a"), (0, "cat", "b"), (1, "ann", "a")])[0]
    >>> with_others(said).score
    array([0.5, 0.5, 0. , nan])
    """
    counts, habits = ratings.counts(), _habits(ratings)
    found = Compared.nothing(len(ratings))
    for span in spans(len(ratings), ratings.shape[2]):
        items, people = ratings.items[span], ratings.people[span]
        own = (np.arange(len(items)), ratings.labels[span])
        others = counts[items]
        others[own] -= 1
        most = others.max(axis=1, keepdims=True, initial=0)
        leads = (others == most) & (most > 0)
        tied = leads.sum(axis=1)
        with np.errstate(invalid="ignore"):
            found.score[span] = leads[own] / tied
            found.chance[span] = (leads * habits[people]).sum(axis=1) / tied
    return found


def drawings_with_others(
    items: NDArray[np.integer[Any]], drawings: Sequence[Sequence[Shape]]
) -> Compared:
    """Compare each drawing with the others of its picture: the mean of `overlaps.agreement`.

    Drawings do not agree by chance: that is 0 of them.
    """
    v = len(items)
    total, others = np.zeros(v), np.zeros(v)
    order = np.argsort(items, kind="stable")
    bounds = np.flatnonzero(np.diff(items[order], prepend=-1, append=-1))
    for start, stop in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        same = order[start:stop].tolist()
        for at, one in enumerate(same):
            for other in same[:at]:
                shared = agreement(drawings[one], drawings[other])
                total[[one, other]] += shared
                others[[one, other]] += 1
    with np.errstate(invalid="ignore"):
        score = total / others
    return Compared(score=score, chance=np.where(others > 0, 0.0, np.nan))


def beside_others(
    compared: Compared, items: NDArray[np.integer[Any]], n: int
) -> NDArray[np.float64]:
    """Return (v,) the score of each answer less the mean score of the other answers to its item.

    What is hard for everybody is nobody's failing. nan with fewer than two others: of two people
    who differ nobody can say who is wrong.
    """
    known = compared.known
    score: NDArray[np.float64] = np.where(known, compared.score, 0.0)
    answers = np.bincount(items, known, minlength=n)[items] - known
    total = np.bincount(items, score, minlength=n)[items] - score
    with np.errstate(invalid="ignore", divide="ignore"):
        beside: NDArray[np.float64] = score - total / answers
    beside[~known | (answers < 2)] = np.nan
    return beside


def _habits(ratings: Ratings) -> NDArray[np.float64]:
    """Return (w, k) how often each person says each class."""
    _, w, k = ratings.shape
    cells = ratings.people.astype(np.intp) * k + ratings.labels
    said = np.bincount(cells, minlength=w * k).reshape(w, k)
    habits: NDArray[np.float64] = said / np.maximum(said.sum(axis=1, keepdims=True), 1)
    return habits
