"""In which order labels are best bought: a beam search that sees all of them, and the test set.

The beam-search oracle of Zhan et al. (2021, IJCAI): every set of labels is extended by one label,
the few that make the best judges of the test set go on, until the pool is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics.pairwise import rbf_kernel

# Private, but the checks of `SVC` take ten times as long as fits this small.
from sklearn.svm import _libsvm

from benchmarks.pools import Pool


@dataclass(frozen=True, slots=True, eq=False)
class Beam:
    """A set of labels, and the best way to it."""

    labeled: NDArray[np.bool_]
    accuracy: float
    total: float
    """All accuracies on the way, added up."""
    bought: tuple[int, ...] = ()


class Judge:
    """The machine of the published protocol, learning from any rows of one pool."""

    def __init__(self, pool: Pool) -> None:
        _libsvm.set_verbosity_wrap(0)  # without it every fit is reported
        gamma = 1 / pool.X.shape[1]
        self._alike = rbf_kernel(pool.X, gamma=gamma)
        self._alike_test = rbf_kernel(pool.test_X, pool.X, gamma=gamma)
        self._y, self._test_y = pool.y, pool.test_y

    def accuracy(self, rows: NDArray[np.intp]) -> float:
        """Return the accuracy on the test set after learning from (m,) rows of both classes."""
        heights = self._heights(rows, self._alike_test)
        return float(((heights > 0) == self._test_y).mean())

    def would_change(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Return (n,) whether one row more would change what was learned from (m,) rows.

        What lies outside the margin, on its own side, gets no weight in the machine.
        """
        return (2 * self._y - 1) * self._heights(rows, self._alike) < 1

    def _heights(self, rows: NDArray[np.intp], alike: NDArray[np.float64]) -> NDArray[np.float64]:
        among, y = self._alike[np.ix_(rows, rows)], self._y[rows].astype(np.float64)
        support, _, _, weights, offset, *_ = _libsvm.fit(among, y, kernel="precomputed", C=1)
        # As libsvm has it, class 0 is above.
        heights: NDArray[np.float64] = -(alike[:, rows[support]] @ weights[0] + offset[0])
        return heights


def oracle(
    pool: Pool, rng: np.random.Generator, width: int = 5, candidates: int | None = None
) -> list[int]:
    """Return the rows in the order in which the best beam buys their labels.

    `width` beams go on; each is extended by all that is left, or by `candidates` of it, drawn anew.
    Among equally accurate ones it is drawn which go on.
    """
    judge = Judge(pool)
    labeled = np.isin(np.arange(len(pool.y)), pool.start)
    accuracy = judge.accuracy(np.flatnonzero(labeled))
    beams = [Beam(labeled, accuracy, accuracy)]
    for _ in range(pool.budget - len(pool.start)):
        longer = [new for beam in beams for new in _extended(beam, judge, candidates, rng)]
        beams = _best(longer, width, rng)
    return list(max(beams, key=lambda beam: beam.total).bought)


def accuracies(pool: Pool, order: Sequence[int]) -> NDArray[np.float64]:
    """Return the accuracies on the test set, of the first model and after each label."""
    judge = Judge(pool)
    sets = [np.append(pool.start, order[:bought]) for bought in range(len(order) + 1)]
    return np.array([judge.accuracy(np.sort(rows).astype(np.intp)) for rows in sets])


def without_test(pool: Pool) -> Pool:
    """Return the pool judged by itself: an oracle sees its labels, but not the test set."""
    return replace(pool, test_X=pool.X, test_y=pool.y)


def _extended(
    beam: Beam, judge: Judge, candidates: int | None, rng: np.random.Generator
) -> Iterable[Beam]:
    changes = judge.would_change(np.flatnonzero(beam.labeled))
    for row in rng.permutation(np.flatnonzero(~beam.labeled))[:candidates].tolist():
        labeled, accuracy = beam.labeled.copy(), beam.accuracy
        labeled[row] = True
        if changes[row]:
            accuracy = judge.accuracy(np.flatnonzero(labeled))
        yield Beam(labeled, accuracy, beam.total + accuracy, (*beam.bought, row))


def _best(beams: list[Beam], width: int, rng: np.random.Generator) -> list[Beam]:
    ways: dict[bytes, Beam] = {}
    for beam in sorted(beams, key=lambda beam: beam.total):
        ways[beam.labeled.tobytes()] = beam  # of two ways to one set the better stays
    distinct = list(ways.values())
    accuracies = np.array([beam.accuracy for beam in distinct])
    ranked = np.lexsort((rng.random(len(distinct)), -accuracies))
    return [distinct[at] for at in ranked[:width]]
