"""How long a round waits for people, and what becomes of the asks that stay open. Pure.

A round goes on when enough of its answers are in; after the deadline, what is still open is
released, or asked again elsewhere. Only what a person submitted counts: drafts are nothing here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Ask, AskState, Micros
from auto_labeling.shares import Share, share

Rest: TypeAlias = Literal["release", "reissue"]
LONGEST_POLL_S = 600.0
"""Looks grow rarer, but not rarer than this, unless the campaign file asks for it."""
_OPEN = frozenset({AskState.RESERVED, AskState.SENT})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LONGEST_S = 10 * 365 * _SECONDS["d"]  # so that every deadline is a date
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time to wait: so many seconds, or so many working days (Monday to Friday)."""

    seconds: Fraction = Fraction(0)
    workdays: int = 0

    def after(self, start: Micros, zone: tzinfo = UTC) -> Micros:
        """Return the end of a span that begins at `start`, in UTC micros.

        Working days keep the hour of the wall clock of `zone`; what begins at a weekend begins on
        Monday at midnight.
        """
        if not self.workdays:
            return start + round(self.seconds * 1_000_000)
        local = (_EPOCH + timedelta(microseconds=start)).astimezone(zone)
        if local.weekday() >= _SATURDAY:
            monday = local.date() + timedelta(days=7 - local.weekday())
            local = datetime.combine(monday, time(), zone)
        weeks, days = divmod(self.workdays, 5)
        if local.weekday() + days >= _SATURDAY:
            days += 2
        end = local + timedelta(days=7 * weeks + days)  # of one zone, so the wall clock is kept
        return (end.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)


def span(text: str, key: str = "wait.after") -> Span:
    """Return the span that "3 workdays", "36h", "2d", "90 min" or "1 week" mean.

    >>> span("36h").seconds, span("3 workdays").workdays
    (Fraction(129600, 1), 3)
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]+)", str(text).strip().lower())
    amount, unit = (Decimal(match[1]), match[2]) if match else (Decimal(0), "")
    working = unit in ("workday", "workdays") and amount == int(amount)
    short = re.sub(r"^(w|d|h|m|s)(eeks?|ays?|ours?|rs?|ins?|inutes?|ecs?|econds?)$", r"\1", unit)
    if not (working or short in _SECONDS) or amount <= 0:
        raise ConfigurationError(
            f"{key}: expected a time such as 36h, 2d or 3 workdays, got {text!r}"
        )
    seconds = Fraction(amount) * _SECONDS["d" if working else short]
    if seconds > _LONGEST_S:
        raise ConfigurationError(f"{key}: expected ten years at most, got {text!r}")
    return Span(workdays=int(amount)) if working else Span(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a round stops waiting."""

    enough: Fraction = Fraction(1)
    """The share of the answers with which the round goes on at once, in (0, 1]."""
    after: Span | None = None
    """The deadline, counted from when the asks were sent; None waits for ever."""
    rest: Rest = "release"
    """What becomes of the asks that are open at the deadline."""
    poll_s: float = 15.0
    """How long until the first look at the tool; see `next_look`."""
    zone: tzinfo = UTC
    """Whose weekends working days skip."""

    @classmethod
    def parse(
        cls,
        *,
        enough: Share = "100%",
        after: str | None = None,
        rest: str = "release",
        poll_s: float = 15.0,
        zone: tzinfo = UTC,
    ) -> Rule:
        """Return the rule that the keys under `wait` describe. Raises `ConfigurationError`.

        >>> Rule.parse(enough="95%", after="3 workdays", rest="reissue").enough
        Fraction(19, 20)
        """
        if rest not in ("release", "reissue"):
            raise ConfigurationError(f"wait.rest: expected one of release, reissue, got {rest!r}")
        if not 0 < poll_s <= _LONGEST_S:
            raise ConfigurationError(
                f"wait.poll_s: expected a time above zero, ten years at most, got {poll_s!r}"
            )
        needed = share("wait.enough", enough)
        if not needed:
            raise ConfigurationError("wait.enough: expected more than 0%, or nothing is waited for")
        return cls(
            enough=needed,
            after=None if after is None else span(after),
            rest="reissue" if rest == "reissue" else "release",
            poll_s=poll_s,
            zone=zone,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a round does now: it waits, goes on, or is overdue."""

    wait_until: Micros | None = None
    """When to look again; None when there is nothing to wait for."""
    overdue: bool = False
    """Whether the deadline has passed with too few answers: `rest` says what then."""
    open: tuple[str, ...] = ()
    """The asks that bring no answer yet: waited for, or to be withdrawn where nothing waits."""
    missing: int = 0
    """How many more answers would be enough."""
    deadline: Micros | None = None
    rest: Rest = "release"

    @property
    def ready(self) -> bool:
        """Whether enough answers are in."""
        return self.wait_until is None and not self.overdue


def judge(asks: Sequence[Ask], *, since: Micros, now: Micros, rule: Rule) -> Verdict:
    """Return whether a round goes on, waits, or is overdue.

    `asks` are all asks of the round, `since` is when they were sent (for asks that were issued
    again: then). The share of `rule.enough` is taken of the asks that are answered or open:
    skipped, released and expired ones can bring no answer any more.
    """
    still_open = tuple(ask.ask_id for ask in asks if ask.state in _OPEN)
    answered = sum(ask.state is AskState.ANSWERED for ask in asks)
    missing = math.ceil(rule.enough * (answered + len(still_open))) - answered
    deadline = None if rule.after is None else rule.after.after(since, rule.zone)
    found = Verdict(open=still_open, missing=max(missing, 0), deadline=deadline, rest=rule.rest)
    if missing <= 0:
        return found
    if deadline is not None and now >= deadline:
        return replace(found, overdue=True)
    look = next_look(since, now, rule.poll_s)
    return replace(found, wait_until=look if deadline is None else min(look, deadline))


def next_look(since: Micros, now: Micros, poll_s: float) -> Micros:
    """Return when to look again: the first look after `now`.

    People answer in bursts, so looks grow rarer, each pause half as long again as the one before,
    up to ten minutes. They are counted from when the asks were sent: a driver that was killed in
    between looks at the very times at which it would have looked.

    >>> [next_look(0, now, 10.0) / 1e6 for now in (0, 10_000_000, 30_000_000)]
    [10.0, 25.0, 47.5]
    """
    pause, longest = (math.ceil(each * 1e6) for each in (poll_s, max(poll_s, LONGEST_POLL_S)))
    look = since + pause
    while look <= now and pause < longest:
        pause = min(pause * 3 // 2, longest) if pause > 1 else 2
        look += pause
    return look if look > now else look + ((now - look) // longest + 1) * longest
