"""CSV, JSONL and Parquet files as columns, with the rows that could not be parsed named."""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from auto_labeling.errors import DataError
from auto_labeling.pool.source import Quarantined


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """A table file in memory; column order is the file's."""

    path: Path
    table: Any
    """A pyarrow table; the columns of CSV files are text."""
    rows: NDArray[np.int64]
    """(n,) where each row stands in the file, counted from 1 below any header."""
    quarantined: tuple[Quarantined, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(self.table.column_names)

    def column(self, name: str, key: str) -> Any:
        """Return the column that `key` of the settings names."""
        if name not in self.names:
            raise DataError(
                f"{self.path}: expected a column {name!r} ({key}), got {list(self.names)}"
            )
        return self.table.column(name)


def read_columns(path: Path) -> Columns:
    """Read a whole .csv, .tsv, .jsonl (each may end in .gz) or .parquet file."""
    readers: Mapping[str, Callable[[Path], Columns]] = {
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".jsonl": _read_jsonl,
        ".ndjson": _read_jsonl,
        ".parquet": _read_parquet,
    }
    reader = readers.get(table_suffix(path))
    if reader is None:
        raise DataError(f"{path}: expected a file ending in {', '.join(readers)}")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; mend the path, or put the file there")
    try:
        columns = reader(path)
    except PermissionError:
        raise DataError(f"{path}: this user may not read it; grant read access") from None
    if len(set(columns.names)) < len(columns.names):
        raise DataError(f"{path}: a column name occurs twice in {list(columns.names)}")
    return columns


def table_suffix(path: Path) -> str:
    """Return what a file's name says of its format.

    >>> table_suffix(Path("reviews.CSV.gz"))
    '.csv'
    """
    named = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return named.suffix.lower()


def _read_csv(path: Path) -> Columns:
    skipped: list[tuple[int, int, int]] = []

    def skip(row: Any) -> str:
        if row.number is not None:
            skipped.append((row.number - 1, row.expected_columns, row.actual_columns))
        return "skip"

    delimiter = "\t" if table_suffix(path) == ".tsv" else ","
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=skip)
    with _opened(path) as file:
        content = file.read()
    _expect_closed_quotes(path, content, delimiter)
    try:
        with csv.open_csv(pa.BufferReader(content), parse_options=parse) as peek:
            names = peek.schema.names
        skipped.clear()
        table = csv.read_csv(
            pa.BufferReader(content),
            parse_options=parse,
            read_options=csv.ReadOptions(use_threads=False),  # or rows have no numbers
            # Text, because "007" is an id and not seven.
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        _refuse(path, "CSV in UTF-8 with a header line")
    quarantined = tuple(
        Quarantined(
            where=row_name(path, row),
            item_id=None,
            reason=f"it has {got} fields where the header has {expected}",
        )
        for row, expected, got in skipped
    )
    every = np.arange(1, table.num_rows + len(skipped) + 1)
    rows = np.setdiff1d(every, [row for row, _, _ in skipped])
    return Columns(path=path, table=table, rows=rows, quarantined=quarantined)


def _expect_closed_quotes(path: Path, content: bytes, delimiter: str) -> None:
    """Raise `DataError` where a stray quote takes the rows below into its cell."""
    text = b"\n" + content.removeprefix(codecs.BOM_UTF8)
    closed = re.match(_closed_quotes(delimiter), text)
    at = len(text) if closed is None else closed.end()
    if at < len(text):
        line = len(text[: at + 1].splitlines()) - 1
        raise DataError(
            f"{path}, line {line}: expected the quote that opens a cell there to be closed at the "
            "end of the cell, got the lines below in the same cell; close it, or delete it"
        )


def _closed_quotes(delimiter: str) -> bytes:
    """Return a pattern of all that comes before a cell whose quote is not closed.

    A quote within a cell is text, as it is to the parser; a cell of one line may go on after it.
    """
    border = rf"[{delimiter}\r\n]"
    no_quote, within = r'[^"]++', rf'(?<!{border})"'
    one_line = r'"[^"\r\n]*+(?:""[^"\r\n]*+)*+"'
    lines = rf'"[^"]*+(?:""[^"]*+)*+"(?={border}|\Z)'
    return f"(?:{no_quote}|{within}|{one_line}|{lines})*+".encode()


def _read_jsonl(path: Path) -> Columns:
    records: list[Mapping[str, Any]] = []
    rows: list[int] = []
    quarantined = []
    for row, line in _numbered_lines(path):
        record = _json_object(line)
        if record is None:
            reason = "it is not a JSON object in UTF-8"
            quarantined.append(Quarantined(where=row_name(path, row), item_id=None, reason=reason))
        else:
            records.append(record)
            rows.append(row)
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: _json_column([record.get(name) for record in records]) for name in names}
    return Columns(
        path=path,
        table=pa.table(columns),
        rows=np.array(rows, dtype=np.int64),
        quarantined=tuple(quarantined),
    )


def _read_parquet(path: Path) -> Columns:
    try:
        table = parquet.ParquetFile(path).read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        _refuse(path, "a whole Parquet file")
    return Columns(path=path, table=table, rows=np.arange(1, table.num_rows + 1))


def row_name(path: Path | str, row: int | str) -> str:
    """Return the words that lead a person to a row of a table."""
    return f"{Path(path).name}, row {row}"


def _refuse(path: Path, expected: str) -> NoReturn:
    # The parser's own message quotes the row, which may be sealed.
    raise DataError(f"{path}: expected {expected}; it cannot be parsed as that") from None


def _numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with _opened(path) as file:
        for row, line in enumerate(file, start=1):
            if line.strip():
                yield row, line


@contextmanager
def _opened(path: Path) -> Iterator[BufferedIOBase]:
    """Open a file to read what it holds, unpacked. Raises `DataError` for half a gzip file."""
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            yield file
    except (gzip.BadGzipFile, EOFError, zlib.error):
        _refuse(path, "a whole gzip file")


def _json_object(line: bytes) -> Mapping[str, Any] | None:
    try:
        record = json.loads(line.decode("utf-8-sig"))
        json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _json_column(values: Sequence[Any]) -> Any:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Kinds are mixed, as in ids 7 and "7b": text keeps every one of them.
        return pa.array([None if v is None else _json_text(v) for v in values], pa.string())


def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
