"""Labels that spread along a graph of neighbours, to rows that nobody has labeled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.semi_supervised.diffusion import Diffusion

_COLUMNS = 16  # that are solved for at once: the memory of a solution goes by them


def spread(
    graph: Any,
    labeled: ArrayLike,
    targets: ArrayLike,
    n_classes: int,
    *,
    alpha: float = 0.9,
    balance: float = 0.5,
    tolerance: float = 1e-5,
    max_iter: int = 1000,
) -> NDArray[np.float32]:
    """Return (n, k) the chance of each class for each row, by label and global consistency.

    `(1 - alpha) (I - alpha S)^-1 Y`, S being the graph between the roots of its degrees (Zhou et
    al. 2003), its columns divided by the number of labels of the class to the power of `balance`,
    its rows scaled to sum to one. Where next to nothing arrives, as on an island without
    a label, a row has the shares of the classes among the labels. A labeled row is not held to its
    label: the neighbours may say that it is wrong.

    Args:
        graph: (n, n) symmetric affinities of at least 0, as `neighbour_graph` returns them.
        labeled: (l,) positions of labeled rows; a row may be there more than once.
        targets: (l,) their classes, from 0 to `n_classes` - 1.
        n_classes: k; a class that has no label has no chance.
        alpha: how much a row is told by its neighbours, in [0, 1); the nearer to 1, the farther a
            label reaches, and the less it matters where it is.
        balance: 0 lets a class speak by how many labels it has, 1 as loud as any other (class mass
            normalisation: Zhu et al. 2003). Labels that a strategy chose are no sample of the pool,
            and .5 does well with them and with such as were drawn by lot.
        tolerance: of the solution, relative to the labels.
        max_iter: steps after which it is given up with a `DataError`.
    """
    rows, classes = _checked(graph, labeled, targets, n_classes)
    _expect_share(balance)
    flow = Diffusion.of(graph, alpha=alpha, tolerance=tolerance, max_iter=max_iter)
    mass = np.zeros((graph.shape[0], n_classes), dtype=np.float32)
    seen = np.unique(classes)
    for start in range(0, len(seen), _COLUMNS):
        some = seen[start : start + _COLUMNS]
        at = np.flatnonzero(np.isin(classes, some))
        mass[:, some] = flow.from_sources(rows[at], np.searchsorted(some, classes[at]), len(some))
    counts = np.bincount(classes, minlength=n_classes).astype(np.float64)
    mass *= _voice(counts, balance).astype(np.float32)
    noise = tolerance * float(mass.mean(dtype=np.float64)) * n_classes
    mass += (noise * counts / counts.sum()).astype(np.float32)
    mass /= mass.sum(axis=1, keepdims=True)
    return mass


def spread_folds(
    graph: Any,
    labeled: ArrayLike,
    targets: ArrayLike,
    n_classes: int,
    folds: ArrayLike,
    *,
    alpha: float = 0.9,
    balance: float = 0.5,
    tolerance: float = 1e-5,
    max_iter: int = 1000,
) -> NDArray[np.float64]:
    """Return (l, k) what `spread` says of each labeled row while the labels of its fold are hidden.

    The solution is linear in the labels: what comes from each fold and class is found once, and a
    row is told the sum of what comes from other folds. `folds` are (l,) whole numbers; where a row
    is labeled twice, both labels belong in one fold. The other arguments are those of `spread`.
    """
    rows, classes = _checked(graph, labeled, targets, n_classes)
    groups = np.asarray(folds)
    expect_shape("folds", groups, (len(rows),))
    if len(np.unique(groups)) < 2:
        raise DataError("folds: expected at least two, else nothing is left to learn from")
    flow = Diffusion.of(graph, alpha=alpha, tolerance=tolerance, max_iter=max_iter)
    pairs, source = np.unique(np.stack([groups, classes]), axis=1, return_inverse=True)
    mass, total = np.zeros((2, len(rows), n_classes))
    for start in range(0, pairs.shape[1], _COLUMNS):
        some = pairs[:, start : start + _COLUMNS]
        at = np.flatnonzero((source >= start) & (source < start + some.shape[1]))
        sent = flow.from_sources(rows[at], source[at] - start, some.shape[1])
        heard = groups[:, None] != some[0]
        np.add.at(mass.T, some[1], (heard * sent[rows]).T)
        np.add.at(total.T, some[1], (heard * sent.sum(axis=0, dtype=np.float64)).T)
    counts = _labels_elsewhere(classes, groups, n_classes)
    voice = _voice(counts, balance)
    noise = tolerance * (voice * total).sum(axis=1, keepdims=True) / graph.shape[0]
    mass = voice * mass + noise * counts / counts.sum(axis=1, keepdims=True)
    chances: NDArray[np.float64] = mass / mass.sum(axis=1, keepdims=True)
    return chances


def _voice(counts: NDArray[np.float64], balance: float) -> NDArray[np.float64]:
    """Return what a label of each class counts, where the class has so many."""
    voice: NDArray[np.float64] = np.maximum(counts, 1.0) ** -balance
    return voice


def _labels_elsewhere(
    classes: NDArray[np.intp], groups: NDArray[Any], n_classes: int
) -> NDArray[np.float64]:
    """Return (l, k) how many labels of each class there are in all other folds."""
    _, fold = np.unique(groups, return_inverse=True)
    inside = np.zeros((fold.max() + 1, n_classes))
    np.add.at(inside, (fold, classes), 1.0)
    outside: NDArray[np.float64] = (inside.sum(axis=0) - inside)[fold]
    return outside


def _expect_share(balance: float) -> None:
    if not 0 <= balance <= 1:
        raise ConfigurationError(f"balance: expected a number in [0, 1], got {balance}")


def _checked(
    graph: Any, labeled: ArrayLike, targets: ArrayLike, n_classes: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows, classes = np.asarray(labeled), np.asarray(targets)
    expect_shape("labeled", rows, ("l",))
    expect_shape("targets", classes, (len(rows),))
    if len(rows) == 0:
        raise DataError("labeled: expected at least one labeled row, got none")
    for name, values, end in (("labeled", rows, graph.shape[0]), ("targets", classes, n_classes)):
        if values.dtype.kind not in "iu" or values.min() < 0 or values.max() >= end:
            raise DataError(
                f"{name}: expected whole numbers from 0 to {end - 1}, got {values[:5].tolist()}"
            )
    return rows.astype(np.intp), classes.astype(np.intp)
