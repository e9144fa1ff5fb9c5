"""What is to be expected of a campaign: who drives it, what is waited for, how far money goes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from auto_labeling import assemble
from auto_labeling import config as config_room
from auto_labeling.campaign import asks, waiting
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.statement import Statement
from auto_labeling.config import CampaignConfig
from auto_labeling.money import format_micros
from auto_labeling.records import Micros
from auto_labeling.reporting.wording import count, moment
from auto_labeling.strategies import stopping
from auto_labeling.strategies.stopping.limits import MaxRounds
from auto_labeling.workspace import Workspace

_DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """What comes next; None where nothing can be said."""

    driver: str | None
    """The process that drives the campaign now."""
    missing: int | None
    """How many more answers let the round go on."""
    next_look: Micros | None
    deadline: Micros | None
    answers_left: int
    money_left: Micros
    currency: str
    rounds_left: int | None
    answers_a_day: float | None
    ends_early: bool
    """Whether any rule may find that enough is learned."""

    def rows(self) -> list[tuple[str, str]]:
        """Return what a person reads, by name."""
        found = [("driver", self.driver or "none: `auto-label resume` or a tick goes on")]
        if self.missing is not None:
            found.append(("round", f"goes on after {count(self.missing, 'more answer')}"))
        if self.next_look is not None:
            found.append(("looks again", moment(self.next_look)))
        if self.deadline is not None:
            found.append(("deadline", moment(self.deadline)))
        left = f"{count(self.answers_left, 'answer')}"
        if self.money_left:
            left += f", {format_micros(self.money_left, self.currency)}"
        if self.rounds_left is not None:
            left += f", {count(self.rounds_left, 'round')}"
        if self.answers_a_day:
            days = self.answers_left / self.answers_a_day
            left += f"; at {self.answers_a_day:,.0f} a day, {days:,.1f} days at most"
        return [*found, ("left", left), *earlier(self.ends_early)]

    def as_json(self) -> dict[str, Any]:
        """Return the same for programs; times are UTC microseconds."""
        return {
            "driver": self.driver,
            "answers_missing": self.missing,
            "next_look": self.next_look,
            "deadline": self.deadline,
            "answers_left": self.answers_left,
            "rounds_left": self.rounds_left,
            "answers_a_day": self.answers_a_day,
            "ends_early": self.ends_early,
        }


def earlier(ends_early: bool) -> list[tuple[str, str]]:
    """Return a row that says so where nothing ends a campaign before its limits do."""
    if ends_early:
        return []
    return [
        ("earlier", "never: no rule under `stop` looks at what is learned; see `expected_gain`")
    ]


def prospects_of(workspace: Workspace, statement: Statement) -> Prospects:
    """Return what is to be expected of a campaign."""
    config = config_room.parse(statement.configuration)
    verdict, now = _waiting(workspace, statement, config)
    limit = min((r.rounds for r in config.stop if isinstance(r, MaxRounds)), default=None)
    simulated = now is None
    return Prospects(
        driver=assemble.driver_of(workspace, statement.campaign_id),
        missing=None if verdict is None else verdict.missing,
        # Simulated people's Mondays mean nothing to who reads this.
        next_look=None if verdict is None or simulated else verdict.wait_until,
        deadline=None if verdict is None or simulated else verdict.deadline,
        answers_left=statement.budget.free_answers,
        money_left=max(statement.budget.free_micros, 0),
        currency=statement.budget.currency,
        rounds_left=None if limit is None else max(limit - statement.state.round, 0),
        answers_a_day=None if now is None else _pace(statement, now),
        ends_early=not config.learns or stopping.any_looks_at_learning(config.stop),
    )


def _waiting(
    workspace: Workspace, statement: Statement, config: CampaignConfig
) -> tuple[waiting.Verdict | None, Micros | None]:
    state = statement.state
    simulated = bool(getattr(config.backend, "simulated_time", False))
    now = None if simulated else time.time_ns() // 1000
    if state.state is not RoundState.SENT or state.waiting_since is None:
        return None, now
    ledger = assemble.open_ledger(workspace)
    try:
        with ledger.read() as connection:
            ordered = asks.of_round(connection, statement.campaign_id, state.round)
    finally:
        ledger.close()
    rule = waiting.Rule.parse(
        enough=config.wait.enough,
        after=config.wait.after,
        rest=config.wait.rest,
        poll_s=config.wait.poll_s,
    )
    since = state.waiting_since
    return waiting.judge(ordered, since=since, now=now or since, rule=rule), now


def _pace(statement: Statement, now: Micros) -> float | None:
    """Return answers a day since the beginning; None before there is anything to go by."""
    days = (now - statement.created_at) / _DAY
    given = statement.budget.committed_answers
    return given / days if given and days > 1 / 24 else None
