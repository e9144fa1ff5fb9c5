"""Which items of a campaign another opinion is bought on although their votes decide."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, select

from auto_labeling.campaign import answers as answers_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.schema import CAMPAIGN, of, people
from auto_labeling.money import expected_seconds, price_for
from auto_labeling.ports import Vote
from auto_labeling.quality.adaptive_overlap import LEARNED_ON, worth_another
from auto_labeling.quality.counting import abstains, names_of
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.ratings import Ratings
from auto_labeling.records import CampaignId, ItemId, LabelSchema, PersonId

SURE_OF_DRAWINGS = 0.75
"""Drawings whose label is less sure get another opinion; nobody knows a posterior of them."""
_TELLS = 3
"""Opinions on one item from which it can be told who of them errs."""
_RATES = select(people.c.person, people.c.pay_unit, people.c.rate_micros).where(
    people.c.campaign == CAMPAIGN, people.c.retired_at.is_(None)
)


def further(
    connection: Connection, campaign: Campaign, decided: Mapping[ItemId, Label]
) -> dict[ItemId, int]:
    """Return how many more opinions are bought now on each of these items, by what they bring.

    One where it is worth its price (`worth_another`), by a model of all votes of the campaign, and
    whatever rule makes the labels. Before that is known, some items drawn by lot get all that
    there may be. Of drawings, one where the label made of them is not sure.
    """
    plan, schema = campaign.config.quality.overlap, campaign.config.labels
    if plan.adaptive_max is None:
        return {}
    left = {
        item: plan.most - label.votes
        for item, label in decided.items()
        if label.value is not None and plan.default <= label.votes < plan.most
    }
    if schema.is_drawn:
        return {item: 1 for item in left if decided[item].confidence < SURE_OF_DRAWINGS}
    votes = answers_room.votes(connection, campaign.campaign_id)
    teaching = _teaching(votes, plan.most, left)
    due = {item: many for item, many in left.items() if item not in teaching}
    costs = gains(connection, campaign, votes, due)
    worth = {
        item
        for ratings, names in _questions(votes, schema, due)
        for item in _worth(ratings, names, due, costs)
    }
    return {item: left[item] for item in teaching} | dict.fromkeys(sorted(worth), 1)


def _teaching(votes: Sequence[Vote], most: int, candidates: Collection[ItemId]) -> set[ItemId]:
    """Return the items that get all opinions because it is not known yet how people err."""
    counts = Counter(vote.item_id for vote in votes)
    known = sum(count >= min(most, _TELLS) for count in counts.values())
    drawn = sorted(candidates, key=lambda item: hashlib.sha256(item.encode()).digest())
    return set(drawn[: max(LEARNED_ON - known, 0)])


def _questions(
    votes: Sequence[Vote], schema: LabelSchema, about: Collection[ItemId]
) -> list[tuple[Ratings, list[ItemId]]]:
    """Return the ratings and items of every question: one, or one a class where several may hold.

    A class that nobody chose of these items is no question.
    """
    if not about:
        return []
    said = [
        (vote.item_id, vote.person, tuple(names_of(vote, schema)))
        for vote in votes
        if not abstains(vote.value, schema)
    ]
    if schema.task == "single":
        ratings, items, _, _ = Ratings.of([(i, who, names[0]) for i, who, names in said])
        return [(ratings, items)]
    chosen = dict.fromkeys(name for item, _, names in said if item in about for name in names)
    answers = [[(i, who, one in names) for i, who, names in said] for one in chosen]
    return [Ratings.of(rows, (False, True))[:2] for rows in answers]


def _worth(
    ratings: Ratings,
    items: Sequence[ItemId],
    left: Mapping[ItemId, int],
    gains: Mapping[ItemId, float],
) -> list[ItemId]:
    """Return the items on which another opinion about one question is worth its price."""
    if ratings.shape[2] < 2:  # nobody ever said anything else
        return []
    more = np.array([left.get(item, 0) for item in items])
    gain = np.array([gains.get(item, 1.0) for item in items])
    worth = worth_another(ratings, DawidSkene().aggregate(ratings), more, gain=gain)
    return [items[at] for at in np.flatnonzero(worth)]


def gains(
    connection: Connection, campaign: Campaign, votes: Sequence[Vote], about: Collection[ItemId]
) -> dict[ItemId, float]:
    """Return what an opinion has to bring: more where those who are left are dearer than most."""
    gain = campaign.config.quality.overlap.least_gain
    prices = _prices(connection, campaign.campaign_id, campaign.config.labels.task)
    if len(set(prices.values())) < 2 or not sum(prices.values()):
        return dict.fromkeys(about, gain)
    common = sum(prices.values()) / len(prices)
    met: dict[ItemId, set[PersonId]] = defaultdict(set)
    for vote in votes:
        met[vote.item_id].add(vote.person)
    gains = {}
    for item in about:
        theirs = [price for person, price in prices.items() if person not in met[item]]
        dearer = sum(theirs) / len(theirs) / common if theirs else 1.0
        gains[item] = gain * dearer
    return gains


def _prices(connection: Connection, campaign: CampaignId, task: str) -> dict[PersonId, int]:
    """Return what an answer by each person costs; where hours are paid, about."""
    seconds = expected_seconds(task)
    return {
        row.person: price_for(row.pay_unit, row.rate_micros).settle(objects=1, seconds=seconds)
        for row in connection.execute(_RATES, of(campaign)).all()
    }
