"""Score the pool with the newest model of people's labels, and select what to ask about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import blind_slice, predictions, pseudo_audit, suggesting
from auto_labeling.campaign import labels as labels_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.embeddings import embeddings
from auto_labeling.campaign.pricing import price_of_an_ask
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import CAMPAIGN, ROUND, items, of, picks
from auto_labeling.campaign.steps.learning import training_set
from auto_labeling.campaign.transition import Ending, Transition, newest_of_people
from auto_labeling.detections import Detections
from auto_labeling.ports import KnowsChances, QueryStrategy
from auto_labeling.records import Purpose, Side
from auto_labeling.view import PoolView

_CANDIDATES = (
    select(items.c.position, items.c.side)
    .where(*asks_room.MAY_BE_ASKED_ABOUT)
    .order_by(items.c.position)
)
_PICKED_BEFORE = (
    select(picks.c.purpose, func.count())
    .where(picks.c.campaign == CAMPAIGN, picks.c.round < ROUND)
    .group_by(picks.c.purpose)
)
_FORGET_PICKS = delete(picks).where(picks.c.campaign == CAMPAIGN, picks.c.round == ROUND)
_ADD_PICKS = insert(picks)


def score(campaign: Campaign, _state: CampaignState) -> Transition:
    """Predict the whole pool, shard by shard, into content-addressed files."""
    for number in shards_to_score(campaign):
        score_shard(campaign, number)
    return Transition(to=RoundState.SCORED, detail={"model": _model(campaign)})


def shards_to_score(campaign: Campaign) -> list[int]:
    """Return the shards that the strategy needs and that no earlier run has left behind."""
    return predictions.missing_shards(campaign, _model(campaign), _needs(campaign))


def score_shard(campaign: Campaign, number: int) -> None:
    """Predict one shard into files."""
    predictions.make_shard(campaign, _model(campaign), number, _needs(campaign))


def select_batch(campaign: Campaign, state: CampaignState) -> Transition:
    """Choose this round's batch: the strategy's picks, a random control slice, the blind slice."""
    rng = rng_for(campaign.config.seed, state.round, "select")
    train, control = _candidates(campaign)
    if not len(train):
        ending = Ending(kind="exhausted", sentence="every item of the pool has been asked about")
        return Transition(to=RoundState.SELECTED, ending=ending)
    due = _control_due(campaign, state.round)
    judges = rng.choice(control, size=min(due, len(control)), replace=False)
    lot = blind_slice.draw(campaign, state.round, train, len(control), len(judges))
    chances = dict.fromkeys(judges.tolist(), len(judges) / max(len(control), 1))
    chances |= dict.fromkeys(lot.drawn.tolist(), len(lot.drawn) / len(train))
    room = campaign.batch - len(judges) - len(lot.drawn)
    audit = pseudo_audit.draw(campaign, state.round, lot.free, room)
    chances |= dict.fromkeys(audit.positions.tolist(), audit.chance)
    free = np.setdiff1d(lot.free, audit.positions)
    chosen = train[:0]
    if size := min(room - len(audit.positions), len(free)):
        strategy = _strategy(campaign, has_model=state.has_model)
        view = _view(campaign, free, strategy)
        picked = strategy.select(view, size, rng)
        chosen = free[picked]
        if isinstance(strategy, KnowsChances):
            known = strategy.selection_probabilities(view, size)[picked]
            chances |= dict(zip(chosen.tolist(), known.tolist(), strict=True))
    batch = _spread(chosen, judges, lot, audit.positions)
    ids = campaign.pool.ids
    rows: list[dict[str, object]] = [
        {
            "campaign": campaign.campaign_id,
            "round": state.round,
            "rank": rank,
            "item": ids[position],
            "purpose": purpose,
            "chance": chances.get(position),
            "blind": blind,
        }
        for rank, (position, purpose, blind) in enumerate(batch)
    ]
    return Transition(
        to=RoundState.SELECTED,
        writes=(
            lambda connection: _replace_picks(connection, campaign, state.round, rows),
            lambda connection: pseudo_audit.replace(
                connection, campaign.campaign_id, state.round, audit
            ),
        ),
        detail={"picked": len(chosen) + len(lot.drawn), "control": len(judges)}
        | ({"audit": len(audit.positions)} if len(audit.positions) else {}),
    )


def _model(campaign: Campaign) -> str:
    with campaign.ledger.read() as connection:
        return newest_of_people(connection, campaign.campaign_id) or ""


def _needs(campaign: Campaign) -> frozenset[str]:
    needs = campaign.config.strategy.strategy.needs
    drawn = campaign.config.labels.is_drawn and "cost" in needs
    return needs | {"detections"} if drawn else needs


def _strategy(campaign: Campaign, *, has_model: bool) -> QueryStrategy:
    selection = campaign.config.strategy
    return selection.strategy if has_model else selection.cold_start


def _candidates(campaign: Campaign) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions that may be asked about, for training and for judging."""
    with campaign.ledger.read() as connection:
        rows = connection.execute(_CANDIDATES, of(campaign.campaign_id)).all()
    train, control = (
        np.array([position for position, side in rows if side == wanted], dtype=np.intp)
        for wanted in (Side.TRAIN, Side.CONTROL)
    )
    return train, control


