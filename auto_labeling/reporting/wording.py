"""How figures are written for people: shares, intervals, money, times, digests."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from auto_labeling.campaign.budget import Account
from auto_labeling.campaign.metrics import LOSSES
from auto_labeling.campaign.statement import Savings, Statement
from auto_labeling.money import format_micros
from auto_labeling.records import Interval, Micros

UNKNOWN = "unknown"
NOTHING = "—"
"""What a table shows where there is no figure."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def share(value: float) -> str:
    """Return a share in percent.

    >>> share(0.9312), share(float("nan"))
    ('93.1%', 'unknown')
    """
    return UNKNOWN if math.isnan(value) else f"{100 * value:.1f}%"


def figure(metric: str, value: float) -> str:
    """Return the value of a metric: a share in percent, a loss as it is.

    >>> figure("recall/dog", 0.75), figure("log_loss", 0.75)
    ('75.0%', '0.750')
    """
    if metric not in LOSSES:
        return share(value)
    return UNKNOWN if math.isnan(value) else f"{value:.3f}"


def limits(metric: str, interval: Interval) -> str:
    """Return the limits of an interval.

    >>> limits("accuracy", Interval(value=0.93, low=0.9, high=0.95, n=450))
    '90.0 to 95.0%'
    """
    low, high = figure(metric, interval.low), figure(metric, interval.high)
    if UNKNOWN in (low, high):
        return UNKNOWN
    return f"{low.removesuffix('%')} to {high}"


def estimate(metric: str, interval: Interval) -> str:
    """Return a value with its limits, or only the value where they are unknown.

    >>> estimate("accuracy", Interval(value=0.93, low=0.9, high=0.95, n=450))
    '93.0% (90.0 to 95.0%)'
    """
    value, around = figure(metric, interval.value), limits(metric, interval)
    return value if around == UNKNOWN else f"{value} ({around})"


def in_table(text: str) -> str:
    """Return the text of a cell, where a dash says that nothing is known."""
    return NOTHING if text == UNKNOWN else text


def count(number: int | None, noun: str = "") -> str:
    """Return a whole number, with the noun in its plural where that is due.

    >>> count(1200), count(1, "answer"), count(2, "answer"), count(None)
    ('1,200', '1 answer', '2 answers', '—')
    """
    if number is None:
        return NOTHING
    return f"{number:,}" if not noun else f"{number:,} {noun}{'' if number == 1 else 's'}"


def moment(at: Micros | None) -> str:
    """Return a time in UTC, to the minute.

    >>> moment(1_767_225_600_000_000), moment(None)
    ('2026-01-01 00:00 UTC', '—')
    """
    if at is None:
        return NOTHING
    return f"{_EPOCH + timedelta(microseconds=at):%Y-%m-%d %H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a time that was spent, in hours, or in minutes below one hour.

    >>> duration(9000.0), duration(240.0), duration(float("nan"))
    ('2.5 h', '4 min', 'unknown')
    """
    if math.isnan(seconds):
        return UNKNOWN
    return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def short(digest: str | None) -> str:
    """Return the beginning of a digest, long enough to tell it from its neighbours."""
    return NOTHING if digest is None else digest[:12]


def saved_items(found: Savings) -> str:
    """Return how many items were saved.

    >>> saved_items(Savings(items=120.0, share=0.34, cost_micros=18e6, how=""))
    '120 items fewer'
    """
    if math.isnan(found.items):
        return UNKNOWN
    if not found.items:
        return "no items fewer"
    direction = "fewer" if found.items > 0 else "more"
    return f"{count(abs(round(found.items)), 'item')} {direction}"


def saved_money(found: Savings, currency: str) -> str:
    """Return which share of the items, and how much money, was saved.

    >>> saved_money(Savings(items=120.0, share=0.34, cost_micros=-18e6, how=""), "USD")
    '34.0% of the items, $18.00 more'
    """
    if math.isnan(found.cost_micros):
        return UNKNOWN
    amount = format_micros(abs(round(found.cost_micros)), currency)
    direction = "less" if found.cost_micros >= 0 else "more"
    return f"{share(abs(found.share))} of the items, {amount} {direction}"


def total_cap(statement: Statement) -> Micros:
    """Return all the money that may be spent: the cap and the contingency beside it."""
    return statement.budget.cap_micros + statement.budget.contingency_micros


def owed(account: Account) -> str:
    """Return what to say of money that no fund covers; nothing where there is none."""
    if not account.owed_micros:
        return ""
    return f"{format_micros(account.owed_micros, account.currency)} of it is owed beyond the budget"


def leaks(statement: Statement) -> str:
    """Return what to say of items that repeat what judges; nothing where there are none."""
    repeated = statement.items.get("heldout", 0)
    if not repeated:
        return ""
    verb = "repeats" if repeated == 1 else "repeat"
    return f"{count(repeated, 'item')} {verb} held-out rows: never asked about nor learned from"


def code_spans(text: str) -> list[tuple[bool, str]]:
    """Return the parts of a sentence, each with whether it stood between backticks.

    >>> code_spans("run `auto-label resume` now")
    [(False, 'run '), (True, 'auto-label resume'), (False, ' now')]
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a lone backtick marks nothing
        return [(False, text)]
    return [(bool(at % 2), part) for at, part in enumerate(parts) if part]
