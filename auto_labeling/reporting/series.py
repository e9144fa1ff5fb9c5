"""What a curve shows: the figures of every arm against what they had cost. No drawing here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from auto_labeling.campaign.statement import CurvePoint, Statement
from auto_labeling.records import Interval
from auto_labeling.reporting.terms import terms_of

Against: TypeAlias = Literal["items", "answers", "money"]
"""What stands along the bottom: items labeled, answers paid, or money paid."""
CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One arm, oldest round first: parallel sequences of length n; what is unknown is nan."""

    arm: str
    x: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    bound: Sequence[float]

    @property
    def own(self) -> bool:
        """Whether this is the campaign itself."""
        return self.arm == CAMPAIGN


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One metric of all arms, the campaign's own first."""

    metric: str
    against: Against
    currency: str
    curves: Sequence[Curve]
    target: float | None

    @property
    def empty(self) -> bool:
        """Whether no figure is known."""
        return all(math.isnan(value) for curve in self.curves for value in curve.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The figures of one round, which a chart shows as points."""

    point: CurvePoint
    """The campaign's own."""
    others: Mapping[str, Interval]
    """By arm; an arm that was not judged in this round is absent."""


def chart_of(statement: Statement, metric: str, against: Against) -> Chart:
    """Return what the chart of a metric shows."""
    return Chart(
        metric=metric,
        against=against,
        currency=statement.budget.currency,
        curves=[
            _curve(arm, points_of(statement, metric, arm), against)
            for arm in arms_of(statement, metric)
        ],
        target=terms_of(statement).targets.get(metric),
    )


def arms_of(statement: Statement, metric: str) -> list[str]:
    """Return the arms that have figures for a metric, the campaign's own first."""
    found = {point.arm for point in statement.curve if point.metric == metric}
    return sorted(found, key=lambda arm: (arm != CAMPAIGN, arm))


def points_of(statement: Statement, metric: str, arm: str = CAMPAIGN) -> list[CurvePoint]:
    """Return the points of one arm, oldest first."""
    found = [one for one in statement.curve if (one.metric, one.arm) == (metric, arm)]
    return sorted(found, key=lambda point: point.round)


def rows_of(statement: Statement, metric: str) -> list[Row]:
    """Return the figures behind the charts of a metric, a row for each round."""
    others = {
        arm: {point.round: point.interval for point in points_of(statement, metric, arm)}
        for arm in arms_of(statement, metric)
        if arm != CAMPAIGN
    }
    return [
        Row(
            point=point,
            others={arm: by[point.round] for arm, by in others.items() if point.round in by},
        )
        for point in points_of(statement, metric)
    ]


def cost_axis(statement: Statement) -> Against:
    """Return what stands for cost: money, or answers where they are free."""
    paid = any(point.cost_micros for point in statement.curve)
    return "money" if paid or statement.budget.cap_micros else "answers"


def _curve(arm: str, points: Sequence[CurvePoint], against: Against) -> Curve:
    return Curve(
        arm=arm,
        x=[_position(point, against) for point in points],
        value=[point.interval.value for point in points],
        low=[point.interval.low for point in points],
        high=[point.interval.high for point in points],
        bound=[point.bound for point in points],
    )


def _position(point: CurvePoint, against: Against) -> float:
    if against == "items":
        return float(point.items)
    return float(point.answers) if against == "answers" else point.cost_micros / 1e6
