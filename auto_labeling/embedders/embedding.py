"""Embedding what is not yet embedded, a shard at a time, and looking at what comes back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.store import Store
from auto_labeling.errors import DataError
from auto_labeling.ports import Contents, Embedder, EmbedderSettings, Precision

AT_ONCE = {"image": 256, "row": 65_536, "text": 8_192}
"""How many items of each kind a shard has: what a kill costs, at most."""
_LARGEST = {"half": float(np.finfo(np.float16).max), "single": float(np.finfo(np.float32).max)}


def store_of(cache: Path, settings: EmbedderSettings, embedder: Embedder) -> Store:
    """Return the store of an embedder below a workspace's `cache`."""
    folder = cache / "embeddings" / f"{embedder.digest}-{settings.precision}"
    return Store(folder=folder, precision=settings.precision)


def complete(
    store: Store,
    embedder: Embedder,
    hashes: Sequence[str],
    read: Callable[[list[int]], Contents],
    *,
    at_once: int,
    where: Callable[[int], str],
    tell: Callable[[str], None],
) -> Store:
    """Return the store with a point for each of these content hashes.

    `read` gives what the items at some positions hold, and is called once: a table is read as a
    whole. A shard has `at_once` items. `where` leads a person to one. Raises `DataError` for points
    that nothing can be made of.
    """
    missing = store.missing(hashes)
    if not missing:
        return store
    contents = read(missing)
    for start in range(0, len(missing), at_once):
        some = slice(start, start + at_once)
        positions = missing[some]
        points = checked(embedder.embed(contents[some]), positions, store, where)
        store = store.with_points([hashes[at] for at in positions], points)
        tell(f"{min(start + at_once, len(missing))} of {len(missing)} items embedded")
    return store


def checked(
    points: NDArray[np.floating[Any]],
    positions: Sequence[int],
    store: Store,
    where: Callable[[int], str],
) -> NDArray[np.floating[Any]]:
    """Return (n, d) points as they are; `DataError` for another shape, width, or for a NaN."""
    if points.ndim != 2 or len(points) != len(positions) or not points.shape[1]:
        raise DataError(
            f"embedder: expected a point for each of {len(positions)} items, ({len(positions)}, d)"
            f" numbers, got {points.shape}"
        )
    if store.width not in (None, points.shape[1]):
        raise DataError(
            f"embedder: expected points of {store.width} numbers, as those it made before, got "
            f"{points.shape[1]}; if it has changed, delete {store.folder}"
        )
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(~(np.abs(points) <= _LARGEST[store.precision]).all(axis=1))
    if len(bad):
        raise DataError(
            f"embedder: expected finite numbers, got {_strange(points[bad[0]], store.precision)} "
            f"for {where(positions[bad[0]])}; {len(bad)} of {len(points)} items have such"
        )
    return points


def _strange(point: NDArray[np.floating[Any]], precision: Precision) -> str:
    finite = np.abs(point[np.isfinite(point)])
    if len(finite) == len(point):
        return f"{finite.max():.3g}, beyond what `precision: {precision}` holds,"
    return "NaN" if np.isnan(point).any() else "an infinite one"
