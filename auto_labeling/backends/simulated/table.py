"""Tables that people who are simulated need: CSV or Parquet, column by column."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO, Any

from auto_labeling.errors import DataError

_LONGEST = 2**31 - 1
"""Characters of a cell: the masks of a picture take more than the 131,072 that csv allows."""


def read_columns(path: Path, wanted: Collection[str]) -> dict[str, Sequence[Any]]:
    """Return name -> cells of a CSV or Parquet file; of Parquet only what is wanted.

    Cells of CSV are texts. Raises `DataError` that names the row.
    """
    return _parquet(path, wanted) if path.suffix == ".parquet" else _csv(path)


def _csv(path: Path) -> dict[str, Sequence[Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = _rows(file)
    except (ValueError, csv.Error) as error:
        raise DataError(f"{path}: expected a CSV file with a header ({error})") from error
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(f"{path}, row {number}: expected {len(header)} cells, got {len(row)}")
    return {name: [row[at] for row in rows] for at, name in enumerate(header)}


def _parquet(path: Path, wanted: Collection[str]) -> dict[str, Sequence[Any]]:
    import pyarrow as pa  # slow to import, and needed for this kind of file only
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{path}: expected a Parquet file ({error})") from error
    there = [name for name in table.column_names if name in wanted]
    return {name: table.column(name).to_pylist() for name in there}


def _rows(file: IO[str]) -> list[list[str]]:
    before = csv.field_size_limit(_LONGEST)
    try:
        return list(csv.reader(file))
    finally:
        csv.field_size_limit(before)
