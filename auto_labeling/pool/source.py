"""What every pool kind promises, and the columns it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.pool.rows import Rows
from auto_labeling.records import Item, ItemId, LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A row or file that was left out, and why. The reason never repeats what it holds."""

    where: str
    item_id: ItemId | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a pool's index: who an item is and where its payload lies."""

    item_id: ItemId
    reference: str
    """A path, or the number of a row in its file."""
    group: str | None
    content_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What people are shown of a row, read anew: exactly one of `uri`, `text` and `row`."""

    content_hash: str
    uri: str | None = None
    text: str | None = None
    row: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceRows:
    """The usable rows of a source, as parallel columns in the order of the source."""

    source: Source
    """The settings with every choice made, so that they read the same rows another time."""
    ids: Sequence[ItemId]
    derived: bool
    """Whether the ids were derived from the content, because the user gave none."""
    references: Sequence[str]
    groups: Sequence[str | None]
    content_hashes: Sequence[str]
    features: Rows
    feature_names: tuple[str, ...] | None = None
    labels: Sequence[str | None] | None = None
    twins: Sequence[str] | None = None
    """Equal where contents are the same to a reader; None: only where they are the same."""
    quarantined: tuple[Quarantined, ...] = ()

    def __post_init__(self) -> None:
        columns = (
            self.references,
            self.groups,
            self.content_hashes,
            self.labels or self.ids,
            self.twins or self.ids,
        )
        lengths = [len(self.ids), *(len(column) for column in columns), self.features.shape[0]]
        if len(set(lengths)) > 1:
            raise DataError(f"source rows: expected columns of one length, got {lengths}")

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, keep: NDArray[np.intp]) -> SourceRows:
        """Return the rows at these positions; what was quarantined stays."""
        return replace(
            self,
            ids=[self.ids[at] for at in keep],
            references=[self.references[at] for at in keep],
            groups=[self.groups[at] for at in keep],
            content_hashes=[self.content_hashes[at] for at in keep],
            labels=None if self.labels is None else [self.labels[at] for at in keep],
            twins=None if self.twins is None else [self.twins[at] for at in keep],
            features=self.features.take(keep),
        )


class Source(Protocol):
    """A pool kind: the class a row of the pool's `TABLE` names, its fields the YAML keys.

    A row that cannot be used is quarantined by name; a source that cannot be used is `DataError`.
    Nothing is unpickled, nothing is downloaded, and no payload is kept.
    """

    @property
    def heldout(self) -> str | None:
        """Where the held-out rows lie, if the settings name any."""
        ...

    @property
    def location(self) -> str:
        """What was named, for people: a path or pattern."""
        ...

    @property
    def origin(self) -> str | None:
        """What tells a row from its copy elsewhere: a file, or None for each reference."""
        ...

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the usable rows; relative paths are relative to `base`.

        With a `schema` the rows are a labeled set: one that has no label, or an unknown one, is
        quarantined. Without, labels are passed on as they stand.
        """
        ...

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out rows with labels; None where the settings name none."""
        ...

    def where(self, reference: str) -> str:
        """Return the words that lead a person to a row."""
        ...

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read what these rows hold now, in order; None for one that cannot be read any more."""
        ...

    def paths(self, base: Path, references: Sequence[str]) -> Iterator[Path | None]:
        """Say where the pictures of these rows lie, in order; None for a row that is no file here.

        The paths are absolute. No picture is opened, so a file may be gone.
        """
        ...


def pictures_of(source: Source, base: Path, references: Sequence[str]) -> list[Path]:
    """Return where the pictures of some rows lie, in order; `DataError` where one is no file."""
    found = []
    for reference, path in zip(references, source.paths(base, references), strict=True):
        if path is None:
            raise DataError(
                f"{source.where(reference)}: expected a picture file on this machine, and it is "
                "none; a model of pictures needs a pool of pictures"
            )
        found.append(path)
    return found


def items_of(
    source: Source, base: Path, entries: Sequence[Entry]
) -> tuple[list[Item], list[Quarantined]]:
    """Read the payloads of some entries again, in order.

    An item whose payload is gone, or is no longer what was taken into the pool, is quarantined:
    an answer about it would be filed under content that nobody saw.
    """
    items, quarantined = [], []
    payloads = source.payloads(base, [entry.reference for entry in entries])
    for entry, payload in zip(entries, payloads, strict=True):
        if payload is None or payload.content_hash != entry.content_hash:
            what = "is gone" if payload is None else "has changed"
            reason = f"it {what} since it was taken into the pool; put it back as it was"
            where = source.where(entry.reference)
            quarantined.append(Quarantined(where=where, item_id=entry.item_id, reason=reason))
            continue
        items.append(
            Item(
                item_id=entry.item_id,
                uri=payload.uri,
                text=payload.text,
                row=payload.row,
                group=entry.group,
                content_hash=entry.content_hash,
            )
        )
    return items, quarantined
