"""Which rows of a pool are alike, in every sense in which they may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import normalise_rows
from auto_labeling.semi_supervised.neighbours import neighbour_graph

Graphs: TypeAlias = Mapping[str, Any]
"""What near means -> (n, n) sparse affinities."""

_NEIGHBOURS = 7
_EQUAL = 1e-3


def graphs_of(points: NDArray[np.floating[Any]], rng: np.random.Generator) -> Graphs:
    """Return the graphs over (n, c) points: by distance, and by angle.

    Angles forget how long a row is: how dark a picture, how wordy a text. Of rows of one length
    both are the same, and there is one graph.
    """
    lengths = np.linalg.norm(points, axis=1)
    found = {"neighbours by distance": neighbour_graph(points, _NEIGHBOURS, rng=rng)}
    if np.ptp(lengths) > _EQUAL * lengths.max(initial=0.0):
        angles = normalise_rows(points).astype(np.float32)
        found["neighbours by angle"] = neighbour_graph(angles, _NEIGHBOURS, rng=rng)
    return found
