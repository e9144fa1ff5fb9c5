"""What was reconciled: one label an item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    bindparam,
    case,
    distinct,
    func,
    insert,
    select,
    update,
)

from auto_labeling.campaign import answers as answers_room
from auto_labeling.campaign import blind_slice, gold
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import decode, encode
from auto_labeling.campaign.rulings import GOLD, TO_BE_RULED, ruled, rulings
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    THESE,
    answers,
    asks,
    chunks,
    items,
    labels,
    of,
    picks,
)
from auto_labeling.ports import Verdict
from auto_labeling.records import CampaignId, ItemId, Purpose, Value


class Label(NamedTuple):
    """One item's label, as reconciled; a tuple, because a round reads all of them several times."""

    value: Value | None
    item_id: ItemId
    position: int
    confidence: float
    votes: int
    round: int
    purpose: str
    source: str
    group: str | None


ASKED_IN_ROUND = select(asks.c.item).where(asks.c.campaign == CAMPAIGN, asks.c.round == ROUND)
_LABELS = (
    select(
        labels.c.value,
        labels.c.item,
        items.c.position,
        labels.c.confidence,
        labels.c.votes,
        labels.c.round,
        labels.c.purpose,
        labels.c.source,
        items.c.group_id,
    )
    # An outer join, or SQLite begins with the pool's items, which are many more.
    .outerjoin(items, (items.c.campaign == labels.c.campaign) & (items.c.item == labels.c.item))
    .where(labels.c.campaign == CAMPAIGN)
    .order_by(items.c.position)
)
_LABELS_OF_ROUND = _LABELS.where(labels.c.item.in_(ASKED_IN_ROUND))
_PURPOSES = select(asks.c.item, asks.c.purpose).where(
    asks.c.campaign == CAMPAIGN,
    asks.c.ordinal == 0,
    asks.c.item.in_(THESE),
)
_ADD = insert(labels)
_CHANGE = (
    update(labels)
    .where(labels.c.campaign == CAMPAIGN, labels.c.item == bindparam("which"))
    .values({name: bindparam(name) for name in ("value", "confidence", "votes", "round", "source")})
)
_OVERLAP: BindParameter[int] = bindparam("overlap")
_OVERLAP_BLINDLY: BindParameter[int] = bindparam("blindly")
_BLIND = select(picks.c.item).where(picks.c.campaign == CAMPAIGN, picks.c.blind)
_SKIPPED = (
    select(answers.c.item)
    .where(
        answers.c.campaign == CAMPAIGN,
        answers.c.current,
        answers.c.kind == "skip",
        answers.c.ask.is_(None) | answers.c.ask.not_in(TO_BE_RULED),
        answers.c.item.not_in(GOLD),
    )
    .group_by(answers.c.item)
    .having(
        func.count(distinct(answers.c.person))
        >= case((answers.c.item.in_(_BLIND), _OVERLAP_BLINDLY), else_=_OVERLAP)
    )
)
_MARK_UNLABELABLE = (
    update(items)
    .where(items.c.campaign == CAMPAIGN, ~items.c.unlabelable, items.c.item.in_(_SKIPPED))
    .values(unlabelable=True)
)


def read(
    connection: Connection, campaign: CampaignId, asked_in_round: int | None = None
) -> list[Label]:
    """Return every item that was bought or imported, by position; undecided ones included."""
    query = _LABELS if asked_in_round is None else _LABELS_OF_ROUND
    rows = connection.execute(query, of(campaign, asked_in_round))
    return [Label(decode(value), *rest) for value, *rest in rows.all()]


def reconcile(connection: Connection, campaign: Campaign, number: int) -> int:
    """Make one label an item out of the votes that count now; return how many changed.

    All items are reconciled anew, so that an edit of an earlier round's answer enters the next
    manifest, and a consensus rule that learns about people sees all of their answers.
    """
    name = campaign.campaign_id
    gold.take_rulings(connection, campaign)
    before = {label.item_id: label for label in read(connection, name)}
    new, changed = [], []
    for verdict in verdicts(connection, campaign):
        row = {
            "item": verdict.item_id,
            "value": encode(verdict.value),
            "confidence": verdict.confidence,
            "votes": verdict.votes,
        }
        old = before.pop(verdict.item_id, None)
        if old is None:
            new.append(row)
        elif (old.value, old.confidence, old.votes) != (
            verdict.value,
            verdict.confidence,
            verdict.votes,
        ):
            changed.append(row)
    voteless = [
        label
        for label in before.values()
        if label.source == "human" and (label.votes or label.value is not None)
    ]
    changed += [
        {"item": label.item_id, "value": None, "confidence": 0.0, "votes": 0} for label in voteless
    ]
    _insert(connection, name, number, new)
    _update(connection, name, number, changed)
    _mark_unlabelable(connection, campaign)
    return len(new) + len(changed)


def verdicts(connection: Connection, campaign: Campaign) -> list[Verdict]:
    """Return what the votes make of every item, and the ruling where an adjudicator decided."""
    name, schema = campaign.campaign_id, campaign.config.labels
    votes = answers_room.votes(connection, name)
    made = campaign.config.quality.consensus.resolve(votes, schema)
    return ruled(made, rulings(connection, name), schema)


def _insert(
    connection: Connection, campaign: CampaignId, number: int, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    purposes: dict[ItemId, str] = {}
    for these in chunks([row["item"] for row in rows]):
        purposes |= dict(connection.execute(_PURPOSES, of(campaign, these=these)).all())
    fixed = {"campaign": campaign, "round": number, "source": "human"}
    connection.execute(
        _ADD,
        [{**row, **fixed, "purpose": purposes.get(row["item"], Purpose.TRAIN)} for row in rows],
    )


def _update(
    connection: Connection, campaign: CampaignId, number: int, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    connection.execute(
        _CHANGE,
        [of(campaign, which=row.pop("item"), **row, round=number, source="human") for row in rows],
    )


def _mark_unlabelable(connection: Connection, campaign: Campaign) -> None:
    quality = campaign.config.quality
    overlap, blindly = (blind_slice.opinions(quality, blind=blind) for blind in (False, True))
    values = of(campaign.campaign_id, overlap=overlap, blindly=blindly)
    connection.execute(_MARK_UNLABELABLE, values)
