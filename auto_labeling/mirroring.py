"""What the ledger wants seen elsewhere, brought to a tracker: every point exactly once.

The ledger notes a point before it is sent and after. Only a point that was noted and not confirmed
may be there already, and only for those is the tracker asked.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.points import CAMPAIGN_RUN
from auto_labeling.campaign.schema import log_points
from auto_labeling.campaign.statement import Statement
from auto_labeling.ports import Point, Tracker

MODEL = "model/registered"


def mirror(
    campaign: Campaign, statement: Statement, tracker: Tracker, files: Sequence[Path] = ()
) -> str:
    """Bring everything that is new to the tracker and return the id of the campaign's run."""
    run = tracker.open_run(campaign.campaign_id, None, statement.name)
    tracker.describe(run, _params(statement), _tags(statement))
    for number, points in _open_points(campaign).items():
        _log(campaign, tracker, run, number, points)
    for path in files:
        tracker.artifact(run, path)
    if statement.state.stopped:
        _register(campaign, statement, tracker, run)
        tracker.close(run, "FINISHED")
    return run


def is_behind(ledger: Ledger, statement: Statement) -> bool:
    """Whether a campaign that has stopped has something that was not brought to its tracker yet."""
    told = statement.configuration.get("tracking") or {}
    if told.get("kind", "mlflow") == "none":
        return False
    own = log_points.c.campaign == statement.campaign_id
    with ledger.read() as connection:
        waits = connection.scalar(select(exists().where(own, ~log_points.c.logged)))
        # It comes last of all: where it is there, so are the files.
        kept = connection.scalar(
            select(exists().where(own, log_points.c.series == MODEL, log_points.c.logged))
        )
    return bool(waits) or (_newest_model(statement) is not None and not kept)


def _log(
    campaign: Campaign, tracker: Tracker, run: str, number: int, points: Sequence[Any]
) -> None:
    own = number == CAMPAIGN_RUN
    target = run if own else tracker.open_run(campaign.campaign_id, number, f"round {number}")
    _mark(campaign, points, tried=True)
    doubtful = {point.series for point in points if point.tried}
    there = {series: tracker.steps(target, series) for series in doubtful}
    tracker.log(
        target,
        [
            Point(series=point.series, step=point.step, value=point.value)
            for point in points
            if point.step not in there.get(point.series, ())
        ],
    )
    _mark(campaign, points, tried=True, logged=True)
    if not own:
        tracker.close(target, "FINISHED")


def _register(campaign: Campaign, statement: Statement, tracker: Tracker, run: str) -> None:
    """Log and register the final model; it is the champion if it reached what was asked for."""
    sha256 = _newest_model(statement)
    if sha256 is None or not _claim(campaign, statement):
        return
    fitted = campaign.model(sha256)
    if fitted.model is not None:
        wanted = "target" in (statement.configuration.get("stop") or {})
        promoted = statement.state.stop_kind == "target" or not wanted
        tracker.model(run, fitted.model, statement.name, "champion" if promoted else "candidate")
    points = _open_points(campaign).get(CAMPAIGN_RUN, [])
    _log(campaign, tracker, run, CAMPAIGN_RUN, points)


def _newest_model(statement: Statement) -> str | None:
    return next((line.model for line in reversed(statement.rounds) if line.model), None)


def _claim(campaign: Campaign, statement: Statement) -> bool:
    """Note that the final model is to be registered; return whether that is still to be done."""
    point = {
        "campaign": campaign.campaign_id,
        "round": CAMPAIGN_RUN,
        "series": MODEL,
        "step": statement.items["labeled"],
    }
    with campaign.ledger.write(campaign.fence) as connection:
        connection.execute(
            insert(log_points)
            .prefix_with("OR IGNORE", dialect="sqlite")
            .values(**point, value=1.0, tried=False, logged=False)
        )
        done = connection.scalar(
            select(log_points.c.logged).where(
                *(log_points.c[name] == value for name, value in point.items())
            )
        )
    return not done


def _open_points(campaign: Campaign) -> Mapping[int, list[Any]]:
    with campaign.ledger.read() as connection:
        rows = connection.execute(
            select(log_points)
            .where(log_points.c.campaign == campaign.campaign_id, ~log_points.c.logged)
            .order_by(log_points.c.round, log_points.c.series, log_points.c.step)
        ).all()
    by_round: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        by_round[row.round].append(row)
    return by_round


def _mark(campaign: Campaign, points: Sequence[Any], *, tried: bool, logged: bool = False) -> None:
    if not points:
        return
    with campaign.ledger.write(campaign.fence, durable=True) as connection:
        connection.execute(
            update(log_points)
            .where(
                log_points.c.campaign == campaign.campaign_id,
                log_points.c.round == bindparam("of"),
                log_points.c.series == bindparam("which"),
                log_points.c.step == bindparam("at"),
            )
            .values(tried=tried, logged=logged),
            [{"of": point.round, "which": point.series, "at": point.step} for point in points],
        )


def _params(statement: Statement) -> dict[str, str]:
    return {
        key: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for key, value in statement.configuration.items()
    }


def _tags(statement: Statement) -> dict[str, str]:
    tags = {
        "campaign_id": statement.campaign_id,
        "state": str(statement.state.state),
        "judged_against": statement.judged_against or "",
        "manifest": statement.dataset or "",
        "configuration_version": str(len(statement.amendments) + 1),
    }
    if statement.state.stop_reason:
        tags["stop_reason"] = statement.state.stop_reason
    return tags
