"""What people hand in as annotations: a sequence an annotator, or a frame with a row an answer."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from auto_labeling import rows as data
from auto_labeling.errors import DataError
from auto_labeling.ports import Vote
from auto_labeling.ratings import Ratings
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon

COLUMNS = ("item", "annotator", "label")
_Kind = Literal["single", "multi", "drawn"]
_SHAPES = (Box, Polygon, Mask)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Annotations:
    """Who labeled what, whatever form it came in."""

    items: Sequence[Hashable]
    """All items, with those that nobody has labeled."""
    annotators: Sequence[Hashable]
    said: Sequence[tuple[int, int, Any]]
    """Position of the item, of the annotator, and the label; of an annotator who labeled an item
    twice the last counts. A set of labels is sorted, a drawing a tuple of shapes."""
    kind: _Kind

    @classmethod
    def of(cls, given: Any) -> Annotations:
        """Read what was given, or raise `DataError`, which says where it cannot be used."""
        items, annotators, rows = _frame(given) if is_frame(given) else _sequences(given)
        labels = [label for *_, label in rows]
        kind = _kind(labels)
        last = {
            (item, annotator): _plain(label, kind, items[item]) for item, annotator, label in rows
        }
        said = [(item, annotator, label) for (item, annotator), label in last.items()]
        return cls(items=items, annotators=annotators, said=said, kind=kind)

    @property
    def nothing(self) -> bool:
        """Whether all labels are empty lists, of which nobody knows whether they held shapes."""
        return self.kind == "multi" and not any(label for *_, label in self.said)

    def in_order(self) -> tuple[Annotations, Sequence[int]]:
        """Return the same with items and annotators in their order, and where each item is now.

        A draw must not depend on the order of a frame's rows. Names without an order stay.
        """
        items, at = _sorted(self.items)
        people, who = _sorted(self.annotators)
        said = [(at[item], who[person], label) for item, person, label in self.said]
        return Annotations(items=items, annotators=people, said=said, kind=self.kind), at

    def ratings(self) -> tuple[Ratings, list[Any], list[Any]]:
        """Return labels as ratings with their items and classes, a set of labels as one class.

        Classes are sorted where they have an order, else as they first appear.
        """
        self._expect_classes()
        ratings, items, _, classes = Ratings.of(self.said, self.classes())
        return ratings, [self.items[at] for at in items], classes

    def classes(self) -> list[Any]:
        """Return the different labels, sorted where they have an order."""
        names = list(dict.fromkeys(label for *_, label in self.said))
        try:
            return sorted(names)
        except TypeError:  # such as words and numbers together
            return names

    def votes(self) -> tuple[list[Vote], LabelSchema, list[Any]]:
        """Return labels as votes, what may be voted for, and the labels that classes stand for.

        Items, people and classes are called by their positions; of drawings classes keep their
        names.
        """
        if self.kind == "drawn":
            names = sorted({shape.label for *_, shapes in self.said for shape in shapes})
            schema = LabelSchema(task=self._task(), classes=tuple(names))
            return [_vote(*row) for row in self.said], schema, []
        labels = self.classes()
        if self.kind == "multi":
            labels = sorted({name for one in labels for name in one}, key=str)
        at = {name: str(place) for place, name in enumerate(labels)}
        # A choice is among two at least: where all say the same, the other is never said.
        codes = tuple(map(str, range(max(len(labels), 2))))
        schema = LabelSchema(task=self.kind, classes=codes)
        coded = (
            (item, who, at[label] if self.kind == "single" else tuple(at[one] for one in label))
            for item, who, label in self.said
        )
        return [_vote(*row) for row in coded], schema, labels

    def _task(self) -> Literal["boxes", "polygons", "masks"]:
        kinds = {type(shape) for *_, shapes in self.said for shape in shapes}
        if Mask in kinds:
            return "masks"
        return "polygons" if Polygon in kinds else "boxes"

    def _expect_classes(self) -> None:
        if self.kind == "drawn":
            raise DataError(
                "annotations: expected labels, got shapes; of shapes there are the metrics iou, "
                "dice, f1 and krippendorff_alpha"
            )


def is_frame(given: Any) -> bool:
    """Whether annotations came as a frame."""
    return hasattr(given, "columns") and hasattr(given, "iloc")


def _sorted(names: Sequence[Any]) -> tuple[Sequence[Hashable], list[int]]:
    """Return names in their order, where they have one, and where each is in it."""
    try:
        order = sorted(range(len(names)), key=names.__getitem__)
    except TypeError:
        order = list(range(len(names)))
    places = np.argsort(order).tolist() if order else []
    return [names[at] for at in order], places


def _vote(item: int, person: int, value: Any) -> Vote:
    return Vote(item_id=str(item), person=str(person), value=value)


_Read = tuple[list[Hashable], list[Hashable], list[tuple[int, int, Any]]]


def _frame(frame: Any) -> _Read:
    """Read a frame with the columns item, annotator and label."""
    import pandas as pd

    if missing := [name for name in COLUMNS if name not in frame.columns]:
        raise DataError(
            f"annotations: expected a frame with the columns {', '.join(COLUMNS)}, "
            f"got {list(frame.columns)} without {' and '.join(missing)}"
        )
    if twice := [name for name in COLUMNS if list(frame.columns).count(name) > 1]:
        raise DataError(f"annotations: expected one column {twice[0]}, got several of that name")
    places = []
    for name in COLUMNS[:2]:
        at, names = pd.factorize(frame[name])
        if (at < 0).any():
            row = int(np.flatnonzero(at < 0)[0])
            raise DataError(f"annotations: row {row} has no {name}")
        places.append((at, names.tolist()))
    (items, item_names), (people, names) = places
    labels = frame["label"].tolist()
    seen = np.flatnonzero(~data.missing(labels)).tolist()
    rows = [(int(items[at]), int(people[at]), labels[at]) for at in seen]
    return item_names, names, rows


def _sequences(given: Any) -> _Read:
    """Read one sequence of labels an annotator."""
    sequences = [_listed(one, at) for at, one in enumerate(_listed(given, None))]
    lengths = [len(one) for one in sequences]
    for at, length in enumerate(lengths):
        if length != lengths[0]:
            raise DataError(
                f"annotations: expected {lengths[0]} labels of annotator {at}, as of annotator 0, "
                f"got {length}; None stands for an item that they have not seen"
            )
    rows = []
    for annotator, labels in enumerate(sequences):
        seen = np.flatnonzero(~data.missing(labels)).tolist()
        rows += [(item, annotator, labels[item]) for item in seen]
    n = lengths[0] if lengths else 0
    return list(range(n)), list(range(len(sequences))), rows


def _listed(given: Any, annotator: int | None) -> list[Any]:
    if hasattr(given, "tolist"):  # arrays and series
        return list(given.tolist())
    if isinstance(given, list | tuple):
        return list(given)
    where = "annotations" if annotator is None else f"annotations of annotator {annotator}"
    expected = (
        "one sequence of labels for each annotator, or a frame with the columns "
        f"{', '.join(COLUMNS)}"
        if annotator is None
        else "a sequence of labels"
    )
    raise DataError(f"{where}: expected {expected}, got a {type(given).__name__}")


def _kind(labels: Iterable[Any]) -> _Kind:
    """Return what is labeled; whoever mixes kinds is told so where each label is read."""
    held = [label for label in labels if isinstance(label, list | tuple | set | frozenset)]
    if any(isinstance(one, _SHAPES) for one in _flat(held)):
        return "drawn"
    return "multi" if held else "single"


def _flat(held: Iterable[Iterable[Any]]) -> Iterator[Any]:
    return (one for some in held for one in some)


def _plain(label: Any, kind: _Kind, item: Hashable) -> Any:
    """Return a label that can be compared. Raises `DataError` for one of another kind."""
    if kind == "single":
        if isinstance(label, _SHAPES):
            raise DataError(
                f"annotations: item {item!r}: expected a list of shapes, got a "
                f"{type(label).__name__} alone; put it into a list"
            )
        if not isinstance(label, Hashable):
            raise DataError(
                f"annotations: item {item!r}: expected a label, got a {type(label).__name__}"
            )
        return label
    if not isinstance(label, list | tuple | set | frozenset):
        expected = "a list of shapes" if kind == "drawn" else "a list of labels"
        raise DataError(
            f"annotations: item {item!r}: expected {expected}, as elsewhere, got {label!r}"
        )
    if any(isinstance(one, _SHAPES) != (kind == "drawn") for one in label):
        raise DataError(f"annotations: item {item!r}: expected shapes or labels, got both")
    return tuple(label) if kind == "drawn" else tuple(sorted(set(label), key=str))
