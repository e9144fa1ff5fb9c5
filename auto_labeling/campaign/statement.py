"""The account of a campaign: what every answer bought. Read from the ledger, kept nowhere else."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, func, select

from auto_labeling.campaign import budget
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.rounds import CampaignState, Step, next_step
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
from auto_labeling.campaign.suggestion_account import SuggestionLine, account_of, nothing
from auto_labeling.campaign.transition import read_state
from auto_labeling.records import CampaignId, Interval, Micros, draws


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One figure of one arm after one round, with what had been spent by then."""

    round: int
    arm: str
    metric: str
    interval: Interval
    bound: float
    """Lower bound at the error that one test of the target spends."""
    items: int
    answers: int
    cost_micros: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLine:
    """What one round bought."""

    number: int
    state: str
    asked: int
    answered: int
    skipped: int
    paid_micros: Micros
    items_labeled: int | None
    manifest: str | None
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """What one person did; under a pseudonym."""

    person: str
    answers: int
    skips: int
    unsolicited: int
    edits: int
    seconds: float
    agreement: float
    """Share of this person's answers that agree with the label they helped to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Everything that status, report and the pipeline's result are made of."""

    campaign_id: CampaignId
    name: str
    state: CampaignState
    next_step: Step | None
    created_at: Micros
    stopped_at: Micros | None
    budget: budget.Account
    items: Mapping[str, int]
    """Counts: pool, train, control, heldout, labeled, undecided, unlabelable."""
    asks: Mapping[str, int]
    """Asks by state."""
    answers: Mapping[str, int]
    """Counts: given, skipped, edited, deleted, unsolicited, conflicts, imported."""
    rounds: Sequence[RoundLine]
    curve: Sequence[CurvePoint]
    people: Sequence[PersonLine]
    quarantine: Sequence[tuple[str, str | None, str]]
    """(where, item, reason) of what could not be used."""
    manifests: Sequence[tuple[int, int, str, int]]
    """(number, round, digest, items)."""
    snapshots: Sequence[tuple[int, str, int]]
    """(number, digest, items)."""
    configuration: Mapping[str, Any]
    amendments: Sequence[tuple[int, str | None, str | None, Micros]]
    """(version, who, why, when) of every change since the start."""
    judged_against: str | None
    """What the metrics compare with: held-out labels, or consensus on the control slice."""
    objects: Mapping[str, int] = field(default_factory=dict)
    """Class -> objects among the labels, where people draw; in the order of the classes."""
    reviewed: Callable[[], SuggestionLine | None] = nothing
    """Reckons `suggestions`, once: of many pictures that takes longer than to read all the rest."""

    @property
    def suggestions(self) -> SuggestionLine | None:
        """What became of suggestions; None where people were never shown one."""
        return self.reviewed()

    @property
    def dataset(self) -> str | None:
        """The digest of the newest data set."""
        return self.manifests[-1][2] if self.manifests else None

    def latest(self, metric: str, arm: str = "campaign") -> Interval:
        """Return the newest estimate of a metric; all nan where there is none."""
        found = [one.interval for one in self.curve if (one.metric, one.arm) == (metric, arm)]
        return found[-1] if found else Interval.unknown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Savings:
    """What choosing the items saved against drawing them blindly."""

    items: float
    share: float
    cost_micros: float
    how: str


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
        )


def savings(statement: Statement, metric: str) -> Savings:
    """Return what was saved: items until the figure that the random arm has at its end.

    nan where there is no random arm, or where the campaign never reached that figure.
    """
    ours = [p for p in statement.curve if (p.arm, p.metric) == ("campaign", metric)]
    blind = [p for p in statement.curve if (p.arm, p.metric) == ("random", metric)]
    none = Savings(
        items=math.nan, share=math.nan, cost_micros=math.nan, how="no random arm to compare with"
    )
    if not blind:
        return none
    goal = blind[-1].interval.value
    reached = next((p for p in ours if p.interval.value >= goal), None)
    if reached is None:
        return Savings(
            items=math.nan,
            share=math.nan,
            cost_micros=math.nan,
            how="the campaign never reached what the random arm reached",
        )
    spared = blind[-1].items - reached.items
    return Savings(
        items=float(spared),
        share=spared / blind[-1].items,
        cost_micros=float(blind[-1].cost_micros - reached.cost_micros),
        how=(
            f"items until {in_words(metric)} {goal:.3f}, which one replayed random arm has at its "
            "end; one run each, so without an interval"
        ),
    )


def projection(ledger: Ledger, campaign: CampaignId) -> dict[str, Any]:
    """Return what must be equal however often the campaign was killed: no times, no ids."""
    with ledger.read() as connection:
        money = budget.account(connection, campaign)
        given = connection.execute(
            select(answers.c.item, answers.c.kind, answers.c.value, answers.c.unsolicited).where(
                answers.c.campaign == campaign, answers.c.current
            )
        ).all()
        made = connection.execute(
            select(labels.c.item, labels.c.value, labels.c.votes, labels.c.purpose).where(
                labels.c.campaign == campaign
            )
        ).all()
        bought = connection.execute(
            select(asks.c.item, asks.c.ordinal, asks.c.round, asks.c.purpose, asks.c.state).where(
                asks.c.campaign == campaign
            )
        ).all()
        frozen = _tuples(connection, campaign, manifests, "number", "round", "digest", "item_count")
        state = read_state(connection, campaign)
    return {
        "answers": sorted(repr(tuple(row)) for row in given),
        "labels": sorted(repr(tuple(row)) for row in made),
        "asks": sorted(repr(tuple(row)) for row in bought),
        "spend": (
            money.committed_answers,
            money.committed_micros,
            money.reserved_answers,
            money.reserved_micros,
        ),
        "manifests": frozen,
        "stopped": (state.stop_kind, state.round),
    }


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
            .where(asks.c.campaign == campaign, spend.c.kind.in_(("commit", "contingency")))
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
