"""Who is like whom in the pool: found once, kept on disk, and looked at row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.context import Campaign
from auto_labeling.files import content_digest, write_atomically
from auto_labeling.pool.rows import GatheredRows
from auto_labeling.semi_supervised.graphs import Graphs, graphs_of

_PARTS = ("data", "indices", "indptr")


def graphs(
    campaign: Campaign, points: NDArray[np.floating[Any]] | GatheredRows, rows: NDArray[np.intp]
) -> Graphs:
    """Return the graphs over some rows of the pool, ascending.

    They are parts of graphs over the (n, c) points of the whole pool, which take long and are kept,
    seed by seed: of equally near neighbours a lot decides. A row that is left out, because it
    judges, passes nothing on.
    """
    seed = campaign.config.seed
    name = f"graphs-{_digest(points, seed)}.npz"
    path = campaign.workspace / "cache" / campaign.pool.digest / name
    if not path.exists():
        found = graphs_of(np.asanyarray(points), rng_for(seed, 0, "graphs"))
        parts: dict[str, Any] = _parts(found)
        write_atomically(path, lambda file: np.savez(file, **parts))
    return {name: graph[rows][:, rows] for name, graph in _whole(path).items()}


def _digest(points: NDArray[np.floating[Any]] | GatheredRows, seed: int) -> str:
    """Return what tells graphs apart: other embeddings of the same pool have others."""
    few = np.asarray(points[:: max(len(points) // 1_000, 1)], dtype=np.float32)
    return content_digest([list(points.shape), few.tobytes().hex(), seed])[:16]


def _parts(found: Graphs) -> dict[str, NDArray[Any]]:
    return {
        f"{part} of {name}": getattr(graph, part)
        for name, graph in found.items()
        for part in _PARTS
    }


def _whole(path: Path) -> Graphs:
    from scipy.sparse import csr_array

    found: dict[str, Any] = {}
    with np.load(path) as kept:
        for name in (key.removeprefix("data of ") for key in kept if key.startswith("data of ")):
            parts = tuple(kept[f"{part} of {name}"] for part in _PARTS)
            n = len(parts[-1]) - 1
            found[name] = csr_array(parts, shape=(n, n))
    return found
