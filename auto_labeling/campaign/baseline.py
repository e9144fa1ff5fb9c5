"""The random arm: what the same people, rule and model make of items drawn blindly.

Replayed free of charge where people are simulated, and outside the budget: it buys nothing, and
nothing of it enters a data set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import items
from auto_labeling.models import fitting
from auto_labeling.ports import Replays, Vote
from auto_labeling.records import ItemId, Side


def random_model(campaign: Campaign, size: int) -> Any | None:
    """Return the model fitted on the first `size` items of a seeded random order, or None."""
    if not isinstance(campaign.backend, Replays) or not size:
        return None
    positions = _order(campaign)[:size]
    ids = [campaign.pool.ids[position] for position in positions]
    decided = _decide(campaign, campaign.backend, ids)
    place = {name: at for at, name in enumerate(campaign.config.labels.classes)}
    kept = [
        (at, place[decided[item]])
        for at, item in zip(positions, ids, strict=True)
        if item in decided
    ]
    if not kept:
        return None
    config = campaign.config
    rows, targets = (np.array(column) for column in zip(*kept, strict=True))
    model = config.model.build(config.seed, campaign.base)
    return fitting.fit(model, campaign.pool.features[rows], targets, len(config.labels.classes))


def _order(campaign: Campaign) -> list[int]:
    with campaign.ledger.read() as connection:
        train = connection.scalars(
            select(items.c.position)
            .where(items.c.campaign == campaign.campaign_id, items.c.side == Side.TRAIN)
            .order_by(items.c.position)
        ).all()
    return [int(at) for at in rng_for(campaign.config.seed, 0, "baseline").permutation(train)]


def _decide(campaign: Campaign, people: Replays, ids: list[ItemId]) -> dict[ItemId, str]:
    """Return the consensus on each item; one that the votes leave open gets more opinions."""
    quality = campaign.config.quality
    decided: dict[ItemId, str] = {}
    for opinions in range(quality.overlap, quality.most_opinions + 1):
        votes = [
            Vote(item_id=item, person=person, value=value)
            for item in ids
            if item not in decided
            for person, value in people.replay(item, opinions)
            if value is not None
        ]
        for verdict in quality.consensus.resolve(votes, campaign.config.labels):
            if isinstance(verdict.value, str):
                decided[verdict.item_id] = verdict.value
    return decided
