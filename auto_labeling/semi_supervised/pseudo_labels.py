"""The noun: labels that nobody gave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PseudoLabels:
    """What is learned of rows that nobody has labeled; every array is (m,)."""

    positions: NDArray[np.intp]
    """Rows of the pool, ascending."""
    targets: NDArray[np.intp]
    """Class positions."""
    confidence: NDArray[np.float64]
    """The claimed chance that the target is right, in [0, 1]."""
    weights: NDArray[np.float64]
    """What each counts beside a person's label, which counts 1; below 1."""

    @classmethod
    def none(cls) -> PseudoLabels:
        """Return no pseudo-labels at all."""
        none, zero = np.empty(0, dtype=np.intp), np.empty(0)
        return cls(positions=none, targets=none, confidence=zero, weights=zero)

    def __len__(self) -> int:
        return len(self.positions)

    def only(self, rows: NDArray[np.intp]) -> PseudoLabels:
        """Return some of them, by their positions among them, ascending."""
        return PseudoLabels(
            positions=self.positions[rows],
            targets=self.targets[rows],
            confidence=self.confidence[rows],
            weights=self.weights[rows],
        )
