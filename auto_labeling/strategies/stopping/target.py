"""Stop when the model is good enough, and surely so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Progress
from auto_labeling.records import Interval
from auto_labeling.strategies.stopping.ranges import between, rising


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Fires when the *lower bound* of a metric, and of those per class, is at its target.

    The interval is the caller's: its lower limit has to spend what one of so many tests may.

    >>> from auto_labeling.records import Interval
    >>> sure = {"accuracy": [Interval(value=0.934, low=0.912, high=0.951, n=450)]}
    >>> progress = Progress(rounds=1, metrics=sure, items=[40], committed_micros=[0],
    ...                     candidates_left=9, now=0)
    >>> Target(metric="accuracy", at_least=0.9).reason(progress)
    'target reached: accuracy is at least 91.2% (93.4% on 450 items; target 90.0%)'
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "target"
    metric: str = "accuracy"
    at_least: float
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By class and metric, such as `{person: {recall: .85}}`: all have to be reached as well."""

    def __post_init__(self) -> None:
        rising("stop.target.metric", self.metric)
        between("stop.target.at_least", self.at_least, 0, 1)
        if not isinstance(self.per_class, Mapping):
            raise ConfigurationError(
                "stop.target.per_class: expected {class: {metric: share}}, "
                f"got {self.per_class!r}"
            )
        given: Mapping[str, Any] = self.per_class
        for name, wanted in given.items():
            if not isinstance(wanted, Mapping) or not wanted:
                raise ConfigurationError(
                    f"stop.target.per_class.{name}: expected {{metric: share}}, got {wanted!r}"
                )
            for metric, share in wanted.items():
                between(f"stop.target.per_class.{name}.{metric}", share, 0, 1)

    @property
    def wanted(self) -> dict[str, float]:
        """The least that each metric has to reach, by its name."""
        return {self.metric: self.at_least} | {
            f"{metric}/{name}": share
            for name, metrics in self.per_class.items()
            for metric, share in metrics.items()
        }

    def metrics(self) -> frozenset[str]:
        return frozenset(self.wanted)

    def reason(self, progress: Progress) -> str | None:
        found = {name: _last(progress, name) for name in self.wanted}
        # A comparison with nan is False: what is unknown never reaches a target.
        if not all(found[name].low >= least for name, least in self.wanted.items()):
            return None
        said = (_said(name, found[name], least) for name, least in self.wanted.items())
        return f"target reached: {'; '.join(said)}"


def _last(progress: Progress, metric: str) -> Interval:
    estimates = progress.metrics.get(metric, ())
    return estimates[-1] if estimates else Interval.unknown()


def _said(metric: str, interval: Interval, least: float) -> str:
    return (
        f"{metric} is at least {interval.low:.1%} ({interval.value:.1%} on {interval.n} items; "
        f"target {least:.1%})"
    )
