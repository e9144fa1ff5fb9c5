"""What adaptive overlap saved against as many opinions on every item."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from auto_labeling.campaign.rulings import GOLD
from auto_labeling.campaign.schema import CAMPAIGN, asks, labels, of, spend
from auto_labeling.money import format_micros
from auto_labeling.quality_plan import Overlap
from auto_labeling.records import CampaignId, Micros, Purpose

_OPINIONS = select(labels.c.votes).where(
    labels.c.campaign == CAMPAIGN,
    labels.c.source == "human",
    labels.c.votes > 0,
    labels.c.item.not_in(GOLD),
)
_PAID = (
    select(func.count(), func.coalesce(func.sum(spend.c.micros), 0))
    .join(asks, asks.c.ask == spend.c.ask)
    .where(
        spend.c.campaign == CAMPAIGN,
        spend.c.kind == "commit",
        spend.c.answers > 0,
        asks.c.purpose.in_((Purpose.TRAIN, Purpose.CONTROL, Purpose.AUDIT, Purpose.OPINION)),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionsAccount:
    """How many opinions labels rest on, and how many more a fixed overlap had bought."""

    items: int
    opinions: int
    most: int
    """What a fixed overlap would give every item."""
    saved: int
    """Opinions; what ties took beyond `most` is taken off."""
    saved_micros: Micros
    """At what an answer cost on average."""

    @property
    def saved_share(self) -> float:
        """Return the share of the opinions of the fixed overlap that were not needed; or nan."""
        fixed = self.items * self.most
        return self.saved / fixed if fixed else float("nan")

    def sentence(self, currency: str) -> str:
        """Return that as people read it.

        >>> found = OpinionsAccount(items=100, opinions=180, most=3, saved=120,
        ...                         saved_micros=6_000_000)
        >>> found.sentence("USD")
        '180 opinions on 100 items; 3 on each had been 120 (40%) more, for $6.00'
        """
        if self.saved <= 0:
            return f"{self.opinions} opinions on {self.items} items; none were saved"
        return (
            f"{self.opinions} opinions on {self.items} items; {self.most} on each had been "
            f"{self.saved} ({self.saved_share:.0%}) more, for "
            f"{format_micros(self.saved_micros, currency)}"
        )


def account_of(
    connection: Connection, campaign: CampaignId, plan: Overlap
) -> OpinionsAccount | None:
    """Return what was saved so far; None where every item is to get the same overlap."""
    if plan.adaptive_max is None:
        return None
    votes = connection.scalars(_OPINIONS, of(campaign)).all()
    paid, micros = connection.execute(_PAID, of(campaign)).one()
    saved = len(votes) * plan.most - sum(votes)
    return OpinionsAccount(
        items=len(votes),
        opinions=sum(votes),
        most=plan.most,
        saved=saved,
        saved_micros=round(saved * micros / paid) if paid else 0,
    )
