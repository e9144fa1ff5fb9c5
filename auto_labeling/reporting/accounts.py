"""The top of the report in figures, and the budget as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.campaign.statement import Statement, savings
from auto_labeling.money import format_micros
from auto_labeling.reporting.series import points_of
from auto_labeling.reporting.terms import Terms
from auto_labeling.reporting.wording import (
    UNKNOWN,
    count,
    figure,
    limits,
    saved_items,
    saved_money,
    total_cap,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure that a reader looks for first."""

    key: str
    label: str
    figure: str
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a bar."""

    role: str
    """committed, reserved or free."""
    figure: str
    percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A cap, and what became of it."""

    key: str
    label: str
    cap: str
    parts: Sequence[Part]


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
            notes=[f"of {count(items.get('pool', 0))} in the pool"],
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
            notes=[f"of {format_micros(total_cap(statement), account.currency)}"],
        ),
        _saved(statement, terms),
    ]


def _quality(statement: Statement, terms: Terms) -> Tile:
    metric = terms.primary
    newest = statement.latest(metric)
    notes = []
    around = limits(metric, newest)
    if around != UNKNOWN:
        notes.append(f"{around} ({100 * (1 - terms.alpha):g} % interval)")
    if newest.n:
        notes.append(f"on {count(newest.n, 'item')}, against {statement.judged_against or UNKNOWN}")
    points = points_of(statement, metric)
    if metric in terms.targets:
        wanted = figure(metric, terms.targets[metric])
        tested = f"; it is {figure(metric, points[-1].bound)}" if points else ""
        notes.append(f"target: a lower bound of {wanted}{tested}")
    return Tile(key="quality", label=metric, figure=figure(metric, newest.value), notes=notes)


def _saved(statement: Statement, terms: Terms) -> Tile:
    found = savings(statement, terms.primary)
    money = saved_money(found, statement.budget.currency)
    notes = [found.how] if money == UNKNOWN else [money, found.how]
    return Tile(key="savings", label="Against random", figure=saved_items(found), notes=notes)


def bars_of(statement: Statement) -> list[Bar]:
    """Return the caps that are above zero as bars: answers, money, contingency."""
    account = statement.budget
    bars = [_answers(statement)]
    if account.cap_micros:
        bars.append(
            _money(
                statement,
                "money",
                "Money",
                (account.committed_micros, account.reserved_micros, account.free_micros),
            )
        )
    if account.contingency_micros:
        used = account.contingency_used_micros
        left = account.contingency_micros - used
        bars.append(_money(statement, "contingency", "Contingency", (used, 0, left)))
    return bars


_ROLES = ("committed", "reserved", "free")


def _answers(statement: Statement) -> Bar:
    account = statement.budget
    amounts = (account.committed_answers, account.reserved_answers, account.free_answers)
    return Bar(
        key="answers",
        label="Answers",
        cap=count(account.cap_answers),
        parts=_parts(amounts, [count(amount) for amount in amounts]),
    )


def _money(statement: Statement, key: str, label: str, amounts: Sequence[int]) -> Bar:
    currency = statement.budget.currency
    return Bar(
        key=key,
        label=label,
        cap=format_micros(sum(amounts), currency),
        parts=_parts(amounts, [format_micros(amount, currency) for amount in amounts]),
    )


def _parts(amounts: Sequence[int], figures: Sequence[str]) -> list[Part]:
    cap = sum(amounts)
    return [
        Part(role=role, figure=said, percent=round(100 * amount / cap, 3) if cap else 0.0)
        for role, amount, said in zip(_ROLES, amounts, figures, strict=True)
    ]
