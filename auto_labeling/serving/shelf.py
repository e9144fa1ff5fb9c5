"""The models that are served, loaded before anybody asks for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.schema import CAMPAIGN, asks, campaigns, items, of, picks, snapshots
from auto_labeling.campaign.suggesting import blind, rules_of, version_of
from auto_labeling.campaign.transition import newest_model
from auto_labeling.preannotation.rules import Rules
from auto_labeling.records import CampaignId, Purpose, Side
from auto_labeling.serving.interim import Interim
from auto_labeling.serving.predicting import Predictor
from auto_labeling.workspace import Workspace

Open = Callable[[CampaignId], AbstractContextManager[Campaign]]

_ASKED_BLINDLY = select(asks.c.item).where(
    asks.c.campaign == CAMPAIGN,
    asks.c.purpose.in_((Purpose.CONTROL, Purpose.GOLD, Purpose.AUDIT)),
)
_BLIND = select(picks.c.item).where(picks.c.campaign == CAMPAIGN, picks.c.blind)
_HIDDEN = select(items.c.item).where(
    items.c.campaign == CAMPAIGN,
    or_(items.c.side != Side.TRAIN, items.c.item.in_(_ASKED_BLINDLY), items.c.item.in_(_BLIND)),
)
_NAME = select(campaigns.c.name).where(campaigns.c.campaign == CAMPAIGN)
_HIDDEN_LATER = select(func.count(asks.c.item)).where(
    asks.c.campaign == CAMPAIGN, asks.c.purpose.in_((Purpose.GOLD, Purpose.AUDIT))
)
_DRAWN = select(func.count(picks.c.item)).where(picks.c.campaign == CAMPAIGN, picks.c.blind)
_SNAPSHOTS = select(func.count()).where(snapshots.c.campaign == CAMPAIGN)
UNTRAINED = "untrained"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What is to be served of a campaign: cheap to find out."""

    version: str
    sha256: str | None
    snapshots: int
    """Of the pool, which grows."""
    hidden: int
    """How many gold questions, audits and items of the blind slice there were: each hides an item,
    without a new model."""


class Shelf:
    """Holds one loaded model a campaign, and replaces it when there is a newer one."""

    def __init__(self, workspace: Workspace, ledger: Ledger, opened: Open) -> None:
        self._workspace = workspace
        self._ledger = ledger
        self._opened = opened
        self._held: dict[CampaignId, tuple[_Wanted, Predictor]] = {}
        self._loading = threading.Lock()

    def get(self, campaign: CampaignId) -> Predictor | None:
        """Return what is loaded, at once; None where nothing was loaded yet."""
        held = self._held.get(campaign)
        return None if held is None else held[1]

    def versions(self) -> list[str]:
        """Return the versions of the models that are loaded."""
        return [wanted.version for wanted, _ in list(self._held.values())]

    def campaigns(self) -> list[CampaignId]:
        """Return the campaigns whose models are loaded."""
        return list(self._held)

    def refresh(self, campaign: CampaignId) -> Predictor:
        """Load the newest model unless it is loaded, and return it."""
        with self._loading:
            wanted, held = self._wanted(campaign), self._held.get(campaign)
            if held is None or held[0] != wanted:
                held = self._held[campaign] = wanted, self._load(campaign, wanted)
            return held[1]

    def _wanted(self, campaign: CampaignId) -> _Wanted:
        with self._ledger.read() as connection:
            sha256 = newest_model(connection, campaign)
            name = str(connection.scalar(_NAME, of(campaign)))
            grown = connection.scalar(_SNAPSHOTS, of(campaign)) or 0
            hidden = sum(
                connection.scalar(one, of(campaign)) or 0 for one in (_HIDDEN_LATER, _DRAWN)
            )
        interim = Interim.read(self._workspace.campaign(campaign))
        if interim is not None and interim.after == sha256:
            sha256 = interim.model
        version = f"{name}-{UNTRAINED}" if sha256 is None else version_of(name, sha256)
        return _Wanted(version=version, sha256=sha256, snapshots=grown, hidden=hidden)

    def _load(self, campaign: CampaignId, wanted: _Wanted) -> Predictor:
        with self._opened(campaign) as opened:
            with opened.ledger.read() as connection:
                hidden = set(connection.scalars(_HIDDEN, of(campaign)))
            rule = opened.config.preannotate
            if rule is not None:
                hidden |= blind(opened, opened.pool.ids, rule.blind_share)
            return Predictor(
                version=wanted.version,
                fitted=None if wanted.sha256 is None else opened.model(wanted.sha256),
                lesson=opened.lesson if opened.config.learns else None,
                schema=opened.config.labels,
                pool=opened.pool,
                embedded=opened.embedded,
                positions={item: at for at, item in enumerate(opened.pool.ids)},
                hidden=frozenset(hidden),
                at_least=0.0 if rule is None else rule.at_least or 0.0,
                rules=rules_of(opened) if opened.config.labels.is_drawn else Rules(),
                reads_pictures=opened.config.reads_pictures,
                kinds=opened.pool.kinds(),
            )