def _control_due(campaign: Campaign, number: int) -> int:
    """Return how many of this batch judge, so that their share holds over the whole campaign."""
    if campaign.pool.heldout is not None or not campaign.config.learns:
        return 0
    with campaign.ledger.read() as connection:
        before = connection.execute(_PICKED_BEFORE, of(campaign.campaign_id, number))
        counts: dict[str, int] = dict(before.all())
    picked = sum(counts.values()) + campaign.batch
    due = math.ceil(campaign.config.evaluation.control * picked) - counts.get(Purpose.CONTROL, 0)
    return max(0, min(due, campaign.batch))


def _view(campaign: Campaign, positions: NDArray[np.intp], strategy: QueryStrategy) -> PoolView:
    needs = strategy.needs
    shown: dict[str, Any] = {}
    if "features" in needs:
        shown["features"] = campaign.features[positions]
    if "embeddings" in needs:
        shown["embeddings"] = embeddings(campaign)[positions]
    if "groups" in needs:
        groups = zip(campaign.pool.groups, campaign.pool.ids, strict=True)
        shown["groups"] = np.array([group or item for group, item in groups])[positions]
    for what in predictions.KINDS.keys() & needs:
        shown[what] = predictions.of_positions(campaign, _model(campaign), positions, what)
    if "cost" in needs:
        shown["cost"] = _cost(campaign, positions, shown.get("detections"))
    if not shown:  # a view has to have a length, and this one is small
        shown["cost"] = np.ones(len(positions))
    return PoolView(**shown, **_labeled(campaign, needs))


def _cost(
    campaign: Campaign, positions: NDArray[np.intp], seen: Detections | None
) -> NDArray[np.float64]:
    """Return (n,) what an answer costs: its price, or the seconds that drawing it takes.

    `seen` is what the model sees on these pictures; None: it has not been read yet.
    """
    model = _model(campaign)
    if model and campaign.config.labels.is_drawn:
        if seen is None:
            seen = predictions.of_positions(campaign, model, positions, "detections")
        return suggesting.expected_seconds(campaign, seen)
    with campaign.ledger.read() as connection:
        price = price_of_an_ask(connection, campaign)
    return np.full(len(positions), max(price, 1) / 1e6)


def _labeled(campaign: Campaign, needs: frozenset[str]) -> dict[str, Any]:
    if not needs & {"labeled_embeddings", "labeled_targets"}:
        return {}
    with campaign.ledger.read() as connection:
        known = training_set(labels_room.read(connection, campaign.campaign_id))
    positions = np.array([label.position for label in known], dtype=np.intp)
    seen: dict[str, Any] = {"labeled_embeddings": embeddings(campaign)[positions]}
    if "labeled_targets" in needs:
        seen["labeled_targets"] = campaign.lesson.targets([label.value for label in known])
    return seen


def _spread(
    chosen: NDArray[np.intp],
    judges: NDArray[np.intp],
    lot: blind_slice.Lot,
    audited: NDArray[np.intp],
) -> list[tuple[int, Purpose, bool]]:
    """Mix what was drawn evenly into the batch, so that a batch that shrinks keeps its shares.

    Each has its position, its purpose, and whether it is of the blind slice.
    """
    n, blind = len(judges), lot.judges
    groups = [
        [(int(position), Purpose.TRAIN, False) for position in chosen],
        [(int(position), Purpose.TRAIN, True) for position in lot.drawn],
        [(int(position), Purpose.AUDIT, False) for position in audited],
        [
            (int(position), Purpose.CONTROL, (at + 1) * blind // n > at * blind // n)
            for at, position in enumerate(judges)
        ],
    ]
    ranked = [
        ((rank + 0.5) / len(group), one) for group in groups for rank, one in enumerate(group)
    ]
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


def _replace_picks(
    connection: Connection, campaign: Campaign, number: int, rows: Sequence[dict[str, object]]
) -> None:
    connection.execute(_FORGET_PICKS, of(campaign.campaign_id, number))
    connection.execute(_ADD_PICKS, list(rows))
