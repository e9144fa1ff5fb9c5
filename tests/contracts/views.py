"""Views with every field filled, and what contract suites do to them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auto_labeling.detections import Detections
from auto_labeling.view import FLOAT_FIELDS, PoolView


def full_view(n: int = 60, k: int = 3, seed: int = 0) -> PoolView:
    """Return `n` candidates with every field that a strategy may need, no two of them alike.

    But there are pictures on which nothing is seen, and others with one object.
    """
    rng = np.random.default_rng(seed)
    return PoolView(
        proba=rng.dirichlet(np.ones(k), n),
        marginals=rng.uniform(size=(n, k)),
        embeddings=rng.normal(size=(n, 5)),
        features=rng.normal(size=(n, 4)),
        posterior=rng.dirichlet(np.ones(k), (n, 6)).transpose(0, 2, 1),
        cost=rng.uniform(1, 2, n),
        groups=rng.integers(0, 9, n),
        labeled_embeddings=rng.normal(size=(7, 5)),
        labeled_targets=rng.integers(0, k, 7),
        detections=sightings(_counts(n, rng), k, rng),
        mirrored=sightings(_counts(n, rng), k, rng),
    )


def sightings(counts: NDArray[np.integer[Any]], k: int, rng: np.random.Generator) -> Detections:
    """Return what might be seen on n pictures: (n,) so many objects of k classes on each."""
    m = int(counts.sum())
    proba = rng.uniform(size=(m, k)).astype(np.float32) ** 2
    places = rng.uniform(0.1, 0.4, (m, 2))
    boxes = np.hstack([places, rng.uniform(0.2, 0.5, (m, 2))]).astype(np.float32)
    best = proba.max(axis=1, initial=0.0)
    pictures = np.repeat(np.arange(len(counts)), counts)
    order = np.lexsort((-best, pictures))  # the surest of a picture first
    return Detections(
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        boxes=boxes,
        scores=best[order],
        labels=proba.argmax(axis=1)[order],
        proba=proba[order],
        doubt=rng.uniform(size=m).astype(np.float32),
    )


def _counts(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    counts = rng.integers(0, 7, n)
    counts[7:8] = 3  # of the row that contracts spoil
    return counts


def only(view: PoolView, needs: frozenset[str]) -> PoolView:
    """Return the view without anything but `needs`, and a length."""
    kept = needs | {"groups"}
    return replace(view, **{f.name: None for f in fields(view) if f.name not in kept})


def spoiled(view: PoolView, name: str, row: int, value: float = np.nan) -> PoolView:
    """Return the view with one number of one field replaced."""
    whole = getattr(view, name)
    if isinstance(whole, Detections):
        boxes = whole.boxes.copy()
        boxes[whole.offsets[row + 1] - 1, -1] = value
        return replace(view, **{name: replace(whole, boxes=boxes)})
    array = np.array(whole)
    array[(row, *(-1 for _ in array.shape[1:]))] = value
    return replace(view, **{name: array})


def sparse(view: PoolView, name: str) -> PoolView:
    """Return the view with one field as a sparse matrix."""
    return replace(view, **{name: csr_array(getattr(view, name))})


def alike(view: PoolView) -> PoolView:
    """Return the view with every candidate equal to the first."""
    return view.take(np.zeros(len(view), dtype=np.intp))


def sure(view: PoolView) -> PoolView:
    """Return the view with all probability on the first class, whoever says it of whatever."""
    one = {name: np.zeros_like(getattr(view, name)) for name in ("proba", "marginals", "posterior")}
    for array in one.values():
        array[:, 0] = 1.0
    looks = {name: _sure_of(getattr(view, name)) for name in ("detections", "mirrored")}
    return replace(view, **one, **looks)


def expect_same(one: Any, other: Any) -> None:
    """Assert that two fields of views hold the same."""
    if not isinstance(one, Detections):
        np.testing.assert_array_equal(one, other)
        return
    for name in (f.name for f in fields(Detections) if f.name != "masks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def mapped(view: PoolView, folder: Path) -> PoolView:
    """Return the view with its arrays of floats on disk, opened read-only."""
    arrays: dict[str, Any] = {}
    for name in FLOAT_FIELDS:
        np.save(folder / f"{name}.npy", getattr(view, name))
        arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return replace(view, **arrays)


def _sure_of(seen: Detections) -> Detections:
    proba = np.zeros_like(seen.proba)
    proba[:, :1] = 1.0
    return replace(
        seen,
        scores=np.ones_like(seen.scores),
        labels=np.zeros_like(seen.labels),
        proba=proba,
        doubt=np.zeros_like(seen.doubt),
    )


def point_needs(needs: frozenset[str]) -> list[str]:
    """Return those of `needs` that hold points, sorted."""
    return sorted(needs & {"embeddings", "labeled_embeddings"})


def float_needs(needs: frozenset[str]) -> list[str]:
    """Return those of `needs` that hold floats, sorted."""
    return sorted(needs & {*FLOAT_FIELDS, "detections", "mirrored"})
