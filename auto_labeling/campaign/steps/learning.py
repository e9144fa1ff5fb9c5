"""From votes to labels, from labels to a frozen data set, from that to a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign import (
    adjudication,
    labels,
    manifest,
    opinions,
    predictions,
    pseudo_keeping,
    pseudo_lessons,
)
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import CAMPAIGN, ROUND, of, rounds
from auto_labeling.campaign.transition import (
    Transition,
    change_round,
    model_before,
    of_people_before,
)
from auto_labeling.models import fitting
from auto_labeling.ports import Shift
from auto_labeling.records import CampaignId, Purpose

_BEFORE = (
    select(rounds.c.model_sha256, rounds.c.learned)
    .where(
        rounds.c.campaign == CAMPAIGN,
        rounds.c.model_sha256.is_not(None),
        rounds.c.number < ROUND,
    )
    .order_by(rounds.c.number.desc())
    .limit(1)
)

COMPARED = 2_000
"""Pool items on which the predictions of two rounds are compared."""


def reconcile(campaign: Campaign, state: CampaignState) -> Transition:
    """Make one label an item out of the votes, and note whether more opinions are wanted."""
    number = state.round

    def write(connection: Connection) -> None:
        labels.reconcile(connection, campaign, number)
        wanted = opinions.wanted(connection, campaign, number)
        wanted = wanted or adjudication.wanted(connection, campaign)
        change_round(connection, campaign.campaign_id, number, more_wanted=bool(wanted))

    return Transition(to=RoundState.RECONCILED, writes=(write,))


def freeze(campaign: Campaign, state: CampaignState) -> Transition:
    """Freeze the data set of this round."""
    number = state.round
    frozen = manifest.freeze(campaign, number)
    now = campaign.clock.now()

    def write(connection: Connection) -> None:
        manifest.record(connection, campaign, frozen, now)

    return Transition(
        to=RoundState.FROZEN,
        writes=(write,),
        detail={"items": frozen.items, "manifest": frozen.digest},
    )


def train(campaign: Campaign, state: CampaignState) -> Transition:
    """Fit the model on everything labeled for training; without any label there is none."""
    if not campaign.config.learns:
        return Transition(to=RoundState.TRAINED)
    number = state.round
    with campaign.ledger.read() as connection:
        known = training_set(labels.read(connection, campaign.campaign_id))
        before = model_before(connection, campaign.campaign_id, number)
        begun = of_people_before(connection, campaign.campaign_id, number)
    if not known:
        return Transition(to=RoundState.TRAINED, detail={"items": 0})
    if campaign.config.semi_supervised is not None:
        return _trained_with_the_unlabeled(campaign, number, known, before, begun)
    fitted = campaign.lesson.fit(
        campaign.unfitted(begun),
        campaign.inputs(np.array([label.position for label in known])),
        [label.value for label in known],
    )
    return _trained(campaign, number, known, before, fitted)


def _trained_with_the_unlabeled(
    campaign: Campaign, number: int, known: list[Label], before: str | None, begun: str | None
) -> Transition:
    """Return how a round ends whose model may learn from the unlabeled; both models are kept."""
    made = pseudo_lessons.taught(campaign, known, begun)
    digest = pseudo_keeping.keep(campaign, number, made)
    done = _trained(campaign, number, known, before, made.fitted)
    people = _keep(campaign, made.people) if made.used else done.detail["model"]

    def write(connection: Connection) -> None:
        pseudo_keeping.record(connection, campaign, number, made, people, digest)

    said = {"pseudo_labels": len(made.taken or ())}
    return replace(done, writes=(*done.writes, write), detail={**done.detail, **said})


def _trained(
    campaign: Campaign, number: int, known: list[Label], before: str | None, fitted: fitting.Fitted
) -> Transition:
    """Return how a round ends that has this model, which is kept under the name of its content."""
    sha256 = _keep(campaign, fitted)
    agreement = None if before is None else _agreement(campaign, sha256, before)

    def write(connection: Connection) -> None:
        name = campaign.campaign_id
        change_round(
            connection,
            name,
            number,
            model_sha256=sha256,
            agreement=agreement,
            learned=len(known),
        )

    told = getattr(fitted.model, "told", None)  # what competed, and what that cost
    detail = {"items": len(known), "model": sha256, **({"candidates": told()} if told else {})}
    return Transition(to=RoundState.TRAINED, writes=(write,), detail=detail)


def training_set(known: list[Label]) -> list[Label]:
    """Return the labels that a model may learn from: decided, and not there to judge it."""
    return [
        label
        for label in known
        if label.value is not None and label.purpose not in (Purpose.CONTROL, Purpose.GOLD)
    ]


def compared(campaign: Campaign) -> NDArray[np.intp]:
    """Return the pool rows, the same in every round, on which two models are compared."""
    rng = rng_for(campaign.config.seed, 0, "agreement")
    size = min(COMPARED, len(campaign.pool))
    return np.sort(rng.choice(len(campaign.pool), size=size, replace=False))


@dataclass(frozen=True, slots=True)
class Learner:
    """A model that was trained in an earlier round."""

    sha256: str
    labels: int
    """How many labels it learned from."""


def learner_before(connection: Connection, campaign: CampaignId, number: int) -> Learner | None:
    """Return the newest model before a round; None where there is none, or nobody counted."""
    row = connection.execute(_BEFORE, of(campaign, number)).first()
    # the first version of the ledger did not count
    return None if row is None or row.learned is None else Learner(row.model_sha256, row.learned)


def shifted(
    campaign: Campaign, known: list[Label], model: str, before: Learner, power: float
) -> Shift:
    """Return what a model predicts otherwise on the pool than the one before it."""
    rows, lesson = compared(campaign), campaign.lesson
    old, new = (predictions.of_sample(campaign, one, rows) for one in (before.sha256, model))
    labeled = np.isin(rows, [label.position for label in known])
    items = len(training_set(known))
    return lesson.shift(old, new, labeled, before=before.labels, items=items, power=power)


def _keep(campaign: Campaign, fitted: fitting.Fitted) -> str:
    """Write the model under the name of its own content and return that name."""
    # Named after the lease: a driver that slept past its own must not put another's draft away.
    token = 0 if campaign.fence is None else campaign.fence.token
    draft = campaign.folder / "models" / f"draft-{token}.joblib"
    sha256 = fitting.dump(fitted, draft)
    draft.replace(campaign.model_file(sha256))
    return sha256


def _agreement(campaign: Campaign, model: str, before: str) -> float:
    """Return how alike two rounds' models are on the pool, as the lesson reckons it."""
    rows = compared(campaign)
    old, new = (predictions.of_sample(campaign, one, rows) for one in (before, model))
    return campaign.lesson.agreement(old, new)
