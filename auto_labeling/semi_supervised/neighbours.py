"""A graph of who is like whom, over a pool of any length, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, expect_shape, spans
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.semi_supervised.copies import first_copies
from auto_labeling.semi_supervised.nearest import nearest_rows
from auto_labeling.strategies.points import working_precision
from auto_labeling.view import refuse_non_finite

_FAINT = 1e-12  # what an edge weighs at least: rounding must not cut off what lies far from all
_SMALL, _LARGE = 1e-3, 1e6  # numbers whose differences can be squared in single precision


def neighbour_graph(points: Any, k: int = 10, *, rng: np.random.Generator) -> Any:
    """Return (n, n) symmetric affinities in (0, 1], a `scipy.sparse.csr_array` of float32.

    Every row is joined to its `k` nearest, and to those whose nearest it is, by
    `exp(-d(i, j)^2 / (w(i) w(j)))`, where w is the distance to the k-th nearest: what is near is
    told by each row's own surroundings (Zelnik-Manor & Perona 2004). Copies of a row hang on the
    first of them with the weight 1, and its neighbours are k others.

    Above 30,000 rows the neighbours are the best of a few rounds of search, not all exact; 1,000
    bytes a row are enough, whatever n. The result depends on `rng`, and but for rounding on nothing
    else. Raises `DataError` for rows that are sparse or not finite.

    >>> graph = neighbour_graph(np.array([[0.0], [1.0], [3.0]]), 1, rng=np.random.default_rng(0))
    >>> graph.toarray()[1].astype(float).round(4)
    array([0.3679, 0.    , 0.1353])
    """
    rows = _checked(points)
    if k < 1:
        raise ConfigurationError(f"k: expected at least 1 neighbour, got {k}")
    n = len(rows)
    first = first_copies(rows)
    kinds = np.flatnonzero(first == np.arange(n))
    copies = np.flatnonzero(first != np.arange(n))
    k = min(k, len(kinds) - 1)
    if k < 1:
        return _joined(n, copies, first[copies], np.ones(len(copies), dtype=np.float32))
    scaled = _moderate(rows)
    near = nearest_rows(scaled, kinds, k, rng)
    weights = _affinities(scaled, kinds, near)
    return _joined(
        n,
        np.concatenate([np.repeat(kinds.astype(np.int32), k), copies.astype(np.int32)]),
        np.concatenate([near.ravel(), first[copies].astype(np.int32)]),
        np.concatenate([weights.ravel(), np.ones(len(copies), dtype=np.float32)]),
    )


def _checked(points: Any) -> Floats:
    if hasattr(points, "tocsr"):
        raise DataError(
            f"points: expected dense rows, got a sparse {points.shape}; reduce them first, for "
            "example with scikit-learn's TruncatedSVD"
        )
    rows: Floats = np.asanyarray(points)  # a memory map stays one
    expect_shape("points", rows, ("n", "d"))
    refuse_non_finite(rows, "points")
    return rows


def _moderate(rows: Floats) -> Floats:
    """Return the rows, divided by their largest number where squares of it would lose digits."""
    largest = max(float(np.abs(rows[span]).max()) for span in spans(len(rows), rows.shape[1]))
    if _SMALL <= largest <= _LARGE:
        return rows
    exact: Floats = np.asarray(rows, dtype=np.float64) / largest
    return exact.astype(working_precision(rows.dtype))


def _affinities(
    points: Floats, kinds: NDArray[np.intp], near: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return (m, k) how near each of the neighbours of each row is, in (0, 1]."""
    m, k = near.shape
    apart = np.empty((m, k), dtype=np.float32)
    precision = working_precision(points.dtype)
    for span in spans(m, k * points.shape[1]):
        own: Floats = np.asarray(points[kinds[span]], dtype=precision)
        others: Floats = np.asarray(points[near[span].ravel()], dtype=precision)
        gaps = others.reshape(-1, k, points.shape[1]) - own[:, None]
        apart[span] = np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps))
    widths = np.zeros(len(points), dtype=np.float32)
    # Rows that differ can still lie at distance 0 from one another, where squares underflow.
    widths[kinds] = np.maximum(apart.max(axis=1), np.finfo(np.float32).tiny)
    for span in spans(m, k):
        mine, theirs = widths[kinds[span], None], widths[near[span]]
        exact = apart[span].astype(np.float64)
        apart[span] = np.maximum(np.exp(-(exact / mine) * (exact / theirs)), _FAINT)
    return apart


def _joined(n: int, rows: NDArray[Any], columns: NDArray[Any], weights: NDArray[np.float32]) -> Any:
    """Return the symmetric graph of edges that are given in one direction or both."""
    from scipy.sparse import csr_array

    one_way = csr_array((weights, (rows, columns)), shape=(n, n))
    return one_way.maximum(one_way.T.tocsr()).tocsr()
