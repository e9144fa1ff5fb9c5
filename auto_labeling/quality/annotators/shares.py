"""How sure shares are: exact limits, and how likely so few or so many hits are."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]


def exact_limits(hits: ArrayLike, n: ArrayLike, alpha: float = 0.05) -> tuple[Floats, Floats]:
    """Return (w,) lower and (w,) upper limits of shares; each side spends alpha / 2.

    Hits need not be whole. nan where there is nothing to share.

    References:
        Clopper, C. J. and Pearson, E. S. (1934). The use of confidence or fiducial limits
        illustrated in the case of the binomial. Biometrika 26.

    >>> low, high = exact_limits([9, 0], [10, 0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.555, nan], [0.997, nan])
    """
    from scipy.special import betaincinv

    hit, of = _pair(hits, n)
    miss = np.maximum(of - hit, 0)
    low = np.where(hit > 0, betaincinv(np.maximum(hit, 1e-12), miss + 1, alpha / 2), 0.0)
    high = np.where(miss > 0, betaincinv(hit + 1, np.maximum(miss, 1e-12), 1 - alpha / 2), 1.0)
    return np.where(of > 0, low, np.nan), np.where(of > 0, high, np.nan)


def at_most(hits: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Return (w,) how likely so few hits, or fewer, are at a share; nan where n is 0.

    >>> at_most([0, 5], [5, 5], 0.5).tolist()
    [0.03125, 1.0]
    """
    from scipy.special import betainc

    hit, of = _pair(hits, n)
    p = np.clip(np.asarray(share, dtype=np.float64), 0, 1)
    miss = of - hit
    tail = np.where(miss > 0, betainc(np.maximum(miss, 1e-12), hit + 1, 1 - p), 1.0)
    return np.where(of > 0, tail, np.nan)


def at_least(hits: ArrayLike, n: ArrayLike, share: ArrayLike) -> Floats:
    """Return (w,) how likely so many hits, or more, are at a share; nan where n is 0.

    >>> at_least([5, 0], [5, 5], 0.5).tolist()
    [0.03125, 1.0]
    """
    hit, of = _pair(hits, n)
    return at_most(of - hit, of, 1 - np.asarray(share, dtype=np.float64))


def _pair(hits: ArrayLike, n: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    hit, of = np.broadcast_arrays(np.asarray(hits, np.float64), np.asarray(n, np.float64))
    return hit, of
