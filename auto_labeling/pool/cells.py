"""Cells of a table or array as text, as numbers, and as what people are shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.pool.columns import Columns

NUMERIC_SHARE = 0.9
"""Of a text column's filled cells, how many must be numbers for it to be a feature by default."""


def name_of(value: Any) -> str | None:
    """Return the name that an id, group or class cell holds; None where it is empty.

    >>> name_of(3.0), name_of(np.int64(3)), name_of(" cat "), name_of(float("nan")), name_of("")
    ('3', '3', 'cat', None, None)
    """
    if value is None:
        return None
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, bytes):
        plain = plain.decode("utf-8", "replace")
    if isinstance(plain, float):
        if math.isnan(plain):
            return None
        if plain.is_integer():
            plain = int(plain)
    return str(plain).strip() or None


def names_in(columns: Columns, name: str, key: str) -> list[str | None]:
    """Return the ids, groups or classes of a column."""
    return [name_of(value) for value in _flat(columns, name, key).to_pylist()]


def texts_in(columns: Columns, name: str, key: str) -> list[str]:
    """Return the texts of a column as they stand; empty where there is none."""
    column = _flat(columns, name, key)
    if not _is_text(column.type):
        column = column.cast(pa.string())
    return [value or "" for value in column.to_pylist()]


def numbers_in(columns: Columns, name: str, key: str) -> NDArray[np.float64]:
    """Return (n,) numbers; NaN where a cell is empty or no number."""
    column = _flat(columns, name, key)
    if _is_text(column.type):
        return _parsed(column)
    if not _is_number(column.type):
        raise DataError(f"{columns.path}: column {name!r} ({key}) holds {column.type}, not numbers")
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)


def numeric_names(columns: Columns, leave_out: Sequence[str | None]) -> tuple[str, ...]:
    """Return the columns that hold numbers, in the order of the file."""
    found = []
    for name in columns.names:
        column = columns.table.column(name)
        if name in leave_out:
            continue
        if _is_text(column.type):
            filled = sum(bool(cell and cell.strip()) for cell in column.to_pylist())
            numbers = int(np.count_nonzero(~np.isnan(_parsed(column))))
            if filled and numbers >= NUMERIC_SHARE * filled:
                found.append(name)
        elif _is_number(column.type):
            found.append(name)
    return tuple(found)


def shown(value: Any) -> Any:
    """Return a cell as plain JSON, for people to look at."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _is_text(kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _flat(columns: Columns, name: str, key: str) -> Any:
    column = columns.column(name, key)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
        raise DataError(
            f"{columns.path}: expected one value a cell in column {name!r} ({key}), "
            f"got {column.type}"
        )
    return column


def _is_number(kind: Any) -> bool:
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(test(kind) for test in tests)


def _parsed(column: Any) -> NDArray[np.float64]:
    trimmed = pc.utf8_trim_whitespace(column)
    filled = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, trimmed.type), trimmed)
    try:
        return np.asarray(filled.cast(pa.float64()).to_numpy(), dtype=np.float64)
    except pa.ArrowInvalid:
        return np.array([_number(cell) for cell in filled.to_pylist()], dtype=np.float64)


def _number(cell: str | None) -> float:
    try:
        return float(cell) if cell else math.nan
    except ValueError:
        return math.nan
