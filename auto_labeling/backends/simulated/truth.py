"""What is true of each item: what simulated people are right or wrong about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from auto_labeling.backends.simulated.naming import known_as
from auto_labeling.backends.simulated.table import read_columns
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.coco_reading import CocoPicture, read_coco
from auto_labeling.formats.drawn import DrawnTask
from auto_labeling.formats.value import decode_value, names_in_cell
from auto_labeling.records import ItemId, LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon

_FORMS: Mapping[str, tuple[type, ...]] = {
    "boxes": (Box, Polygon),  # somebody turned a box
    "polygons": (Polygon,),
    "masks": (Mask,),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The true value of every item of a pool."""

    path: Path
    rows: Mapping[ItemId, int]
    codes: NDArray[np.int32]
    """(rows,) positions in `values`."""
    values: tuple[Value, ...]
    places: Mapping[ItemId, str] | None = None
    """Where the picture of each item lies, if rows are named by the ends of these paths."""

    def __contains__(self, item: object) -> bool:
        return isinstance(item, str) and self._row(item) is not None

    def __getitem__(self, item: ItemId) -> Value:
        row = self._row(item)
        if row is None:
            raise KeyError(item)
        return self.values[int(self.codes[row])]

    def check(self, schema: LabelSchema) -> None:
        """Raise `DataError` where a true value cannot be an answer by `schema`."""
        for value in self.values:
            parts = {value} if isinstance(value, str) else set(value)
            named = {part if isinstance(part, str) else part.label for part in parts}
            if strange := sorted(str(name) for name in named - set(schema.classes)):
                raise DataError(
                    f"{self.path}: expected labels out of {list(schema.classes)}, got {strange}"
                )
            forms = _FORMS.get(schema.task, (str,))
            if wrong := [part for part in parts if not isinstance(part, forms)]:
                raise DataError(
                    f"{self.path}: expected {schema.task}, got a {type(wrong[0]).__name__.lower()}"
                )

    def _row(self, item: ItemId) -> int | None:
        if self.places is None:
            return self.rows.get(item)
        name = known_as(item, self.places.get(item), self.rows)
        return None if name is None else self.rows[name]


def of_pool(labels: Mapping[ItemId, str], task: str) -> Truth:
    """Return as the truth the labels that came with the pool."""
    where = Path("pool")
    values = [_value(label, task, f"item {item!r}") for item, label in labels.items()]
    return Truth(
        path=where,
        rows={item: row for row, item in enumerate(labels)},
        codes=np.arange(len(values), dtype=np.int32),
        values=tuple(values),
    )


def read(
    path: Path,
    item_ids: Callable[[], Sequence[ItemId]],
    task: str,
    places: Callable[[], Mapping[ItemId, str]] = dict,
) -> Truth:
    """Return the truth that a CSV or Parquet file with the columns `id` and `label` holds.

    Without `id` the rows are those of the pool, in its order. Where the task is to draw, a label is
    the JSON of `formats.value.encode_value`, or the file is COCO's (.json), whose pictures are
    found by where those of the pool lie, or by their ids; an object in it that nobody could draw,
    such as a crowd, is left out. A file is read once a process.
    """
    try:
        stamp = path.stat()
    except OSError as error:
        raise ConfigurationError(f"truth: cannot read {path} ({error.strerror})") from error
    if path.suffix == ".json":
        drawn = _coco(path, stamp.st_mtime_ns, stamp.st_size, task)
        return replace(drawn, places=places())
    table = _table(path, stamp.st_mtime_ns, stamp.st_size, task)
    return table if table.rows else _in_pool_order(table, tuple(item_ids()))


@lru_cache(maxsize=4)
def _table(path: Path, _modified: int, _size: int, task: str) -> Truth:
    columns = read_columns(path, ("id", "label"))
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
def _coco(path: Path, _modified: int, _size: int, task: str) -> Truth:
    if task not in _FORMS:
        raise DataError(f"{path}: COCO holds what is drawn, and here the task is {task!r}")
    try:
        pictures = read_coco(path.read_text(encoding="utf-8")).pictures
    except (DataError, UnicodeError) as error:
        raise DataError(f"{path}: {error}") from error
    values = [_drawn(picture, cast(DrawnTask, task), path) for picture in pictures]
    return Truth(
        path=path,
        rows=_positions([picture.name for picture in pictures], path),
        codes=np.arange(len(values), dtype=np.int32),
        values=tuple(values),
    )


def _drawn(picture: CocoPicture, task: DrawnTask, path: Path) -> Value:
    try:
        return picture.drawn(task).shapes
    except DataError as error:
        raise DataError(f"{path}, {picture.name}: {error}") from error


@lru_cache(maxsize=4)
def _in_pool_order(table: Truth, ids: tuple[ItemId, ...]) -> Truth:
    if len(ids) != len(table.codes):
        raise DataError(
            f"{table.path}: expected a label for each of the {len(ids)} items of the pool, "
            f"got {len(table.codes)}; add rows, or a column 'id'"
        )
    rows = {item: row for row, item in enumerate(ids)}
    return Truth(path=table.path, rows=rows, codes=table.codes, values=table.values)


def _value(cell: Any, task: str, where: str) -> Value:
    if task == "multi":
        try:
            return tuple(names_in_cell(cell))
        except DataError as error:
            raise DataError(f"{where}: {error}") from error
    if cell is None or cell == "":
        raise DataError(f"{where}: the label is missing")
    if task not in _FORMS:
        return str(cell)
    try:
        value = decode_value(cell)
    except (ValueError, TypeError, DataError) as error:
        raise DataError(
            f"{where}: expected the JSON of shapes, got {cell!r:.60} ({error})"
        ) from error
    if isinstance(value, str):
        raise DataError(f"{where}: expected the JSON of shapes, got {cell!r:.60}")
    return value


def _positions(ids: Sequence[ItemId], path: Path) -> dict[ItemId, int]:
    rows = {item: row for row, item in enumerate(ids)}
    if len(rows) != len(ids):
        first = next(item for row, item in enumerate(ids) if rows[item] != row)
        raise DataError(f"{path}: the id {first!r} stands in two rows")
    return rows
