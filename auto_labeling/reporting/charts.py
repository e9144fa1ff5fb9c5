"""The curves of the report: a picture for each metric, what it says in words, and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.statement import Statement
from auto_labeling.money import format_micros
from auto_labeling.reporting.curves import plain_svg
from auto_labeling.reporting.inline_svg import inline
from auto_labeling.reporting.series import (
    CAMPAIGN,
    Against,
    arms_of,
    chart_of,
    cost_axis,
    points_of,
)
from auto_labeling.reporting.tables import Table, metric_table
from auto_labeling.reporting.terms import Terms
from auto_labeling.reporting.wording import UNKNOWN, count, estimate, figure

_TITLES = {"items": "items labeled", "answers": "answers paid for", "money": "money paid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One drawing with its heading."""

    title: str
    svg: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSection:
    """What the report shows about one metric."""

    metric: str
    pictures: Sequence[Picture]
    table: Table
    baselines: Sequence[str]
    """The arms that are drawn beside the campaign."""
    target: str | None
    newest: str


def sections_of(statement: Statement, terms: Terms) -> list[MetricSection]:
    """Return a section for each metric that was judged, the one that decides first.

    That one is drawn against items and against cost, the others against items.
    """
    judged = [metric for metric in terms.metrics if arms_of(statement, metric)]
    return [
        MetricSection(
            metric=in_words(metric),
            pictures=[
                _picture(statement, metric, against, f"c{at}{against[0]}")
                for against in _axes(statement, first=metric == judged[0])
            ],
            table=metric_table(statement, metric, f"figures-{at}"),
            baselines=[arm for arm in arms_of(statement, metric) if arm != CAMPAIGN],
            target=figure(metric, terms.targets[metric]) if metric in terms.targets else None,
            newest=estimate(metric, statement.latest(metric)),
        )
        for at, metric in enumerate(judged)
    ]


def note_of(statement: Statement, terms: Terms) -> str:
    """Return what a reader has to know before comparing curves."""
    compared = any(point.arm != CAMPAIGN for point in statement.curve)
    if compared:
        baseline = (
            "The baseline learns from as many items drawn blindly; it is replayed free of charge, "
            "outside the budget, and nothing of it enters the data set."
        )
    else:
        baseline = (
            "No random arm was replayed beside the campaign, so what choosing the items saved "
            f"is {UNKNOWN}."
        )
    against = statement.judged_against
    judged = f"Judged against {against}. " if against else ""
    level = f"{100 * (1 - terms.alpha):g}%"
    return f"{judged}Bands are {level} intervals. {baseline}"


def _axes(statement: Statement, *, first: bool) -> list[Against]:
    return ["items", cost_axis(statement)] if first else ["items"]


def _picture(statement: Statement, metric: str, against: Against, key: str) -> Picture:
    chart = chart_of(statement, metric, against)
    return Picture(
        title=f"against {_TITLES[against]}",
        svg=inline(plain_svg(chart), key=key, title=_alternative(statement, metric, against)),
    )


def _alternative(statement: Statement, metric: str, against: Against) -> str:
    points = points_of(statement, metric)
    ends = [points[0], points[-1]] if len(points) > 1 else points
    said = ", then ".join(
        f"{estimate(metric, point.interval)} at "
        + {
            "items": count(point.items, "item"),
            "answers": count(point.answers, "answer"),
            "money": format_micros(point.cost_micros, statement.budget.currency),
        }[against]
        for point in ends
    )
    return (
        f"{in_words(metric)} against {_TITLES[against]}: {said}. The table below has every figure."
    )
