"""Taking a source into a pool: each time a snapshot, written whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import write_folder_atomically
from auto_labeling.pool.additions import Addition, compare
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.source import Source, SourceRows
from auto_labeling.pool.stored import Snapshot, Written, folder_of, read_snapshot
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
    before = _before(rows, into, number)
    heldout = _heldout(rows, base, schema, before)
    addition = compare(rows, base, before, known_ids)
    if not len(addition.new):
        raise DataError(
            f"{settings.location}: expected new rows, but the pool holds {len(addition.known)} of "
            f"them already and {len(addition.new.quarantined)} cannot be used"
        )
    return _store(addition, {}, heldout, base, into, number)


def ingest_labeled(
    settings: Source,
    base: Path,
    into: Path,
    *,
    number: int,
    schema: LabelSchema,
    known_ids: Collection[ItemId] = (),
) -> Snapshot:
    """Take a labeled set in likewise; a row without a label of `schema` is quarantined.

    The labels of rows that the pool holds already are in `Snapshot.known_labels`; the snapshot is
    empty if it holds all of them.
    """
    rows = settings.read(base, schema)
    before = _before(rows, into, number)
    addition = compare(rows, base, before, known_ids)
    labels = rows.labels or ()
    known_labels = {item_id: str(labels[at]) for at, item_id in addition.known.items()}
    if not len(addition.new) and not known_labels:
        raise DataError(
            f"{settings.location}: not one label can be used; the ids belong to other items already"
        )
    return _store(addition, known_labels, None, base, into, number)


def _before(rows: SourceRows, into: Path, number: int) -> Pool | None:
    """Return the pool as it stands, if what is read can be added to it."""
    if number == 1:
        return None
    before = Pool.open(into, upto=number - 1)
    _refuse_other_features(rows, before)
    return before


def _heldout(
    rows: SourceRows, base: Path, schema: LabelSchema, before: Pool | None
) -> SourceRows | None:
    if before is not None:
        if rows.source.heldout not in (None, before.snapshots[0].source.heldout):
            raise ConfigurationError(
                "pool.heldout: expected it with the first source of a pool only, because what "
                f"judges is fixed when a campaign begins; got {rows.source.heldout!r} with a later"
            )
        return None
    heldout = rows.source.read_heldout(base, schema)
    if heldout is not None and heldout.features.shape[1] != rows.features.shape[1]:
        raise DataError(
            f"{heldout.source.location}: expected {rows.features.shape[1]} features, as in "
            f"{rows.source.location}, got {heldout.features.shape[1]}"
        )
    return heldout


def _store(
    addition: Addition,
    known_labels: Mapping[ItemId, str],
    heldout: SourceRows | None,
    base: Path,
    into: Path,
    number: int,
) -> Snapshot:
    folder = folder_of(into, number)
    written = Written(
        number=number,
        base=base,
        rows=addition.new,
        known=len(addition.known),
        known_labels=known_labels,
        heldout=heldout,
    )
    write_folder_atomically(folder, written.fill)
    return read_snapshot(folder)


def _refuse_other_features(rows: SourceRows, before: Pool) -> None:
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
