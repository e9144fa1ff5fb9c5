"""How a step ends: one transaction with the new state, everything the step writes, and an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, exists, func, insert, select, update

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    asks,
    campaigns,
    events,
    of,
    pseudo_rounds,
    quarantine,
    rounds,
    transitions,
)
from auto_labeling.errors import BlockedError, LeaseLost, LedgerError
from auto_labeling.records import AskState, CampaignId, Micros

OPEN = (AskState.RESERVED, AskState.SENT, AskState.EXPIRED)
"""The states of an ask whose reservation holds. An expired ask is no longer waited for, but it
still pays for a late answer."""

WAITED_FOR = (AskState.RESERVED, AskState.SENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Why a campaign stops: the kind decides the exit code, the sentence goes to the report."""

    kind: Literal["target", "budget", "exhausted", "person", "rule"]
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What a step found out and wants written. Nothing of it holds until it is committed."""

    to: RoundState
    writes: tuple[Callable[[Connection], RoundState | None], ...] = ()
    """Run inside the transaction; one that returns a state sends the round there instead."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    ending: Ending | None = None
    wait_until: Micros | None = None
    """Set when the step found that people are not done: look again then."""


_ADD_EVENT = insert(events)
_ADD_TRANSITION = insert(transitions)
_CHANGE_CAMPAIGN = update(campaigns).where(campaigns.c.campaign == CAMPAIGN)
_CHANGE_ROUND = update(rounds).where(rounds.c.campaign == CAMPAIGN, rounds.c.number == ROUND)


def state_of(ledger: Ledger, campaign: CampaignId) -> CampaignState:
    """Return what decides the next step. Raises `LedgerError` for an unknown campaign."""
    with ledger.read() as connection:
        return read_state(connection, campaign)


_STATE = (
    select(
        campaigns,
        rounds.c.state,
        rounds.c.more_wanted,
        rounds.c.sent_at,
        rounds.c.repaired_at,
        select(func.count())
        .where(asks.c.campaign == CAMPAIGN, asks.c.state.in_(WAITED_FOR))
        .scalar_subquery()
        .label("open_asks"),
        exists()
        .where(
            rounds.c.campaign == CAMPAIGN,
            rounds.c.number < campaigns.c.round,
            rounds.c.model_sha256.is_not(None),
        )
        .correlate(campaigns)
        .label("has_model"),
    )
    .join(
        rounds,
        (rounds.c.campaign == campaigns.c.campaign) & (rounds.c.number == campaigns.c.round),
    )
    .where(campaigns.c.campaign == CAMPAIGN)
)


def read_state(connection: Connection, campaign: CampaignId) -> CampaignState:
    """Return what decides the next step, as `connection` sees it."""
    row = connection.execute(_STATE, of(campaign)).first()
    if row is None:
        raise LedgerError(f"campaign {campaign}: the ledger knows no such campaign")
    return CampaignState(
        round=row.round,
        state=RoundState.STOPPED if row.stopped_at is not None else RoundState(row.state),
        has_model=row.has_model,
        more_wanted=row.more_wanted,
        open_asks=row.open_asks,
        stop_requested=row.stop_requested,
        stop_kind=row.stop_kind,
        stop_reason=row.stop_reason,
        blocked_reason=row.blocked_reason,
        blocked_remedy=row.blocked_remedy,
        waiting_since=row.sent_at,
        repaired_at=row.repaired_at,
    )


_NEWEST_MODEL = (
    select(rounds.c.model_sha256)
    .where(rounds.c.campaign == CAMPAIGN, rounds.c.model_sha256.is_not(None))
    .order_by(rounds.c.number.desc())
    .limit(1)
)
_MODEL_BEFORE = _NEWEST_MODEL.where(rounds.c.number < ROUND)


def model_before(connection: Connection, campaign: CampaignId, number: int) -> str | None:
    """Return the sha256 of the newest model that was trained before round `number`."""
    return connection.scalar(_MODEL_BEFORE, of(campaign, number))


_NEWEST_OF_PEOPLE = (
    select(func.coalesce(pseudo_rounds.c.people_sha256, rounds.c.model_sha256))
    .select_from(rounds)
    .outerjoin(
        pseudo_rounds,
        (pseudo_rounds.c.campaign == rounds.c.campaign)
        & (pseudo_rounds.c.round == rounds.c.number),
    )
    .where(rounds.c.campaign == CAMPAIGN, rounds.c.model_sha256.is_not(None))
    .order_by(rounds.c.number.desc())
    .limit(1)
)
_OF_PEOPLE_BEFORE = _NEWEST_OF_PEOPLE.where(rounds.c.number < ROUND)


def newest_of_people(connection: Connection, campaign: CampaignId) -> str | None:
    """Return the sha256 of the newest model that only people's labels have taught.

    It says what to ask next: what pseudo-labels taught is sure of itself where it errs, and would
    keep people away from there.
    """
    found: str | None = connection.scalar(_NEWEST_OF_PEOPLE, of(campaign))
    return found


