"""How much may be found by chance when many people are looked at for many things."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.annotators.shares import Floats


def discoveries(p: Floats, rate: float = 0.05) -> NDArray[np.bool_]:
    """Return (m,) which of the tests found something, so that `rate` of the finds are by chance.

    nan is a test that could not be made.

    References:
        Benjamini, Y. and Hochberg, Y. (1995). Controlling the false discovery rate: a practical
        and powerful approach to multiple testing. JRSS B 57.

    >>> discoveries(np.array([0.01, 0.04, np.nan, 0.03, 0.9])).tolist()
    [True, False, False, False, False]
    """
    from scipy.stats import false_discovery_control

    found = np.zeros(len(p), dtype=np.bool_)
    made = np.isfinite(p)
    if made.any():
        found[made] = false_discovery_control(p[made]) <= rate
    return found
