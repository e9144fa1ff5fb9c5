"""What is kept of what a round learned from the unlabeled: rows, a file, points, a conviction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from auto_labeling.campaign import labels, pseudo_files, pseudo_labels
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.points import CAMPAIGN_RUN, intend
from auto_labeling.campaign.pseudo_lessons import Taught
from auto_labeling.campaign.transition import tell


def record(
    connection: Connection,
    campaign: Campaign,
    number: int,
    made: Taught,
    people_sha256: str,
    digest: str | None,
) -> None:
    """Write what became of a round's pseudo-labels: its row, the points, and a conviction."""
    name, proposed = campaign.campaign_id, made.proposed
    pseudo_labels.record(
        connection,
        name,
        number,
        version=made.standing.version,
        used=made.used,
        stopped=made.standing.off,
        reason=made.reason,
        proposed=len(proposed),
        taken=len(made.taken or ()),
        confidence=_mean(proposed.confidence),
        weight=_mean(proposed.weights),
        with_them=_finite(made.with_them),
        without_them=_finite(made.without_them),
        people_sha256=people_sha256,
        digest=digest,
    )
    if made.standing.off and made.standing.stopped is None:
        _tell_of_conviction(connection, campaign, number, made)
    every = sum(one.value is not None for one in labels.read(connection, name))
    intend(connection, name, _points(number, every, made))


def keep(campaign: Campaign, number: int, made: Taught) -> str | None:
    """Write what was taken beside the round's data set and return its digest; None: nothing."""
    if made.taken is None:
        return None
    name = campaign.campaign_id
    with campaign.ledger.read() as connection:
        manifest = pseudo_labels.manifest_of(connection, name, number)
    return pseudo_files.keep(
        campaign.workspace / "manifests" / str(manifest),
        made.taken,
        campaign.pool.ids,
        campaign.config.labels.classes,
        campaign=name,
        round=str(number),
    )


def _tell_of_conviction(
    connection: Connection, campaign: Campaign, number: int, made: Taught
) -> None:
    precision = made.standing.judgement.precision
    tell(
        connection,
        campaign.campaign_id,
        pseudo_labels.STOPPED,
        campaign.clock.now(),
        round=number,
        reason=made.reason,
        audited=precision.n,
        precision=precision.value,
        low=precision.low,
        high=precision.high,
    )


def _points(number: int, step: int, made: Taught) -> list[dict[str, Any]]:
    precision = made.standing.judgement.precision
    series = {
        "pseudo/taken": float(len(made.taken or ())),
        "pseudo/precision": precision.value,
        "pseudo/precision_low": precision.low,
        "pseudo/precision_high": precision.high,
        "pseudo/cv_gain": made.with_them - made.without_them,
    }
    return [
        {"round": run, "series": key, "step": step, "value": value}
        for run in (CAMPAIGN_RUN, number)
        for key, value in series.items()
        if math.isfinite(value)
    ]


def _mean(values: NDArray[np.float64]) -> float | None:
    return float(values.mean()) if len(values) else None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
