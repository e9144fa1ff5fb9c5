"""Which name files about a pool give one of its items."""

from __future__ import annotations

from collections.abc import Container

from auto_labeling.records import ItemId


def known_as(item: ItemId, place: str | None, names: Container[str]) -> str | None:
    """Return the one of `names` that is an item's: its id, or the end of the path where it lies.

    >>> known_as("7", "/data/pictures/sub/a.png", {"sub/a.png", "b.png"})
    'sub/a.png'
    """
    if item in names:
        return item
    path = "/" + (item if place is None else place).replace("\\", "/")
    while "/" in path:
        path = path.partition("/")[2]
        if path in names:
            return path
    return None
