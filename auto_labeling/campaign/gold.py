"""Gold among what people are asked about: which items when, and what is true of them.

Nobody can tell: a gold item is one of the batch, at a place drawn by lot, for as many opinions and
at the price of any other.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import BindParameter, Connection, bindparam, select, update

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.adjudication import to_rule_on
from auto_labeling.campaign.assigning import asked_by_name
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.intake import encode
from auto_labeling.campaign.rulings import GOLD, Ruling, rulings_on_gold
from auto_labeling.campaign.schema import CAMPAIGN, answers, asks, gold, items, of
from auto_labeling.campaign.transition import OPEN
from auto_labeling.quality.counting import abstains
from auto_labeling.records import AskState, ItemId, PersonId, Purpose, Value

Wanted = tuple[ItemId, Purpose, int]

_ITEM: BindParameter[str] = bindparam("which")
_UNRULED = GOLD.where(gold.c.value.is_(None)).order_by(gold.c.item)
_READY = (
    GOLD.join(items, (items.c.campaign == gold.c.campaign) & (items.c.item == gold.c.item))
    .where(gold.c.value.is_not(None), ~items.c.unlabelable, items.c.erased_at.is_(None))
    .order_by(gold.c.item)
)
_ASKED = select(asks.c.item, asks.c.round, asks.c.purpose, asks.c.state, asks.c.assignee).where(
    asks.c.campaign == CAMPAIGN, asks.c.item.in_(GOLD)
)
_ANSWERED = select(answers.c.item, answers.c.person).where(
    answers.c.campaign == CAMPAIGN, answers.c.item.in_(GOLD)
)
_SEEN = select(answers.c.person).where(answers.c.campaign == CAMPAIGN).distinct()
_RULED = (
    update(gold)
    .where(gold.c.campaign == CAMPAIGN, gold.c.item == _ITEM, gold.c.origin == "adjudicated")
    .values(value=bindparam("known"))
)
_RULED_BEFORE = select(gold.c.item, gold.c.value).where(
    gold.c.campaign == CAMPAIGN, gold.c.origin == "adjudicated"
)


def mixed(
    connection: Connection, campaign: Campaign, number: int, wanted: Sequence[Wanted]
) -> list[Wanted]:
    """Return a batch with its share of gold among it, and what has to be ruled on before.

    The share holds on average; what is shown now was shown least, and to nobody whom it would have
    to be shown again.
    """
    plan = campaign.config.quality.gold
    if plan is None:
        return list(wanted)
    rng = rng_for(campaign.config.seed, number, "gold")
    due = math.floor(float(plan.share_of_batch) * len(wanted) + rng.random())
    batch = list(wanted)
    for item in _due(connection, campaign, due, rng):
        place = int(rng.integers(len(batch) + 1))
        batch.insert(place, (item, Purpose.GOLD, campaign.config.quality.opinions))
    unruled = connection.scalars(_UNRULED, of(campaign.campaign_id)).all()
    return batch + to_rule_on(connection, campaign, unruled)


def take_rulings(connection: Connection, campaign: Campaign) -> None:
    """Write what adjudicators said is true of gold; what they took back is known no more."""
    name = campaign.campaign_id
    before = dict(connection.execute(_RULED_BEFORE, of(name)).all())
    if not before:
        return
    now = rulings_on_gold(connection, name)
    known = {item: encode(_said(now.get(item), campaign)) for item in before}
    if changed := [item for item in before if known[item] != before[item]]:
        connection.execute(_RULED, [of(name, which=item, known=known[item]) for item in changed])


def _said(ruling: Ruling | None, campaign: Campaign) -> Value | None:
    if ruling is None or abstains(ruling.value, campaign.config.labels):
        return None
    return ruling.value


def _due(
    connection: Connection, campaign: Campaign, count: int, rng: np.random.Generator
) -> list[ItemId]:
    """Return the gold items to show: those shown least, and of these by lot.

    One job holds all items of a chunk, so in such a tool it has to be new to somebody as a whole.
    """
    ready = connection.scalars(_READY, of(campaign.campaign_id)).all()
    if not count or not ready:
        return []
    past = _Past.read(connection, campaign)
    lot = [ready[place] for place in rng.permutation(len(ready))]
    chosen: list[ItemId] = []
    others: set[PersonId] = set()
    for item in sorted(lot, key=lambda item: len(past.shown[item])):
        met = past.met[item] | (others if campaign.backend.traits.unit == "chunk" else set())
        if past.strangers(item, met) >= campaign.config.quality.opinions:
            chosen.append(item)
            others |= past.met[item]
        if len(chosen) == count:
            break
    return chosen


@dataclass(frozen=True, slots=True)
class _Past:
    """Who has met which gold item."""

    crew: frozenset[PersonId] | None
    """Who answers; None where the tool does not say whom it asks."""
    most: int | None
    """How many people answer there, where nobody is named; None: who ever answered is known."""
    seen: frozenset[PersonId]
    """Who has answered anything."""
    shown: dict[ItemId, set[int]] = field(default_factory=lambda: defaultdict(set))
    """The rounds in which each item was shown."""
    met: dict[ItemId, set[PersonId]] = field(default_factory=lambda: defaultdict(set))
    coming: Counter[ItemId] = field(default_factory=Counter)
    """How many people may still answer, nobody knows who."""

    @classmethod
    def read(cls, connection: Connection, campaign: Campaign) -> _Past:
        name, tool = campaign.campaign_id, campaign.backend.traits
        past = cls(
            crew=asked_by_name(connection, campaign),
            most=tool.people,
            seen=frozenset(connection.scalars(_SEEN, of(name))),
        )
        for row in connection.execute(_ASKED, of(name)):
            if row.purpose == Purpose.GOLD and row.state != AskState.RELEASED:
                past.shown[row.item].add(row.round)
            if row.assignee is not None:
                past.met[row.item].add(row.assignee)
            elif row.state in OPEN:
                past.coming[row.item] += 1
        for item, person in connection.execute(_ANSWERED, of(name)):
            past.met[item].add(person)
        return past

    def strangers(self, item: ItemId, met: Collection[PersonId]) -> float:
        """Return to how many people an item is new that all of these have `met`."""
        if self.crew is None and self.most is None and not self.shown[item]:
            return math.inf
        if self.crew is None and self.most is not None:
            return self.most - len(met) - self.coming[item]
        crew = self.seen if self.crew is None else self.crew
        return len(crew.difference(met)) - self.coming[item]
