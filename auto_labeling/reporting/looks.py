"""What an item looks like in a report: the beginning of a text, a small picture, cells of a row."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.pool.pixels import picture
from auto_labeling.pool.pool import Pool
from auto_labeling.records import Item, ItemId

_MOST_LETTERS = 280
_SIDE = 200
"""Pixels, of the longer side of a picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Exactly one of both is known."""

    text: str | None = None
    picture: str | None = None
    """A JPEG within the page, as the `src` of an image."""


def looks_of(pool: Path, wanted: Iterable[ItemId]) -> dict[ItemId, Look]:
    """Return what items of the pool in a folder look like, of those that are as they were."""
    items = list(dict.fromkeys(wanted))
    if not items:
        return {}
    try:
        opened = Pool.open(pool)
        positions = [opened.position_of(item) for item in items]
        found, _ = opened.check(positions)
    except (DataError, OSError):
        return {}  # the report is about answers: it is written without the files as well
    looks = {item.item_id: _look(opened, item) for item in found}
    return {item: look for item, look in looks.items() if look is not None}


def _look(pool: Pool, item: Item) -> Look | None:
    if item.kind == "image":
        return _small(pool, item.item_id)
    if item.row is not None:
        cells = (f"{name}: {_shown(cell)}" for name, cell in item.row.items())
        return Look(text=_short(", ".join(cells)))
    return Look(text=_short(item.text or ""))


def _shown(cell: Any) -> Any:
    """Return a cell as it is read best: six digits of a fraction, and a whole number as one.

    >>> _shown(0.012345678), _shown(5.0), _shown("blue")
    (0.0123457, 5, 'blue')
    """
    if not isinstance(cell, float):
        return cell
    return int(cell) if cell.is_integer() else float(f"{cell:g}")


def _short(text: str) -> str:
    """Return the beginning of a text, on one line.

    >>> _short("a  b")
    'a b'
    """
    whole = " ".join(text.split())
    return whole if len(whole) <= _MOST_LETTERS else f"{whole[:_MOST_LETTERS]} …"


def _small(pool: Pool, item: ItemId) -> Look | None:
    try:
        (path,) = pool.pictures([pool.position_of(item)])
        image = picture(path.read_bytes(), "rgb")
    except (DataError, OSError):
        return None
    image.thumbnail((_SIDE, _SIDE))
    small = BytesIO()
    image.save(small, "JPEG", quality=75)
    return Look(picture=f"data:image/jpeg;base64,{b64encode(small.getvalue()).decode()}")
