"""COCO, read: the pictures of one JSON file and what is drawn on each.

Boxes are [x, y, width, height] in pixels from the top left; what is segmented is outlines, one for
each part of an object, or run lengths, as they are or compressed
(https://cocodataset.org/#format-data). An object of several parts is as many polygons of one
`part_of`, or one mask. A crowd (`iscrowd`) stands for nobody knows how many objects, so it is left
out. An id is the same whether it is written as a number or as text.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from auto_labeling.errors import DataError
from auto_labeling.formats.coco_objects import coco_shapes
from auto_labeling.formats.drawn import (
    Drawn,
    DrawnTask,
    LeftOut,
    Size,
    expect_size,
    gathered,
    is_side,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoPicture:
    """A picture of a file, with its annotations as they stand there."""

    name: str
    """Its path below the folder of the pictures."""
    size: Size | None
    annotations: Sequence[tuple[str, Mapping[str, Any]]]
    """The name of the class, and the rest."""
    unnamed: tuple[LeftOut, ...] = ()
    """Its annotations of no class of the file."""
    unknown: str | None = None
    """Why nobody can tell what is on it; None: the file does."""

    def drawn(self, task: DrawnTask | None = None, seen: Size | None = None) -> Drawn:
        """Return the objects as the answers of a task are; None: the closest the file has.

        `seen` is the size that people see. Raises `DataError` where the file says another, where
        nobody knows one, or where nobody can tell what is on it.
        """
        size = expect_size(self.size, seen)
        if self.unknown is not None:
            raise DataError(self.unknown)
        objects = (
            (_where(given, at), label, partial(coco_shapes, label, given, task, size, at))
            for at, (label, given) in enumerate(self.annotations, 1)
        )
        found = gathered(objects, size)
        return replace(found, left_out=(*self.unnamed, *found.left_out))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoFile:
    """What a file holds."""

    pictures: Sequence[CocoPicture]
    left_out: Sequence[LeftOut]
    """Pictures without a name, and annotations of no picture of the file."""
    is_labeled: bool
    """Whether it says what is on its pictures, if only that nothing is: an empty list does."""


def read_coco(text: str) -> CocoFile:
    """Return the pictures of a file, in its order. Raises `DataError` where it is none.

    >>> file = read_coco('''{"images": [{"id": 3, "file_name": "a.png", "width": 8, "height": 4}],
    ...   "categories": [{"id": 90, "name": "car"}],
    ...   "annotations": [{"image_id": 3, "category_id": 90, "bbox": [2, 1, 4, 2]}]}''')
    >>> file.pictures[0].drawn().shapes
    (Box(label='car', x=0.25, y=0.25, width=0.5, height=0.5, score=None, attributes={}),)
    """
    content = _content(text)
    annotations = content.get("annotations", [])
    drawn, left_out = _by_picture(content["images"], annotations)
    classes = {_id(one, "id"): one.get("name") for one in content.get("categories", [])}
    is_labeled = bool(drawn) or ("annotations" in content and not annotations)
    unknown = _Unknown.of(content["images"], is_empty=not annotations, is_labeled=is_labeled)
    pictures: list[CocoPicture] = []
    for at, one in enumerate(content["images"], 1):
        name = one.get("file_name")
        if not isinstance(name, str) or not name:
            left_out.append(LeftOut(where=f"image {at}", reason="expected a file_name, got none"))
            continue
        named, unnamed = _by_class(drawn.get(_id(one, "id"), ()), classes)
        pictures.append(
            CocoPicture(
                name=name,
                size=_size(one),
                annotations=named,
                unnamed=unnamed,
                unknown=unknown.why(one),
            )
        )
    return CocoFile(pictures=pictures, left_out=left_out, is_labeled=is_labeled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unknown:
    """Why nobody can tell what is on some pictures of a file."""

    shared: frozenset[str | None]
    """Ids that no picture has for its own; None is one of them."""
    is_labeled: bool

    @classmethod
    def of(
        cls, images: Sequence[Mapping[str, Any]], *, is_empty: bool, is_labeled: bool
    ) -> _Unknown:
        """Look at the ids, unless there is nothing to find by them."""
        named = {(_id(one, "id"), str(one.get("file_name"))) for one in images}
        often = Counter(number for number, _ in named)
        shared = {None, *(number for number, count in often.items() if count > 1)}
        return cls(shared=frozenset(() if is_empty else shared), is_labeled=is_labeled)

    def why(self, image: Mapping[str, Any]) -> str | None:
        """Return the reason; None where the file tells what is on a picture."""
        number = _id(image, "id")
        if number in self.shared:
            got = "none" if number is None else "that of another picture too"
            return f"expected an id of its own in the file of labels, got {got}"
        if self.is_labeled:
            return None
        return "expected annotations of the file's pictures, or an empty list of them, got neither"


_Placed: TypeAlias = tuple[str, Mapping[str, Any]]
"""Where an annotation stands, and the annotation."""


def _by_picture(
    images: Sequence[Mapping[str, Any]], annotations: Sequence[Mapping[str, Any]]
) -> tuple[dict[str | None, list[_Placed]], list[LeftOut]]:
    """Return the annotations by the ids of their pictures, and those of none."""
    found: dict[str | None, list[_Placed]] = {}
    left_out: list[LeftOut] = []
    known = {_id(one, "id") for one in images} - {None}
    for at, given in enumerate(annotations, 1):
        where, number = _where(given, at), _id(given, "image_id")
        if number in known:
            found.setdefault(number, []).append((where, given))
        else:
            left_out.append(LeftOut(where=where, reason="expected a picture of the file, got none"))
    return found, left_out


def _by_class(
    placed: Sequence[_Placed], classes: Mapping[str | None, Any]
) -> tuple[list[tuple[str, Mapping[str, Any]]], tuple[LeftOut, ...]]:
    """Return annotations with the names of their classes, and those of none."""
    labels = [classes.get(_id(given, "category_id")) for _, given in placed]
    named = [
        (label, given)
        for label, (_, given) in zip(labels, placed, strict=True)
        if isinstance(label, str)
    ]
    unnamed = tuple(
        LeftOut(where=where, reason="expected a class of the file, got none")
        for label, (where, _) in zip(labels, placed, strict=True)
        if not isinstance(label, str)
    )
    return named, unnamed


def _where(given: Mapping[str, Any], at: int) -> str:
    return f"annotation {given.get('id', at)}"


def _id(row: Mapping[str, Any], key: str) -> str | None:
    """Return an id, the same for a number and for its text; None where there is none."""
    number = row.get(key)
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return None if number is None else str(number)


_WANTED = "expected COCO's images, annotations and categories"


def _content(text: str) -> dict[str, list[Mapping[str, Any]]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"{_WANTED}, got no JSON") from None
    if not isinstance(content, dict):
        raise DataError(f"{_WANTED}, got a {type(content).__name__}")
    lists = {
        name: content[name] for name in ("images", "annotations", "categories") if name in content
    }
    for name, rows in lists.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(f"{_WANTED}, got {name} that are no list of objects")
        for key in ("id", "image_id", "category_id"):
            if any(isinstance(row.get(key), list | dict) for row in rows):
                raise DataError(f"{_WANTED}, got {name} whose {key} is no number")
    if "images" not in lists:
        raise DataError(f"{_WANTED}, got no images")
    return lists


def _size(image: Mapping[str, Any]) -> Size | None:
    width, height = (image.get(side) for side in ("width", "height"))
    return (width, height) if is_side(width) and is_side(height) else None
