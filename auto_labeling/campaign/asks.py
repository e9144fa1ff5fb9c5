"""Asks: what is ordered, for how much, and how they are bundled into uploads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from auto_labeling.campaign import blind_slice, budget, reserve
from auto_labeling.campaign.adjudication import barred
from auto_labeling.campaign.assigning import assigned
from auto_labeling.campaign.budget import NOTHING, Kept
from auto_labeling.campaign.bundling import bundles
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.pricing import price_of_an_ask
from auto_labeling.campaign.rulings import GOLD
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    THESE,
    asks,
    chunks,
    items,
    labels,
    of,
    uploads,
)
from auto_labeling.campaign.transition import OPEN
from auto_labeling.records import (
    Ask,
    AskState,
    CampaignId,
    ItemId,
    Micros,
    Purpose,
    ask_id,
    upload_key,
)

_ASKED = select(asks.c.item).where(asks.c.campaign == CAMPAIGN, asks.c.state != AskState.RELEASED)
_LABELED = select(labels.c.item).where(labels.c.campaign == CAMPAIGN)
MAY_BE_ASKED_ABOUT = (
    items.c.campaign == CAMPAIGN,
    ~items.c.unlabelable,
    items.c.erased_at.is_(None),
    items.c.item.not_in(_ASKED),
    items.c.item.not_in(_LABELED),
    items.c.item.not_in(GOLD),
)
"""What an item has to be: in the pool, not given up by people, neither asked about nor labeled, and
no gold."""


def order(
    connection: Connection,
    campaign: Campaign,
    wanted: Sequence[tuple[ItemId, Purpose, int]],
    round_number: int,
) -> list[Ask]:
    """Reserve and write the asks for (item, purpose, opinions), first come first served.

    The list shrinks to what the budget holds, by whole items; an empty list means that not even
    the first item fits. Rulings come first, and they alone may use what is kept for them.
    """
    rulings = [one for one in wanted if one[1] is Purpose.ADJUDICATE]
    others = [one for one in wanted if one[1] is not Purpose.ADJUDICATE]
    ordered = _order(connection, campaign, rulings, round_number, NOTHING)
    kept = reserve.left(connection, campaign)
    return ordered + _order(connection, campaign, others, round_number, kept)


def _order(
    connection: Connection,
    campaign: Campaign,
    wanted: Sequence[tuple[ItemId, Purpose, int]],
    round_number: int,
    kept: Kept,
) -> list[Ask]:
    price = price_of_an_ask(connection, campaign)
    costs = [[price] * opinions for _, _, opinions in wanted]
    wanted = wanted[: budget.fitting(connection, campaign.campaign_id, costs, kept)]
    if not wanted:
        return []
    asked = _asked_before(connection, campaign.campaign_id, [item for item, _, _ in wanted])
    new = [
        Ask(
            ask_id=ask_id(campaign.campaign_id, item, ordinal),
            item_id=item,
            round=round_number,
            ordinal=ordinal,
            purpose=purpose,
            price_micros=price,
        )
        for item, purpose, opinions in wanted
        for ordinal in range(asked.get(item, 0), asked.get(item, 0) + opinions)
    ]
    budget.reserve(
        connection,
        campaign.campaign_id,
        [(ask.ask_id, ask.price_micros) for ask in new],
        campaign.clock.now(),
        kept,
    )
    return _write(connection, campaign, new, round_number)


_OURS = select(asks).where(asks.c.campaign == CAMPAIGN).order_by(asks.c.item, asks.c.ordinal)
_OF_ROUND = _OURS.where(asks.c.round == ROUND)
_STILL_OPEN = _OURS.where(asks.c.state.in_(OPEN))
_OF_UPLOADS = _OURS.where(asks.c.upload.in_(THESE))
_SHOWN = (
    select(uploads.c.remote_id)
    .where(uploads.c.campaign == CAMPAIGN, uploads.c.upload.in_(THESE))
    .scalar_subquery()
)
_UNITS = select(uploads.c.upload, uploads.c.remote_id).where(
    uploads.c.campaign == CAMPAIGN, uploads.c.remote_id.in_(_SHOWN)
)
_MARK = update(asks).where(asks.c.ask.in_(THESE))
_ASKED_BEFORE = (
    select(asks.c.item, func.count())
    .where(asks.c.campaign == CAMPAIGN, asks.c.item.in_(THESE))
    .group_by(asks.c.item)
)
_ADD, _ADD_UPLOAD = insert(asks), insert(uploads)


def of_round(connection: Connection, campaign: CampaignId, number: int) -> list[Ask]:
    """Return the asks of a round, by item and ordinal."""
    return _read(connection, _OF_ROUND, of(campaign, number))


def still_open(connection: Connection, campaign: CampaignId) -> list[Ask]:
    """Return every ask of the campaign whose reservation still holds."""
    return _read(connection, _STILL_OPEN, of(campaign))


def units(connection: Connection, campaign: CampaignId, keys: Iterable[str]) -> dict[str, str]:
    """Return upload -> remote unit of these uploads, and of all that share a unit with them."""
    found: dict[str, str] = {}
    for chunk in chunks(list(keys)):
        rows = connection.execute(_UNITS, of(campaign, these=chunk))
        found |= {row.upload: row.remote_id for row in rows}
    return found


def of_uploads(
    connection: Connection, campaign: CampaignId, keys: Iterable[str]
) -> dict[str, list[Ask]]:
    """Return the asks of each upload."""
    found = _read(connection, _OF_UPLOADS, of(campaign, these=list(keys)))
    found.sort(key=lambda ask: (ask.upload_key or "", ask.item_id, ask.ordinal))
    return {key: list(group) for key, group in groupby(found, lambda ask: ask.upload_key or "")}


def mark(connection: Connection, ask_ids: Sequence[str], state: AskState) -> None:
    """Set the state of asks."""
    for chunk in chunks(ask_ids):
        connection.execute(_MARK, {"these": chunk, "state": state})


def _asked_before(
    connection: Connection, campaign: CampaignId, items: Sequence[ItemId]
) -> Mapping[ItemId, int]:
    rows = connection.execute(_ASKED_BEFORE, of(campaign, these=items))
    return dict(rows.all())


def _write(
    connection: Connection, campaign: Campaign, new: Sequence[Ask], round_number: int
) -> list[Ask]:
    now = campaign.clock.now()
    to_rule = {ask.item_id for ask in new if ask.purpose is Purpose.ADJUDICATE}
    apart = blind_slice.strangers(connection, campaign, {ask.item_id for ask in new})
    apart |= barred(connection, campaign, to_rule)
    cut = list(bundles(new, campaign.backend.traits.chunk_size, apart))
    keyed = [
        replace(ask, upload_key=key)
        for bundle in assigned(connection, campaign, cut)
        for key in [upload_key(campaign.campaign_id, [ask.ask_id for ask in bundle])]
        for ask in bundle
    ]
    connection.execute(
        _ADD_UPLOAD,
        [
            {"upload": key, "campaign": campaign.campaign_id, "round": round_number}
            for key in dict.fromkeys(ask.upload_key for ask in keyed)
        ],
    )
    connection.execute(_ADD, [_row(campaign.campaign_id, ask, now) for ask in keyed])
    return keyed


def _row(campaign: CampaignId, ask: Ask, now: Micros) -> dict[str, object]:
    return {
        "ask": ask.ask_id,
        "campaign": campaign,
        "item": ask.item_id,
        "round": ask.round,
        "ordinal": ask.ordinal,
        "purpose": ask.purpose,
        "state": ask.state,
        "price_micros": ask.price_micros,
        "assignee": ask.assignee,
        "assigned_at": now if ask.assignee else None,
        "upload": ask.upload_key,
    }


def ask_of(row: Any) -> Ask:
    """Return the ask that a row of the table holds."""
    return Ask(
        ask_id=row.ask,
        item_id=row.item,
        round=row.round,
        ordinal=row.ordinal,
        purpose=Purpose(row.purpose),
        price_micros=row.price_micros,
        state=AskState(row.state),
        assignee=row.assignee,
        upload_key=row.upload,
    )


def _read(connection: Connection, query: Select[Any], values: Mapping[str, Any]) -> list[Ask]:
    return [ask_of(row) for row in connection.execute(query, values).all()]
