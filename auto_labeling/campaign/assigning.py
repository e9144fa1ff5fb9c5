"""Whose turn it is: asks are given to the people of the campaign, evenly, where a tool has queues.

Opinions on one item never go to the same person. Where nobody is left, an ask is anybody's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, func, select

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, THESE, answers, asks, chunks, of, people
from auto_labeling.campaign.transition import OPEN
from auto_labeling.records import Ask, PersonId

_PEOPLE = (
    select(people.c.person, people.c.capacity)
    .where(people.c.campaign == CAMPAIGN, people.c.retired_at.is_(None))
    .order_by(people.c.person)
)
_LOADS = (
    select(asks.c.assignee, func.count())
    .where(asks.c.campaign == CAMPAIGN, asks.c.state.in_(OPEN), asks.c.assignee.is_not(None))
    .group_by(asks.c.assignee)
)
_ASKED = select(asks.c.item, asks.c.assignee).where(
    asks.c.campaign == CAMPAIGN, asks.c.item.in_(THESE), asks.c.assignee.is_not(None)
)
_ANSWERED = select(answers.c.item, answers.c.person).where(
    answers.c.campaign == CAMPAIGN, answers.c.item.in_(THESE)
)


def assigned(connection: Connection, campaign: Campaign, new: Sequence[Ask]) -> list[Ask]:
    """Return the asks, each with somebody who is to answer it: whoever has least to do."""
    crew = connection.execute(_PEOPLE, of(campaign.campaign_id)).all()
    if not crew or not campaign.backend.traits.has_queues:
        return list(new)
    open_asks: dict[PersonId, int] = dict(
        connection.execute(_LOADS, of(campaign.campaign_id)).all()
    )
    loads = Counter(open_asks)
    met: dict[str, set[PersonId]] = defaultdict(set)
    for chunk in chunks(sorted({ask.item_id for ask in new})):
        for query in (_ASKED, _ANSWERED):
            for item, person in connection.execute(query, of(campaign.campaign_id, these=chunk)):
                met[item].add(person)
    given = []
    for ask in new:
        free = [
            row.person
            for row in crew
            if row.person not in met[ask.item_id]
            and (row.capacity is None or loads[row.person] < row.capacity)
        ]
        who = min(free, key=lambda person: loads[person], default=None)
        if who is not None:
            loads[who] += 1
            met[ask.item_id].add(who)
        given.append(replace(ask, assignee=who))
    return given
