"""Which items are gold: chosen once, when the campaign begins, by its seed.

From a file of known answers; else from what was labeled before; else, for as many as are missing,
by lot from the pool, and then adjudicators say first what is true.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, insert

from auto_labeling.arrays import rng_for
from auto_labeling.campaign.imported import pool_ids
from auto_labeling.campaign.intake import check, encode
from auto_labeling.campaign.schema import gold
from auto_labeling.config import CampaignConfig
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.value import names_in_cell, read_label
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.splits import Split
from auto_labeling.quality_plan import Gold
from auto_labeling.records import CampaignId, ItemId, LabelSchema, Micros, Side, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One gold item."""

    item_id: ItemId
    value: Value | None
    """None: an adjudicator has to say first."""
    origin: Literal["file", "imported", "adjudicated"]


def choose(
    config: CampaignConfig,
    base: Path,
    pool: Pool,
    sides: Split,
    labeled: Mapping[ItemId, Value],
) -> list[Chosen]:
    """Return the gold of a campaign; `labeled` are the labels that it would begin with.

    Raises `ConfigurationError` for a file of other items or classes, and for more than there is.
    """
    plan = config.quality.gold
    if plan is None:
        return []
    sides_of = dict(zip(pool.ids, sides.sides, strict=True))
    # Items that came with labels of their own are no part of the pool, and a tool may not have them
    there = [item for item in pool_ids(config, pool) if sides_of[item] is not None]
    if plan.path is not None:
        known = _read(base / plan.path, config.labels, set(there))
        if len(known) < plan.count:
            raise ConfigurationError(
                f"quality.gold.count: expected at most the {len(known)} items of {plan.path}, "
                f"got {plan.count}"
            )
        return _drawn(config, sorted(known), plan.count, known, "file")
    imported = sorted(item for item in there if item in labeled)
    chosen = _drawn(config, imported, plan.count, labeled, "imported")
    rest = sorted(
        item for item in there if sides_of[item] is not Side.HELDOUT and item not in labeled
    )
    missing = plan.count - len(chosen)
    if missing:
        _expect_enough(config, plan, missing, len(rest))
    return chosen + _drawn(config, rest, missing, {}, "adjudicated")


def write(
    connection: Connection, campaign: CampaignId, chosen: Sequence[Chosen], now: Micros
) -> None:
    """Write which items are gold, and what is known about them."""
    rows = [
        {
            "campaign": campaign,
            "item": one.item_id,
            "value": encode(one.value),
            "origin": one.origin,
            "at": now,
        }
        for one in chosen
    ]
    if rows:
        connection.execute(insert(gold), rows)


def _drawn(
    config: CampaignConfig,
    among: Sequence[ItemId],
    count: int,
    known: Mapping[ItemId, Value],
    origin: Literal["file", "imported", "adjudicated"],
) -> list[Chosen]:
    rng = rng_for(config.seed, 0, f"gold/{origin}")
    places = rng.permutation(len(among))[:count]
    return [
        Chosen(item_id=item, value=known.get(item), origin=origin)
        for item in sorted(among[place] for place in places)
    ]


def _expect_enough(config: CampaignConfig, plan: Gold, missing: int, there: int) -> None:
    if not config.quality.adjudicators:
        raise ConfigurationError(
            f"quality.gold: the answers of {missing} of the {plan.count} items are not known; give "
            "a `path`, or labeled items, or name `quality.adjudicators`, who answer them first"
        )
    if missing >= there:
        raise ConfigurationError(
            f"quality.gold.count: expected fewer than the {there} items of the pool, "
            f"got {plan.count}"
        )


def _read(path: Path, schema: LabelSchema, there: Collection[ItemId]) -> dict[ItemId, Value]:
    """Return the known answers of a file by item."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"quality.gold.path: {path} cannot be read ({error})") from error
    if not rows or not {"item", "label"} <= rows[0].keys():
        got = list(rows[0]) if rows else "no row"
        raise ConfigurationError(
            f"quality.gold.path: {path}: expected the columns item and label, got {got}"
        )
    known: dict[ItemId, Value] = {}
    for line, row in enumerate(rows, 2):
        where = f"quality.gold.path: {path}, line {line}"
        if row["item"] not in there:
            raise ConfigurationError(f"{where}: the pool has no item {row['item']!r}")
        if row["item"] in known:
            raise ConfigurationError(f"{where}: item {row['item']!r} stands there twice")
        try:
            value = _value(row["label"] or "", schema)
            check(value, schema)
        except (DataError, ValueError, TypeError, KeyError) as error:
            raise ConfigurationError(f"{where}: {error}") from error
        known[row["item"]] = value
    return known


def _value(cell: str, schema: LabelSchema) -> Value:
    return tuple(names_in_cell(cell)) if schema.task == "multi" else read_label(cell, schema)
