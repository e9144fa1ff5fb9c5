"""Taking a source into a pool: each time a snapshot, written whole or not at all."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from auto_labeling.errors import DataError
from auto_labeling.files import write_folder_atomically
from auto_labeling.pool.additions import only_new
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.source import Source, SourceRows
from auto_labeling.pool.stored import Snapshot, folder_of, read_snapshot, write_snapshot
from auto_labeling.records import ItemId, LabelSchema


def ingest(
    settings: Source,
    base: Path,
    into: Path,
    *,
    number: int,
    schema: LabelSchema,
    known_ids: Collection[ItemId] = (),
) -> Snapshot:
    """Take the rows of a source into the pool at `into`, as its snapshot `number`.

    Running it again while the source is as it was changes no byte; if the source has changed, what
    was written under that number is replaced, so a number that the ledger knows is never ingested
    again. `known_ids` are taken by items elsewhere. Held-out rows are read with the first snapshot
    only: what judges a campaign is fixed when it begins.
    """
    rows = settings.read(base)
    heldout = rows.source.read_heldout(base, schema) if number == 1 else None
    return _store(rows, heldout, base, into, number, known_ids)


def ingest_labeled(
    settings: Source,
    base: Path,
    into: Path,
    *,
    number: int,
    schema: LabelSchema,
    known_ids: Collection[ItemId] = (),
) -> Snapshot:
    """Take a labeled set in likewise; a row without a label of `schema` is quarantined."""
    return _store(settings.read(base, schema), None, base, into, number, known_ids)


def _store(
    rows: SourceRows,
    heldout: SourceRows | None,
    base: Path,
    into: Path,
    number: int,
    known_ids: Collection[ItemId],
) -> Snapshot:
    before = Pool.open(into, upto=number - 1) if number > 1 else None
    _refuse_other_features(rows, before)
    if heldout is not None and heldout.features.shape[1] != rows.features.shape[1]:
        raise DataError(
            f"{heldout.source.location}: expected {rows.features.shape[1]} features, as in "
            f"{rows.source.location}, got {heldout.features.shape[1]}"
        )
    new, known = only_new(rows, base, before, known_ids)
    folder = folder_of(into, number)
    write_folder_atomically(
        folder, lambda partial: write_snapshot(partial, number, base, new, known, heldout)
    )
    return read_snapshot(folder)


def _refuse_other_features(rows: SourceRows, before: Pool | None) -> None:
    if before is None:
        return
    first = before.snapshots[0]
    got, expected = rows.feature_names, first.feature_names
    if rows.features.shape[1] != first.width:
        got, expected = None, None
    elif got is None or expected is None or got == expected:
        return
    raise DataError(
        f"{rows.source.location}: expected the features of the pool, "
        f"{list(expected) if expected else first.width}, "
        f"got {list(got) if got else rows.features.shape[1]}"
    )
