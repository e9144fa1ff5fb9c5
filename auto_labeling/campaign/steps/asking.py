"""Reserve the money for a batch, and send it; order further opinions where votes do not decide."""

from __future__ import annotations

from sqlalchemy import Connection, select

from auto_labeling.campaign import (
    adjudication,
    blind_slice,
    budget,
    gold,
    holding,
    opinions,
    upload,
)
from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import reserve as kept
from auto_labeling.campaign.checking import check_tool
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import CAMPAIGN, ROUND, of, picks
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.transition import Ending, Transition, change_round, end
from auto_labeling.records import Purpose

_PICKS = (
    select(picks.c.item, picks.c.purpose, picks.c.blind)
    .where(picks.c.campaign == CAMPAIGN, picks.c.round == ROUND)
    .order_by(picks.c.rank)
)


def reserve(campaign: Campaign, state: CampaignState) -> Transition:
    """Order the picked items' opinions; the batch shrinks to what the budget holds."""
    check_tool(campaign.config, campaign.backend.traits)
    number = state.round
    holding.expect_agreement(campaign, number, sync)

    def write(connection: Connection) -> None:
        rows = connection.execute(_PICKS, of(campaign.campaign_id, number))
        quality = campaign.config.quality
        wanted = [
            (row.item, Purpose(row.purpose), blind_slice.opinions(quality, blind=bool(row.blind)))
            for row in rows
        ]
        wanted = gold.mixed(connection, campaign, number, wanted)
        if not asks_room.order(connection, campaign, wanted, number):
            end(connection, campaign.campaign_id, _want_of_money(connection, campaign))

    return Transition(to=RoundState.RESERVED, writes=(write,))


def reorder(campaign: Campaign, state: CampaignState) -> Transition:
    """Order more opinions on items whose votes did not decide, as far as the budget goes.

    Where they cannot decide, or cannot be paid, adjudicators are asked.
    """
    number = state.round
    holding.expect_agreement(campaign, number, sync)

    def write(connection: Connection) -> RoundState | None:
        wanted = opinions.wanted(connection, campaign, number)
        ordered = asks_room.order(connection, campaign, wanted, number)
        coming = {ask.item_id for ask in ordered}
        rulings = adjudication.wanted(connection, campaign, coming)
        ordered += asks_room.order(connection, campaign, rulings, number)
        change_round(connection, campaign.campaign_id, number, more_wanted=False)
        return RoundState.RESERVED if ordered else None

    return Transition(to=RoundState.RECONCILED, writes=(write,))


def send(campaign: Campaign, state: CampaignState) -> Transition:
    """Bring the reserved asks into the tool, each once."""
    number = state.round
    sent = upload.send(campaign, number)
    now = campaign.clock.now()

    def write(connection: Connection) -> None:
        change_round(connection, campaign.campaign_id, number, sent_at=now)

    return Transition(to=RoundState.SENT, writes=(write,), detail={"uploads": sent})


def _want_of_money(connection: Connection, campaign: Campaign) -> Ending:
    now = budget.account(connection, campaign.campaign_id)
    return Ending(
        kind="budget",
        sentence=(
            f"the budget does not hold another item: {now.committed_answers} of "
            f"{now.cap_answers} answers are given{kept.aside(connection, campaign)}"
        ),
    )
