"""Expectation and maximisation over the unknown classes of items, as sparse matrix products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.ratings import Ratings

Floats: TypeAlias = NDArray[np.float64]

_MOST_CELLS = 2**27
"""Numbers in the largest array of confusions or posteriors that is made: 1 GB."""


class Opinions:
    """Who said what about which item, as a sparse matrix: a row an item, a column an answer.

    Column w * k + l stands for "person w says class l". Every opinion counts: two by one person on
    one item as two. Both steps of EM are products with this matrix, in O(opinions * k).
    """

    def __init__(self, ratings: Ratings) -> None:
        from scipy.sparse import csr_array

        n, w, k = self.shape = ratings.shape
        _refuse_too_large(ratings.shape)
        place: Any = np.int32 if w * k <= np.iinfo(np.int32).max else np.int64
        columns = ratings.people.astype(place)
        columns *= k
        columns += ratings.labels.astype(place)
        once = np.ones(len(ratings), dtype=np.int32)
        said = csr_array((once, (ratings.items.astype(np.int32), columns)), shape=(n, w * k))
        self._said: Any = said.astype(np.float64)

    @property
    def answered(self) -> NDArray[np.bool_]:
        """(n,) whether anybody said anything about the item."""
        return np.diff(self._said.indptr) > 0

    def voters(self) -> Floats:
        """Return (n,) how many opinions there are on each item."""
        return np.asarray(self._said.sum(axis=1))

    def counts(self) -> Floats:
        """Return (n, k) how many opinions on each item say each class."""
        _, w, k = self.shape
        return np.asarray(self._said @ np.tile(np.eye(k), (w, 1)))

    def shares(self) -> Floats:
        """Return (n, k) the share of the opinions on each item that say each class; or 1 / k."""
        votes = self.counts()
        votes[~self.answered] = 1.0
        votes /= votes.sum(axis=1, keepdims=True)
        return votes

    def answers(self, posterior: Floats) -> Floats:
        """Return (w, k, k) how many answers of each person say a column's class of a row's."""
        _, w, k = self.shape
        sums: Floats = np.asarray(self._said.T @ posterior).reshape(w, k, k)
        return sums.transpose(0, 2, 1)

    def likelihoods(self, confusion: Floats) -> Floats:
        """Return (n, k) the logarithm of how probable the opinions on an item of each class are."""
        _, w, k = self.shape
        logs = np.log(confusion).transpose(0, 2, 1).reshape(w * k, k)
        return np.asarray(self._said @ logs)


Maximises: TypeAlias = Callable[[Floats], Floats]
"""(w, k, k) expected answers to (w, k, k) probabilities of answers; rows sum to 1."""
Frequencies: TypeAlias = Callable[[Floats], Floats]
"""(m, k) posteriors of the items that somebody answered to (k,) frequencies of the classes."""


def learned(posterior: Floats) -> Floats:
    """Return (k,) how frequent the classes are, with one further item of each."""
    found: Floats = (posterior.sum(axis=0) + 1) / (len(posterior) + posterior.shape[1])
    return found


def even(posterior: Floats) -> Floats:
    """Return (k,) frequencies that say nothing."""
    return np.full(posterior.shape[1], 1 / posterior.shape[1])


def estimate(
    opinions: Opinions,
    maximises: Maximises,
    frequencies: Frequencies = learned,
    *,
    iterations: int = 100,
    tolerance: float = 1e-4,
) -> Aggregate:
    """Return the aggregate at which EM comes to rest, started from the shares of the votes.

    It rests where no posterior moves by more than `tolerance`, or after `iterations`.

    References:
        Dawid, A. and Skene, A. (1979). Maximum Likelihood Estimation of Observer Error-Rates Using
        the EM Algorithm. Applied Statistics 28.
    """
    posterior = opinions.shares()
    for _ in range(max(iterations, 1)):
        before = posterior
        confusion = maximises(opinions.answers(before))
        prior = frequencies(before[opinions.answered])
        posterior = posteriors(prior, opinions.likelihoods(confusion))
        before -= posterior
        if np.abs(before, out=before).max(initial=0.0) <= tolerance:
            break
    return Aggregate(posterior=posterior, confusion=confusion, prior=prior)


def posteriors(prior: Floats, likelihoods: Floats) -> Floats:
    """Return (n, k) probabilities from (k,) frequencies and (n, k) logarithms of likelihoods."""
    return normalized(likelihoods + np.log(prior))


def normalized(logs: Floats) -> Floats:
    """Return (n, k) the probabilities of rows of logarithms that lack a constant; in place."""
    logs -= logs.max(axis=1, keepdims=True)
    found: Floats = np.exp(logs, out=logs)
    found /= found.sum(axis=1, keepdims=True)
    # What is equal but for the last bits stays equal: EM may blow such a difference up.
    return np.round(found, 12, out=found)


def _refuse_too_large(shape: tuple[int, int, int]) -> None:
    n, w, k = shape
    if k * max(n, w * k) > _MOST_CELLS:
        raise DataError(
            f"ratings: expected posteriors and confusions of at most {_MOST_CELLS:,} numbers, got "
            f"{n} items and {w} people with {k} classes; resolve them by majority"
        )
