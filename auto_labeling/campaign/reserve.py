"""The reserve: a share of the answers and of the money that only adjudicators' answers may use."""

from __future__ import annotations

import math

from sqlalchemy import Connection, func, select

from auto_labeling.campaign import budget
from auto_labeling.campaign.budget import NOTHING, Kept
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, asks, of, spend
from auto_labeling.campaign.transition import OPEN
from auto_labeling.money import format_micros
from auto_labeling.records import Purpose

_RULINGS = (asks.c.campaign == CAMPAIGN, asks.c.purpose == Purpose.ADJUDICATE)
_PROMISED = select(func.count(), func.coalesce(func.sum(asks.c.price_micros), 0)).where(
    *_RULINGS, asks.c.state.in_(OPEN)
)
_PAID = (
    select(func.coalesce(func.sum(spend.c.answers), 0), func.coalesce(func.sum(spend.c.micros), 0))
    .join(asks, asks.c.ask == spend.c.ask)
    .where(*_RULINGS, spend.c.kind == "commit")
)


def left(connection: Connection, campaign: Campaign) -> Kept:
    """Return what is still kept for adjudicators: the reserve less what they were promised or paid.

    Rulings may cost more than the reserve; then nothing is left of it, and nothing is owed to it.
    """
    whole = of_caps(connection, campaign)
    if whole == NOTHING:
        return NOTHING
    used = [connection.execute(q, of(campaign.campaign_id)).one() for q in (_PROMISED, _PAID)]
    answers, micros = (sum(figures) for figures in zip(*used, strict=True))
    return Kept(
        answers=max(whole.answers - int(answers), 0),
        micros=max(whole.micros - int(micros), 0),
    )


def of_caps(connection: Connection, campaign: Campaign) -> Kept:
    """Return what was kept in the beginning, by the caps as they are now."""
    share = campaign.config.quality.reserved_share
    if not share:
        return NOTHING
    caps = budget.account(connection, campaign.campaign_id)
    return Kept(
        answers=math.ceil(share * caps.cap_answers), micros=math.ceil(share * caps.cap_micros)
    )


def told(connection: Connection, campaign: Campaign) -> str | None:
    """Return in words what is left of it; None where nothing was kept."""
    whole, now = of_caps(connection, campaign), left(connection, campaign)
    if whole == NOTHING:
        return None
    rest, all_of_it = (
        format_micros(one.micros, campaign.config.budget.currency) for one in (now, whole)
    )
    return (
        f"left of what was kept for adjudicators: {now.answers} of {whole.answers} answers, "
        f"{rest} of {all_of_it}"
    )


def aside(connection: Connection, campaign: Campaign) -> str:
    """Return what to add to a sentence about what is left of the budget; often nothing."""
    kept = left(connection, campaign)
    return f", {kept.answers} are kept for adjudicators" if kept.answers else ""


def holds(connection: Connection, campaign: Campaign, answers: int, micros: int) -> bool:
    """Return whether the budget holds so much that is no ruling."""
    now, kept = budget.account(connection, campaign.campaign_id), left(connection, campaign)
    return now.free_answers - kept.answers >= answers and now.free_micros - kept.micros >= micros
