"""The pool: all snapshots as one, by position; payloads are read from the user's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.files import content_digest
from auto_labeling.pictures import Pictures
from auto_labeling.pool.rows import StackedRows
from auto_labeling.pool.source import Entry, Quarantined, items_of, pictures_of
from auto_labeling.pool.stored import (
    HELDOUT,
    Snapshot,
    StoredRows,
    read_rows,
    read_snapshot,
    rows_digest,
)
from auto_labeling.pool.twins import OneContent, one_content
from auto_labeling.records import Item, ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A run of positions that is worked on at once."""

    start: int
    stop: int
    digest: str
    """sha256 over the ids and contents in it: what is cached about them is filed under it."""

    @property
    def positions(self) -> slice:
        """Return what takes the shard's rows out of `Pool.features`."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pool:
    """Items by position, oldest snapshot first; positions never change as the pool grows."""

    snapshots: tuple[Snapshot, ...]
    parts: tuple[StoredRows, ...]
    """The rows of each snapshot."""
    heldout: StoredRows | None
    """The held-out rows, which are no items of the pool."""

    @classmethod
    def open(cls, folder: Path, *, upto: int | None = None) -> Pool:
        """Open the snapshots of a folder, or the first `upto`; features stay on disk."""
        found = sorted(folder.glob("snapshot-[0-9]*"))
        snapshots = sorted((read_snapshot(path) for path in found), key=lambda one: one.number)
        opened = tuple(one for one in snapshots if upto is None or one.number <= upto)
        numbers = [one.number for one in opened]
        last = max(1, len(opened)) if upto is None else upto
        if numbers != list(range(1, last + 1)):
            raise DataError(f"{folder}: expected the snapshots 1 to {last}, got {numbers}")
        first = opened[0]
        return cls(
            snapshots=opened,
            parts=tuple(read_rows(one.folder) for one in opened),
            heldout=read_rows(first.folder / HELDOUT) if first.heldout_size else None,
        )

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def ids(self) -> tuple[ItemId, ...]:
        """Return the id of every item."""
        return tuple(item_id for part in self.parts for item_id in part.ids)

    @cached_property
    def groups(self) -> tuple[str | None, ...]:
        """Return the group of every item, None where it has none."""
        return tuple(group for part in self.parts for group in part.groups)

    @cached_property
    def content_hashes(self) -> tuple[str, ...]:
        """Return the sha256 of what every item holds."""
        return tuple(content_hash for part in self.parts for content_hash in part.content_hashes)

    @cached_property
    def contents(self) -> OneContent:
        """Return what splits know the contents by: those that read the same are one."""
        held = self.heldout
        return one_content(
            self.content_hashes,
            [twin for part in self.parts for twin in part.twins],
            () if held is None else held.content_hashes,
            () if held is None else held.twins,
        )

    @cached_property
    def labels(self) -> tuple[str | None, ...]:
        """Return the labels that came with the source; None where there was none."""
        return tuple(label for part in self.parts for label in part.labels)

    @cached_property
    def features(self) -> NDArray[np.float32] | StackedRows:
        """Return (n, d): a memory map, or several seen as one."""
        if len(self.parts) == 1:
            return self.parts[0].features
        return StackedRows(tuple(part.features for part in self.parts))

    @property
    def digest(self) -> str:
        """Return the sha256 over the snapshots: 64 hex digits."""
        return content_digest([snapshot.digest for snapshot in self.snapshots])

    def position_of(self, item_id: ItemId) -> int:
        """Return where an item stands."""
        if item_id not in self._positions:
            raise DataError(f"item {item_id!r} is not in the pool of {len(self)} items")
        return self._positions[item_id]

    def items(self, positions: Sequence[int] | NDArray[Any]) -> list[Item]:
        """Return items with their payloads, in order; `DataError` if one is not as it was."""
        items, quarantined = self.check(positions)
        if quarantined:
            first = quarantined[0]
            raise DataError(
                f"{first.where} (item {first.item_id!r}; {len(quarantined)} in all): {first.reason}"
            )
        return items

    def check(
        self, positions: Sequence[int] | NDArray[Any]
    ) -> tuple[list[Item], list[Quarantined]]:
        """Return items with their payloads, in order, and those whose payloads are gone or other.

        A source is read once a call, so one call for many items is much cheaper than many calls.
        """
        wanted = [self._checked(int(at)) for at in positions]
        items: dict[ItemId, Item] = {}
        quarantined: list[Quarantined] = []
        for part, snapshot in enumerate(self.snapshots):
            entries = [self._entry(at) for at in wanted if self._part_of(at) == part]
            if entries:
                good, bad = items_of(snapshot.source, snapshot.base, entries)
                items.update((item.item_id, item) for item in good)
                quarantined += bad
        return [items[self.ids[at]] for at in wanted if self.ids[at] in items], quarantined

    def pictures(self, positions: Sequence[int] | NDArray[Any]) -> Pictures:
        """Return the files of items that are pictures, in order, without opening one.

        `DataError` for an item that is none, or none on this machine.
        """
        wanted = np.array([self._checked(int(at)) for at in positions], dtype=np.intp)
        parts = np.searchsorted(self._ends, wanted, side="right")
        found: dict[int, Path] = {}
        for part in np.unique(parts):
            snapshot, here = self.snapshots[part], wanted[parts == part]
            rows = here - (self._ends[part - 1] if part else 0)
            references = [self.parts[part].references[row] for row in rows]
            paths = pictures_of(snapshot.source, snapshot.base, references)
            found.update(zip(here.tolist(), paths, strict=True))
        return Pictures(tuple(found[at] for at in wanted.tolist()))

    def heldout_pictures(self) -> Pictures:
        """Return the files of the held-out rows, in order, likewise; none where there are none."""
        first = self.snapshots[0]
        if self.heldout is None or first.heldout_source is None:
            return Pictures(())
        return Pictures(
            tuple(pictures_of(first.heldout_source, first.base, self.heldout.references))
        )

    def where(self, position: int) -> str:
        """Return the words that lead a person to an item: where it lies, and its id."""
        snapshot = self.snapshots[self._part_of(self._checked(position))]
        entry = self._entry(position)
        return f"{snapshot.source.where(entry.reference)} (item {entry.item_id!r})"

    def heldout_items(self) -> tuple[list[Item], list[Quarantined]]:
        """Return the held-out rows with what they hold, in order, and those that are gone or other.

        Where their source is not known, as in pools of arrays of old, there are none of either.
        """
        first, held = self.snapshots[0], self.heldout
        if held is None or first.heldout_source is None:
            return [], []
        entries = [
            Entry(item_id=item, reference=reference, group=None, content_hash=content_hash)
            for item, reference, content_hash in zip(
                held.ids, held.references, held.content_hashes, strict=True
            )
        ]
        return items_of(first.heldout_source, first.base, entries)

    def check_heldout(self) -> list[Quarantined]:
        """Return the held-out rows that are gone, or other than they were."""
        return self.heldout_items()[1]

    def kinds(self) -> frozenset[str]:
        """Return what the items are: `image`, `text`, `row`; those of one snapshot are alike."""
        ends = [0, *map(int, self._ends[:-1])]
        firsts = [at for at, part in zip(ends, self.parts, strict=True) if part.ids]
        return frozenset(item.kind for item in self.items(firsts))

    def by_snapshot(self) -> Iterator[tuple[Snapshot, StoredRows]]:
        """Yield every snapshot with the rows that it added."""
        yield from zip(self.snapshots, self.parts, strict=True)

    def shards(self, size: int) -> Iterator[Shard]:
        """Yield runs of up to `size` positions that cover the pool."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            digest = rows_digest(self.ids[start:stop], self.content_hashes[start:stop])
            yield Shard(start=start, stop=stop, digest=digest)

    @cached_property
    def _positions(self) -> dict[ItemId, int]:
        return {item_id: at for at, item_id in enumerate(self.ids)}

    @cached_property
    def _ends(self) -> NDArray[np.intp]:
        return np.cumsum([len(part.ids) for part in self.parts])

    def _part_of(self, position: int) -> int:
        return int(np.searchsorted(self._ends, position, side="right"))

    def _checked(self, position: int) -> int:
        if not 0 <= position < len(self):
            raise DataError(f"position {position} is not in the pool of {len(self)} items")
        return position

    def _entry(self, position: int) -> Entry:
        part = self._part_of(position)
        row = position - (int(self._ends[part - 1]) if part else 0)
        stored = self.parts[part]
        return Entry(
            item_id=stored.ids[row],
            reference=stored.references[row],
            group=stored.groups[row],
            content_hash=stored.content_hashes[row],
        )
