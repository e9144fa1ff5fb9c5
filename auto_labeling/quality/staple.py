"""Which pixels are of an object that several people outlined."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

_ITERATIONS = 50
_TOLERANCE = 1e-4
_BELIEVED = (9.0, 1.0)
"""As if everybody had said the truth of nine pixels in a hundred rightly for one wrongly."""


def staple(drawn: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (p,) how probable it is that each pixel is inside, by (w, p) what w people drew.

    How many of the pixels inside and outside each person has right is estimated by EM with a prior
    of a tenth of the pixels; how many are inside is their mean share. Of two people, the pixels on
    which they differ are as probable as that share is.

    References:
        Warfield, S. K., Zou, K. H. and Wells, W. M. (2004). Simultaneous Truth and Performance
        Level Estimation (STAPLE). IEEE Transactions on Medical Imaging 23(7).

    >>> staple(np.array([[True, True, False], [True, True, False], [True, False, False]])).round()
    array([1., 1., 0.])
    """
    patterns, which, often = np.unique(drawn.T, axis=0, return_inverse=True, return_counts=True)
    said = patterns.astype(np.float64)
    share = float(np.clip(drawn.mean(), 1e-6, 1 - 1e-6))
    right, wrong = np.array(_BELIEVED) * drawn.shape[1] / 100
    inside = said.mean(axis=1)
    for _ in range(_ITERATIONS):
        weight, rest = inside * often, (1 - inside) * often
        hits = (weight @ said + right) / (weight.sum() + right + wrong)
        passes = (rest @ (1 - said) + right) / (rest.sum() + right + wrong)
        gain = said @ np.log(hits / (1 - passes)) + (1 - said) @ np.log((1 - hits) / passes)
        before, inside = inside, expit(logit(share) + gain)
        if np.abs(inside - before).max() < _TOLERANCE:
            break
    found: NDArray[np.float64] = inside[which.ravel()]
    return found
