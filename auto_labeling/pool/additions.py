"""What of a source is new to a pool that grows, and what the pool holds already."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from auto_labeling.pool.pool import Pool
from auto_labeling.pool.screen import derive_ids
from auto_labeling.pool.source import Quarantined, Source, SourceRows
from auto_labeling.records import ItemId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Addition:
    """The rows of a source, told apart by whether the pool holds them."""

    new: SourceRows
    known: Mapping[int, ItemId]
    """By the position of a row in the source: the item that it is already."""


def compare(
    rows: SourceRows, base: Path, before: Pool | None, taken: Collection[ItemId]
) -> Addition:
    """Tell the new rows from those that `before` holds; ids in `taken` belong to neither.

    A user's id that comes back with the same content is the same item, with other content it is
    quarantined. Where ids are derived, a row is in the pool already if its origin gave as many rows
    of that content before; the same content from elsewhere is an item of its own.
    """
    if before is None and not taken:
        return Addition(new=rows, known={})
    if rows.derived:
        return _by_origin(rows, base, before, taken)
    return _by_id(rows, before, taken)


def _by_id(rows: SourceRows, before: Pool | None, taken: Collection[ItemId]) -> Addition:
    elsewhere = set(taken)
    standing = dict(zip(before.ids, before.content_hashes, strict=True)) if before else {}
    keep, clashes, known = [], [], {}
    for at, (item_id, content_hash) in enumerate(zip(rows.ids, rows.content_hashes, strict=True)):
        if item_id not in standing and item_id not in elsewhere:
            keep.append(at)
        elif standing.get(item_id) == content_hash:
            known[at] = item_id
        else:
            where = rows.source.where(rows.references[at])
            reason = "its id belongs to another item already"
            clashes.append(Quarantined(where=where, item_id=item_id, reason=reason))
    new = rows.take(np.array(keep, dtype=np.intp))
    return Addition(new=replace(new, quarantined=(*rows.quarantined, *clashes)), known=known)


def _by_origin(
    rows: SourceRows, base: Path, before: Pool | None, taken: Collection[ItemId]
) -> Addition:
    standing: defaultdict[tuple[str, str], deque[ItemId]] = defaultdict(deque)
    for snapshot, part in before.by_snapshot() if before else ():
        origins = _origins(snapshot.source, snapshot.base, part.references)
        for origin, content, item_id in zip(origins, part.content_hashes, part.ids, strict=True):
            standing[origin, content].append(item_id)
    keep, known = [], {}
    origins = _origins(rows.source, base, rows.references)
    for at, row in enumerate(zip(origins, rows.content_hashes, strict=True)):
        if items := standing.get(row):
            known[at] = items.popleft()
        else:
            keep.append(at)
    new = rows.take(np.array(keep, dtype=np.intp))
    ids = derive_ids(new.content_hashes, {*taken, *(before.ids if before else ())})
    return Addition(new=replace(new, ids=ids), known=known)


def _origins(source: Source, base: Path, references: Sequence[str]) -> list[str]:
    if source.origin is not None:
        return [str((base / source.origin).absolute())] * len(references)
    return [str((base / reference).absolute()) for reference in references]
