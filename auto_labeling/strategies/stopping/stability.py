"""Stop when the model has stopped changing its mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from auto_labeling.ports import Progress
from auto_labeling.strategies.stopping.ranges import between, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class StablePredictions:
    """Fires when the predictions of the last rounds hardly differ from those of the round before.

    References:
        Bloodgood, M. and Vijay-Shanker, K. (2009). A method for stopping active learning based on
        stabilizing predictions and the need for user-adjustable stopping. CoNLL 2009.

    >>> progress = Progress(rounds=4, metrics={}, items=[20, 40, 60, 80], committed_micros=[0] * 4,
    ...                     candidates_left=9, now=0, agreement=[0.8, 0.992, 0.995, 0.999])
    >>> StablePredictions(kappa=0.99, rounds=3).reason(progress)
    "stable predictions: Cohen's kappa between rounds was at least 0.992 for 3 rounds (asked: 0.99)"
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    kappa: float = 0.99
    rounds: int = 3

    def __post_init__(self) -> None:
        between("stop.stable_predictions.kappa", self.kappa, 0, 1)
        whole("stop.stable_predictions.rounds", self.rounds)

    def metrics(self) -> frozenset[str]:
        return frozenset()

    def reason(self, progress: Progress) -> str | None:
        recent = progress.agreement[-self.rounds :]
        # `all` of comparisons rather than `min`, which may pass a nan over.
        if len(recent) < self.rounds or not all(kappa >= self.kappa for kappa in recent):
            return None
        return (
            f"stable predictions: Cohen's kappa between rounds was at least {min(recent):.3f} "
            f"for {self.rounds} rounds (asked: {self.kappa:g})"
        )
