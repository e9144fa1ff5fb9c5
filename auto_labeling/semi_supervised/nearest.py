"""Who lies next to whom: exact while rows are few, close to it above, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats
from auto_labeling.models.threads import one_thread
from auto_labeling.strategies.points import working_precision

_EXACT = 30_000  # rows; above it all pairs take longer than four rounds of looking around
_LEAF = 250  # rows that search together
_FIRST_LEAF = 2 * _LEAF
_MOST = 12 * _LEAF  # rows among which they search
_ROUNDS = 4
_DIRECTIONS = 24
_SAMPLE = 500  # rows that tell along which direction a branch is widest
_WIDE, _GROUP = 4096, 16


def nearest_rows(
    points: Floats, among: NDArray[np.intp], k: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Return (m, k) for each row in `among` the `k` others of `among` nearest to it, in no order.

    Up to 30,000 rows this is exact but for the rounding of single precision, relative to the rows
    that lie near; of equally near ones a lot decides. Above, random trees cut the rows into leaves
    (Dasgupta & Freund 2008), and each leaf searches what its rows' neighbours and their neighbours
    name most often, after the idea of Dong, Moses & Li (2011) that a neighbour of a neighbour is
    likely one too.

    Args:
        points: (n, d) of any float precision, finite, none far above 1e6; may be memory-mapped.
        among: (m,) ascending positions.
        k: below m.
        rng: draws the trees.
    """
    found = np.zeros((len(points), k), dtype=np.int32)
    if len(among) <= _EXACT:
        for rows in _leaves(points, among, _LEAF, rng):
            found[rows] = _closest(points, rows, among, k)
        return found[among]
    for rows in _leaves(points, among, max(_FIRST_LEAF, 4 * k), rng):
        found[rows] = _closest(points, rows, rows, k)
    for _ in range(_ROUNDS):
        for rows in _leaves(points, among, _LEAF, rng):
            found[rows] = _closest(points, rows, _around(found, rows), k)
    return found[among]


def _around(found: NDArray[np.int32], rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the rows, their neighbours and, of those' neighbours, the most often named."""
    first = np.unique(found[rows])
    named, times = np.unique(np.append(found[first], first), return_counts=True)
    times[np.searchsorted(named, first)] += times.max()  # a neighbour once found is not lost
    most = max(_MOST - len(rows), len(first))
    if len(named) > most:
        named = named[np.argpartition(-times, most)[:most]]
    around: NDArray[np.intp] = np.union1d(rows, named)
    return around


def _closest(
    points: Floats, rows: NDArray[np.intp], near: NDArray[np.intp], k: int
) -> NDArray[np.intp]:
    """Return (m, k) positions in `near`, ascending and with all rows in it, but the row itself."""
    precision = working_precision(points.dtype)
    block: Floats = np.asarray(points[rows], dtype=precision)
    center = block.mean(axis=0)  # what lies near keeps its digits
    asking = (block - center).astype(np.float32)
    others = (np.asarray(points[near], dtype=precision) - center).astype(np.float32)
    gaps = asking @ (-2 * others.T)
    gaps += np.einsum("ij,ij->i", others, others)
    gaps[np.arange(len(rows)), np.searchsorted(near, rows)] = np.inf
    closest: NDArray[np.intp] = near[_least(gaps, k)]
    return closest


def _least(gaps: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return (m, k) columns of the least of each row, in no order."""
    m, n = gaps.shape
    groups = n // _GROUP
    if n < _WIDE or groups <= k:
        return np.argpartition(gaps, k - 1, axis=1)[:, :k]
    # The k least lie in the k groups whose least are least: most columns are looked at once.
    body = groups * _GROUP
    best = gaps[:, :body].reshape(m, _GROUP, groups).min(axis=1)
    chosen = np.argpartition(best, k - 1, axis=1)[:, :k]
    columns = (chosen[:, None, :] + groups * np.arange(_GROUP)[:, None]).reshape(m, -1)
    rest = np.broadcast_to(np.arange(body, n), (m, n - body))
    columns = np.concatenate([columns, rest], axis=1)
    values = np.take_along_axis(gaps, columns, axis=1)
    least = np.argpartition(values, k - 1, axis=1)[:, :k]
    return np.take_along_axis(columns, least, axis=1)


def _leaves(
    points: Floats, among: NDArray[np.intp], size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    """Yield ascending rows, half of `size` to `size` of them, until each row was in one leaf.

    A branch is cut at the median along the direction in which it is widest, of a few that join two
    rows each.
    """
    if len(among) <= size:
        yield among
        return
    seen = _projected(points, among, rng)
    branches: list[NDArray[np.intp]] = [np.arange(len(among))]
    while branches:
        branch = branches.pop()
        if len(branch) <= size:
            yield np.sort(among[branch])
            continue
        sample = seen[branch[:: max(1, len(branch) // _SAMPLE)]]
        along = seen[branch, sample.var(axis=0).argmax()]
        half = len(branch) // 2
        order = np.argpartition(along, half)
        branches += [branch[order[:half]], branch[order[half:]]]


def _projected(
    points: Floats, among: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Return (m, directions) where the rows lie along directions that join two of them."""
    pairs = rng.integers(len(among), size=(2, _DIRECTIONS))
    ends = [np.asarray(points[among[side]], dtype=np.float64) for side in pairs]
    apart = ends[0] - ends[1]
    lengths = np.linalg.norm(apart, axis=1, keepdims=True)
    directions = (apart / np.where(lengths > 0, lengths, 1.0)).T
    seen = np.empty((len(among), _DIRECTIONS), dtype=np.float32)
    with one_thread():  # so that the same rows share a leaf on every machine's number of threads
        for start in range(0, len(among), _MOST):
            rows = among[start : start + _MOST]
            seen[start : start + _MOST] = np.asarray(points[rows], dtype=np.float64) @ directions
    return seen