def of_people_before(connection: Connection, campaign: CampaignId, number: int) -> str | None:
    """Return the newest one before round `number`: a model that starts warm begins from it.

    What pseudo-labels taught would stay in its weights, also after an audit has spoken against
    them.
    """
    found: str | None = connection.scalar(_OF_PEOPLE_BEFORE, of(campaign, number))
    return found


def newest_model(connection: Connection, campaign: CampaignId) -> str | None:
    """Return the sha256 of the newest model, if there is one."""
    return connection.scalar(_NEWEST_MODEL, of(campaign))


def commit(campaign: Campaign, step: Step, before: CampaignState, done: Transition) -> None:
    """Write a transition whole, or not at all.

    Raises `LeaseLost` if the campaign has moved on without us.
    """
    if (
        done == Transition(to=before.state, wait_until=done.wait_until)
        and not before.blocked_reason
    ):
        return  # nothing to write: people are waited for
    name = campaign.campaign_id
    with campaign.ledger.write(campaign.fence) as connection:
        _check_unmoved(connection, name, before)
        redirected = [state for write in done.writes if (state := write(connection)) is not None]
        to = redirected[-1] if redirected else done.to
        now = campaign.clock.now()
        if to is RoundState.STOPPED:
            change_campaign(connection, name, stopped_at=now)
        elif to is not before.state:
            change_round(connection, name, before.round, state=to)
        if done.ending is not None:
            end(connection, name, done.ending)
        if before.blocked_reason is not None:
            _unblock(connection, name, now)
        if to is not before.state:
            record_move(
                connection,
                campaign,
                step=step,
                number=before.round,
                before=before.state,
                to=to,
                detail=done.detail,
            )


def record_move(
    connection: Connection,
    campaign: Campaign,
    *,
    step: Step,
    number: int,
    before: RoundState,
    to: RoundState,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write the row and the event of a round that moved on."""
    name, now, said = campaign.campaign_id, campaign.clock.now(), dict(detail or {})
    row = {"campaign": name, "round": number, "step": step, "before": before, "after": to}
    connection.execute(_ADD_TRANSITION, row | {"at": now, "detail": said})
    tell(connection, name, f"round.{to}", now, round=number, **said)


def end(connection: Connection, campaign: CampaignId, ending: Ending) -> None:
    """Write why the campaign ends; the step `finish` then closes it."""
    change_campaign(connection, campaign, stop_kind=ending.kind, stop_reason=ending.sentence)


def block(campaign: Campaign, error: BlockedError) -> None:
    """Write that only a person can go on from here; the state stays where it is."""
    with campaign.ledger.write(campaign.fence) as connection:
        if read_state(connection, campaign.campaign_id).blocked_reason == error.reason:
            return  # still the same: `blocked_at` says since when, and it was told
        now = campaign.clock.now()
        change_campaign(
            connection,
            campaign.campaign_id,
            blocked_at=now,
            blocked_reason=error.reason,
            blocked_remedy=error.remedy,
        )
        tell(connection, campaign.campaign_id, "blocked", now, reason=error.reason)


def change_campaign(connection: Connection, campaign: CampaignId, **values: object) -> None:
    """Set columns of the campaign's row."""
    connection.execute(_CHANGE_CAMPAIGN, {**of(campaign), **values})


def change_round(
    connection: Connection, campaign: CampaignId, number: int, **values: object
) -> None:
    """Set columns of a round's row."""
    connection.execute(_CHANGE_ROUND, {**of(campaign, number), **values})


def tell(
    connection: Connection, campaign: CampaignId, kind: str, at: Micros, **body: object
) -> None:
    """Put an event into the outbox."""
    row = {"campaign": campaign, "kind": kind, "body": body, "at": at}
    connection.execute(_ADD_EVENT, row)


def put_aside(
    connection: Connection,
    campaign: CampaignId,
    at: Micros,
    where: str,
    item: str | None,
    reason: str,
    body: object = None,
) -> None:
    """Quarantine what cannot be used: counted, with its reason, and never twice."""
    row = {"campaign": campaign, "where_found": where, "item": item, "reason": reason}
    connection.execute(
        insert(quarantine)
        .prefix_with("OR IGNORE", dialect="sqlite")
        .values(**row, body=body, at=at)
    )


def _unblock(connection: Connection, campaign: CampaignId, now: Micros) -> None:
    change_campaign(connection, campaign, blocked_at=None, blocked_reason=None, blocked_remedy=None)
    tell(connection, campaign, "unblocked", now)


_WHERE_IT_IS = (
    select(rounds.c.number, rounds.c.state)
    .join(
        campaigns,
        (rounds.c.campaign == campaigns.c.campaign) & (rounds.c.number == campaigns.c.round),
    )
    .where(campaigns.c.campaign == CAMPAIGN, campaigns.c.stopped_at.is_(None))
)


def _check_unmoved(connection: Connection, campaign: CampaignId, before: CampaignState) -> None:
    now = connection.execute(_WHERE_IT_IS, of(campaign)).first()
    if now is None or (now.number, now.state) != (before.round, before.state):
        raise LeaseLost(
            f"campaign {campaign}: round {before.round} is no longer {before.state}; another "
            "driver moved it on, and nothing was written"
        )
