"""Recorded opinions: who said what about which item, out of a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from auto_labeling.backends.replay.recordings import Recordings, Row
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.drawn import Size, box_within
from auto_labeling.formats.value import decode_value, names_in_cell
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value
from auto_labeling.shapes import Box

_EDGES = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody said about an item."""

    value: Value | None = None
    """None: skipped, or unreadable."""
    seconds: float | None = None
    problem: str | None = None
    """Why it cannot be read."""


Opinions: TypeAlias = Mapping[ItemId, Mapping[PersonId, tuple[Opinion, ...]]]
"""Item -> person -> what was said, in the order of the file."""


def read(recordings: Recordings, schema: LabelSchema) -> Opinions:
    """Return the opinions, each row one, or each row one box where the table has their edges.

    A row that cannot be read makes an opinion with a problem. Raises `DataError` where a file is no
    table of opinions.
    """
    if schema.task == "boxes" and "x1" in recordings.names(recordings.answers):
        return _boxes(recordings, schema)
    found: dict[ItemId, dict[PersonId, tuple[Opinion, ...]]] = {}
    for row in recordings.rows(recordings.answers, ("item", "worker", "label"), ("seconds",)):
        said = found.setdefault(row.item, {})
        said[row.worker] = (*said.get(row.worker, ()), _opinion(row, schema))
    return found


def _opinion(row: Row, schema: LabelSchema) -> Opinion:
    cell = row.cells["label"]
    seconds = _seconds(row)
    if cell in (None, "") and schema.task != "multi":
        return Opinion(seconds=seconds)
    try:
        return Opinion(value=_value(cell, schema), seconds=seconds)
    except (ValueError, TypeError, DataError) as error:
        return Opinion(seconds=seconds, problem=f"{row.where}: {error}")


def _value(cell: Any, schema: LabelSchema) -> Value:
    """Return the answer in a cell. Raises `DataError`, or what JSON that is none raises."""
    if schema.is_drawn:
        value = decode_value(cell)
    elif schema.task == "multi":
        value = tuple(names_in_cell(cell))
    else:
        value = str(cell)
    parts = (value,) if isinstance(value, str) else value
    named = {part if isinstance(part, str) else part.label for part in parts}
    if strange := sorted(named - {*schema.classes, *schema.abstain}):
        raise DataError(f"expected one of {list(schema.classes)}, got {strange[0]!r}")
    return value


def _boxes(recordings: Recordings, schema: LabelSchema) -> Opinions:
    """Return opinions of as many boxes as have the same item and worker; of none, if assigned."""
    sizes = _sizes(recordings)
    label = _label_of(recordings, schema)
    drawn: dict[tuple[ItemId, PersonId], list[Row]] = {}
    timed: dict[tuple[ItemId, PersonId], float] = {}
    for row in _assigned(recordings):
        drawn.setdefault((row.item, row.worker), [])
        timed[row.item, row.worker] = _seconds(row) or math.nan
    wanted = ("item", "worker", *_EDGES)
    for row in recordings.rows(recordings.answers, wanted, ("label", "seconds")):
        drawn.setdefault((row.item, row.worker), []).append(row)
        timed.setdefault((row.item, row.worker), _seconds(row) or math.nan)
    found: dict[ItemId, dict[PersonId, tuple[Opinion, ...]]] = {}
    for (item, worker), rows in drawn.items():
        took = timed[item, worker]
        seconds = None if math.isnan(took) else took
        try:
            size = _size(sizes, item, recordings.images)
            value = tuple(_box(row, label(row), size) for row in rows)
            opinion = Opinion(value=value, seconds=seconds)
        except DataError as error:
            opinion = Opinion(seconds=seconds, problem=str(error))
        found.setdefault(item, {})[worker] = (opinion,)
    return found


def _assigned(recordings: Recordings) -> Iterator[Row]:
    if recordings.assignments is not None:
        yield from recordings.rows(recordings.assignments, ("item", "worker"), ("seconds",))


def _sizes(recordings: Recordings) -> Mapping[ItemId, Size | None]:
    if recordings.images is None:
        raise ConfigurationError(
            "images: expected a table of the pictures' width and height, as boxes are in pixels"
        )
    rows = recordings.rows(recordings.images, ("item", "width", "height"))
    return {row.item: _whole(row) for row in rows}


def _whole(row: Row) -> Size | None:
    try:
        width, height = (int(float(row.cells[side])) for side in ("width", "height"))
    except (TypeError, ValueError, OverflowError):
        return None
    return (width, height) if width > 0 and height > 0 else None


def _size(sizes: Mapping[ItemId, Size | None], item: ItemId, path: Path | None) -> Size:
    size = sizes.get(item)
    if size is None:
        raise DataError(f"{path}: expected width and height of item {item!r}, got none")
    return size


def _label_of(recordings: Recordings, schema: LabelSchema) -> Callable[[Row], str]:
    if "label" in recordings.names(recordings.answers):
        return lambda row: _known(row, schema)
    if len(schema.classes) > 1:
        raise DataError(
            f"{recordings.answers}: expected a column 'label', as there are several classes; name "
            "yours under `columns`"
        )
    return lambda _: schema.classes[0]


def _known(row: Row, schema: LabelSchema) -> str:
    label = str(row.cells["label"])
    if label not in schema.classes:
        raise DataError(f"{row.where}: expected one of {list(schema.classes)}, got {label!r}")
    return label


def _box(row: Row, label: str, size: Size) -> Box:
    try:
        left, top, right, bottom = (float(row.cells[edge]) for edge in _EDGES)
        width, height = size
        return box_within(label, (left / width, top / height, right / width, bottom / height))
    except (TypeError, ValueError, DataError) as error:
        raise DataError(f"{row.where}: {error}") from error


def _seconds(row: Row) -> float | None:
    cell = row.cells.get("seconds")
    if cell in (None, ""):
        return None
    try:
        seconds = float(cell)
    except (TypeError, ValueError):
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise DataError(f"{row.where}: expected seconds above 0, got {cell!r}")
    return seconds
