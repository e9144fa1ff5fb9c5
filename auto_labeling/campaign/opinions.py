"""Which items of a round need another opinion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

from sqlalchemy import Connection, select

from auto_labeling.campaign import adaptive_overlap, blind_slice, labels
from auto_labeling.campaign.assigning import asked_by_name
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import ASKED_IN_ROUND
from auto_labeling.campaign.rulings import ASKED_TO_RULE, GOLD
from auto_labeling.campaign.schema import CAMPAIGN, answers, asks, items, of
from auto_labeling.records import AskState, ItemId, PersonId, Purpose

_ORDERED = (
    select(asks.c.item, asks.c.state)
    .join(items, (items.c.campaign == asks.c.campaign) & (items.c.item == asks.c.item))
    .where(
        asks.c.campaign == CAMPAIGN,
        ~items.c.unlabelable,
        asks.c.item.in_(ASKED_IN_ROUND),
        asks.c.item.not_in(ASKED_TO_RULE),
        asks.c.item.not_in(GOLD),
    )
    .order_by(asks.c.item, asks.c.ordinal)
)
_MET = (
    select(answers.c.item, answers.c.person)
    .where(answers.c.campaign == CAMPAIGN, answers.c.item.in_(ASKED_IN_ROUND))
    .distinct()
)


def wanted(
    connection: Connection, campaign: Campaign, number: int
) -> list[tuple[ItemId, Purpose, int]]:
    """Return (item, purpose, opinions) for the round's items that get more of them.

    These are the items whose votes do not decide yet, and those where another opinion is worth its
    price though they do.
    """
    name, quality = campaign.campaign_id, campaign.config.quality
    ordered = connection.execute(_ORDERED, of(name, number)).all()
    given_up = {row.item for row in ordered if row.state in _GIVEN_UP}
    if campaign.config.wait.rest == "reissue":
        given_up = set()
    asked = Counter(row.item for row in ordered)
    known = labels.read(connection, name, number)
    decided = {label.item_id: label for label in known}
    further = []
    most, strangers = quality.most_opinions, _strangers(connection, campaign, number, asked)
    expired = Counter(row.item for row in ordered if row.state == AskState.EXPIRED)
    blind = blind_slice.among(connection, name, asked)
    worth = adaptive_overlap.further(
        connection, campaign, {item: decided[item] for item in asked if item in decided}
    )
    for item, count in asked.items():
        label = decided.get(item)
        got = label.votes if label else 0
        due = blind_slice.opinions(quality, blind=item in blind)
        missing = due - got
        if missing <= 0 and label is not None and label.value is None:
            missing = 1
        if missing <= 0:
            missing = min(worth.get(item, 0), quality.overlap.most - count)
        missing = int(min(missing, max(most, due) - count, strangers[item] - expired[item]))
        if missing > 0 and item not in given_up:
            further.append((item, Purpose.OPINION, missing))
    return further


_GIVEN_UP = (AskState.EXPIRED, AskState.RELEASED)


def _strangers(
    connection: Connection, campaign: Campaign, number: int, wanted: Collection[ItemId]
) -> dict[ItemId, float]:
    """Return how many people have said nothing yet about each item, asked or unasked.

    An opinion more than that would be waited for, and never come. Where there are adjudicators to
    decide, it is asked of nobody whom the campaign does not name.
    """
    crew = asked_by_name(connection, campaign) if campaign.config.quality.adjudicators else None
    people = campaign.backend.traits.people
    if crew is None and people is None:
        return dict.fromkeys(wanted, math.inf)
    met: dict[ItemId, set[PersonId]] = {item: set() for item in wanted}
    for item, person in connection.execute(_MET, of(campaign.campaign_id, number)):
        met.setdefault(item, set()).add(person)
    if crew is not None:
        return {item: len(crew - who) for item, who in met.items()}
    return {item: (people or 0) - len(who) for item, who in met.items()}
