"""Samples as a file that a labeling tool imports."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import write_atomically
from auto_labeling.formats import TABLE
from auto_labeling.formats.codec import TaskFormat
from auto_labeling.records import (
    Ask,
    Item,
    LabelSchema,
    Purpose,
    Suggestion,
    Upload,
    ask_id,
    upload_key,
)

FOLDER = Path("to_label")
_CAMPAIGN = "sampler"
_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")


def write_tasks(samples: Any, classes: Sequence[str], tool: str, path: Path | None) -> Path:
    """Write one task a sample, and beside it what the tool needs to be set up; return the file.

    A sample is known again by its content: see `sample_id`.
    """
    if tool not in TABLE:
        raise ConfigurationError(f"tool: expected {' or '.join(sorted(TABLE))}, got {tool!r}")
    schema = LabelSchema(task="single", classes=tuple(classes))
    layout: TaskFormat = TABLE[tool]()
    upload = upload_of(items_of(samples))
    target = path or FOLDER / f"{tool}-{upload.key[:8]}{layout.suffix}"
    write_atomically(target, layout.write(layout.tasks(upload, schema, "")))
    write_companions(layout, upload, schema, target)
    return target


def write_companions(layout: TaskFormat, upload: Upload, schema: LabelSchema, target: Path) -> None:
    """Write beside a task file what the tool needs to be set up."""
    for name, content in layout.companions(upload.items, schema).items():
        write_atomically(target.with_name(f"{target.stem}.{name}"), content)


def items_of(samples: Iterable[Any], ids: Sequence[str] | None = None) -> list[Item]:
    """Return samples as items; those without an id are known by their content: see `sample_id`.

    A path, or a text that ends as a picture does, is a picture; a mapping or (d,) array a row.
    """
    items = [_item(row, sample) for row, sample in enumerate(samples)]
    if ids is None:
        return items
    if len(ids) != len(items) or len(set(ids)) != len(ids):
        raise DataError(
            f"sample_ids: expected {len(items)} different ones, got {len(ids)} of which "
            f"{len(set(ids))} differ"
        )
    return [replace(item, item_id=str(name)) for item, name in zip(items, ids, strict=True)]


def sample_id(sample: Any) -> str:
    """Return the id of a sample: 32 hex digits of its content's sha256.

    >>> sample_id("a text") == sample_id("a text"), sample_id(np.ones(2)) == sample_id(np.zeros(2))
    (True, False)
    """
    if isinstance(sample, np.ndarray):
        content = f"{sample.dtype}{sample.shape}".encode() + np.ascontiguousarray(sample).tobytes()
    else:
        content = repr(sample).encode() if isinstance(sample, Mapping) else str(sample).encode()
    return hashlib.sha256(content).hexdigest()[:32]


def _item(row: int, sample: Any) -> Item:
    name = sample_id(sample)
    if isinstance(sample, str | Path):
        text = str(sample)
        picture = isinstance(sample, Path) or text.lower().endswith(_PICTURES)
        return Item(item_id=name, uri=text) if picture else Item(item_id=name, text=text)
    if isinstance(sample, Mapping):
        return Item(item_id=name, row={str(key): _plain(value) for key, value in sample.items()})
    if isinstance(sample, np.ndarray) and sample.ndim == 1:
        return Item(item_id=name, row={f"x{at}": _plain(one) for at, one in enumerate(sample)})
    raise DataError(
        f"samples: expected texts, paths or rows of numbers, which people can be shown, got a "
        f"{type(sample).__name__} in row {row}"
    )


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def upload_of(items: Sequence[Item], suggestions: Sequence[Suggestion] = ()) -> Upload:
    """Return items to be labeled once each; the same items have the same key."""
    if not items:
        raise DataError("samples: expected at least one, got none")
    asks = tuple(
        Ask(
            ask_id=ask_id(_CAMPAIGN, item.item_id, 0),
            item_id=item.item_id,
            round=0,
            ordinal=0,
            purpose=Purpose.TRAIN,
            price_micros=0,
        )
        for item in items
    )
    key = upload_key(_CAMPAIGN, [ask.ask_id for ask in asks])
    return Upload(key=key, items=tuple(items), asks=asks, suggestions=tuple(suggestions))
