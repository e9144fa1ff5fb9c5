"""What must be equal however often a campaign was killed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from auto_labeling.campaign import budget
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.schema import answers, asks, labels, manifests
from auto_labeling.campaign.transition import read_state
from auto_labeling.records import CampaignId


def projection(ledger: Ledger, campaign: CampaignId) -> dict[str, Any]:
    """Return what must be equal however often the campaign was killed: no times, no ids."""
    with ledger.read() as connection:
        money = budget.account(connection, campaign)
        given = connection.execute(
            select(answers.c.item, answers.c.kind, answers.c.value, answers.c.unsolicited).where(
                answers.c.campaign == campaign, answers.c.current
            )
        ).all()
        made = connection.execute(
            select(labels.c.item, labels.c.value, labels.c.votes, labels.c.purpose).where(
                labels.c.campaign == campaign
            )
        ).all()
        bought = connection.execute(
            select(asks.c.item, asks.c.ordinal, asks.c.round, asks.c.purpose, asks.c.state).where(
                asks.c.campaign == campaign
            )
        ).all()
        frozen = connection.execute(
            select(
                manifests.c.number, manifests.c.round, manifests.c.digest, manifests.c.item_count
            )
            .where(manifests.c.campaign == campaign)
            .order_by(manifests.c.number)
        ).all()
        state = read_state(connection, campaign)
    return {
        "answers": sorted(repr(tuple(row)) for row in given),
        "labels": sorted(repr(tuple(row)) for row in made),
        "asks": sorted(repr(tuple(row)) for row in bought),
        "spend": (
            money.committed_answers,
            money.committed_micros,
            money.reserved_answers,
            money.reserved_micros,
        ),
        "manifests": [tuple(row) for row in frozen],
        "stopped": (state.stop_kind, state.round),
    }
