"""What comes next. Pure: a state in, the name of a step out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from auto_labeling.records import Micros


class RoundState(StrEnum):
    """How far a round has come."""

    PLANNED = "planned"
    SCORED = "scored"
    SELECTED = "selected"
    RESERVED = "reserved"
    SENT = "sent"
    COLLECTED = "collected"
    RECONCILED = "reconciled"
    FROZEN = "frozen"
    TRAINED = "trained"
    EVALUATED = "evaluated"
    STOPPED = "stopped"


class Step(StrEnum):
    """What moves a round on; each is one task of the flow and can be run twice."""

    SCORE = "score"
    SELECT = "select"
    RESERVE = "reserve"
    SEND = "send"
    COLLECT = "collect"
    WITHDRAW = "withdraw"
    RECONCILE = "reconcile"
    REORDER = "reorder"
    FREEZE = "freeze"
    TRAIN = "train"
    EVALUATE = "evaluate"
    DECIDE = "decide"
    FINISH = "finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignState:
    """What the ledger says that decides the next step."""

    round: int
    state: RoundState
    has_model: bool = False
    more_wanted: bool = False
    """Whether reconciling left items that need another opinion."""
    open_asks: int = 0
    stop_requested: Literal["finish", "now"] | None = None
    stop_kind: str | None = None
    """Why the campaign ends, once that is decided; `finish` then closes it."""
    stop_reason: str | None = None
    blocked_reason: str | None = None
    blocked_remedy: str | None = None
    waiting_since: Micros | None = None
    repaired_at: Micros | None = None
    """When each key of the round last had one live copy."""
    overdue: str | None = None
    """Why it may go on no longer: its deadline has passed. The clock says so, not the ledger."""

    @property
    def stopped(self) -> bool:
        """Whether nothing is left to do."""
        return self.state is RoundState.STOPPED

    @property
    def stopping(self) -> bool:
        """Whether nothing more may be bought."""
        return self.stop_requested is not None or self.overdue is not None

    @property
    def withdrawing(self) -> bool:
        """Whether what is open is withdrawn instead of waited for."""
        return self.stop_requested == "now" or self.overdue is not None


_NEXT = {
    RoundState.SCORED: Step.SELECT,
    RoundState.SELECTED: Step.RESERVE,
    RoundState.RESERVED: Step.SEND,
    RoundState.SENT: Step.COLLECT,
    RoundState.COLLECTED: Step.RECONCILE,
    RoundState.FROZEN: Step.TRAIN,
    RoundState.TRAINED: Step.EVALUATE,
    RoundState.EVALUATED: Step.DECIDE,
}
_NOTHING_BOUGHT = (RoundState.PLANNED, RoundState.SCORED, RoundState.SELECTED)


def next_step(state: CampaignState) -> Step | None:
    """Return the step to make now, or None when the campaign has stopped.

    >>> next_step(CampaignState(round=1, state=RoundState.PLANNED))
    <Step.SELECT: 'select'>
    >>> next_step(CampaignState(round=2, state=RoundState.PLANNED, has_model=True))
    <Step.SCORE: 'score'>
    """
    if state.stopped:
        return None
    if state.stop_kind is not None:
        return Step.FINISH
    if state.stopping and state.state in _NOTHING_BOUGHT:
        return Step.FINISH
    if state.withdrawing and state.open_asks:
        return Step.WITHDRAW
    if state.state is RoundState.PLANNED:
        return Step.SCORE if state.has_model else Step.SELECT
    if state.state is RoundState.RECONCILED:
        return Step.REORDER if state.more_wanted and not state.stopping else Step.FREEZE
    return _NEXT[state.state]
