"""A learner from the unlabeled that is as simple as can be, and remembers what it was handed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling import semi_supervised
from auto_labeling.models.fitting import Fitted
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels

LEARNING = "auto_labeling.semi_supervised.learning"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    fitted: Fitted
    plain: Fitted
    proposed: PseudoLabels
    used: bool
    reason: str
    with_them: float
    without: float


@dataclass(slots=True, kw_only=True)
class Neighbours:
    """Gives every row the class of its nearest labeled row, as sure as it is told to be."""

    claimed: float = 0.9
    refuses: str = ""
    """What cross-validation says against it; '' lets everything pass."""
    share: float = 1.0
    """Of the unlabeled rows, the nearest first."""
    handed: list[dict[str, Any]] = field(default_factory=list)

    def learn(
        self,
        settings: Any,
        fit: Callable[..., Fitted],
        X: NDArray[Any],
        points: NDArray[Any],
        labeled: NDArray[np.intp],
        targets: NDArray[np.intp],
        k: int,
        *,
        seed: int,
        graphs: object = None,
    ) -> Learned:
        self.handed.append(
            {"settings": settings, "X": np.asarray(X), "points": np.asarray(points),
             "labeled": labeled, "targets": targets}
        )  # fmt: skip
        rest = np.setdiff1d(np.arange(len(X)), labeled)
        far = np.linalg.norm(points[rest][:, None] - points[labeled][None], axis=2)
        nearest = np.sort(np.argsort(far.min(axis=1), kind="stable")[: int(self.share * len(rest))])
        proposed = PseudoLabels(
            positions=rest[nearest],
            targets=targets[far[nearest].argmin(axis=1)],
            confidence=np.full(len(nearest), self.claimed),
            weights=np.full(len(nearest), settings.weight),
        )
        plain = fit(X[labeled], targets, None)
        rows = np.concatenate([labeled, proposed.positions])
        weights = np.concatenate([np.ones(len(labeled)), proposed.weights])
        both = fit(X[rows], np.concatenate([targets, proposed.targets]), weights)
        return Learned(
            fitted=plain if self.refuses else both,
            plain=plain,
            proposed=proposed,
            used=not self.refuses,
            reason=self.refuses,
            with_them=0.75,
            without=0.5,
        )

    def put_in(self, patch: pytest.MonkeyPatch) -> Neighbours:
        """Let campaigns learn by it."""
        module = ModuleType(LEARNING)
        module.learn = self.learn  # type: ignore[attr-defined]
        patch.setitem(sys.modules, LEARNING, module)
        patch.setattr(semi_supervised, "learning", module, raising=False)
        return self
