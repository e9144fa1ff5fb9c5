"""How good the model is: on a held-out set, or on the control slice; and a baseline beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select

from auto_labeling.arrays import rng_for
from auto_labeling.campaign import baseline, budget, labels
from auto_labeling.campaign.checking import judged_by
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.evaluation import spent
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.points import CAMPAIGN_RUN, intend
from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    ROUND,
    asks,
    evaluations,
    of,
    rounds,
)
from auto_labeling.campaign.steps.learning import learner_before, shifted, training_set
from auto_labeling.campaign.transition import Transition, change_round
from auto_labeling.formats.value import read_label
from auto_labeling.ports import Replays
from auto_labeling.records import AskState, Interval, Purpose

_MODEL = select(rounds.c.model_sha256).where(
    rounds.c.campaign == CAMPAIGN, rounds.c.number == ROUND
)
_ANSWERED = (
    select(asks.c.purpose, func.count())
    .where(asks.c.campaign == CAMPAIGN, asks.c.state == AskState.ANSWERED)
    .group_by(asks.c.purpose)
)
_ADD_EVALUATIONS = insert(evaluations)
_FORGET_EVALUATIONS = delete(evaluations).where(
    evaluations.c.campaign == CAMPAIGN, evaluations.c.round == ROUND
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judges:
    """What a model is judged on; no model ever learns from it."""

    inputs: Any
    """What a model reads of the items that judge."""
    truth: Any
    """Their targets, as the lesson gives them."""
    groups: NDArray[Any] | None
    source: str
    """'held-out labels' or 'consensus on the control slice': what accuracy is against."""


def evaluate(campaign: Campaign, state: CampaignState) -> Transition:
    """Judge this round's model, and keep every figure with what it had cost by then."""
    name = campaign.campaign_id
    number = state.round
    with campaign.ledger.read() as connection:
        known = labels.read(connection, name)
        money = budget.account(connection, name)
        sha256 = connection.scalar(_MODEL, of(name, number))
        before = learner_before(connection, name, number)
        answered = _answers_by_purpose(connection, campaign)
    judges = judges_of(campaign, known)
    if sha256 is None:
        return Transition(to=RoundState.EVALUATED, detail={"judged": 0})
    model = campaign.model(sha256)
    said = None if judges is None else _said(campaign, model, judges)
    learned = training_set(known)
    moved = None
    if before is not None:
        power = 1.0
        if judges is not None and said is not None:
            power = campaign.lesson.sharpness(said, judges.truth)
        moved = shifted(campaign, known, sha256, before, power)

    def keep(connection: Connection) -> None:
        if moved is not None:
            change_round(
                connection,
                name,
                number,
                changed=moved.changed,
                gain=_finite(moved.gain),
                uncertainty=_finite(moved.uncertainty),
            )

    if judges is None or said is None:
        return Transition(to=RoundState.EVALUATED, writes=(keep,), detail={"judged": 0})
    arms = {"campaign": judge(campaign, said, judges, number)}
    if campaign.config.baseline == "random" and isinstance(campaign.backend, Replays):
        other = baseline.random_model(campaign, learned)
        if other is not None:
            arms["random"] = judge(campaign, _said(campaign, other, judges), judges, number)
    items = sum(label.value is not None for label in known)
    rows = [
        _row(campaign, number, arm, metric, found, items, money)
        for arm, metrics in arms.items()
        for metric, found in metrics.items()
    ]
    points = _points(number, items, arms, money, answered)

    def write(connection: Connection) -> None:
        _replace(connection, name, number, rows)
        intend(connection, name, points)

    accuracy = next(iter(arms["campaign"].values()))[0]
    return Transition(
        to=RoundState.EVALUATED,
        writes=(keep, write),
        detail={"judged": accuracy.n, "against": judges.source, "value": _finite(accuracy.value)},
    )


