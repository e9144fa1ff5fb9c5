"""What adjudicators decided: a ruling stands as the label, and the votes stay what people said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from auto_labeling.campaign.intake import decode
from auto_labeling.campaign.schema import CAMPAIGN, THESE, answers, asks, configurations, gold, of
from auto_labeling.ports import Verdict
from auto_labeling.quality.counting import abstains
from auto_labeling.records import CampaignId, ItemId, LabelSchema, Micros, PersonId, Purpose, Value

TO_BE_RULED = select(asks.c.ask).where(
    asks.c.campaign == CAMPAIGN, asks.c.purpose == Purpose.ADJUDICATE
)
ASKED_TO_RULE = TO_BE_RULED.with_only_columns(asks.c.item)
"""Items on which votes do not decide any more."""
IS_RULING = answers.c.ask.in_(TO_BE_RULED) & answers.c.person.in_(THESE)
"""Of an answer: an adjudicator (`THESE`) gave it to an ask for a ruling."""
GOLD = select(gold.c.item).where(gold.c.campaign == CAMPAIGN)
_RULINGS = (
    select(answers.c.item, answers.c.person, answers.c.value, answers.c.at)
    .where(answers.c.campaign == CAMPAIGN, answers.c.current, answers.c.kind == "answer", IS_RULING)
    .order_by(answers.c.seq)
)
_ON_LABELS = _RULINGS.where(answers.c.item.not_in(GOLD))
_ON_GOLD = _RULINGS.where(answers.c.item.in_(GOLD))
_BODIES = select(configurations.c.body).where(configurations.c.campaign == CAMPAIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What an adjudicator decided about an item."""

    item_id: ItemId
    person: PersonId
    value: Value
    at: Micros


def adjudicators(connection: Connection, campaign: CampaignId) -> list[PersonId]:
    """Return everybody whom any version of the configuration names: what they ruled stands."""
    bodies = connection.scalars(_BODIES, of(campaign))
    quality = (body.get("quality") or {} for body in bodies)
    return sorted({one for told in quality for one in told.get("adjudicators") or ()})


def rulings(connection: Connection, campaign: CampaignId) -> dict[ItemId, Ruling]:
    """Return the ruling on every item that has one; of several the newest."""
    return _read(connection, campaign, _ON_LABELS)


def rulings_on_gold(connection: Connection, campaign: CampaignId) -> dict[ItemId, Ruling]:
    """Return likewise what adjudicators said is true of items that people are measured on."""
    return _read(connection, campaign, _ON_GOLD)


def _read(connection: Connection, campaign: CampaignId, query: Select[Any]) -> dict[ItemId, Ruling]:
    who = adjudicators(connection, campaign)
    if not who:
        return {}
    rows = connection.execute(query, of(campaign, these=who))
    return {
        row.item: Ruling(item_id=row.item, person=row.person, value=value, at=row.at)
        for row in rows
        if (value := decode(row.value)) is not None
    }


def ruled(
    verdicts: Sequence[Verdict], decided: Mapping[ItemId, Ruling], schema: LabelSchema
) -> list[Verdict]:
    """Return the verdicts with rulings in the place of what the votes made.

    An adjudicator who abstains leaves the item without a value.
    """
    votes = {verdict.item_id: verdict.votes for verdict in verdicts}
    kept = [verdict for verdict in verdicts if verdict.item_id not in decided]
    return kept + [_verdict(one, votes.get(one.item_id, 0), schema) for one in decided.values()]


def _verdict(ruling: Ruling, votes: int, schema: LabelSchema) -> Verdict:
    value = None if abstains(ruling.value, schema) else ruling.value
    sure = 0.0 if value is None else 1.0
    return Verdict(item_id=ruling.item_id, value=value, confidence=sure, votes=votes)
