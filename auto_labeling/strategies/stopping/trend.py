"""Stop when more labels no longer buy a better model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import ClassVar, Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Progress
from auto_labeling.strategies.stopping.ranges import between, rising, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Plateau:
    """Fires when the last rounds raised the best value so far by less than `points`.

    >>> from auto_labeling.records import Interval
    >>> values = [0.70, 0.80, 0.803, 0.801]
    >>> curve = {"accuracy": [Interval(value=v, low=v, high=v) for v in values]}
    >>> progress = Progress(rounds=4, metrics=curve, items=[20, 40, 60, 80],
    ...                     committed_micros=[0] * 4, candidates_left=9, now=0)
    >>> Plateau(points=0.5, rounds=2).reason(progress)
    'plateau: the last 2 rounds raised accuracy by 0.30 points, less than 0.5'
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    metric: str = "accuracy"
    points: float = 0.5
    """Percentage points: 0.5 is .005 of the metric."""
    rounds: int = 3

    def __post_init__(self) -> None:
        rising("stop.plateau.metric", self.metric)
        between("stop.plateau.points", self.points, 0, 100)
        whole("stop.plateau.rounds", self.rounds)

    def metrics(self) -> frozenset[str]:
        return frozenset({self.metric})

    def reason(self, progress: Progress) -> str | None:
        gained = _gained(progress, self.metric, self.rounds)
        if gained is None or not gained < self.points:
            return None
        return (
            f"plateau: the last {self.rounds} rounds raised {self.metric} by {gained:.2f} points, "
            f"less than {self.points:g}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GainBelow:
    """Fires when the last rounds gained less than `points` for every `per_money` they cost.

    It is silent while nothing is paid. Money is in the campaign's currency.
    """

    kind: ClassVar[Literal["target", "exhausted", "rule"]] = "rule"
    points: float
    """Percentage points: 0.5 is .005 of the metric."""
    per_money: str | int
    """A quoted decimal, such as "100"."""
    metric: str = "accuracy"
    rounds: int = 3

    def __post_init__(self) -> None:
        rising("stop.gain_below.metric", self.metric)
        between("stop.gain_below.points", self.points, 0, 100)
        whole("stop.gain_below.rounds", self.rounds)
        _amount("stop.gain_below.per_money", self.per_money)

    def metrics(self) -> frozenset[str]:
        return frozenset({self.metric})

    def reason(self, progress: Progress) -> str | None:
        gained = _gained(progress, self.metric, self.rounds)
        money = progress.committed_micros
        if gained is None or len(money) <= self.rounds:
            return None
        paid = (money[-1] - money[-1 - self.rounds]) / 1e6
        per_money = float(_amount("stop.gain_below.per_money", self.per_money))
        if not gained * per_money < self.points * paid:  # nor while nothing is paid
            return None
        return (
            f"gain below what it costs: the last {self.rounds} rounds raised {self.metric} by "
            f"{gained:.2f} points for {paid:,.2f}, that is {gained * per_money / paid:.2f} points "
            f"per {self.per_money}, less than {self.points:g}"
        )


def _gained(progress: Progress, metric: str, rounds: int) -> float | None:
    """Return by how many percentage points the last rounds raised the best value, or None.

    None where there are too few rounds, or any value that decides is unknown.
    """
    values = [interval.value for interval in progress.metrics.get(metric, ())]
    if len(values) <= rounds:
        return None
    before = [value for value in values[:-rounds] if not math.isnan(value)]
    recent = values[-rounds:]
    if not before or any(math.isnan(value) for value in recent):
        return None
    return 100 * max(0.0, max(recent) - max(before))


def _amount(where: str, amount: object) -> Decimal:
    try:
        exact = Decimal(amount) if isinstance(amount, str | int) else None
    except InvalidOperation:
        exact = None
    if exact is None or isinstance(amount, bool) or not exact.is_finite() or exact <= 0:
        raise ConfigurationError(
            f'{where}: expected a quoted amount of money above zero such as "100", got {amount!r}'
        )
    return exact
