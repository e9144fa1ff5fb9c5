"""The account of a campaign, read from the ledger; it is kept nowhere else."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from auto_labeling.campaign import budget, pseudo_account, quality_account
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.rounds import Step, next_step
from auto_labeling.campaign.schema import (
    answers,
    asks,
    campaigns,
    configurations,
    evaluations,
    items,
    labels,
    manifests,
    quarantine,
    rounds,
    snapshots,
    spend,
    transitions,
)
from auto_labeling.campaign.statement import CurvePoint, PersonLine, RoundLine, Statement
from auto_labeling.campaign.suggestion_account import account_of
from auto_labeling.campaign.transition import read_state
from auto_labeling.records import CampaignId, Interval, draws


def read(ledger: Ledger, campaign: CampaignId) -> Statement:
    """Return the account of a campaign. Raises `LedgerError` for an unknown one."""
    with ledger.read() as connection:
        state = read_state(connection, campaign)
        row = connection.execute(select(campaigns).where(campaigns.c.campaign == campaign)).one()
        versions = connection.execute(
            select(configurations)
            .where(configurations.c.campaign == campaign)
            .order_by(configurations.c.version)
        ).all()
        return Statement(
            campaign_id=campaign,
            name=row.name,
            state=state,
            next_step=next_step(state),
            created_at=row.created_at,
            stopped_at=row.stopped_at,
            budget=budget.account(connection, campaign),
            items=_items(connection, campaign),
            asks=_counted(connection, asks.c.state, asks.c.campaign == campaign),
            answers=_answers(connection, campaign),
            rounds=_rounds(connection, campaign),
            curve=_curve(connection, campaign),
            people=_people(connection, campaign),
            quarantine=_tuples(
                connection, campaign, quarantine, "where_found", "item", "reason", by="seq"
            ),
            manifests=_tuples(
                connection, campaign, manifests, "number", "round", "digest", "item_count"
            ),
            snapshots=_tuples(connection, campaign, snapshots, "number", "digest", "item_count"),
            configuration=versions[-1].body,
            amendments=[(v.version, v.who, v.why, v.at) for v in versions[1:]],
            judged_against=_judged_against(connection, campaign),
            objects=_objects(connection, campaign, versions[-1].body),
            reviewed=account_of(connection, campaign, versions[-1].body),
            pseudo_labels=pseudo_account.account_of(connection, campaign, versions[-1].body),
            checked=quality_account.account_of(connection, campaign, versions[-1].body),
        )


def _items(connection: Connection, campaign: CampaignId) -> dict[str, int]:
    sides = _counted(connection, items.c.side, items.c.campaign == campaign)
    unlabelable = connection.scalar(
        select(func.count())
        .select_from(items)
        .where(items.c.campaign == campaign, items.c.unlabelable)
    )
    known = connection.execute(
        select(labels.c.value, labels.c.source).where(labels.c.campaign == campaign)
    ).all()
    decided = sum(row.value is not None for row in known)
    return {
        "pool": sum(sides.values()),
        **{side: sides.get(side, 0) for side in ("train", "control", "heldout")},
        "labeled": decided,
        "undecided": len(known) - decided,
        "unlabelable": unlabelable or 0,
    }


def _objects(
    connection: Connection, campaign: CampaignId, told: Mapping[str, Any]
) -> dict[str, int]:
    """Return class -> objects; none where nobody draws."""
    # Shapes are not made of them: they are many, and nothing but their class is asked.
    labels_told = told.get("labels") or {}
    if not draws(labels_told.get("task", "single")):
        return {}
    known = connection.scalars(
        select(labels.c.value).where(labels.c.campaign == campaign, labels.c.value.is_not(None))
    )
    found = Counter(
        one["label"]
        for value in known
        for one in json.loads(value)
        if isinstance(one, dict)  # an abstention is a word
    )
    return {name: found[name] for name in labels_told.get("classes") or ()}


def _answers(connection: Connection, campaign: CampaignId) -> dict[str, int]:
    of = answers.c.campaign == campaign
    kinds = _counted(connection, answers.c.kind, of, answers.c.current)

    def count(*where: Any) -> int:
        return connection.scalar(select(func.count()).select_from(answers).where(of, *where)) or 0

    brought = select(func.count()).where(
        labels.c.campaign == campaign, labels.c.source == "imported"
    )
    return {
        "given": kinds.get("answer", 0),
        "skipped": kinds.get("skip", 0),
        "deleted": kinds.get("tombstone", 0),
        "edited": count(answers.c.supersedes.is_not(None), answers.c.kind == "answer"),
        "unsolicited": count(answers.c.unsolicited, answers.c.current),
        "conflicts": count(answers.c.kind == "overwrite"),
        "imported": connection.scalar(brought) or 0,
    }


_COSTS = ("commit", "contingency", "owed")


def _rounds(connection: Connection, campaign: CampaignId) -> list[RoundLine]:
    counts = {
        (row.round, row.state): row.asks
        for row in connection.execute(
            select(asks.c.round, asks.c.state, func.count().label("asks"))
            .where(asks.c.campaign == campaign)
            .group_by(asks.c.round, asks.c.state)
        )
    }
    paid = dict(
        connection.execute(
            select(asks.c.round, func.sum(spend.c.micros))
            .join(spend, spend.c.ask == asks.c.ask)
            .where(asks.c.campaign == campaign, spend.c.kind.in_(_COSTS))
            .group_by(asks.c.round)
        ).all()
    )
    rows = connection.execute(
        select(rounds).where(rounds.c.campaign == campaign).order_by(rounds.c.number)
    )
    return [
        RoundLine(
            number=row.number,
            state=row.state,
            asked=sum(n for (number, _), n in counts.items() if number == row.number),
            answered=counts.get((row.number, "answered"), 0),
            skipped=counts.get((row.number, "skipped"), 0),
            paid_micros=int(paid.get(row.number, 0)),
            items_labeled=row.items_labeled,
            manifest=row.manifest,
            model=row.model_sha256,
        )
        for row in rows
    ]


def _curve(connection: Connection, campaign: CampaignId) -> list[CurvePoint]:
    rows = connection.execute(
        select(evaluations)
        .where(evaluations.c.campaign == campaign)
        .order_by(evaluations.c.round, evaluations.c.arm, evaluations.c.metric)
    )
    return [
        CurvePoint(
            round=row.round,
            arm=row.arm,
            metric=row.metric,
            interval=Interval(
                value=_nan(row.value), low=_nan(row.low), high=_nan(row.high), n=row.n
            ),
            bound=_nan(row.bound),
            items=row.item_count,
            answers=row.committed_answers,
            cost_micros=row.committed_micros,
        )
        for row in rows
    ]


def _people(connection: Connection, campaign: CampaignId) -> list[PersonLine]:
    made = dict(
        connection.execute(
            select(labels.c.item, labels.c.value).where(labels.c.campaign == campaign)
        ).all()
    )
    by_person: dict[str, list[Any]] = {}
    for row in connection.execute(
        select(answers).where(answers.c.campaign == campaign, answers.c.source == "human")
    ):
        by_person.setdefault(row.person, []).append(row)
    return [_person(person, rows, made) for person, rows in sorted(by_person.items())]


def _person(person: str, rows: Sequence[Any], made: Mapping[str, Any]) -> PersonLine:
    current = [row for row in rows if row.current]
    given = [row for row in current if row.kind == "answer"]
    judged = [row.value == made[row.item] for row in given if made.get(row.item) is not None]
    return PersonLine(
        person=person,
        answers=len(given),
        skips=sum(row.kind == "skip" for row in current),
        unsolicited=sum(row.unsolicited for row in current),
        edits=sum(row.supersedes is not None and row.kind == "answer" for row in rows),
        seconds=sum(row.seconds or 0.0 for row in rows),
        agreement=sum(judged) / len(judged) if judged else math.nan,
    )


def _judged_against(connection: Connection, campaign: CampaignId) -> str | None:
    detail = connection.scalar(
        select(transitions.c.detail)
        .where(transitions.c.campaign == campaign, transitions.c.step == Step.EVALUATE)
        .order_by(transitions.c.seq.desc())
        .limit(1)
    )
    return None if detail is None else detail.get("against")


def _counted(connection: Connection, column: Any, *where: Any) -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).where(*where).group_by(column))
    return {str(value): count for value, count in rows.all()}


def _tuples(
    connection: Connection, campaign: CampaignId, table: Any, *columns: str, by: str = "number"
) -> list[Any]:
    rows = connection.execute(
        select(*(table.c[column] for column in columns))
        .where(table.c.campaign == campaign)
        .order_by(table.c[by])
    )
    return [tuple(row) for row in rows]


def _nan(value: float | None) -> float:
    return math.nan if value is None else value
