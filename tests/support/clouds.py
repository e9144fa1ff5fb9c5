"""Points in three clouds, and texts in two tones."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

CLASSES = ("ant", "bee", "cat")
_GOOD = ("a good film", "what a good day", "good fun", "really good", "good and kind", "good food")
_BAD = ("a bad film", "what a bad day", "bad luck", "really bad", "bad and cold", "bad food")
TEXTS = [text for pair in zip(_GOOD, _BAD, strict=True) for text in pair]
TONES = ["good", "bad"] * len(_GOOD)


def clouds(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return (n, 4) points and their classes: one corner a class, so close that they overlap."""
    rng = np.random.default_rng(seed)
    which = np.arange(n) % 3
    return 3.0 * np.eye(4)[which] + rng.normal(size=(n, 4)), np.array(CLASSES)[which]
