"""What a round's model is when the unlabeled may teach it, and who has a say in that.

Two guards have to agree: cross-validation over people's labels at every fit, and the audit, whose
conviction is for good. No item that judges, no gold and no held-out row is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from auto_labeling.campaign import labels as labels_room
from auto_labeling.campaign import pseudo_audit, pseudo_labels
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.embeddings import embeddings
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.neighbourhoods import graphs
from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.campaign.rulings import GOLD
from auto_labeling.campaign.schema import CAMPAIGN, items, of
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.records import Side
from auto_labeling.semi_supervised import guard
from auto_labeling.semi_supervised.guard import Judgement
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels
from auto_labeling.semi_supervised.settings import SemiSupervised

_MAY_TEACH = (
    select(items.c.position)
    .where(
        items.c.campaign == CAMPAIGN,
        items.c.side == Side.TRAIN,
        ~items.c.unlabelable,
        items.c.erased_at.is_(None),
        items.c.item.not_in(GOLD),
    )
    .order_by(items.c.position)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where pseudo-labels stand before a round learns."""

    version: int
    """Of the configuration that holds."""
    stopped: PseudoRound | None
    """The round in which an audit spoke against them, if one had before."""
    judgement: Judgement
    """What the audit comes to now."""

    @property
    def off(self) -> bool:
        """Whether nothing is learned from them any more."""
        return self.stopped is not None or self.judgement.act == "stop"

    @property
    def reason(self) -> str:
        """Why they are off, or weigh less; '' where neither is so."""
        return self.judgement.reason if self.stopped is None else self.stopped.reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """What a round learned."""

    fitted: Fitted
    """The round's model."""
    people: Fitted
    """The model of people's labels alone; the same where pseudo-labels are not used."""
    standing: Standing
    proposed: PseudoLabels
    """In rows of the pool: taken where they are used, else what would have been."""
    used: bool
    reason: str
    with_them: float = math.nan
    without_them: float = math.nan

    @property
    def taken(self) -> PseudoLabels | None:
        """Return what the round's model learned from besides people's labels."""
        return self.proposed if self.used else None


def standing(connection: Connection, campaign: Campaign, settings: SemiSupervised) -> Standing:
    """Return where pseudo-labels stand: what earlier rounds and people's audits say of them."""
    name, classes = campaign.campaign_id, campaign.config.labels.classes
    since, version = pseudo_labels.holds_since(connection, name)
    return Standing(
        version=version,
        stopped=pseudo_labels.stopped(connection, name, since),
        judgement=guard.judge(
            pseudo_audit.audited(connection, name, classes, since),
            asked=settings.least_precision,
            n_classes=len(classes),
        ),
    )


def taught(campaign: Campaign, known: Sequence[Label], begun: str | None) -> Taught:
    """Return what is learned from people's labels, and from the unlabeled if both guards agree.

    Where pseudo-labels are off, learning goes on from the model `begun` if it starts warm. Where
    they are tried, every fit starts cold: cross-validation of a model that has seen all labels
    would flatter it.
    """
    settings = campaign.config.semi_supervised
    if settings is None:
        raise ValueError("semi_supervised: it is off, and nothing is to be learned by it")
    with campaign.ledger.read() as connection:
        now = standing(connection, campaign, settings)
        rows = _rows(connection, campaign, known)
    if now.off:
        return _by_people(campaign, known, begun, now)
    calmer = replace(settings, weight=settings.weight * now.judgement.weight)
    return _by_both(campaign, known, rows, calmer, now)


def _by_people(
    campaign: Campaign, known: Sequence[Label], begun: str | None, now: Standing
) -> Taught:
    positions = np.array([label.position for label in known])
    fitted = campaign.lesson.fit(
        campaign.unfitted(begun), campaign.inputs(positions), [label.value for label in known]
    )
    return Taught(
        fitted=fitted,
        people=fitted,
        standing=now,
        proposed=PseudoLabels.none(),
        used=False,
        reason=now.reason,
    )


def _by_both(
    campaign: Campaign,
    known: Sequence[Label],
    rows: NDArray[np.intp],
    settings: SemiSupervised,
    now: Standing,
) -> Taught:
    from auto_labeling.semi_supervised import learning

    k = len(campaign.config.labels.classes)

    def fit(X: Any, targets: NDArray[np.intp], weights: NDArray[np.float64] | None) -> Fitted:
        return fitting.fit(campaign.unfitted(), X, targets, k, weights)

    points = embeddings(campaign)
    learned = learning.learn(
        settings,
        fit,
        campaign.inputs(rows),
        points[rows],
        np.searchsorted(rows, [label.position for label in known]),
        campaign.lesson.targets([label.value for label in known]),
        k,
        seed=campaign.config.seed,
        graphs=graphs(campaign, points, rows) if settings.spreads else None,
    )
    return Taught(
        fitted=learned.fitted,
        people=learned.plain,
        standing=now,
        proposed=replace(learned.proposed, positions=rows[learned.proposed.positions]),
        used=learned.used,
        reason=now.reason if learned.used else learned.reason,
        with_them=learned.with_them,
        without_them=learned.without,
    )


def _rows(connection: Connection, campaign: Campaign, known: Sequence[Label]) -> NDArray[np.intp]:
    """Return the rows that may teach, ascending: of the training side, labeled and unlabeled.

    Left out is what judges, what is gold, and what people have looked at and not decided.
    """
    name = campaign.campaign_id
    there = connection.scalars(_MAY_TEACH, of(name)).all()
    open_still = [
        label.position for label in labels_room.read(connection, name) if label.value is None
    ]
    labeled = [label.position for label in known]
    return np.union1d(np.setdiff1d(there, open_still), labeled).astype(np.intp)
