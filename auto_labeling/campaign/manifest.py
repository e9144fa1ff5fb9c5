"""Data sets as immutable manifests: Parquet with the labels, JSON with where they came from.

The digest is over the content (what is labeled how, by which rule, out of which pool), not over
times or ids: the same answers give the same data set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, insert, select

from auto_labeling.campaign import answers as answers_room
from auto_labeling.campaign import labels as labels_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.rulings import GOLD, rulings
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    answers,
    configurations,
    manifests,
    of,
    snapshots,
)
from auto_labeling.campaign.transition import change_round, of_people_before
from auto_labeling.files import content_digest, write_atomically
from auto_labeling.formats.value import write_label
from auto_labeling.records import ItemId, Micros, PersonId, Value

SCHEMA_VERSION = 1
_LABELS = {
    "item": "string",
    "label": "string",
    "confidence": "float64",
    "votes": "int64",
    "purpose": "string",
    "source": "string",
    "group": "string",
}
_ANSWERS = {
    "item": "string",
    "person": "string",
    "kind": "string",
    "value": "string",
    "at": "int64",
    "seconds": "float64",
    "ask": "string",
    "current": "bool",
    "unsolicited": "bool",
    "extra": "string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One frozen data set."""

    digest: str
    round: int
    items: int


_GIVEN = (
    select(*(answers.c[column] for column in _ANSWERS))
    .where(answers.c.campaign == CAMPAIGN, answers.c.item.not_in(GOLD))
    .order_by(answers.c.seq)
)
_SNAPSHOTS = (
    select(snapshots.c.number, snapshots.c.digest, snapshots.c.item_count)
    .where(snapshots.c.campaign == CAMPAIGN)
    .order_by(snapshots.c.number)
)
_VERSION = select(func.max(configurations.c.version)).where(configurations.c.campaign == CAMPAIGN)
_NEWEST = (
    select(manifests.c.number, manifests.c.digest)
    .where(manifests.c.campaign == CAMPAIGN)
    .order_by(manifests.c.number.desc())
    .limit(1)
)


def freeze(campaign: Campaign, number: int) -> Manifest:
    """Write the data set of this moment; writing it twice changes nothing."""
    with campaign.ledger.read() as connection:
        rows, pool = _rows(connection, campaign), _snapshots(connection, campaign)
        lineage = _lineage(connection, campaign, number)
        given = _answers(connection, campaign)
    digest = content_digest(_content(campaign, rows, pool))
    folder = campaign.workspace / "manifests" / digest
    folder.mkdir(parents=True, exist_ok=True)
    lineage |= {"digest": digest, "items": len(rows), "pool_snapshots": pool}
    stem = f"{campaign.campaign_id}.{number:03d}"
    _write_parquet(folder / "labels.parquet", [tuple(row.values()) for row in rows], _LABELS)
    _write_parquet(folder / f"answers.{stem}.parquet", given, _ANSWERS)
    write_atomically(
        folder / f"lineage.{stem}.json", json.dumps(lineage, indent=1, sort_keys=True).encode()
    )
    return Manifest(digest=digest, round=number, items=len(rows))


def is_current(campaign: Campaign) -> bool:
    """Whether the newest data set says what the labels say now."""
    with campaign.ledger.read() as connection:
        rows, pool = _rows(connection, campaign), _snapshots(connection, campaign)
        newest = connection.execute(_NEWEST, of(campaign.campaign_id)).first()
    return newest is not None and newest.digest == content_digest(_content(campaign, rows, pool))


def record(connection: Connection, campaign: Campaign, manifest: Manifest, at: Micros) -> None:
    """Write the manifest into the ledger; one that says nothing new gets no new number."""
    name = campaign.campaign_id
    newest = connection.execute(_NEWEST, of(name)).first()
    if newest is None or newest.digest != manifest.digest:
        connection.execute(
            insert(manifests).values(
                campaign=name,
                number=1 if newest is None else newest.number + 1,
                round=manifest.round,
                digest=manifest.digest,
                item_count=manifest.items,
                at=at,
            )
        )
    change_round(
        connection, name, manifest.round, manifest=manifest.digest, items_labeled=manifest.items
    )


