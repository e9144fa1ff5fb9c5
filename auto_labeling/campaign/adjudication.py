"""What the votes do not decide goes to adjudicators; a ruling stands, the votes stay what they are.

An answer is a ruling where an adjudicator gave it to an ask of that purpose. Where the tool lets
somebody else take such an ask, that is one vote more, paid as any; the item is then asked about
again, of as many people as there are adjudicators at most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, or_, select

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rulings import rulings
from auto_labeling.campaign.schema import CAMPAIGN, THESE, answers, asks, chunks, items, labels, of
from auto_labeling.campaign.transition import WAITED_FOR
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.records import AskState, ItemId, PersonId, Purpose

SURE = 0.6
"""A label of which the consensus is less sure is nearly a tie: of two classes not 3 to 2 for one,
of merged drawings no more of the objects probably right."""
ALIKE = 0.5
"""Where whole drawings compete, the consensus says how alike they are instead: below this, they
share less than half of what they show."""

_SURE: BindParameter[float] = bindparam("sure")
_VOTES: BindParameter[int] = bindparam("votes")
_UNLABELABLE = select(items.c.item).where(items.c.campaign == CAMPAIGN, items.c.unlabelable)
_UNDECIDED = (
    select(labels.c.item)
    .where(
        labels.c.campaign == CAMPAIGN,
        labels.c.source == "human",
        labels.c.item.not_in(_UNLABELABLE),
        or_(labels.c.value.is_(None), (labels.c.confidence < _SURE) & (labels.c.votes >= _VOTES)),
    )
    .order_by(labels.c.item)
)
_ASKS = select(asks.c.item, asks.c.purpose, asks.c.state, asks.c.assignee).where(
    asks.c.campaign == CAMPAIGN, asks.c.item.in_(THESE)
)
_ANSWERED = select(answers.c.item, answers.c.person).where(
    answers.c.campaign == CAMPAIGN, answers.c.item.in_(THESE)
)


def wanted(
    connection: Connection, campaign: Campaign, further: Collection[ItemId] = ()
) -> list[tuple[ItemId, Purpose, int]]:
    """Return (item, purpose, 1) for what the votes leave undecided and an adjudicator may rule on.

    Undecided is an item without a label, or, once it has as many votes as are bought where votes
    decide, with one that is nearly a tie. `further` are items on which other opinions come first.
    """
    quality = campaign.config.quality
    if not quality.adjudicators:
        return []
    sure = ALIKE if isinstance(quality.consensus, MostAgreed) else SURE
    values = of(campaign.campaign_id, sure=sure, votes=max(2, quality.overlap.most))
    undecided, others = connection.scalars(_UNDECIDED, values).all(), set(further)
    return to_rule_on(connection, campaign, [one for one in undecided if one not in others])


def to_rule_on(
    connection: Connection, campaign: Campaign, candidates: Sequence[ItemId]
) -> list[tuple[ItemId, Purpose, int]]:
    """Return (item, purpose, 1) for those that some adjudicator has not met and nobody ruled on.

    While an answer about the item is waited for, or an expired ruling may still come, it is not
    asked for. Neither is it once a ruling was given up, unless `wait.rest` says to ask again.
    """
    name, named = campaign.campaign_id, set(campaign.config.quality.adjudicators)
    if not (candidates and named):
        return []
    done = rulings(connection, name)
    met = barred(connection, campaign, candidates)
    history: dict[ItemId, list[Any]] = defaultdict(list)
    for chunk in chunks(candidates):
        for row in connection.execute(_ASKS, of(name, these=chunk)):
            history[row.item].append(row)
    again = campaign.config.wait.rest == "reissue"
    return [
        (item, Purpose.ADJUDICATE, 1)
        for item in candidates
        if item not in done and named - met[item] and _may_ask(history[item], len(named), again)
    ]


def barred(
    connection: Connection, campaign: Campaign, about: Collection[ItemId]
) -> dict[ItemId, frozenset[PersonId]]:
    """Return which adjudicators cannot rule on each item: they answered it, or were asked to."""
    name, named = campaign.campaign_id, set(campaign.config.quality.adjudicators)
    met: dict[ItemId, set[PersonId]] = {item: set() for item in about}
    for chunk in chunks(sorted(met)):
        for row in connection.execute(_ASKS, of(name, these=chunk)):
            met[row.item].add(row.assignee)
        for item, person in connection.execute(_ANSWERED, of(name, these=chunk)):
            met[item].add(person)
    return {item: frozenset(people & named) for item, people in met.items()}


def _may_ask(history: Sequence[Any], most: int, again: bool) -> bool:
    """Whether another ruling may be asked for, by all the asks about one item."""
    if any(row.state in WAITED_FOR for row in history):
        return False
    before = [row.state for row in history if row.purpose == Purpose.ADJUDICATE]
    if AskState.EXPIRED in before or (AskState.RELEASED in before and not again):
        return False
    return len(before) < most
