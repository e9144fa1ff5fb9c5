"""The pool kind `arrays`: rows of numbers in npy or npz files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from auto_labeling.errors import ConfigurationError
from auto_labeling.pool.columns import row_name, table_suffix
from auto_labeling.pool.npy import array_candidates, open_features, split_reference
from auto_labeling.pool.rows import ArrayRows, row_hashes
from auto_labeling.pool.screen import screen
from auto_labeling.pool.source import Payload, SourceRows
from auto_labeling.pool.table import Table
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Arrays of one length, each `FILE.npy`, `FILE.npz:KEY`, or a key of the features' npz.

    An npy is never in memory as a whole; an npz is. More than two dimensions are flattened.
    """

    features: str
    ids: str | None = None
    groups: str | None = None
    labels: str | None = None
    heldout: str | None = None
    """A table whose numeric columns are the features in order, or an npz with X and y."""

    def __post_init__(self) -> None:
        if not self.features:
            raise ConfigurationError("pool.features: expected an npy or npz file, got nothing")

    @property
    def location(self) -> str:
        """Return the reference of the features."""
        return self.features

    @property
    def origin(self) -> str | None:
        """Return the file, because rows move when others are put in front."""
        return self.features

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the usable rows of the arrays."""
        found = array_candidates(
            self,
            base,
            features=self.features,
            ids=self.ids,
            groups=self.groups,
            labels=self.labels,
        )
        return screen(found, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out rows; a table's columns are id, group, label and the features."""
        if self.heldout is None:
            return None
        if table_suffix(Path(split_reference(self.heldout)[0])) != ".npz":
            return Table(path=self.heldout).read(base, schema)
        return Arrays(features=f"{self.heldout}:X", labels="y").read(base, schema)

    def where(self, reference: str) -> str:
        """Return the file and the row, counted from 1."""
        return row_name(split_reference(self.features)[0], reference)

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the rows again; people are shown the numbers x0, x1, ..."""
        array = open_features(self.features, base)
        rows = [int(reference) - 1 for reference in references]
        taken = np.array([row for row in rows if row < len(array)], dtype=np.intp)
        present = _shown(ArrayRows(array=array, keep=taken))
        for row in rows:
            yield next(present) if row < len(array) else None

    def paths(
        self,
        base: Path,  # noqa: ARG002 - no row is a file
        references: Sequence[str],
    ) -> Iterator[None]:
        """Yield None throughout: a row of numbers is no picture."""
        return iter([None] * len(references))


def _shown(rows: ArrayRows) -> Iterator[Payload]:
    for block in rows.chunks():
        names = [f"x{at}" for at in range(block.shape[1])]
        for content_hash, row in zip(row_hashes(block), block.astype(float).tolist(), strict=True):
            yield Payload(content_hash=content_hash, row=dict(zip(names, row, strict=True)))
