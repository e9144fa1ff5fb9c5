"""The random arm: what the same people, rule and model make of items drawn blindly.

Replayed free of charge where people are simulated, and outside the budget: it buys nothing, and
nothing of it enters a data set.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.rulings import GOLD
from auto_labeling.campaign.schema import CAMPAIGN, items, of
from auto_labeling.ports import Replays, Vote
from auto_labeling.records import ItemId, Side, Value


def random_model(campaign: Campaign, learned: Sequence[Label]) -> Any | None:
    """Return the model fitted on as many blindly drawn items as were bought, or None.

    What was imported, it learns from as well.
    """
    if not isinstance(campaign.backend, Replays) or not learned:
        return None
    imported = {label.position: label.value for label in learned if label.source == "imported"}
    drawn = _order(campaign, imported)[: len(learned) - len(imported)]
    ids = {campaign.pool.ids[position]: position for position in drawn}
    decided = _decide(campaign, campaign.backend, list(ids))
    known = imported | {ids[item]: value for item, value in decided.items()}
    if not known:
        return None
    return campaign.lesson.fit(
        campaign.unfitted(), campaign.inputs(np.array(list(known))), list(known.values())
    )


def _order(campaign: Campaign, imported: Collection[int]) -> list[int]:
    with campaign.ledger.read() as connection:
        train = connection.scalars(
            select(items.c.position)
            .where(
                items.c.campaign == CAMPAIGN,
                items.c.side == Side.TRAIN,
                items.c.item.not_in(GOLD),
            )
            .order_by(items.c.position),
            of(campaign.campaign_id),
        ).all()
    rng = rng_for(campaign.config.seed, 0, "baseline")
    return [int(at) for at in rng.permutation(train) if int(at) not in imported]


def _decide(campaign: Campaign, people: Replays, ids: list[ItemId]) -> dict[ItemId, Value]:
    """Return the consensus on each item; one that the votes leave open gets more opinions."""
    quality = campaign.config.quality
    decided: dict[ItemId, Value] = {}
    for opinions in range(quality.opinions, quality.most_opinions + 1):
        votes = [
            Vote(item_id=item, person=person, value=value)
            for item in ids
            if item not in decided
            for person, value in people.replay(item, opinions)
            if value is not None
        ]
        for verdict in quality.consensus.resolve(votes, campaign.config.labels):
            if verdict.value is not None:
                decided[verdict.item_id] = verdict.value
    return decided
