"""What tests of strategies stand on: a scorer that reads one field, and a generator."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.view import PoolView


def fresh(seed: int = 0) -> np.random.Generator:
    """Return a generator that draws the same in every run."""
    return np.random.default_rng(seed)


class Cost:
    """A scorer that asks for the dearest."""

    needs: ClassVar[frozenset[str]] = frozenset({"cost"})

    def score(self, view: PoolView) -> NDArray[np.float64]:
        assert view.cost is not None
        return np.asarray(view.cost, dtype=np.float64)