def read(workspace: Path, digest: str) -> Any:
    """Return a manifest's labels as a pandas frame: item, label, confidence, votes, ..."""
    import pandas as pd

    return pd.read_parquet(workspace / "manifests" / digest / "labels.parquet")


def difference(workspace: Path, before: str, after: str) -> Any:
    """Return what changed between two manifests: a frame indexed by item, `before` and `after`."""
    old, new = (read(workspace, one).set_index("item")["label"] for one in (before, after))
    both = old.to_frame("before").join(new.rename("after"), how="outer")
    return both[both["before"].fillna("") != both["after"].fillna("")]


def _rows(connection: Connection, campaign: Campaign) -> list[dict[str, Any]]:
    """Return what is labeled, by position."""
    return [
        _row(label, label.value)
        for label in labels_room.read(connection, campaign.campaign_id)
        if label.value is not None
    ]


def _row(label: Label, value: Value) -> dict[str, Any]:
    return {
        "item": label.item_id,
        "label": write_label(value),
        "confidence": label.confidence,
        "votes": label.votes,
        "purpose": label.purpose,
        "source": label.source,
        "group": label.group,
    }


def _content(
    campaign: Campaign, rows: Sequence[Mapping[str, Any]], pool: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    ordered = sorted(rows, key=lambda row: str(row["item"]))
    return {
        "rows": [{**row, "confidence": round(row["confidence"], 9)} for row in ordered],
        "task": campaign.config.labels.task,
        "classes": list(campaign.config.labels.classes),
        "rule": repr(campaign.config.quality.consensus),
        "pool": [snapshot["digest"] for snapshot in pool],
    }


def _snapshots(connection: Connection, campaign: Campaign) -> list[dict[str, Any]]:
    rows = connection.execute(_SNAPSHOTS, of(campaign.campaign_id)).mappings()
    return [dict(row) for row in rows]


def _lineage(connection: Connection, campaign: Campaign, number: int) -> dict[str, Any]:
    name = campaign.campaign_id
    return {
        "schema_version": SCHEMA_VERSION,
        "campaign": name,
        "round": number,
        "label_schema": asdict(campaign.config.labels),
        "consensus": repr(campaign.config.quality.consensus),
        "chosen_by_model": of_people_before(connection, name, number),
        "configuration_version": connection.scalar(_VERSION, of(name)),
        "written_at": campaign.clock.now(),
        "adjudicated": _adjudicated(connection, campaign),
    }


def _adjudicated(connection: Connection, campaign: Campaign) -> list[dict[str, Any]]:
    """Return who ruled on which item, when, to what, and over which votes."""
    name = campaign.campaign_id
    decided = rulings(connection, name)
    over: dict[ItemId, dict[PersonId, str]] = {item: {} for item in decided}
    for vote in answers_room.votes(connection, name) if decided else ():
        if vote.item_id in over:
            over[vote.item_id][vote.person] = write_label(vote.value)
    return [
        {
            "item": item,
            "person": ruling.person,
            "at": ruling.at,
            "label": write_label(ruling.value),
            "votes": over[item],
        }
        for item, ruling in sorted(decided.items())
    ]


def _answers(connection: Connection, campaign: Campaign) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(_GIVEN, of(campaign.campaign_id)).all()]


def _write_parquet(path: Path, rows: Sequence[tuple[Any, ...]], columns: Mapping[str, str]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Named, or a data set without rows has no columns, and one without groups another type.
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    sink = pa.BufferOutputStream()
    named = dict(
        zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True)
    )
    pq.write_table(pa.Table.from_pydict(named, schema=schema), sink)
    write_atomically(path, sink.getvalue().to_pybytes())
