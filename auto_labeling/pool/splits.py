"""Which items judge and which teach: fixed by the seed, never cutting a group or a content."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.pool.source import Quarantined
from auto_labeling.pool.units import UnitGraph, bridging_items, content_key, group_key, unit_graph
from auto_labeling.records import ItemId, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The side of every item, as parallel columns in the order they were given."""

    sides: tuple[Side | None, ...]
    """None for an item that is quarantined."""
    units: tuple[str, ...]
    """What each item is never separated from: itself, its group, its content, and theirs."""
    quarantined: tuple[Quarantined, ...]
    notes: tuple[str, ...]
    """What a person should know, as sentences."""


def split(
    ids: Sequence[ItemId],
    groups: Sequence[str | None],
    hashes: Sequence[str],
    *,
    seed: int,
    control_share: float,
    heldout_hashes: Collection[str] = (),
    heldout_groups: Collection[str] = (),
    known: Mapping[str, Side] | None = None,
) -> Split:
    """Return the side of every item; the same arguments give the same sides.

    Items that share a group or a content, directly or through others, are one unit. A unit that
    reaches into the held-out rows is `HELDOUT`, one that reaches into what is on a side already
    (`known`, see `known_sides`) joins it, and any other is drawn by `seed`: control with the
    probability `control_share`, else train. An item that would join two sides is quarantined.
    """
    if not 0 <= control_share < 1:
        raise DataError(f"control_share: expected at least 0 and below 1, got {control_share}")
    standing = dict(known or {})
    standing.update((content_key(one), Side.HELDOUT) for one in heldout_hashes)
    standing.update((group_key(one), Side.HELDOUT) for one in heldout_groups)
    graph = unit_graph(ids, groups, hashes)
    bridging = bridging_items(graph, standing)
    graph = graph.without(bridging)
    labels = graph.components()
    drawn = _sides(graph, labels, standing, seed, control_share)
    units = graph.unit_names(labels)
    sides = [drawn[label] for label in labels[graph.ends[0]]]
    found = tuple(None if at in bridging else side for at, side in enumerate(sides))
    named = tuple(units[label] for label in labels[graph.ends[0]])
    if not known:
        _refuse_lopsided(found, named, control_share)
    return Split(
        sides=found,
        units=named,
        quarantined=tuple(_quarantine(ids[at], groups[at]) for at in sorted(bridging)),
        notes=_notes(found),
    )


def known_sides(
    groups: Sequence[str | None], hashes: Sequence[str], sides: Sequence[Side | None]
) -> dict[str, Side]:
    """Return what `split` has to respect when items join those that have a side already."""
    known = {}
    for group, content_hash, side in zip(groups, hashes, sides, strict=True):
        if side is not None:
            if group is not None:
                known[group_key(group)] = side
            if content_hash:
                known[content_key(content_hash)] = side
    return known


def _sides(
    graph: UnitGraph,
    labels: NDArray[np.intp],
    standing: Mapping[str, Side],
    seed: int,
    control_share: float,
) -> list[Side]:
    """Return the side of every unit."""
    sides = [
        Side.CONTROL if _u01(seed, name) < control_share else Side.TRAIN
        for name in graph.unit_names(labels)
    ]
    for label, name in zip(labels, graph.names, strict=True):
        if name in standing:
            sides[label] = standing[name]
    return sides


def _refuse_lopsided(
    sides: Sequence[Side | None], units: Sequence[str], control_share: float
) -> None:
    counts = Counter(
        unit for unit, side in zip(units, sides, strict=True) if side in (Side.TRAIN, Side.CONTROL)
    )
    if not counts:
        raise DataError(
            f"every one of the {len(sides)} items shares its content or group with the held-out "
            "rows: expected a held-out set apart from the pool"
        )
    total = sum(counts.values())
    unit, largest = counts.most_common(1)[0]
    remedy = "give a held-out set (pool.heldout), finer groups, or a larger pool"
    if control_share and largest > control_share * total:
        raise DataError(
            f"{_said(unit)} has {largest} of {total} items, more than the control side of about "
            f"{control_share * total:.0f} can hold: {remedy}"
        )
    for side in (Side.TRAIN, Side.CONTROL) if control_share else ():
        if side not in sides:
            raise DataError(
                f"the {side} side of the evaluation split is empty, with {len(counts)} groups or "
                f"contents to draw from: {remedy}, or another seed"
            )


def _quarantine(item_id: ItemId, group: str | None) -> Quarantined:
    return Quarantined(
        where=f"item {item_id}" if group is None else f"item {item_id} of group {group}",
        item_id=item_id,
        reason="its group and its content lie on different sides of the evaluation split",
    )


def _notes(sides: Sequence[Side | None]) -> tuple[str, ...]:
    leaks = sum(side is Side.HELDOUT for side in sides)
    if not leaks:
        return ()
    note = f"{leaks} of {len(sides)} items share their content or group with held-out rows"
    return (f"{note}: they are never asked about",)


def _said(unit: str) -> str:
    kind, _, name = unit.partition(":")
    return {"group": f"group {name!r}"}.get(kind, f"one content ({name[:16]})")


def _u01(seed: int, unit: str) -> float:
    """Return a number in [0, 1) that depends on nothing but these two."""
    digest = hashlib.sha256(f"{seed}\x1f{unit}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
