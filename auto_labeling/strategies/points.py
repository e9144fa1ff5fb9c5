"""What selectors that walk over the points of a pool have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, spans
from auto_labeling.view import PoolView

Doubles: TypeAlias = NDArray[np.float64]

_SAMPLE = 1000  # points that tell where a pool lies
_FAR = 4.0  # how often the squared spread of a pool its squared distance from zero may be
_SMALL, _LARGE = 1e-30, 1e30  # between them squares keep all their digits in single precision


def dense_points(view: PoolView, field: str, who: str) -> Floats:
    """Return the (n, d) field; raise `DataError` where it is missing, sparse or not finite."""
    points: Floats = view.need(field, who)
    return points


def squared_lengths(points: Floats, origin: NDArray[np.float64] | None = None) -> Doubles:
    """Return (n,) squared distances to the origin, right to the rounding of the points' precision.

    >>> squared_lengths(np.array([[3.0, 4.0]], dtype=np.float16))
    array([25.])
    """
    squares = np.empty(len(points))
    for span in spans(len(points), points.shape[1]):
        block = shifted(points[span], origin, working_precision(points.dtype))
        squares[span] = np.einsum("ij,ij->i", block, block)
        if not fits_single(squares[span]):
            exact = shifted(points[span], origin, np.float64)
            squares[span] = np.einsum("ij,ij->i", exact, exact)
    return squares


def shifted(points: Floats, origin: NDArray[np.float64] | None, precision: type) -> Floats:
    """Return the (m, d) points relative to the origin, where there is one."""
    block: Floats = np.asarray(points, dtype=precision)
    moved: Floats = block if origin is None else block - origin.astype(precision)
    return moved


def far_origin(points: Floats) -> NDArray[np.float64] | None:
    """Return (d,) where the points lie, if that is so far from zero that squares lose digits."""
    sample = np.asarray(points[:: max(1, len(points) // _SAMPLE)], dtype=np.float64)
    mean = sample.mean(axis=0)
    spread = float(((sample - mean) ** 2).sum(axis=1).mean())
    if mean @ mean <= _FAR * spread:
        return None
    # A point of the pool's precision, so that subtracting it rounds once.
    origin: Doubles = mean.astype(working_precision(points.dtype)).astype(np.float64)
    return origin


def fits_single(squares: Doubles) -> bool:
    """Return whether the longest of these squared lengths keeps its digits in single precision."""
    return bool(_SMALL < squares.max(initial=0.0) < _LARGE)


def working_precision(dtype: Any) -> type:
    """Return double for double precision and integers, and single for less."""
    return np.float32 if dtype in (np.float16, np.float32) else np.float64


def settled(values: NDArray[np.float64], scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (m,) values, rounded to 13 digits of value and scale: what is equal stays a tie.

    Copies get different last digits where they lie in different places of a matrix product.

    >>> bool(np.ptp(settled(np.array([0.3, 0.1 + 0.2]), np.ones(2))) == 0)
    True
    """
    _, exponents = np.frexp(values + scales)
    grid = np.ldexp(1.0, exponents - _DIGITS)
    rounded: NDArray[np.float64] = np.rint(values / grid) * grid
    return rounded


_DIGITS = 44
COARSE = 2.0 ** (2 - _DIGITS)
"""What `settled` may add to a value, as a share of value and scale, with room to spare."""


def with_random_rest(
    picks: Sequence[int], n: int, size: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Return (size,) the picks, and after them others of the `n`, each with the same chance.

    >>> with_random_rest([2], 3, 3, np.random.default_rng(0))
    array([2, 0, 1])
    """
    chosen = np.array(picks, dtype=np.intp)
    if len(chosen) == size:
        return chosen
    rest = np.delete(np.arange(n), chosen)
    return np.concatenate([chosen, rng.choice(rest, size - len(chosen), replace=False)])
