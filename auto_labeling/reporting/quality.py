"""How good the answers are: what the report's section shows, and a sentence for a screen."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.campaign.differing import Disagreement
from auto_labeling.campaign.quality_account import QualityAccount
from auto_labeling.quality.annotators import Proposal
from auto_labeling.quality.vote_agreement import VoteAgreement
from auto_labeling.records import Interval, ItemId
from auto_labeling.reporting.heat import Heat, heat_of
from auto_labeling.reporting.looks import Look
from auto_labeling.reporting.quality_tables import (
    agreement_table,
    alpha_in_words,
    annotators_table,
    classes_table,
    pairs_table,
    rulings_table,
    said_in_words,
)
from auto_labeling.reporting.tables import Table
from auto_labeling.reporting.wording import count, estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """An item on which people differ, or which they get wrong."""

    item_id: ItemId
    said: str
    became: str
    look: Look | None
    """None where payloads are sealed, or the item is not as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySection:
    """What the report shows about the quality of answers."""

    sentence: str
    opinions: str | None
    """What adaptive overlap saved."""
    agreement: Table | None
    classes: Table | None
    pairs: Table | None
    heat: Heat | None
    people: Table
    proposals: Sequence[Proposal]
    differing: Sequence[Card]
    gold: str | None
    missed: Sequence[Card]
    rulings: Table | None


def section_of(
    account: QualityAccount | None, looks: Mapping[ItemId, Look] | None, currency: str
) -> QualitySection | None:
    """Return what the report shows; None where nothing says how good the answers are."""
    if account is None:
        return None
    seen = looks or {}
    gold = account.gold
    return QualitySection(
        sentence=sentence(account),
        opinions=None if account.opinions is None else f"{account.opinions.sentence(currency)}.",
        agreement=agreement_table(account.agreement),
        classes=classes_table(account.agreement),
        pairs=pairs_table(account.agreement),
        heat=heat_of(account.confusion),
        people=annotators_table(account.annotators),
        proposals=account.annotators.proposals,
        differing=[_card(one, seen, "label: {}") for one in account.disagreements],
        gold=None if gold is None else gold_sentence(gold.answered, gold.right),
        missed=[] if gold is None else [_card(one, seen, "right: {}") for one in gold.missed],
        rulings=rulings_table(account.rulings),
    )


def wanted(account: QualityAccount | None) -> list[ItemId]:
    """Return the items that the section shows, if it may."""
    if account is None:
        return []
    missed = [] if account.gold is None else account.gold.missed
    return [one.item_id for one in (*account.disagreements, *missed)]


def sentence(account: QualityAccount) -> str:
    """Return what the figures come to."""
    parts = [_agreeing(account)]
    if account.gold is not None:
        parts.append(gold_sentence(account.gold.answered, account.gold.right))
    pauses = [one.person for one in account.annotators.proposals if one.act == "pause"]
    if pauses:
        parts.append(
            f"A pause is proposed of {', '.join(pauses)}: nobody is paused but by a person, who "
            "takes them out of `people` and runs `auto-label amend`."
        )
    return " ".join(parts)


def summary(account: QualityAccount) -> str:
    """Return one line for a screen."""
    parts = []
    found = account.agreement
    if found is not None:
        blind = found.blind is not None and found.blind.items > 0
        part = found.blind if blind and found.blind is not None else found.selected
        if not math.isnan(part.alpha.value):
            on = "the blind slice" if blind else "selected items, not of the pool"
            parts.append(f"alpha {alpha_in_words(part.alpha)} on {on}")
    if account.gold is not None:
        parts.append(f"{estimate('accuracy', account.gold.right)} right on gold")
    many = len(account.annotators.proposals)
    if many:
        parts.append(f"{count(many, 'proposal')} about people")
    return "; ".join(parts) or "nothing can be told yet"


def gold_sentence(answered: int, right: Interval) -> str:
    """Return how right people are where the answer is known."""
    return (
        f"On gold {estimate('accuracy', right)} of {count(right.n, 'answer')} are right, on "
        f"{count(answered, 'item')}."
    )


def _agreeing(account: QualityAccount) -> str:
    found = account.agreement
    if found is None:
        return "No two people answered the same item, so nobody knows how far they agree."
    if found.blind is not None:
        return f"{_of(found.blind)} on the blind slice, which speaks for the pool."
    return (
        f"{_of(found.selected)} on items that were selected, so this says nothing of the pool: "
        "for that there is `quality: {agreement: 300}`."
    )


def _of(found: VoteAgreement) -> str:
    if not found.items:
        return "Nobody knows yet how far people agree: no item has two answers"
    if math.isnan(found.alpha.value):
        return "Agreement beyond chance is undefined, because all answers are the same,"
    return (
        f"People agree with an alpha of {alpha_in_words(found.alpha)}, "
        f"{estimate('accuracy', found.percent)} of answers being equal,"
    )


def _card(one: Disagreement, looks: Mapping[ItemId, Look], became: str) -> Card:
    return Card(
        item_id=one.item_id,
        said=said_in_words(one.said),
        became=became.format(one.label) if one.label is not None else "nothing is decided",
        look=looks.get(one.item_id),
    )
