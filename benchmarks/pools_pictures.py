"""Pictures as points that need no download, and an embedding of photographs that is made up."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.models.sklearn import LogisticRegression
from benchmarks.data import DATA

_CELL = 4
_DIRECTIONS = 6
_POOL = 10_000


def gradients(pictures: NDArray[Any]) -> NDArray[np.float32]:
    """Return (n, c) how strong edges of each direction are in each cell of (n, h, w) pictures.

    Histograms of oriented gradients (Dalal & Triggs 2005), six unsigned directions in cells of
    4 x 4 pixels; square roots stand in for their blocks. Edges of `h` and `w` that fill no cell
    are left out.
    """
    bright = np.sqrt(pictures.astype(np.float32) / 255)
    along, across = np.zeros_like(bright), np.zeros_like(bright)
    along[:, 1:-1] = bright[:, 2:] - bright[:, :-2]
    across[:, :, 1:-1] = bright[:, :, 2:] - bright[:, :, :-2]
    strength = np.hypot(along, across)
    direction = np.arctan2(along, across) % np.pi / np.pi * _DIRECTIONS
    below = np.floor(direction)
    cells = [
        _by_cell(strength * _share(direction, below, at)) for at in range(_DIRECTIONS)
    ]  # each edge is shared by the two directions it lies between
    return np.sqrt(np.stack(cells, axis=-1)).reshape(len(pictures), -1)


def fashion_mnist(seed: int) -> Any:
    """Return a pool of 10,000 of the training pictures, and all test pictures."""
    X, y, test_X, test_y = _fashion()
    rows = np.random.default_rng([seed, 4]).choice(len(y), _POOL, replace=False)
    return (X[rows], y[rows]), (test_X, test_y)


def photographs(seed: int) -> Any:
    """Return made-up 384-number embeddings of photographs: 7,000 as a pool, 3,000 that judge.

    Ten subjects, each of three looks, show in 40 directions; what varies most are other
    directions, and 60 backgrounds that have nothing to do with the subject. In most photographs
    something of another subject is seen as well. So classes overlap, and neighbours share a
    background more often than a subject.
    """
    rng = np.random.default_rng([seed, 5])
    n, d, k, seen = 10_000, 384, 10, slice(5, 45)
    spectrum = np.arange(1.0, d + 1) ** -0.6
    spectrum /= np.sqrt((spectrum**2).mean())
    looks = rng.normal(size=(k, 1, 40)) + 0.8 * rng.normal(size=(k, 3, 40))
    looks *= 7.5 / np.sqrt(40)
    y, other = rng.integers(0, k, n), rng.integers(0, k, n)
    shared = 0.78 * rng.random((n, 1))
    subject = looks[y, rng.integers(0, 3, n)]
    beside = looks[other, rng.integers(0, 3, n)]
    backgrounds = 0.7 * rng.normal(size=(60, d))
    X = rng.normal(size=(n, d)) + backgrounds[rng.integers(0, 60, n)]
    X[:, seen] += (1 - shared) * subject + shared * beside
    turned = (X * spectrum) @ np.linalg.qr(rng.normal(size=(d, d)))[0].T
    points = turned.astype(np.float32)
    return (points[:7_000], y[:7_000]), (points[7_000:], y[7_000:])


def library_default() -> Any:
    """Return the library's default model: logistic regression on columns of one scale."""
    return LogisticRegression(max_iter=300).build(0)


@cache
def _fashion() -> tuple[NDArray[Any], ...]:
    with np.load(DATA / "fashion_mnist.npz") as file:
        X, test_X = gradients(file["x_train"]), gradients(file["x_test"])
        return X, file["y_train"].astype(np.intp), test_X, file["y_test"].astype(np.intp)


def _share(
    direction: NDArray[np.float32], below: NDArray[np.float32], at: int
) -> NDArray[np.float32]:
    above = direction - below
    lower = (below % _DIRECTIONS == at) * (1 - above)
    return np.asarray(lower + ((below + 1) % _DIRECTIONS == at) * above, dtype=np.float32)


def _by_cell(values: NDArray[np.float32]) -> NDArray[np.float32]:
    n, rows, columns = len(values), values.shape[1] // _CELL, values.shape[2] // _CELL
    whole = values[:, : rows * _CELL, : columns * _CELL]
    return whole.reshape(n, rows, _CELL, columns, _CELL).sum(axis=(2, 4))
