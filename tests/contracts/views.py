"""Views with every field filled, and what contract suites do to them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from auto_labeling.view import FLOAT_FIELDS, PoolView


def full_view(n: int = 60, k: int = 3, seed: int = 0) -> PoolView:
    """Return `n` candidates with every field that a strategy may need, no two of them alike."""
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
    )


def only(view: PoolView, needs: frozenset[str]) -> PoolView:
    """Return the view without anything but `needs`, and a length."""
    kept = needs | {"groups"}
    return replace(view, **{f.name: None for f in fields(view) if f.name not in kept})


def spoiled(view: PoolView, name: str, row: int, value: float = np.nan) -> PoolView:
    """Return the view with one number of one field replaced."""
    array = np.array(getattr(view, name))
    array[row].flat[-1] = value
    return replace(view, **{name: array})


def sparse(view: PoolView, name: str) -> PoolView:
    """Return the view with one field as a sparse matrix."""
    return replace(view, **{name: csr_array(getattr(view, name))})


def alike(view: PoolView) -> PoolView:
    """Return the view with every candidate equal to the first."""
    return view.take(np.zeros(len(view), dtype=np.intp))


def sure(view: PoolView) -> PoolView:
    """Return the view with all probability on the first class, for every candidate and member."""
    one = {name: np.zeros_like(getattr(view, name)) for name in ("proba", "marginals", "posterior")}
    for array in one.values():
        array[:, 0] = 1.0
    return replace(view, **one)


def mapped(view: PoolView, folder: Path) -> PoolView:
    """Return the view with its arrays of floats on disk, opened read-only."""
    arrays: dict[str, Any] = {}
    for name in FLOAT_FIELDS:
        np.save(folder / f"{name}.npy", getattr(view, name))
        arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r")
    return replace(view, **arrays)


def point_needs(needs: frozenset[str]) -> list[str]:
    """Return those of `needs` that hold points, sorted."""
    return sorted(needs & {"embeddings", "labeled_embeddings"})


def float_needs(needs: frozenset[str]) -> list[str]:
    """Return those of `needs` that hold floats, sorted."""
    return sorted(needs & set(FLOAT_FIELDS))
