"""Labels that are probably wrong are asked about again; the answers count as any do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import holding, labels
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.rulings import rulings
from auto_labeling.campaign.schema import CAMPAIGN, asks, of
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.steps.learning import training_set
from auto_labeling.campaign.transition import change_round, read_state, record_move
from auto_labeling.errors import ConfigurationError
from auto_labeling.models import folds
from auto_labeling.quality.label_errors import likely_errors
from auto_labeling.records import Ask, ItemId, Purpose, Value

FOLDS = 5
_ASKED_AGAIN = select(asks.c.item).where(
    asks.c.campaign == CAMPAIGN, asks.c.purpose == Purpose.RELABEL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A label that models doubt which never saw it."""

    item_id: ItemId
    label: Value
    likelier: Value
    """What they find likeliest."""
    votes: int
    """How many people the label rests on; 0: it came with the data."""


def suspects(campaign: Campaign) -> list[Suspect]:
    """Return the labels that are probably wrong, the least likely first.

    What judges the model is left out, and so is what an adjudicator decided or people were asked
    about again before. Raises `ConfigurationError` where nothing tells how likely labels are.
    """
    _expect_classes(campaign)
    with campaign.ledger.read() as connection:
        name = campaign.campaign_id
        known = training_set(labels.read(connection, name))
        settled = {*rulings(connection, name), *connection.scalars(_ASKED_AGAIN, of(name))}
    if len(known) < FOLDS:
        return []
    proba = out_of_fold(campaign, known)
    doubted = _doubted(campaign.lesson.targets([one.value for one in known]), proba)
    return [
        Suspect(
            item_id=known[at].item_id,
            label=known[at].value or (),
            likelier=campaign.lesson.likeliest(proba[at])[0],
            votes=known[at].votes,
        )
        for at in doubted
        if known[at].item_id not in settled
    ]


def out_of_fold(campaign: Campaign, known: Sequence[Label]) -> NDArray[np.float64]:
    """Return (n, k) probabilities, each by a model that learned from no label of its group."""
    groups = [label.group or f"item {label.item_id}" for label in known]
    _, codes = np.unique(groups, return_inverse=True)
    rng = rng_for(campaign.config.seed, 0, "relabel")
    fold = (rng.permutation(codes.max() + 1) % FOLDS)[codes]
    positions = np.array([label.position for label in known])
    values = [label.value for label in known]
    k = len(campaign.config.labels.classes)

    def ask(rest: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
        if not len(rest):
            return np.zeros((len(held), k))
        fitted = campaign.lesson.fit(
            campaign.unfitted(), campaign.inputs(positions[rest]), [values[at] for at in rest]
        )
        inputs = campaign.inputs(positions[held])
        said: NDArray[np.float64] = campaign.lesson.predict(fitted, inputs)
        return said

    return folds.out_of_fold(ask, fold, k)


def ask_again(campaign: Campaign, doubted: Sequence[Suspect]) -> list[Ask]:
    """Order an answer about each, as far as the budget goes, in the round that the campaign is in.

    A label that no vote supports gets as many opinions as any item. Raises `ConfigurationError`
    where the campaign has stopped, and `BlockedError` while people agree too little.
    """
    with campaign.ledger.read() as connection:
        number = read_state(connection, campaign.campaign_id).round
    holding.expect_agreement(campaign, number, sync)
    opinions = campaign.config.quality.opinions
    wanted = [(one.item_id, Purpose.RELABEL, 1 if one.votes else opinions) for one in doubted]
    with campaign.ledger.write(campaign.fence) as connection:
        state = read_state(connection, campaign.campaign_id)
        if state.stopped or state.stop_kind is not None or state.stop_requested is not None:
            raise ConfigurationError(
                f"campaign {campaign.campaign_id}: it has stopped and asks no more; begin another "
                "with its data set as `labeled`"
            )
        ordered = asks_room.order(connection, campaign, wanted, state.round)
        # A batch that is chosen already is ordered next, and sent together with these.
        if ordered and state.state is not RoundState.SELECTED:
            _send_next(connection, campaign, state.round, state.state)
    return ordered


def _send_next(connection: Connection, campaign: Campaign, number: int, before: RoundState) -> None:
    change_round(connection, campaign.campaign_id, number, state=RoundState.RESERVED)
    record_move(
        connection,
        campaign,
        step=Step.REORDER,
        number=number,
        before=before,
        to=RoundState.RESERVED,
    )


def _doubted(targets: NDArray[np.intp], proba: NDArray[np.float64]) -> list[int]:
    """Return the rows whose labels are likely wrong: of sets, on any of their classes."""
    if targets.ndim == 1:
        return [int(at) for at in likely_errors(targets, proba)]
    least: dict[int, float] = {}
    for has, share in zip(targets.T, proba.T, strict=True):
        both: NDArray[Any] = np.stack([1 - share, share], axis=1)
        for at in likely_errors(has, both).tolist():
            least[at] = min(least.get(at, 1.0), float(both[at, has[at]]))
    return sorted(least, key=lambda at: (least[at], at))


def _expect_classes(campaign: Campaign) -> None:
    if campaign.config.labels.is_drawn:
        raise ConfigurationError(
            "relabel: a model's scores of objects do not say how likely a whole drawing is; what "
            "people disagree on is in the report"
        )
    if not campaign.config.learns:
        raise ConfigurationError("relabel: without a model nothing tells which labels are unlikely")
