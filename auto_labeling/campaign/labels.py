"""What was reconciled: one label an item, and which items need another opinion."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, bindparam, distinct, func, insert, select, update

from auto_labeling.campaign import answers as answers_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import decode, encode
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
)
from auto_labeling.records import AskState, CampaignId, ItemId, Purpose, Value


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


_ASKED_IN_ROUND = select(asks.c.item).where(asks.c.campaign == CAMPAIGN, asks.c.round == ROUND)
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
_LABELS_OF_ROUND = _LABELS.where(labels.c.item.in_(_ASKED_IN_ROUND))
_ORDERED = (
    select(asks.c.item, asks.c.state)
    .join(items, (items.c.campaign == asks.c.campaign) & (items.c.item == asks.c.item))
    .where(asks.c.campaign == CAMPAIGN, ~items.c.unlabelable, asks.c.item.in_(_ASKED_IN_ROUND))
    .order_by(asks.c.item, asks.c.ordinal)
)
_MET = (
    select(answers.c.item, func.count(distinct(answers.c.person)))
    .where(answers.c.campaign == CAMPAIGN, answers.c.item.in_(_ASKED_IN_ROUND))
    .group_by(answers.c.item)
)
_PURPOSES = select(asks.c.item, asks.c.purpose).where(
    asks.c.campaign == CAMPAIGN,
    asks.c.ordinal == 0,
    asks.c.item.in_(THESE),
)
_ADD = insert(labels)
_CHANGE = (
    update(labels)
    .where(labels.c.campaign == CAMPAIGN, labels.c.item == bindparam("which"))
    .values({name: bindparam(name) for name in ("value", "confidence", "votes", "round")})
)
_OVERLAP: BindParameter[int] = bindparam("overlap")
_SKIPPED = (
    select(answers.c.item)
    .where(answers.c.campaign == CAMPAIGN, answers.c.current, answers.c.kind == "skip")
    .group_by(answers.c.item)
    .having(func.count(distinct(answers.c.person)) >= _OVERLAP)
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
    name, rule = campaign.campaign_id, campaign.config.quality.consensus
    verdicts = rule.resolve(answers_room.votes(connection, name), campaign.config.labels)
    before = {label.item_id: label for label in read(connection, name)}
    new, changed = [], []
    for verdict in verdicts:
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
    voteless = [label for label in before.values() if label.source == "human" and label.votes]
    changed += [
        {"item": label.item_id, "value": None, "confidence": 0.0, "votes": 0} for label in voteless
    ]
    _insert(connection, name, number, new)
    _update(connection, name, number, changed)
    _mark_unlabelable(connection, campaign)
    return len(new) + len(changed)


def opinions_wanted(
    connection: Connection, campaign: Campaign, number: int
) -> list[tuple[ItemId, Purpose, int]]:
    """Return (item, purpose, opinions) for the round's items whose votes do not decide yet."""
    name, quality = campaign.campaign_id, campaign.config.quality
    ordered = connection.execute(_ORDERED, of(name, number)).all()
    given_up = {row.item for row in ordered if row.state in _GIVEN_UP}
    if campaign.config.wait.rest == "reissue":
        given_up = set()
    asked = Counter(row.item for row in ordered)
    known = read(connection, name, number)
    decided = {label.item_id: label for label in known}
    wanted = []
    most, strangers = quality.most_opinions, _strangers(connection, campaign, number, asked)
    expired = Counter(row.item for row in ordered if row.state == AskState.EXPIRED)
    for item, count in asked.items():
        label = decided.get(item)
        got = label.votes if label else 0
        missing = quality.opinions - got
        if missing <= 0 and label is not None and label.value is None:
            missing = 1
        missing = int(min(missing, most - count, strangers[item] - expired[item]))
        if missing > 0 and item not in given_up:
            wanted.append((item, Purpose.OPINION, missing))
    return wanted


_GIVEN_UP = (AskState.EXPIRED, AskState.RELEASED)


def _strangers(
    connection: Connection, campaign: Campaign, number: int, wanted: Collection[ItemId]
) -> dict[ItemId, float]:
    """Return how many people have said nothing yet about each item, asked or unasked.

    An opinion more than that would be waited for, and never come.
    """
    people = campaign.backend.traits.people
    if people is None:
        return dict.fromkeys(wanted, math.inf)
    met: dict[ItemId, int] = dict(connection.execute(_MET, of(campaign.campaign_id, number)).all())
    return {item: people - met.get(item, 0) for item in wanted}


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
        _CHANGE, [of(campaign, which=row.pop("item"), **row, round=number) for row in rows]
    )


def _mark_unlabelable(connection: Connection, campaign: Campaign) -> None:
    overlap = campaign.config.quality.opinions
    connection.execute(_MARK_UNLABELABLE, of(campaign.campaign_id, overlap=overlap))