def judges_of(campaign: Campaign, known: Sequence[Label]) -> Judges | None:
    """Return the held-out set, else the control items that are decided, else None."""
    heldout = campaign.pool.heldout
    if heldout is not None:
        schema = campaign.config.labels
        known_labels = [read_label(str(one), schema) for one in heldout.labels]
        return Judges(
            inputs=campaign.heldout_inputs(),
            truth=campaign.lesson.targets(known_labels),
            groups=_groups(heldout.groups),
            source="held-out labels",
        )
    control = [
        label for label in known if label.purpose == Purpose.CONTROL and label.value is not None
    ]
    if not control:
        return None
    return Judges(
        inputs=campaign.inputs(np.array([label.position for label in control])),
        truth=campaign.lesson.targets([label.value for label in control]),
        groups=_groups([label.group for label in control]),
        source="consensus on the control slice",
    )


def judge(
    campaign: Campaign, said: Any, judges: Judges, number: int
) -> dict[str, tuple[Interval, float]]:
    """Return every metric with its interval, and the bound that a test of a target may use.

    `said` is what the model predicts for the items that judge.
    """
    config = campaign.config
    names = judged_by(config)
    alpha = config.evaluation.alpha

    rng = rng_for(config.seed, number, "evaluate")
    at = campaign.lesson.measure(judges.truth, said, names, groups=judges.groups, rng=rng)
    shown, tested = at(alpha), at(2 * spent(alpha, config.max_rounds))
    return {metric: (shown[metric], tested[metric].low) for metric in names}


def _said(campaign: Campaign, model: Any, judges: Judges) -> Any:
    return campaign.lesson.predict(model, judges.inputs)


def _groups(groups: Sequence[str | None]) -> NDArray[Any] | None:
    """Return what is resampled whole; None where no item is in a group."""
    return None if all(group is None for group in groups) else np.array(groups, dtype=object)


def _answers_by_purpose(connection: Connection, campaign: Campaign) -> dict[str, int]:
    return dict(connection.execute(_ANSWERED, of(campaign.campaign_id)).all())


def _points(
    number: int,
    items: int,
    arms: Mapping[str, Mapping[str, tuple[Interval, float]]],
    money: budget.Account,
    answered: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return the points of the curves; steps are items, and cents for the cost axis.

    The campaign's totals have the round as their step: one may decide no item, and yet cost.
    """
    totals = {
        "labels/human_total": float(sum(answered.values())),
        "labels/items": float(items),
        "cost/committed": money.cost_micros / 1e6,
        "cost/reserved": money.reserved_micros / 1e6,
    }
    series: dict[str, float] = {}
    by_cents: dict[str, float] = {}
    for arm, metrics in arms.items():
        prefix = "eval" if arm == "campaign" else f"baseline_{arm}"
        for metric, (found, _) in metrics.items():
            for suffix, value in (("", found.value), ("_low", found.low), ("_high", found.high)):
                if np.isfinite(value):
                    series[f"{prefix}/{metric}{suffix}"] = value
            if arm == "campaign" and np.isfinite(found.value):
                by_cents[f"eval_by_cents/{metric}"] = found.value
    cents = money.cost_micros // 10_000
    own = [(CAMPAIGN_RUN, key, number, value) for key, value in totals.items()]
    own += [(CAMPAIGN_RUN, key, items, value) for key, value in series.items()]
    own += [(CAMPAIGN_RUN, key, cents, value) for key, value in by_cents.items()]
    own += [(number, key, items, value) for key, value in (totals | series).items()]
    return [
        {"round": run, "series": key, "step": step, "value": value} for run, key, step, value in own
    ]


def _row(
    campaign: Campaign,
    number: int,
    arm: str,
    metric: str,
    found: tuple[Interval, float],
    items: int,
    money: budget.Account,
) -> dict[str, Any]:
    interval, bound = found
    return {
        "campaign": campaign.campaign_id,
        "round": number,
        "arm": arm,
        "metric": metric,
        "value": _finite(interval.value),
        "low": _finite(interval.low),
        "high": _finite(interval.high),
        "bound": _finite(bound),
        "n": interval.n,
        "item_count": items,
        "committed_answers": money.committed_answers,
        "committed_micros": money.cost_micros,
    }


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _replace(
    connection: Connection, campaign: str, number: int, rows: Sequence[dict[str, Any]]
) -> None:
    connection.execute(_FORGET_EVALUATIONS, of(campaign, number))
    connection.execute(_ADD_EVALUATIONS, list(rows))
