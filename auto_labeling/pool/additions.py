"""What of a source is new to a pool that grows: rows of earlier snapshots are not taken again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from auto_labeling.errors import DataError
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.screen import derive_ids
from auto_labeling.pool.source import Quarantined, Source, SourceRows
from auto_labeling.records import ItemId


def only_new(
    rows: SourceRows, base: Path, before: Pool | None, taken: Collection[ItemId]
) -> tuple[SourceRows, int]:
    """Return the rows to take in, and how many are in the pool already.

    A user's id that comes back with the same content is the same item, with other content it is
    quarantined. Where ids are derived, a row is in the pool already if its origin gave as many rows
    of that content before; the same content from elsewhere is an item of its own.
    """
    if before is None and not taken:
        return rows, 0
    if rows.derived:
        new, known = _by_origin(rows, base, before, taken)
    else:
        new, known = _by_id(rows, before, taken)
    if not len(new):
        raise DataError(
            f"{rows.source.location}: expected new rows, but the pool holds {known} of them "
            f"already and {len(new.quarantined)} cannot be used"
        )
    return new, known


def _by_id(
    rows: SourceRows, before: Pool | None, taken: Collection[ItemId]
) -> tuple[SourceRows, int]:
    elsewhere = set(taken)
    standing = dict(zip(before.ids, before.content_hashes, strict=True)) if before else {}
    keep, clashes = [], []
    for at, (item_id, content_hash) in enumerate(zip(rows.ids, rows.content_hashes, strict=True)):
        if item_id not in standing and item_id not in elsewhere:
            keep.append(at)
        elif standing.get(item_id) != content_hash:
            where = rows.source.where(rows.references[at])
            reason = "its id belongs to another item already"
            clashes.append(Quarantined(where=where, item_id=item_id, reason=reason))
    new = rows.take(np.array(keep, dtype=np.intp))
    known = len(rows) - len(keep) - len(clashes)
    return replace(new, quarantined=(*rows.quarantined, *clashes)), known


def _by_origin(
    rows: SourceRows, base: Path, before: Pool | None, taken: Collection[ItemId]
) -> tuple[SourceRows, int]:
    standing: Counter[tuple[str, str]] = Counter()
    for snapshot, part in before.by_snapshot() if before else ():
        origins = _origins(snapshot.source, snapshot.base, part.references)
        standing.update(zip(origins, part.content_hashes, strict=True))
    keep = []
    origins = _origins(rows.source, base, rows.references)
    for at, row in enumerate(zip(origins, rows.content_hashes, strict=True)):
        if standing[row] > 0:
            standing[row] -= 1
        else:
            keep.append(at)
    new = rows.take(np.array(keep, dtype=np.intp))
    ids = derive_ids(new.content_hashes, {*taken, *(before.ids if before else ())})
    return replace(new, ids=ids), len(rows) - len(keep)


def _origins(source: Source, base: Path, references: Sequence[str]) -> list[str]:
    if source.origin is not None:
        return [str((base / source.origin).absolute())] * len(references)
    return [str((base / reference).absolute()) for reference in references]
