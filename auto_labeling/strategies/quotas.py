"""Bound what one group, or one predicted class, takes of a batch, and what it has to get."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, spans
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.strategies.ranking import first_admitted, turns
from auto_labeling.view import PoolView

Kinds: TypeAlias = Literal["groups", "classes"]
"""What is counted: the groups of the view, or its most likely classes, by position."""

_SEEN = 20_000  # candidates of one kind that are looked at, so that memory is bounded


@dataclass(frozen=True, slots=True)
class AtMost:
    """A strategy's ranking without those whose group, or predicted class, is full.

    Where the pool cannot fill the batch so, the maximum is raised to the least that does.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(
    ...     proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.1, 0.9]]),
    ...     groups=np.array(["anna", "anna", "ben", "ben"]),
    ... )
    >>> AtMost(TopK(Margin()), 1).select(view, 2, np.random.default_rng(0))
    array([0, 2])
    """

    strategy: QueryStrategy
    count: int
    of: Kinds = "groups"

    def __post_init__(self) -> None:
        _expect_kinds(self.of)
        if self.count < 1:
            raise ConfigurationError(f"count: expected at least 1, got {self.count}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and what is counted."""
        return self.strategy.needs | _needs(self.of)

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, in the order of the strategy."""
        size = batch_size(size, len(view))
        _, codes, sizes = np.unique(
            _kinds(view, self.of, "at_most"), return_inverse=True, return_counts=True
        )
        filling = bisect_left(range(size), size, key=lambda most: np.minimum(sizes, most).sum())
        most = max(self.count, filling)

        def admit(ranking: NDArray[np.intp]) -> NDArray[np.intp]:
            return ranking[turns(codes[ranking]) < most][:size]

        return first_admitted(self.strategy, view, size, rng, admit)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A strategy's picks, the last of which make room for groups or predicted classes left short.

    What the minimums call for comes first, and what a kind lacks is the strategy's choice among
    that kind alone. No kind gets more than the pool has of it; where the minimums call for more
    than the batch holds, chance decides which are met. Inside `AtMost` a maximum goes before them.

    >>> from auto_labeling.strategies.top_k import TopK
    >>> from auto_labeling.strategies.uncertainty import Margin
    >>> view = PoolView(proba=np.array([[0.50, 0.50], [0.51, 0.49], [0.6, 0.4], [0.1, 0.9]]))
    >>> AtLeast(TopK(Margin()), 1).select(view, 3, np.random.default_rng(0))
    array([0, 3, 1])
    """

    strategy: QueryStrategy
    count: int = 0
    """Of every kind that the pool holds."""
    counts: tuple[tuple[int | str, int], ...] = ()
    """(kind, how many) pairs, for kinds whose minimum is another."""
    of: Kinds = "classes"

    def __post_init__(self) -> None:
        _expect_kinds(self.of)
        if self.count < 0:
            raise ConfigurationError(f"count: expected at least 0, got {self.count}")
        if any(count < 0 for _, count in self.counts):
            raise ConfigurationError(f"counts: expected at least 0 of each, got {self.counts}")

    @property
    def needs(self) -> frozenset[str]:
        """What the strategy reads, and what is counted."""
        return self.strategy.needs | _needs(self.of)

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions: what the minimums call for, then the best."""
        kinds, codes = np.unique(_kinds(view, self.of, "at_least"), return_inverse=True)
        batch = self.strategy.select(view, size, rng)
        wanted = np.full(len(kinds), self.count)
        for kind, count in self.counts:
            wanted[kinds == kind] = count
        called_for = turns(codes[batch]) < wanted[codes[batch]]
        first, spare = batch[called_for], batch[~called_for]
        short = np.maximum(wanted - np.bincount(codes[batch], minlength=len(kinds)), 0)
        extra = self._missing(view, codes, batch, short, len(spare), rng)
        return np.concatenate([first, extra, spare[: len(spare) - len(extra)]])

    def _missing(
        self,
        view: PoolView,
        codes: NDArray[np.intp],
        batch: NDArray[np.intp],
        short: NDArray[np.intp],
        room: int,
        rng: np.random.Generator,
    ) -> NDArray[np.intp]:
        """Return at most `room` positions outside the batch, `short[kind]` of each kind."""
        extra: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        for kind in rng.permutation(np.flatnonzero(short)):
            if len(extra) == room:
                break
            members = np.setdiff1d(np.flatnonzero(codes == kind), batch)
            seen = np.sort(rng.choice(members, min(len(members), _SEEN), replace=False))
            asked = min(int(short[kind]), room - len(extra))
            extra = np.append(extra, seen[self.strategy.select(view.take(seen), asked, rng)])
        return extra


def _expect_kinds(of: str) -> None:
    if of not in ("groups", "classes"):
        raise ConfigurationError(f"of: expected groups or classes, got {of!r}")


def _needs(of: Kinds) -> frozenset[str]:
    return frozenset({"groups" if of == "groups" else "proba"})


def _kinds(view: PoolView, of: Kinds, who: str) -> NDArray[np.generic]:
    """Return (n,) the group or the most likely class of each candidate."""
    if of == "groups":
        return np.asarray(view.need("groups", who))
    proba = view.need("proba", who)
    classes = np.empty(len(proba), dtype=np.intp)
    for span in spans(len(proba), proba.shape[1]):
        classes[span] = proba[span].argmax(axis=1)
    return classes
