"""COCO, read: the pictures of one JSON file and what is drawn on each.

Boxes are [x, y, width, height] in pixels from the top left; what is segmented is outlines, one for
each part of an object, or run lengths, as they are or compressed
(https://cocodataset.org/#format-data). An object of several parts is as many polygons of one
`part_of`, or one mask. A crowd (`iscrowd`) stands for nobody knows how many objects, so it is left
out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.coco import PART_OF
from auto_labeling.formats.coco_masks import mask_of_outlines, mask_of_runs
from auto_labeling.formats.drawn import (
    Drawn,
    DrawnTask,
    LeftOut,
    Size,
    box_within,
    expect_size,
    gathered,
    outline_within,
)
from auto_labeling.formats.labeled import bounds
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoPicture:
    """A picture of a file, with its annotations as they stand there."""

    name: str
    """Its path below the folder of the pictures."""
    size: Size | None
    annotations: Sequence[tuple[str, Mapping[str, Any]]]
    """The name of the class, and the rest."""

    def drawn(self, task: DrawnTask | None = None, seen: Size | None = None) -> Drawn:
        """Return the objects as the answers of a task are; None: the closest the file has.

        `seen` is the size that people see. Raises `DataError` where the file says another, or where
        nobody knows one.
        """
        size = expect_size(self.size, seen)
        objects = (
            (f"annotation {given.get('id', at)}", partial(_shapes, label, given, task, size, at))
            for at, (label, given) in enumerate(self.annotations, 1)
        )
        return gathered(objects, size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CocoFile:
    """What a file holds."""

    pictures: Sequence[CocoPicture]
    left_out: Sequence[LeftOut]
    """Pictures without a name, and annotations of no picture or no class of the file."""


def read_coco(text: str) -> CocoFile:
    """Return the pictures of a file, in its order. Raises `DataError` where it is none.

    >>> file = read_coco('''{"images": [{"id": 3, "file_name": "a.png", "width": 8, "height": 4}],
    ...   "categories": [{"id": 90, "name": "car"}],
    ...   "annotations": [{"image_id": 3, "category_id": 90, "bbox": [2, 1, 4, 2]}]}''')
    >>> file.pictures[0].drawn().shapes
    (Box(label='car', x=0.25, y=0.25, width=0.5, height=0.5, score=None, attributes={}),)
    """
    content = _content(text)
    classes = {one.get("id"): one.get("name") for one in content["categories"]}
    known = {one.get("id") for one in content["images"]}
    found: defaultdict[Any, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for at, given in enumerate(content["annotations"], 1):
        where, label = f"annotation {given.get('id', at)}", classes.get(given.get("category_id"))
        if given.get("image_id") not in known:
            left_out.append(LeftOut(where=where, reason="expected a picture of the file, got none"))
        elif not isinstance(label, str):
            left_out.append(LeftOut(where=where, reason="expected a class of the file, got none"))
        else:
            found[given["image_id"]].append((label, given))
    pictures: list[CocoPicture] = []
    for at, one in enumerate(content["images"], 1):
        name = one.get("file_name")
        if not isinstance(name, str) or not name:
            left_out.append(LeftOut(where=f"image {at}", reason="expected a file_name, got none"))
            continue
        annotations = found[one.get("id")]
        pictures.append(CocoPicture(name=name, size=_size(one), annotations=annotations))
    return CocoFile(pictures=pictures, left_out=left_out)


_WANTED = "expected COCO's images, annotations and categories"


def _content(text: str) -> dict[str, list[Mapping[str, Any]]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"{_WANTED}, got no JSON") from None
    if not isinstance(content, dict):
        raise DataError(f"{_WANTED}, got a {type(content).__name__}")
    lists = {name: content.get(name, []) for name in ("images", "annotations", "categories")}
    for name, rows in lists.items():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise DataError(f"{_WANTED}, got {name} that are no list of objects")
        for key in ("id", "image_id", "category_id"):
            if any(isinstance(row.get(key), list | dict) for row in rows):
                raise DataError(f"{_WANTED}, got {name} whose {key} is no number")
    if "images" not in content:
        raise DataError(f"{_WANTED}, got no images")
    return lists


def _size(image: Mapping[str, Any]) -> Size | None:
    width, height = (image.get(side) for side in ("width", "height"))
    known = isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0
    return (width, height) if known else None  # type: ignore[return-value] # `known` says so


def _shapes(
    label: str, given: Mapping[str, Any], task: DrawnTask | None, size: Size, at: int
) -> tuple[Shape, ...]:
    """Return an object: one shape, or the outlines of its parts."""
    if given.get("iscrowd"):
        raise DataError("expected one object, got a crowd (iscrowd)")
    segmented = given.get("segmentation") or None
    if segmented is None or (task == "boxes" and given.get("bbox")):
        if task in ("polygons", "masks"):
            raise DataError(f"expected {task}, got a box")
        return (_box(label, given, size),)
    if isinstance(segmented, dict):
        if task == "polygons":
            raise DataError("expected polygons, got a mask")
        mask = mask_of_runs(label, segmented, size)
        return (mask,) if task != "boxes" else (box_within(label, bounds(mask)),)
    outlines = _outlines(segmented)
    if task == "masks":
        return (mask_of_outlines(label, outlines, size),)
    more = {"attributes": {PART_OF: at}} if len(outlines) > 1 else {}
    parts = tuple(outline_within(label, numbers, size, **more) for numbers in outlines)
    return parts if task != "boxes" else (_around(label, parts),)


def _box(label: str, given: Mapping[str, Any], size: Size) -> Shape:
    x, y, width, height = _numbers(given.get("bbox"), "bbox", 4)
    wide, high = size
    return box_within(label, (x / wide, y / high, (x + width) / wide, (y + height) / high))


def _around(label: str, parts: Sequence[Shape]) -> Shape:
    lefts, tops, rights, bottoms = zip(*map(bounds, parts), strict=True)
    return box_within(label, (min(lefts), min(tops), max(rights), max(bottoms)))


def _outlines(segmented: Any) -> list[list[float]]:
    if not isinstance(segmented, list):
        raise DataError("expected outlines or run lengths as segmentation, got neither")
    flat = not isinstance(segmented[0], list)  # one outline, not within a list: some tools do so
    return [_numbers(one, "segmentation") for one in ([segmented] if flat else segmented)]


def _numbers(given: Any, name: str, count: int | None = None) -> list[float]:
    wanted = "numbers" if count is None else f"{count} numbers"
    if not isinstance(given, list) or not all(type(one) in (int, float) for one in given):
        raise DataError(f"expected {wanted} as {name}, got something else")
    if count not in (None, len(given)):
        raise DataError(f"expected {wanted} as {name}, got {len(given)}")
    return [float(one) for one in given]
