"""Which rows are nearly the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auto_labeling.arrays import normalise_rows

_BLOCK = 512


def near_groups(features: Any, least: float) -> NDArray[np.intp]:
    """Return (n,) for each row of (n, d) features the first row of its group, alone or not.

    Two rows are in one group where the cosine of the angle between them is at least `least`, or
    others lie between them. Rows of zeros are like no other. Memory goes by n, time by n squared.

    >>> near_groups(np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 0.1]]), 0.9)
    array([0, 1, 0])
    """
    rows = _unit_rows(features)
    n = rows.shape[0]
    leaders = np.arange(n)
    for start in range(0, n, _BLOCK):
        one, other = _near(rows, start, least)
        if len(one):
            leaders = _joined(leaders, one, other)
    return leaders


def _unit_rows(features: Any) -> Any:
    if not hasattr(features, "tocsr"):
        return normalise_rows(features).astype(np.float32)
    from sklearn.preprocessing import normalize

    return normalize(features.tocsr().astype(np.float32))


def _near(rows: Any, start: int, least: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of a row of the block at `start` with itself or a later one."""
    stop = min(start + _BLOCK, rows.shape[0])
    cosines: Any = rows[start:stop] @ rows[start:].T
    slack = 1e-6  # of single precision, so that equal rows are near at a `least` of 1
    if hasattr(cosines, "tocoo"):
        cosines = cosines.tocoo()
        near = cosines.data >= least - slack
        one, other = cosines.row[near], cosines.col[near]
    else:
        one, other = np.nonzero(cosines >= least - slack)
    return one + start, other + start


def _joined(
    leaders: NDArray[np.intp], one: NDArray[np.intp], other: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return (n,) the first row of each row's group, once these pairs are joined as well."""
    n = len(leaders)
    ends = (np.concatenate([np.arange(n), one]), np.concatenate([leaders, other]))
    edges = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(n, n))
    components = connected_components(edges, directed=False)[1]
    _, first, number = np.unique(components, return_index=True, return_inverse=True)
    joined: NDArray[np.intp] = first[number]
    return joined
