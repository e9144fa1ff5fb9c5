"""Items as HTML, for people to look at."""

from __future__ import annotations

from html import escape
from typing import Any

from auto_labeling.records import Item


def html_of(item: Item) -> str:
    """Return an item as HTML; nothing in it is read as markup.

    >>> html_of(Item(item_id="7", text="<script>alert(1)</script>"))
    '<pre style="white-space: pre-wrap">&lt;script&gt;alert(1)&lt;/script&gt;</pre>'
    """
    if item.row is not None:
        cells = (
            f"<tr><th>{escape(str(name))}</th><td>{_cell(cell)}</td></tr>"
            for name, cell in item.row.items()
        )
        return f'<table cellpadding="4" style="text-align: left">{"".join(cells)}</table>'
    if item.uri is not None:
        return f'<img src="{escape(item.uri)}" style="max-width: 100%">'
    return f'<pre style="white-space: pre-wrap">{escape(item.text or "")}</pre>'


def _cell(content: Any) -> str:
    return "" if content is None else escape(str(content))
