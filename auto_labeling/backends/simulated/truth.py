"""What is true of each item: what simulated people are right or wrong about."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.value import names_in_cell
from auto_labeling.records import ItemId, LabelSchema, Value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The true value of every item of a pool."""

    path: Path
    rows: Mapping[ItemId, int]
    codes: NDArray[np.int32]
    """(rows,) positions in `values`."""
    values: tuple[Value, ...]

    def __contains__(self, item: object) -> bool:
        return item in self.rows

    def __getitem__(self, item: ItemId) -> Value:
        return self.values[int(self.codes[self.rows[item]])]

    def check(self, schema: LabelSchema) -> None:
        """Raise `DataError` where a true value cannot be an answer by `schema`."""
        for value in self.values:
            named = {value} if isinstance(value, str) else set(value)
            if strange := sorted(str(name) for name in named - set(schema.classes)):
                raise DataError(
                    f"{self.path}: expected labels out of {list(schema.classes)}, got {strange}"
                )


def read(path: Path, item_ids: Callable[[], Sequence[ItemId]], task: str) -> Truth:
    """Return the truth that a CSV or Parquet file with the columns `id` and `label` holds.

    Without `id` the rows are those of the pool, in its order. A file is read once a process.
    """
    try:
        stamp = path.stat()
    except OSError as error:
        raise ConfigurationError(f"truth: cannot read {path} ({error.strerror})") from error
    table = _table(path, stamp.st_mtime_ns, stamp.st_size, task)
    return table if table.rows else _in_pool_order(table, tuple(item_ids()))


@lru_cache(maxsize=4)
def _table(path: Path, _modified: int, _size: int, task: str) -> Truth:
    columns = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    if "label" not in columns:
        raise DataError(f"{path}: expected a column 'label', got {sorted(columns)}")
    values: dict[Value, int] = {}
    codes = [
        values.setdefault(_value(cell, task, f"{path}, row {row}"), len(values))
        for row, cell in enumerate(columns["label"], 1)
    ]
    ids = [str(one) for one in columns.get("id", ())]
    return Truth(
        path=path,
        rows=_positions(ids, path),
        codes=np.array(codes, dtype=np.int32),
        values=tuple(values),
    )


@lru_cache(maxsize=4)
def _in_pool_order(table: Truth, ids: tuple[ItemId, ...]) -> Truth:
    if len(ids) != len(table.codes):
        raise DataError(
            f"{table.path}: expected a label for each of the {len(ids)} items of the pool, "
            f"got {len(table.codes)}; add rows, or a column 'id'"
        )
    rows = {item: row for row, item in enumerate(ids)}
    return Truth(path=table.path, rows=rows, codes=table.codes, values=table.values)


def _csv(path: Path) -> dict[str, Sequence[Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = csv.reader(file)
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV file with a header ({error})") from error
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(f"{path}, row {number}: expected {len(header)} cells, got {len(row)}")
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def _parquet(path: Path) -> dict[str, Sequence[Any]]:
    import pyarrow as pa  # slow to import, and needed for this kind of file only
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{path}: expected a Parquet file ({error})") from error
    wanted = [name for name in ("id", "label") if name in table.column_names]
    return {name: table.column(name).to_pylist() for name in wanted}


def _value(cell: Any, task: str, where: str) -> Value:
    if task == "multi":
        try:
            return tuple(names_in_cell(cell))
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
    if cell is None or cell == "":
        raise DataError(f"{where}: the label is missing")
    return str(cell)


def _positions(ids: Sequence[ItemId], path: Path) -> dict[ItemId, int]:
    rows = {item: row for row, item in enumerate(ids)}
    if len(rows) != len(ids):
        first = next(item for row, item in enumerate(ids) if rows[item] != row)
        raise DataError(f"{path}: the id {first!r} stands in two rows")
    return rows
