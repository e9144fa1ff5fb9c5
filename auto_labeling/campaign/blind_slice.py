"""The blind slice: items drawn by lot, the only ones from which agreement is said of the pool.

The lot falls once. Every item of the pool has a number that the seed and its place decide, and the
slice is what has the smallest. No strategy may choose these until their turn has come, so that
what a strategy finds worth asking says nothing about who is in the slice.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.mends import mended_at
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    THESE,
    asks,
    chunks,
    of,
    picks,
    transitions,
)
from auto_labeling.quality_plan import Quality
from auto_labeling.records import AskState, CampaignId, ItemId, PersonId

_ASKED = select(asks.c.item).where(asks.c.campaign == CAMPAIGN, asks.c.state != AskState.RELEASED)
_BLIND = select(picks.c.item).where(
    picks.c.campaign == CAMPAIGN, picks.c.blind, picks.c.item.in_(_ASKED)
)
_BLIND_OF_THESE = select(picks.c.item).where(
    picks.c.campaign == CAMPAIGN, picks.c.blind, picks.c.item.in_(THESE)
)
_PICKED = (
    select(picks.c.round, func.count())
    .where(picks.c.campaign == CAMPAIGN, picks.c.round < ROUND)
    .group_by(picks.c.round)
)
_BLIND_PICKED = _PICKED.where(picks.c.blind, picks.c.item.in_(_ASKED))
_RESERVED_AT = (
    select(transitions.c.round, func.min(transitions.c.at))
    .where(transitions.c.campaign == CAMPAIGN, transitions.c.after == RoundState.RESERVED)
    .group_by(transitions.c.round)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What the lot gives a batch."""

    judges: int
    """How many of the batch's control items are of the slice as well."""
    drawn: NDArray[np.intp]
    """Positions of further items of the slice, which models may learn from."""
    free: NDArray[np.intp]
    """Positions that a strategy may choose from."""


def members(connection: Connection, campaign: CampaignId) -> set[ItemId]:
    """Return the items of the slice that were asked about."""
    return set(connection.scalars(_BLIND, of(campaign)))


def among(
    connection: Connection, campaign: CampaignId, these: Collection[ItemId]
) -> frozenset[ItemId]:
    """Return which of these items are of the slice."""
    return frozenset(
        item
        for chunk in chunks(sorted(these))
        for item in connection.scalars(_BLIND_OF_THESE, of(campaign, these=chunk))
    )


def strangers(
    connection: Connection, campaign: Campaign, about: Collection[ItemId]
) -> dict[ItemId, frozenset[PersonId]]:
    """Return who should rather not answer these items: of the slice, all people but its raters."""
    plan = campaign.config.quality.agreement
    if plan is None or not plan.raters:
        return {}
    others = frozenset(person.user for person in campaign.config.people) - set(plan.raters)
    return dict.fromkeys(among(connection, campaign.campaign_id, about), others)


def opinions(quality: Quality, *, blind: bool) -> int:
    """Return how many opinions an item gets from the beginning.

    >>> from auto_labeling.quality_plan import Overlap, Slice
    >>> plan = Quality(overlap=Overlap(default=1), agreement=Slice(slice=300, opinions=2))
    >>> opinions(plan, blind=True), opinions(plan, blind=False)
    (2, 1)
    """
    if not blind or quality.agreement is None:
        return quality.opinions
    return max(quality.opinions, quality.agreement.opinions)


def draw(
    campaign: Campaign, number: int, train: NDArray[np.intp], control: int, judges: int
) -> Lot:
    """Return what the lot gives the batch of round `number`.

    `train` are the positions that may be asked about for training; `control` is how many may be
    for judging, and `judges` how many of those are in the batch. These are drawn by lot anyway, so
    they are of the slice first.
    """
    plan = campaign.config.quality.agreement
    if plan is None:
        return Lot(judges=0, drawn=train[:0], free=train)
    asked, picked = _before(campaign, number)
    left = max(plan.slice - asked, 0)
    size = min(campaign.batch, judges + len(train))
    due = math.ceil(plan.share_of_batch * (picked + size)) - asked
    due = min(max(due, 0), left, size)
    of_judges = min(due, judges)
    ranked = train[np.argsort(_numbers(campaign)[train], kind="stable")]
    drawn = ranked[: due - of_judges]
    kept = drawn
    if not (control and float(plan.share_of_batch) <= campaign.config.evaluation.control):
        # No more than ever comes to be drawn: the slice is a share of what is asked about.
        ever = math.ceil(plan.share_of_batch * (picked + len(train) + control)) - asked
        kept = ranked[: min(left, max(ever, len(drawn)))]
    free = np.setdiff1d(train, kept)
    if len(free) < campaign.batch - judges - len(drawn):  # the pool comes to its end
        free = np.setdiff1d(train, drawn)
    return Lot(judges=of_judges, drawn=drawn, free=free)


def _numbers(campaign: Campaign) -> NDArray[np.float64]:
    """Return (n,) the lot of each item of the pool; that of an item stays when the pool grows."""
    return rng_for(campaign.config.seed, 0, "blind slice").random(len(campaign.pool))


def _before(campaign: Campaign, number: int) -> tuple[int, int]:
    """Return how many items of the slice, and how many in all, earlier rounds have picked.

    Once the guide was mended, both are counted anew.
    """
    name = campaign.campaign_id
    with campaign.ledger.read() as connection:
        since = mended_at(connection, name)
        reserved: dict[int, int] = dict(connection.execute(_RESERVED_AT, of(name)).all())
        counts: list[dict[int, int]] = [
            dict(connection.execute(query, of(name, number)).all())
            for query in (_BLIND_PICKED, _PICKED)
        ]
    new = {at for at in counts[1] if since is None or reserved.get(at, since) >= since}
    asked, picked = (sum(count for at, count in one.items() if at in new) for one in counts)
    return asked, picked
