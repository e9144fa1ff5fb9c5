"""The top of the report: the figures that a reader looks for first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.outlook import LEVEL, outlook
from auto_labeling.campaign.statement import Statement, savings
from auto_labeling.money import format_micros
from auto_labeling.reporting.series import points_of
from auto_labeling.reporting.terms import Terms
from auto_labeling.reporting.wording import (
    UNKNOWN,
    count,
    figure,
    leaks,
    limits,
    owed,
    saved_items,
    saved_money,
    total_cap,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure, and what has to be known to read it."""

    key: str
    label: str
    figure: str
    notes: Sequence[str]


def tiles_of(statement: Statement, terms: Terms) -> list[Tile]:
    """Return the figures of the headline."""
    account, items = statement.budget, statement.items
    given = statement.answers.get("given", 0)
    return [
        _quality(statement, terms),
        Tile(
            key="items",
            label="Items labeled",
            figure=count(items.get("labeled", 0)),
            notes=[
                f"of {count(items.get('pool', 0))} in the pool",
                *filter(None, [leaks(statement)]),
            ],
        ),
        Tile(
            key="answers",
            label="Answers given",
            figure=count(given),
            notes=[f"{count(account.committed_answers)} paid of {count(account.cap_answers)}"],
        ),
        Tile(
            key="cost",
            label="Cost",
            figure=format_micros(account.cost_micros, account.currency),
            notes=[
                f"of {format_micros(total_cap(statement), account.currency)}",
                *filter(None, [owed(account)]),
            ],
        ),
        _saved(statement, terms),
        *_outlook(statement, terms),
    ]


def _quality(statement: Statement, terms: Terms) -> Tile:
    metric = terms.primary
    newest = statement.latest(metric)
    notes = []
    around = limits(metric, newest)
    if around != UNKNOWN:
        notes.append(f"{around} ({100 * (1 - terms.alpha):g}% interval)")
    if newest.n:
        notes.append(f"on {count(newest.n, 'item')}, against {statement.judged_against or UNKNOWN}")
    points = points_of(statement, metric)
    if metric in terms.targets:
        wanted = figure(metric, terms.targets[metric])
        tested = f"; it is {figure(metric, points[-1].bound)}" if points else ""
        notes.append(f"target: a lower bound of {wanted}{tested}")
    return Tile(
        key="quality", label=in_words(metric), figure=figure(metric, newest.value), notes=notes
    )


def _outlook(statement: Statement, terms: Terms) -> list[Tile]:
    going = outlook(statement, terms.primary)
    if going is None:
        return []
    around = limits(going.metric, going.expected)
    return [
        Tile(
            key="outlook",
            label=f"{count(going.labels, 'more label')}",
            figure=figure(going.metric, going.expected.value),
            notes=[
                f"{in_words(going.metric)} expected",
                f"{around} in {100 * LEVEL:g} of 100 forecasts",
            ],
        )
    ]


def _saved(statement: Statement, terms: Terms) -> Tile:
    found = savings(statement, terms.primary)
    money = saved_money(found, statement.budget.currency)
    notes = [money, found.how] if found.items and money != UNKNOWN else [found.how]
    return Tile(key="savings", label="Against random", figure=saved_items(found), notes=notes)
