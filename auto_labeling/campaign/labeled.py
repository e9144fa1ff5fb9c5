"""The labels of a data set with what they are labels of, for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.value import read_label
from auto_labeling.pool.pixels import size_of
from auto_labeling.pool.pool import Pool
from auto_labeling.records import Item, ItemId, LabelSchema


def labeled(pool: Pool, frame: Any, schema: LabelSchema) -> list[Labeled]:
    """Return a manifest's items as they stand in the pool, by position; pictures with their sizes.

    Payloads are read from the user's own files; `DataError` if one is gone or not as it was.
    """
    positions = sorted(pool.position_of(item) for item in frame["item"])
    rows = {row["item"]: row for row in frame.to_dict("records")}
    where = places(pool)
    return [
        _labeled(at, item, rows[item.item_id], where[item.item_id], schema)
        for at, item in zip(positions, pool.items(positions), strict=True)
    ]


def judging(pool: Pool, schema: LabelSchema) -> list[Labeled]:
    """Return the held-out pictures with their labels, numbered behind those of the pool."""
    if pool.heldout is None:
        return []
    rows = zip(pool.heldout_pictures(), pool.heldout.ids, pool.heldout.labels, strict=True)
    references = pool.heldout.references
    return [
        Labeled(
            number=len(pool) + at + 1,
            item_id=item,
            value=read_label(str(label), schema),
            picture=references[at],
            size=size_of(path),
        )
        for at, (path, item, label) in enumerate(rows)
    ]


def _labeled(
    position: int, item: Item, row: Mapping[str, Any], where: str, schema: LabelSchema
) -> Labeled:
    picture = where if item.uri is not None else None
    return Labeled(
        number=position + 1,
        item_id=item.item_id,
        value=read_label(row["label"], schema),
        picture=picture,
        size=None if item.uri is None else size_of(Path(item.uri)),
        confidence=row["confidence"],
        votes=row["votes"],
        fields=item.row or ({"image": picture} if picture else {"text": item.text}),
    )


def places(pool: Pool) -> dict[ItemId, str]:
    """Return, by item, the words that lead a person to it: ids may be digests."""
    return {
        item: snapshot.source.where(reference)
        for snapshot, rows in pool.by_snapshot()
        for item, reference in zip(rows.ids, rows.references, strict=True)
    }
