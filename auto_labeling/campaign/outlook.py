"""What going on would bring: said where no rule can say that it is enough."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.campaign.curve_forecast import forecast
from auto_labeling.campaign.metrics import LOSSES
from auto_labeling.campaign.statement import Statement
from auto_labeling.records import Interval

LEVEL = 0.9
_ROUNDS_AHEAD = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A metric after so many more labels."""

    metric: str
    labels: int
    """As many as the newest five rounds brought."""
    expected: Interval
    """Where it will be measured, in 90 of 100 cases."""


def outlook(statement: Statement, metric: str) -> Outlook | None:
    """Return where a metric is going; None where too few rounds are judged, or for a loss."""
    if metric in LOSSES:
        return None
    points = [p for p in statement.curve if (p.metric, p.arm) == (metric, "campaign")]
    items = [point.items for point in points]
    if len(items) <= _ROUNDS_AHEAD or items[-1] <= items[-1 - _ROUNDS_AHEAD]:
        return None
    labels = items[-1] - items[-1 - _ROUNDS_AHEAD]
    expected = forecast(items, [point.interval for point in points], labels, LEVEL)
    return Outlook(metric=metric, labels=labels, expected=expected)
