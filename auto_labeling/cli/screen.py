"""What goes to the screen: sentences that wrap at words, lines that can be copied, and JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def console(*, stderr: bool = False) -> Console:
    """Return the console; colors and width are the terminal's, and NO_COLOR is respected."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def say(sentence: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a sentence; where nobody looks on, it stays on one line."""
    screen = console(stderr=stderr)
    screen.print(sentence, style=style or None, soft_wrap=not screen.is_terminal)


def line(text: str = "", *, style: str = "") -> None:
    """Print a line that is copied or read by programs: it is never broken."""
    console().print(text, style=style or None, soft_wrap=True)


def print_json(content: Any) -> None:
    """Print one JSON document; figures that are not known are null."""
    sys.stdout.write(json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n")


def plain(content: Any) -> Any:
    """Return content that JSON can hold.

    >>> plain({"value": float("nan"), "limits": (1.5, 2)})
    {'value': None, 'limits': [1.5, 2]}
    """
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, str) or content is None or isinstance(content, bool | int):
        return content
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Sequence | set | frozenset):
        return [plain(one) for one in content]
    return str(content)


def pairs(rows: Sequence[tuple[str, str]], *, indent: int = 2) -> None:
    """Print names and what stands for them, in two columns."""
    screen = console()
    width = max((len(name) for name, _ in rows), default=0)
    if not screen.is_terminal:
        for name, value in rows:
            line(f"{' ' * indent}{name:<{width}}  {value}")
        return
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=width + indent, no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in rows:
        grid.add_row(Text(" " * indent + name, style="dim"), Text(value))
    screen.print(grid)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: int = -1) -> None:
    """Print a table without frames; columns from `right` on are figures. Fits 80 columns."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for at, name in enumerate(headers):
        made.add_column(name, justify="right" if 0 <= right <= at else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    console().print(made)
