"""The audit of pseudo-labels: a few in each batch, drawn by lot, which people label unseen.

Only the training side is drawn from, so no item that judges takes part; and gold never carries a
pseudo-label. What people answer teaches afterwards like any label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign import pseudo_files, pseudo_labels
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import decode, encode
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    THESE,
    asks,
    audits,
    chunks,
    labels,
    of,
    picks,
    pseudo_rounds,
    rounds,
)
from auto_labeling.records import AskState, CampaignId, ItemId, Purpose
from auto_labeling.semi_supervised.guard import Audited

_DRAWN = (
    select(func.count())
    .select_from(audits)
    .where(audits.c.campaign == CAMPAIGN, audits.c.round < ROUND)
)
_MADE_BEFORE = (
    select(func.max(rounds.c.number))
    .where(
        rounds.c.campaign == picks.c.campaign,
        rounds.c.number < picks.c.round,
        rounds.c.model_sha256.is_not(None),
    )
    .correlate(picks)
    .scalar_subquery()
)
_PICKED_SO = (
    select(func.count())
    .select_from(picks)
    .join(
        pseudo_rounds,
        (pseudo_rounds.c.campaign == picks.c.campaign) & (pseudo_rounds.c.round == _MADE_BEFORE),
    )
    .where(picks.c.campaign == CAMPAIGN, picks.c.round < ROUND, pseudo_rounds.c.used)
)
_ANSWERED = (
    select(asks.c.item)
    .where(
        asks.c.campaign == CAMPAIGN,
        asks.c.item == audits.c.item,
        asks.c.round == audits.c.round,
        asks.c.purpose == Purpose.AUDIT,
        # One that was given up, and asked for later because somebody chose it, is no lot any more.
        asks.c.state == AskState.ANSWERED,
    )
    .exists()
)
_PAIRS = (
    select(audits.c.claimed, audits.c.confidence, labels.c.value, pseudo_rounds.c.version)
    .join(labels, (labels.c.campaign == audits.c.campaign) & (labels.c.item == audits.c.item))
    .join(
        pseudo_rounds,
        (pseudo_rounds.c.campaign == audits.c.campaign)
        & (pseudo_rounds.c.round == audits.c.claimed_in),
    )
    .where(audits.c.campaign == CAMPAIGN, labels.c.value.is_not(None), _ANSWERED)
    .order_by(audits.c.round, audits.c.item)
)
_ASKED = select(asks.c.item).where(
    asks.c.campaign == CAMPAIGN, asks.c.purpose == Purpose.AUDIT, asks.c.item.in_(THESE)
)
_FORGET = delete(audits).where(audits.c.campaign == CAMPAIGN, audits.c.round == ROUND)
_ADD = insert(audits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What of a batch audits pseudo-labels."""

    positions: NDArray[np.intp]
    """Rows of the pool, ascending."""
    chance: float = math.nan
    """With which each was drawn."""
    rows: Sequence[dict[str, Any]] = field(default_factory=list)
    """What was claimed of them, as the ledger keeps it."""


def draw(campaign: Campaign, number: int, free: NDArray[np.intp], room: int) -> Drawn:
    """Return what the batch of round `number` audits: of `free` rows, at most `room`.

    Nothing where the newest model did not learn from pseudo-labels; else the configured share of
    all batches before which one did, rounded up.
    """
    settings = campaign.config.semi_supervised
    name = campaign.campaign_id
    if settings is None:
        return Drawn(positions=free[:0])
    with campaign.ledger.read() as connection:
        made = pseudo_labels.in_use(connection, name, number)
        if made is None:
            return Drawn(positions=free[:0])
        drawn, picked = (
            connection.scalar(count, of(name, number)) or 0 for count in (_DRAWN, _PICKED_SO)
        )
    claims = pseudo_files.claims(campaign.workspace, made)
    carriers = np.flatnonzero(np.isin(claims.positions, free))
    due = math.ceil(settings.share_of_batch * (picked + campaign.batch)) - drawn
    size = max(min(due, room, len(carriers)), 0)
    rng = rng_for(campaign.config.seed, number, "audit")
    chosen = np.sort(rng.choice(carriers, size=size, replace=False))
    return Drawn(
        positions=claims.positions[chosen],
        chance=size / max(len(carriers), 1),
        rows=[
            {
                "campaign": name,
                "round": number,
                "item": claims.items[at],
                "claimed_in": made.round,
                "claimed": encode(claims.labels[at]),
                "confidence": float(claims.confidence[at]),
            }
            for at in chosen.tolist()
        ],
    )


def replace(connection: Connection, campaign: CampaignId, number: int, drawn: Drawn) -> None:
    """Write what a round audits, in the place of what an earlier try has written."""
    connection.execute(_FORGET, of(campaign, number))
    if drawn.rows:
        connection.execute(_ADD, list(drawn.rows))


def audited(
    connection: Connection, campaign: CampaignId, classes: Sequence[str], since: int
) -> Audited:
    """Return what was claimed and what people say, under settings that hold since a version."""
    place = {name: at for at, name in enumerate(classes)}
    pairs = [
        (place[str(decode(row.claimed))], row.confidence, place[value])
        for row in connection.execute(_PAIRS, of(campaign))
        if row.version >= since and (value := str(decode(row.value))) in place
    ]
    claimed, confidence, answered = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Audited(
        claimed=np.array(claimed, dtype=np.intp),
        confidence=np.array(confidence, dtype=np.float64),
        answered=np.array(answered, dtype=np.intp),
    )


def among(
    connection: Connection, campaign: CampaignId, these: Sequence[ItemId]
) -> frozenset[ItemId]:
    """Return which of these items were asked about to audit a pseudo-label."""
    return frozenset(
        item
        for chunk in chunks(these)
        for item in connection.scalars(_ASKED, of(campaign, these=chunk))
    )
