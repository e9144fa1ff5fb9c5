"""The files in which opinions are recorded, and how their columns are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from auto_labeling.backends.simulated.table import read_columns
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import ItemId, PersonId

COLUMNS = ("item", "worker", "label", "seconds", "x1", "y1", "x2", "y2", "width", "height")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table, by our names of its columns."""

    where: str
    """Its file and number."""
    cells: Mapping[str, Any]

    @property
    def item(self) -> ItemId:
        """What it is about."""
        return str(self.cells["item"])

    @property
    def worker(self) -> PersonId:
        """Whose it is."""
        return str(self.cells["worker"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """Tables of opinions, of the sizes of pictures, and of who was asked about what."""

    answers: Path
    images: Path | None = None
    assignments: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name of a column -> the files'; those that are left out are called as here."""
    where: Mapping[str, str] = field(default_factory=dict)
    """Column of the files -> the text in the rows that count."""

    def __post_init__(self) -> None:
        files = [path for path in (self.answers, self.assignments, self.images) if path is not None]
        for name in self.where:
            if not any(name in self._columns(path) for path in files):
                raise ConfigurationError(f"where: expected a column of the files, got {name!r}")

    def names(self, path: Path) -> frozenset[str]:
        """Return which of our columns a table has."""
        there = self._columns(path)
        return frozenset(name for name in COLUMNS if self._called(name) in there)

    def rows(self, path: Path, wanted: Sequence[str], more: Sequence[str] = ()) -> Iterator[Row]:
        """Yield the rows that count, with the wanted columns and those of `more` that are there.

        Raises `DataError` where a wanted column is missing.
        """
        columns = self._columns(path)
        for name in wanted:
            if self._called(name) not in columns:
                raise DataError(
                    f"{path}: expected a column {self._called(name)!r}, got {sorted(columns)}; "
                    f"say under `columns` how {name} is called"
                )
        told = {
            name: columns[self._called(name)]
            for name in (*wanted, *more)
            if self._called(name) in columns
        }
        kept = {name: columns[name] for name in self.where if name in columns}
        for at in range(len(told[wanted[0]])):
            if all(str(cells[at]) == self.where[name] for name, cells in kept.items()):
                cells = {name: column[at] for name, column in told.items()}
                yield Row(where=f"{path.name}, row {at + 1}", cells=cells)

    def _columns(self, path: Path) -> Mapping[str, Sequence[Any]]:
        try:
            stamp = path.stat()
        except OSError as error:
            raise ConfigurationError(f"cannot read {path} ({error.strerror})") from error
        wanted = frozenset({*map(self._called, COLUMNS), *self.where})
        return _table(path, stamp.st_mtime_ns, stamp.st_size, wanted)

    def _called(self, name: str) -> str:
        return self.columns.get(name, name)


@lru_cache(maxsize=4)
def _table(
    path: Path, _modified: int, _size: int, wanted: frozenset[str]
) -> Mapping[str, Sequence[Any]]:
    return read_columns(path, wanted)
