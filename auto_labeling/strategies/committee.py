"""Ask where the members of a committee, or draws from a posterior, disagree.

Each is a function of (n, k, m) probabilities of m members, and a scorer of the same name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.strategies.probabilities import entropies, score_members
from auto_labeling.view import PoolView

Posterior: TypeAlias = NDArray[np.floating[Any]]
Scores: TypeAlias = NDArray[np.float64]

_ROWS = 8192  # a chunk of votes, so that counting them stays in the processor's cache


def vote_entropy(posterior: Posterior) -> Scores:
    """Return (n,) scores in [0, ln min(k, m)], in nats; higher is less agreed.

    The entropy of the members' votes (Dagan & Engelson 1995). A member votes for its most likely
    class, of equally likely ones for the first.

    >>> vote_entropy(np.array([[[0.9, 0.2], [0.1, 0.8]], [[0.9, 0.6], [0.1, 0.4]]])).round(4)
    array([0.6931, 0.    ])
    """
    return score_members(posterior, _vote_entropy)


def entropy_of_votes(votes: NDArray[Any]) -> Scores:
    """Return (n,) scores in [0, ln m], in nats, of (n, m) votes; higher is less agreed.

    >>> entropy_of_votes(np.array([["cat", "dog"], ["cat", "cat"]])).round(4)
    array([0.6931, 0.    ])
    """
    n, m = votes.shape
    if m == 0:
        raise DataError(f"votes: expected at least one member, got shape {votes.shape}")
    scores = np.empty(n)
    for start in range(0, n, _ROWS):
        chunk = slice(start, start + _ROWS)
        scores[chunk] = _entropy_of_columns(np.ascontiguousarray(votes[chunk].T))
    return scores


def consensus_entropy(posterior: Posterior) -> Scores:
    """Return (n,) scores in [0, ln k], in nats; higher is less certain.

    The entropy of the members' mean, which is high where they disagree and where all are unsure.

    >>> consensus_entropy(np.array([[[1.0, 0.0], [0.0, 1.0]]])).round(4)
    array([0.6931])
    """
    return score_members(posterior, _consensus_entropy)


def max_disagreement(posterior: Posterior) -> Scores:
    """Return (n,) scores in [0, ln m], in nats; higher is less agreed.

    The largest Kullback-Leibler divergence of a member from the mean of all; McCallum & Nigam
    (1998) take the mean of the divergences, which is `mutual_information`.

    >>> max_disagreement(np.array([[[1.0, 0.5], [0.0, 0.5]]])).round(4)
    array([0.2877])
    """
    return score_members(posterior, _max_disagreement)


def mutual_information(posterior: Posterior) -> Scores:
    """Return (n,) scores in [0, ln min(k, m)], in nats; higher is less agreed.

    `H(mean) - mean H(member)`: what an answer would say about the model (BALD, Houlsby et al.
    2011, arXiv 1112.5745), and the mean divergence of a member from the mean of all.

    >>> mutual_information(np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]]])).round(4)
    array([0.6931, 0.    ])
    """
    return score_members(posterior, _mutual_information)


@dataclass(frozen=True, slots=True)
class VoteEntropy:
    """The members vote for different classes."""

    needs: ClassVar[frozenset[str]] = frozenset({"posterior"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln min(k, m)]; higher is less agreed."""
        return vote_entropy(view.need("posterior", "vote_entropy"))


@dataclass(frozen=True, slots=True)
class ConsensusEntropy:
    """The mean of the members is spread over many classes."""

    needs: ClassVar[frozenset[str]] = frozenset({"posterior"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln k]; higher is less certain."""
        return consensus_entropy(view.need("posterior", "consensus_entropy"))


@dataclass(frozen=True, slots=True)
class MaxDisagreement:
    """One member is far from the mean of all."""

    needs: ClassVar[frozenset[str]] = frozenset({"posterior"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln m]; higher is less agreed."""
        return max_disagreement(view.need("posterior", "max_disagreement"))


@dataclass(frozen=True, slots=True)
class MutualInformation:
    """The members are sure, each of another class."""

    needs: ClassVar[frozenset[str]] = frozenset({"posterior"})
    rowwise: ClassVar[bool] = True

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores in [0, ln min(k, m)]; higher is less agreed."""
        return mutual_information(view.need("posterior", "mutual_information"))


def _vote_entropy(members: Posterior) -> Scores:
    k = len(members)
    # The largest code is the first class: of equally likely classes it has the vote. Small
    # integers, because their arithmetic is several times as fast as that of floats.
    codes = np.arange(k, 0, -1, dtype=np.min_scalar_type(k))[:, None, None]
    return _entropy_of_columns(((members == members.max(axis=0)) * codes).max(axis=0))


def _entropy_of_columns(votes: NDArray[Any]) -> Scores:
    """Return (rows,) the entropy of each column of (m, rows) votes."""
    m, n = votes.shape
    logs = np.log(np.maximum(np.arange(m + 1), 1) / m)
    scores = np.zeros(n)
    for vote in votes:  # sum_c v_c ln v_c over classes is a sum of ln v over the members
        scores -= logs[(votes == vote).sum(axis=0, dtype=np.min_scalar_type(m))]
    return np.maximum(scores / m, 0.0)


def _consensus_entropy(members: Posterior) -> Scores:
    return entropies(_consensus(members))


def _max_disagreement(members: Posterior) -> Scores:
    consensus = _consensus(members)
    logs = np.log(np.where(consensus > 0, consensus, 1.0))
    worst = np.zeros(members.shape[2])
    for member in range(members.shape[1]):
        proba = np.asarray(members[:, member], dtype=np.float64)
        np.maximum(worst, -entropies(proba) - (proba * logs).sum(axis=0), out=worst)
    return worst


def _mutual_information(members: Posterior) -> Scores:
    scores = entropies(_consensus(members))
    for member in range(members.shape[1]):
        scores -= entropies(members[:, member]) / members.shape[1]
    return np.maximum(scores, 0.0, out=scores)


def _consensus(members: Posterior) -> Scores:
    mean: Scores = members.mean(axis=1, dtype=np.float64)
    return mean
