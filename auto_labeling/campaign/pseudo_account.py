"""Whether pseudo-labels are in use, how right they are, and why they went off if they did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from auto_labeling import config as config_room
from auto_labeling.campaign import pseudo_audit, pseudo_labels
from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.campaign.schema import CAMPAIGN, of, rounds
from auto_labeling.records import CampaignId, Interval
from auto_labeling.semi_supervised import guard

_TRAINED = select(func.max(rounds.c.number)).where(
    rounds.c.campaign == CAMPAIGN, rounds.c.model_sha256.is_not(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoAccount:
    """What became of labels that nobody gave."""

    in_use: bool
    """Whether the newest model learned from them."""
    off_since: int | None
    """The round from which on they are off for good; None where they are not."""
    reason: str
    """Why they are not in use, or weigh less; '' where there is nothing to say."""
    audited: int
    """How many were drawn by lot and labeled by people."""
    precision: Interval
    """How often people agree with these; nan before the first."""
    asked: float
    """What share of the claimed has to be borne out; nan where no more are wanted."""
    claimed: float
    """The mean confidence that was claimed of those audited; nan before the first."""
    rounds: Sequence[PseudoRound]


def account_of(
    connection: Connection, campaign: CampaignId, told: Mapping[str, Any]
) -> PseudoAccount | None:
    """Return the account; None where no round has tried them and none is to.

    `told` is the configuration as the ledger keeps it.
    """
    tried = pseudo_labels.read_rounds(connection, campaign)
    if not tried and told.get("semi_supervised") in (None, "none"):
        return None
    config = config_room.parse(told)
    settings, classes = config.semi_supervised, config.labels.classes
    since, _ = pseudo_labels.holds_since(connection, campaign)
    audited = pseudo_audit.audited(connection, campaign, classes, since if settings else 0)
    asked = math.nan if settings is None else settings.least_precision
    found = guard.judge(audited, asked=asked, n_classes=len(classes))
    stopped = None if settings is None else pseudo_labels.stopped(connection, campaign, since)
    newest = tried[-1] if tried else None
    is_newest = newest is not None and newest.round == connection.scalar(_TRAINED, of(campaign))
    return PseudoAccount(
        in_use=newest is not None and is_newest and newest.used,
        off_since=None if stopped is None else stopped.round,
        reason=_reason(newest if is_newest else None, stopped, wanted=settings is not None),
        audited=len(audited),
        precision=found.precision,
        asked=asked,
        claimed=found.claimed,
        rounds=tried,
    )


def _reason(newest: PseudoRound | None, stopped: PseudoRound | None, *, wanted: bool) -> str:
    if stopped is not None:
        return stopped.reason
    if not wanted:
        return "`semi_supervised` asks for none any more"
    return "no model has been trained with them yet" if newest is None else newest.reason
