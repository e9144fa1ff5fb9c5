"""What people see of an item."""

from __future__ import annotations

from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.hypertext import html_of
from auto_labeling.formats.label_studio.layout import known_way
from auto_labeling.records import Item


def shown(item: Item, way: str | None = None) -> tuple[str, Any]:
    """Return the field of a task that people see, and its content; by default as what it is.

    >>> shown(Item(item_id="7", uri="/data/local-files/?d=photos/7.png"))
    ('image', '/data/local-files/?d=photos/7.png')
    >>> shown(Item(item_id="7", row={"a<b": 1.5}), "html")
    ('html', '<table ...><tr><th>a&lt;b</th><td>1.5</td></tr></table>')
    """
    way = way or item.kind
    known_way(way)
    if way == "html":
        return way, html_of(item)
    if way != item.kind:
        raise DataError(
            f"item {item.item_id!r}: expected what can be shown as {way}, got {item.kind}; "
            "a project that shows several kinds shows html"
        )
    if item.row is not None:
        return way, dict(item.row)
    return way, item.uri if item.uri is not None else item.text
