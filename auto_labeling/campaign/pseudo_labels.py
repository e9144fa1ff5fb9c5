"""What the ledger says of labels that nobody gave: a row a round, and none among the labels."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from auto_labeling import config
from auto_labeling.campaign.schema import CAMPAIGN, ROUND, configurations, of, pseudo_rounds, rounds
from auto_labeling.records import CampaignId

STOPPED = "pseudo_labels_stopped"
"""The kind of the event that tells of a conviction."""

_BODIES = (
    select(configurations.c.version, configurations.c.body)
    .where(configurations.c.campaign == CAMPAIGN)
    .order_by(configurations.c.version)
)
_ROUNDS = (
    select(pseudo_rounds, rounds.c.manifest)
    .join(
        rounds,
        (rounds.c.campaign == pseudo_rounds.c.campaign)
        & (rounds.c.number == pseudo_rounds.c.round),
    )
    .where(pseudo_rounds.c.campaign == CAMPAIGN)
    .order_by(pseudo_rounds.c.round)
)
_TRAINED_BEFORE = (
    select(rounds.c.number)
    .where(
        rounds.c.campaign == CAMPAIGN, rounds.c.number < ROUND, rounds.c.model_sha256.is_not(None)
    )
    .order_by(rounds.c.number.desc())
    .limit(1)
)
_MANIFEST = select(rounds.c.manifest).where(rounds.c.campaign == CAMPAIGN, rounds.c.number == ROUND)
_FORGET = delete(pseudo_rounds).where(
    pseudo_rounds.c.campaign == CAMPAIGN, pseudo_rounds.c.round == ROUND
)
_ADD = insert(pseudo_rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoRound:
    """What the ledger says of the pseudo-labels of one round."""

    round: int
    version: int
    """Of the configuration that held."""
    used: bool
    """Whether the round's model learned from them."""
    stopped: bool
    """Whether an audit has spoken against them: then they are off for good."""
    reason: str
    """Why they are not used, or weigh less; '' where there is nothing to say."""
    proposed: int
    taken: int
    confidence: float | None
    """Mean of what is claimed of those proposed."""
    weight: float | None
    """Mean of what each counts beside a person's label, which counts 1."""
    with_them: float | None
    """Cross-validated accuracy on people's labels; None where it is unknown."""
    without_them: float | None
    people_sha256: str
    """The model of people's labels alone."""
    digest: str | None
    """Of the file of those that were taken; None where none were."""
    manifest: str | None
    """The data set beside which that file lies."""

    @property
    def gain(self) -> float | None:
        """Return what they bring to the cross-validated accuracy; None where it is unknown."""
        if self.with_them is None or self.without_them is None:
            return None
        return self.with_them - self.without_them


def read_rounds(connection: Connection, campaign: CampaignId) -> list[PseudoRound]:
    """Return what became of the pseudo-labels of each round, the oldest first."""
    return [PseudoRound(**_row(found)) for found in connection.execute(_ROUNDS, of(campaign))]


def record(connection: Connection, campaign: CampaignId, number: int, **values: object) -> None:
    """Write the row of a round, in the place of the one it had: a round may be trained again."""
    connection.execute(_FORGET, of(campaign, number))
    connection.execute(_ADD, [{"campaign": campaign, "round": number, **values}])


def in_use(connection: Connection, campaign: CampaignId, number: int) -> PseudoRound | None:
    """Return the round that made the newest model before `number`; None where it used none."""
    trained = connection.scalar(_TRAINED_BEFORE, of(campaign, number))
    found = [one for one in read_rounds(connection, campaign) if one.round == trained]
    return found[0] if found and found[0].used else None


def stopped(connection: Connection, campaign: CampaignId, since: int) -> PseudoRound | None:
    """Return the round in which an audit spoke against them, under settings since a version."""
    convicted = (one for one in read_rounds(connection, campaign) if one.stopped)
    return next((one for one in convicted if one.version >= since), None)


def holds_since(connection: Connection, campaign: CampaignId) -> tuple[int, int]:
    """Return the configuration's first version with the settings of now, and its newest.

    Other settings are a person's decision and begin with audits of their own; how much is audited
    makes no other settings.
    """
    found = [(row.version, _terms(row.body)) for row in connection.execute(_BODIES, of(campaign))]
    since, newest = found[0][0], found[-1][0]
    for (_, before), (version, after) in pairwise(found):
        if before != after:
            since = version
    return since, newest


def manifest_of(connection: Connection, campaign: CampaignId, number: int) -> str | None:
    """Return the digest of the data set that a round froze."""
    return connection.scalar(_MANIFEST, of(campaign, number))


def _row(found: Any) -> dict[str, Any]:
    named = dict(found._mapping)
    named.pop("campaign")
    return named


def _terms(body: Any) -> object:
    """Return on which terms a configuration takes pseudo-labels; None where it takes none."""
    settings = config.parse(body).semi_supervised
    return None if settings is None else settings.terms
