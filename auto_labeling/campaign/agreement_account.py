"""How far a campaign's people agree: on the blind slice, for the pool, and on what was selected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from auto_labeling.campaign import blind_slice
from auto_labeling.campaign.intake import decode
from auto_labeling.campaign.mends import mended_at
from auto_labeling.campaign.schema import CAMPAIGN, answers, asks, items, of
from auto_labeling.config import CampaignConfig
from auto_labeling.ports import Vote
from auto_labeling.quality.vote_agreement import VoteAgreement, vote_agreement
from auto_labeling.records import CampaignId, ItemId, Micros, Purpose

_OPINIONS = (
    select(answers.c.item, answers.c.person, answers.c.value, answers.c.at, items.c.group_id)
    .join(asks, asks.c.ask == answers.c.ask)
    .join(items, (items.c.campaign == answers.c.campaign) & (items.c.item == answers.c.item))
    .where(
        answers.c.campaign == CAMPAIGN,
        answers.c.current,
        answers.c.kind == "answer",
        ~answers.c.unsolicited,
        # Rulings and answers to what was already doubted are no opinions by lot.
        asks.c.purpose.in_((Purpose.TRAIN, Purpose.CONTROL, Purpose.AUDIT, Purpose.OPINION)),
    )
    .order_by(asks.c.ordinal, answers.c.seq)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementAccount:
    """How far the people of a campaign agree."""

    blind: VoteAgreement | None
    """On the blind slice: the only figures that speak for the pool. None where there is none.

    Of each item its first opinions count, as many as are planned: another that was bought because
    these differ would make people look as if they disagreed more."""
    planned: int
    """How many items the slice is to have; 0 where there is none."""
    since: Micros | None
    """Only answers to the slice since then count: then the guide was mended. None: all count."""
    selected: VoteAgreement
    """On all other items that several people answered: these were chosen, most of them because
    they are hard, so the figures say nothing of the pool."""


def nothing() -> AgreementAccount | None:
    """Return the account of a campaign in which no item is answered twice."""
    return None


def account_of(
    connection: Connection, campaign: CampaignId, config: CampaignConfig
) -> Callable[[], AgreementAccount | None]:
    """Read who answered what, and return what reckons the account of it, once.

    `config` is the configuration as the ledger keeps it. None is reckoned where there is no slice
    and no item that two people have answered.
    """
    stored = connection.execute(_OPINIONS, of(campaign)).all()
    if config.quality.agreement is None and len({row.item for row in stored}) == len(stored):
        return nothing
    blind = blind_slice.members(connection, campaign)
    since = mended_at(connection, campaign)
    return cache(partial(_reckoned, stored, blind, since, config))


def on_slice(connection: Connection, campaign: CampaignId, config: CampaignConfig) -> VoteAgreement:
    """Return how far people agree on the blind slice."""
    blind = blind_slice.members(connection, campaign)
    rows = [row for row in connection.execute(_OPINIONS, of(campaign)) if row.item in blind]
    return _blindly(rows, mended_at(connection, campaign), config)


def _reckoned(
    stored: Sequence[Any], blind: set[ItemId], since: Micros | None, config: CampaignConfig
) -> AgreementAccount:
    plan = config.quality.agreement
    return AgreementAccount(
        blind=None
        if plan is None
        else _blindly([row for row in stored if row.item in blind], since, config),
        planned=0 if plan is None else plan.slice,
        since=since,
        selected=_agreement([row for row in stored if row.item not in blind], config),
    )


def _blindly(rows: Iterable[Any], since: Micros | None, config: CampaignConfig) -> VoteAgreement:
    plan = config.quality.agreement
    raters = () if plan is None else plan.raters
    most = blind_slice.opinions(config.quality, blind=True)
    counted: dict[ItemId, list[Any]] = defaultdict(list)
    for row in rows:
        counts = (not raters or row.person in raters) and (since is None or row.at > since)
        if counts and len(counted[row.item]) < most:
            counted[row.item].append(row)
    return _agreement([row for some in counted.values() for row in some], config)


def _agreement(rows: Sequence[Any], config: CampaignConfig) -> VoteAgreement:
    votes = [
        Vote(item_id=row.item, person=row.person, value=value)
        for row in rows
        if (value := decode(row.value)) is not None
    ]
    groups = {row.item: row.group_id for row in rows if row.group_id is not None}
    return vote_agreement(votes, config.labels, np.random.default_rng(config.seed), groups)
