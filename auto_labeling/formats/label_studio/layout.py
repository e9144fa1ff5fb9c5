"""How a project shows its items, and the names that tie its tags, tasks and answers together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from auto_labeling.errors import DataError
from auto_labeling.records import LabelSchema

OBJECTS: Mapping[str, str] = {
    "image": "Image",
    "text": "Text",
    "row": "Table",
    "html": "HyperText",
}
"""Way -> the tag that shows items so."""
CONTROLS: Mapping[str, str] = {
    "single": "Choices",
    "multi": "Choices",
    "boxes": "RectangleLabels",
    "polygons": "PolygonLabels",
    "masks": "BrushLabels",
}
"""Task -> the tag that is answered; in lower case it names its regions and the labels in them."""
_KINDS = frozenset({"image", "text", "row"})
SHAPES = frozenset({"boxes", "polygons", "masks"})
"""The tasks whose answers are drawn on an image."""
MARK = "al_"
"""How the fields of a task begin that are ours: no tag may show one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The names in one project's labeling configuration; these are the ones in ours.

    >>> Layout.of("html")
    Layout(control='label', shown='item', field='html', way='html')
    """

    control: str = "label"
    """The tag that is answered."""
    shown: str = "item"
    """The tag that shows the item."""
    field: str = "text"
    """The field of a task's data that it shows."""
    way: str = "text"
    """As what it shows it: a key of `OBJECTS`."""

    @classmethod
    def of(cls, way: str) -> Layout:
        """Return the layout of a project of ours that shows its items this way."""
        known_way(way)
        return cls(field=way, way=way)


def way_of(kinds: Collection[str]) -> str:
    """Return how a project shows a pool of these kinds of items, decided once and for all of it.

    Rows are shown as an HTML table, and so is every item of a pool of several kinds as HTML.

    >>> way_of({"image"}), way_of({"row"}), way_of({"image", "text"})
    ('image', 'html', 'html')
    """
    if not kinds or (strange := sorted(set(kinds) - _KINDS)):
        got = strange if kinds else "none"
        raise DataError(f"expected kinds of items out of {sorted(_KINDS)}, got {got}")
    only = set(kinds)
    return only.pop() if only in ({"image"}, {"text"}) else "html"


def known_way(way: str) -> None:
    """Raise `DataError` unless items can be shown this way."""
    if way not in OBJECTS:
        raise DataError(f"expected a way to show items out of {list(OBJECTS)}, got {way!r}")


def control_of(schema: LabelSchema) -> str:
    """Return the tag in which this schema is answered; raises `DataError` for other tasks.

    >>> control_of(LabelSchema(task="boxes", classes=("car",)))
    'RectangleLabels'
    """
    if schema.task not in CONTROLS:
        raise DataError(
            f"expected a task out of {list(CONTROLS)}, got {schema.task!r}: key points, ellipses "
            "and other regions are not labeled with Label Studio here"
        )
    return CONTROLS[schema.task]
