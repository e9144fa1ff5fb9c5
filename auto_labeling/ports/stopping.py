"""When a campaign ends, and what the rule that ends it may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from auto_labeling.records import Interval, Micros


class StoppingRule(Protocol):
    """When a campaign has bought enough."""

    kind: ClassVar[Literal["target", "exhausted", "rule"]]
    """What sort of end it brings; the exit code goes by it."""

    def metrics(self) -> frozenset[str]:
        """Return the names of the metrics it looks at, so that they are computed."""
        ...

    def reason(self, progress: Progress) -> str | None:
        """Return why to stop now, as a sentence for the report, or None to go on."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What the labels of one round changed in a model's predictions on the pool."""

    before: int
    """How many labels the model before had learned from."""
    items: int
    """How many the newer model has learned from."""
    changed: float
    """Share of the items whose predicted class changed."""
    gain: float
    """By how much that raised the share that is right, as the newer model's probabilities say."""
    uncertainty: float
    """Mean entropy on what is not labeled, as a share of the largest; nan where all of it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a stopping rule may look at, oldest round first."""

    rounds: int
    metrics: Mapping[str, Sequence[Interval]]
    """By metric name (`accuracy`, or `recall/person` for one class): one estimate a round."""
    items: Sequence[int]
    """Items labeled so far, at each round's evaluation."""
    committed_micros: Sequence[Micros]
    candidates_left: int
    now: Micros
    agreement: Sequence[float] = ()
    """Cohen's kappa between the predictions of each round and of the one before."""
    shifts: Sequence[Shift] = ()
    """What each round changed in the predictions; a round whose model is the first has none."""
