"""A page as a reader's program sees it: elements, their attributes, texts by id, tables by id."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "img"})


@dataclass(slots=True)
class Page(HTMLParser):
    """One parsed page; `broken` names the end tags that fit no start tag."""

    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    _open: list[tuple[str, str | None]] = field(default_factory=list)
    _cell: str | None = None

    def __post_init__(self) -> None:
        HTMLParser.__init__(self, convert_charrefs=True)
        self.feed(self.source)
        self.close()
        self.broken += [tag for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("id")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop()[0] != tag:
            self.broken.append(tag)
        if tag in ("td", "th") and self._cell is not None:
            self._rows()[-1].append(self._cell)
            self._cell = None

    def handle_data(self, data: str) -> None:
        for _, name in self._open:
            if name is not None:
                self.texts[name] = self.texts.get(name, "") + data
        if self._cell is not None:
            self._cell += data

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "table":
            self.tables[given["id"]] = []
        elif tag == "tr":
            self._rows().append([])
        elif tag in ("td", "th"):
            self._cell = ""

    def _rows(self) -> list[list[str]]:
        return self.tables[next(name or "" for tag, name in reversed(self._open) if tag == "table")]

    def text(self, name: str) -> str:
        """Return what is read at an id, on one line."""
        return " ".join(self.texts[name].split())

    def rows(self, name: str) -> list[list[str]]:
        """Return the body of a table."""
        return self.tables[name][1:]

    def column(self, name: str, head: str) -> list[str]:
        """Return the cells under a column's name."""
        at = self.tables[name][0].index(head)
        return [row[at] for row in self.rows(name)]
