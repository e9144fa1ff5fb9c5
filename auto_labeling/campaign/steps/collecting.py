"""Look at what people did; wait, go on, or give up on the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, bindparam, select, update

from auto_labeling.campaign import answers, budget, upload, waiting
from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.handing_over import hand_over
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import CAMPAIGN, campaigns, of, uploads
from auto_labeling.campaign.transition import OPEN, Transition, change_round
from auto_labeling.records import Ask, AskState, Micros

REPAIR_EVERY: Micros = 3_600_000_000
"""A surplus or lost copy is rare, and looking at every key is what makes a poll dear."""
_PROJECT = select(campaigns.c.project).where(campaigns.c.campaign == CAMPAIGN)
_CURSOR = select(campaigns.c.cursor).where(campaigns.c.campaign == CAMPAIGN)
_CANCEL = (
    update(uploads)
    .where(uploads.c.upload == bindparam("key"), uploads.c.cancelled_at.is_(None))
    .values(cancelled_at=bindparam("at"))
)


def collect(campaign: Campaign, state: CampaignState) -> Transition:
    """Take in what is new; the round goes on once enough of its answers are there."""
    sync(campaign)
    with campaign.ledger.read() as connection:
        ordered = asks_room.of_round(connection, campaign.campaign_id, state.round)
    now = campaign.clock.now()
    verdict = waiting.judge(ordered, since=state.waiting_since or now, now=now, rule=rule(campaign))
    if verdict.wait_until is not None:
        hand_over(campaign, state.round, now)
    if verdict.wait_until is not None and not _repair_is_due(state, now):
        return Transition(to=RoundState.SENT, wait_until=verdict.wait_until)
    repaired = upload.repair(campaign, state.round)
    if verdict.wait_until is not None:

        def note(connection: Connection) -> None:
            change_round(connection, campaign.campaign_id, state.round, repaired_at=now)

        return Transition(to=RoundState.SENT, writes=(note,), wait_until=verdict.wait_until)
    return Transition(
        to=RoundState.COLLECTED,
        writes=(give_up(campaign, ordered),) if verdict.open else (),
        detail={"given_up": len(verdict.open), "surplus_copies": repaired},
    )


def _repair_is_due(state: CampaignState, now: Micros) -> bool:
    """Whether it is long enough ago that the copies in the tool were looked at one by one."""
    return state.repaired_at is None or now - state.repaired_at >= REPAIR_EVERY


def sync(campaign: Campaign) -> int:
    """Take in what people did since the last look, and return how many acts were new."""
    if not _is_in_the_tool(campaign):
        return 0
    with campaign.ledger.read() as connection:
        cursor = connection.scalar(_CURSOR, of(campaign.campaign_id))
    events, after = campaign.backend.changes(cursor)
    if not events and after == cursor:
        return 0
    with campaign.ledger.write(campaign.fence) as connection:
        return answers.ingest(connection, campaign, events, after)


def _is_in_the_tool(campaign: Campaign) -> bool:
    """Whether anything was ever sent; before that, a tool cannot be asked about the campaign."""
    with campaign.ledger.read() as connection:
        return connection.scalar(_PROJECT, of(campaign.campaign_id)) is not None


def withdraw(campaign: Campaign, state: CampaignState) -> Transition:
    """Withdraw every open ask of the campaign, as `stop --now` asks for."""
    with campaign.ledger.read() as connection:
        open_asks = asks_room.still_open(connection, campaign.campaign_id)
    return Transition(
        to=RoundState.COLLECTED if state.state is RoundState.SENT else state.state,
        writes=(give_up(campaign, open_asks),),
    )


def give_up(campaign: Campaign, ordered: Sequence[Ask]) -> Callable[[Connection], None]:
    """Withdraw what nobody has answered, and return what then has to be written about the asks.

    A reservation is given back only when the tool has confirmed the withdrawal and a last look
    found nothing; the others expire: a late answer is still paid from its own ask.
    """
    late = [ask for ask in ordered if ask.state in OPEN]
    keys = sorted({ask.upload_key for ask in late if ask.upload_key is not None})
    campaign.watch("withdraw:before")
    gone = set(upload.withdraw(campaign, keys) if _is_in_the_tool(campaign) else keys)
    campaign.watch("withdraw:between")
    sync(campaign)

    def write(connection: Connection) -> None:
        name, now = campaign.campaign_id, campaign.clock.now()
        still = {ask.ask_id: ask for ask in asks_room.still_open(connection, name)}
        left = [still[ask.ask_id] for ask in late if ask.ask_id in still]
        free = [ask for ask in left if ask.upload_key in gone]
        budget.release(connection, name, [(a.ask_id, a.price_micros) for a in free], now)
        asks_room.mark(connection, [ask.ask_id for ask in free], AskState.RELEASED)
        expired = [ask.ask_id for ask in left if ask.upload_key not in gone]
        asks_room.mark(connection, expired, AskState.EXPIRED)
        if gone:
            connection.execute(_CANCEL, [{"key": key, "at": now} for key in sorted(gone)])

    return write


def rule(campaign: Campaign) -> waiting.Rule:
    """Return when this campaign stops waiting."""
    wait = campaign.config.wait
    return waiting.Rule.parse(
        enough=wait.enough, after=wait.after, rest=wait.rest, poll_s=wait.poll_s
    )
