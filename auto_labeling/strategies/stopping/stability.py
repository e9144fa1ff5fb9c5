"""Stop when the model has stopped changing its mind, or has none to change it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from auto_labeling.ports import Progress
from auto_labeling.strategies.stopping.ranges import between, fraction, whole

_NOTHING: frozenset[str] = frozenset()


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
        return _NOTHING

    def reason(self, progress: Progress) -> str | None:
        recent = progress.agreement[-self.rounds :]
        # `all` of comparisons rather than `min`, which may pass a nan over.
        if len(recent) < self.rounds or not all(kappa >= self.kappa for kappa in recent):
            return None
        return (
            f"stable predictions: Cohen's kappa between rounds was at least {min(recent):.3f} "
            f"for {self.rounds} rounds (asked: {self.kappa:g})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationChange:
    """Fires when the last rounds changed the predicted class of no item, or of hardly any.

    Never on a problem whose classes overlap: ties go on changing sides.

    References:
        Zhu, J., Wang, H. and Hovy, E. (2008). Multi-criteria-based strategy to stop active
        learning for data annotation. COLING 2008.
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    share: float = 0.0
    """The largest share of the pool that may change in a round."""
    rounds: int = 2

    def __post_init__(self) -> None:
        fraction("stop.classification_change.share", self.share)
        whole("stop.classification_change.rounds", self.rounds)

    def metrics(self) -> frozenset[str]:
        return _NOTHING

    def reason(self, progress: Progress) -> str | None:
        recent = [shift.changed for shift in progress.shifts[-self.rounds :]]
        if len(recent) < self.rounds or not all(changed <= self.share for changed in recent):
            return None
        return (
            f"classification change: each of the last {self.rounds} rounds changed at most "
            f"{max(recent):.2%} of the predictions (asked: {self.share:.2%})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallUncertainty:
    """Fires when the model is nearly sure of everything that is not labeled.

    A model may be sure and wrong: it fires at once on one whose probabilities are all near one.

    References:
        Zhu, J., Wang, H. and Hovy, E. (2008). Multi-criteria-based strategy to stop active
        learning for data annotation. COLING 2008.
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    below: float = 0.05
    """Mean entropy, as a share of the entropy of equal chances."""

    def __post_init__(self) -> None:
        between("stop.overall_uncertainty.below", self.below, 0, 1)

    def metrics(self) -> frozenset[str]:
        return _NOTHING

    def reason(self, progress: Progress) -> str | None:
        if not progress.shifts or not progress.shifts[-1].uncertainty < self.below:
            return None
        return (
            f"overall uncertainty: the mean entropy of what is not labeled is "
            f"{progress.shifts[-1].uncertainty:.3f} of its maximum, less than {self.below:g}"
        )
