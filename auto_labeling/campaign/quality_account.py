"""How good a campaign's answers are: agreement, people, gold, rulings, and where people differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import Connection, select

from auto_labeling import config as config_room
from auto_labeling.campaign import (
    agreement_account,
    annotator_account,
    gold_account,
    opinions_account,
    reviewing,
    rulings,
)
from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.annotator_account import AnnotatorAccount, Given
from auto_labeling.campaign.differing import (
    Disagreement,
    by_item,
    counted,
    disagreements,
    in_words,
)
from auto_labeling.campaign.gold_account import GoldLine
from auto_labeling.campaign.intake import decode
from auto_labeling.campaign.opinions_account import OpinionsAccount
from auto_labeling.campaign.rulings import Ruling
from auto_labeling.campaign.schema import CAMPAIGN, answers, asks, gold, labels, of
from auto_labeling.quality.counting import abstains
from auto_labeling.records import CampaignId, ItemId, LabelSchema, Purpose, Value

_MOST_CLASSES = 12
"""A larger table of confusions is not read by anybody."""

_ANSWERS = (
    select(
        answers.c.item, answers.c.person, answers.c.value, answers.c.at, answers.c.seconds,
        asks.c.purpose,
    )
    .join(asks, asks.c.ask == answers.c.ask)
    .where(
        answers.c.campaign == CAMPAIGN,
        answers.c.current,
        answers.c.kind == "answer",
        ~answers.c.unsolicited,
        asks.c.purpose != Purpose.ADJUDICATE,
    )
    .order_by(answers.c.seq)
)  # fmt: skip
_GOLD = select(gold.c.item, gold.c.value, gold.c.origin).where(
    gold.c.campaign == CAMPAIGN, gold.c.value.is_not(None)
)
_LABELS = select(labels.c.item, labels.c.value).where(
    labels.c.campaign == CAMPAIGN, labels.c.value.is_not(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusionTable:
    """What people answered, by what the label became: their own answers are among what made it."""

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]
    """A row a label, a column an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulingLine:
    """What an adjudicator decided, over which votes."""

    item_id: ItemId
    person: str
    value: str
    said: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityAccount:
    """How good a campaign's answers are."""

    agreement: AgreementAccount | None
    """None where no item is answered twice."""
    annotators: AnnotatorAccount
    confusion: ConfusionTable | None
    """None where people do not choose one of few classes."""
    disagreements: Sequence[Disagreement]
    """The items on which people differ most."""
    gold: GoldLine | None
    rulings: Sequence[RulingLine]
    """The newest first."""
    opinions: OpinionsAccount | None = None
    """What adaptive overlap saved; None where every item is to get as many opinions."""


def nothing() -> QualityAccount | None:
    """Return the account of a campaign of one opinion an item, and no gold."""
    return None


def account_of(
    connection: Connection, campaign: CampaignId, told: Mapping[str, Any]
) -> Callable[[], QualityAccount | None]:
    """Read what was answered, and return what reckons the account of it, once.

    `told` is the configuration as the ledger keeps it. None is reckoned where no two people
    answered the same item, and nobody answered one whose answer is known.
    """
    stored = connection.execute(_ANSWERS, of(campaign)).all()
    known = connection.execute(_GOLD, of(campaign)).all()
    shared = len({row.item for row in stored}) < len(stored)
    asked = any(row.purpose == Purpose.GOLD for row in stored)
    decided = rulings.rulings(connection, campaign)
    if not (shared or asked or decided):
        return nothing
    config = config_room.parse(told)
    read = _Read(
        stored=stored,
        gold=known,
        labels=dict(connection.execute(_LABELS, of(campaign)).all()),
        suggested=reviewing.rows(connection, campaign),
        rulings=sorted(decided.values(), key=lambda one: -one.at),
        agreement=agreement_account.account_of(connection, campaign, config),
        opinions=opinions_account.account_of(connection, campaign, config.quality.overlap),
        schema=config.labels,
    )
    return cache(partial(_reckoned, read))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What the ledger says, not decoded yet: that takes longer than to read it."""

    stored: Sequence[Any]
    gold: Sequence[Any]
    labels: Mapping[ItemId, str]
    suggested: Sequence[Any]
    rulings: Sequence[Ruling]
    agreement: Callable[[], AgreementAccount | None]
    opinions: OpinionsAccount | None
    schema: LabelSchema


def _reckoned(read: _Read) -> QualityAccount:
    schema = read.schema
    given = [
        Given(
            item_id=row.item,
            person=row.person,
            value=value,
            at=row.at / 1e6,
            seconds=math.nan if row.seconds is None else row.seconds,
        )
        for row in read.stored
        if (value := decode(row.value)) is not None and not abstains(value, schema)
    ]
    truth: dict[ItemId, Value] = {
        row.item: value for row in read.gold if (value := decode(row.value)) is not None
    }
    on_gold = {row.item for row in read.stored if row.purpose == Purpose.GOLD}
    said = by_item(given)
    return QualityAccount(
        agreement=read.agreement(),
        annotators=annotator_account.account_of(
            given, truth, reviewing.paired(read.suggested), schema
        ),
        confusion=_confusion(given, read.labels, schema),
        disagreements=disagreements(said, read.labels, truth),
        gold=gold_account.line_of({item: said.get(item, []) for item in on_gold}, truth),
        rulings=[
            RulingLine(
                item_id=one.item_id,
                person=one.person,
                value=in_words(one.value),
                said=counted(said.get(one.item_id, [])),
            )
            for one in read.rulings
        ],
        opinions=read.opinions,
    )


def _confusion(
    given: Sequence[Given], labeled: Mapping[ItemId, str], schema: LabelSchema
) -> ConfusionTable | None:
    classes = schema.classes
    if schema.task != "single" or len(classes) > _MOST_CLASSES:
        return None
    pairs = Counter(
        (decode(labeled[one.item_id]), one.value) for one in given if one.item_id in labeled
    )
    if not pairs:
        return None
    counts = [[pairs[label, answer] for answer in classes] for label in classes]
    return ConfusionTable(classes=classes, counts=counts)
