"""One annotation of COCO as shapes: its box, its outlines, or its run lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.coco import PART_OF
from auto_labeling.formats.coco_masks import mask_of_outlines, mask_of_runs
from auto_labeling.formats.drawn import DrawnTask, Size, box_within, outline_within
from auto_labeling.formats.labeled import bounds
from auto_labeling.shapes import Shape


def coco_shapes(
    label: str, given: Mapping[str, Any], task: DrawnTask | None, size: Size, at: int
) -> tuple[Shape, ...]:
    """Return an annotation as a task's answers are: one shape, or the outlines of its parts.

    None: the closest it has. `at` is a number of it within its picture, and `size` that of the
    picture. Raises `DataError` where it cannot be used.

    >>> coco_shapes("car", {"bbox": [2, 1, 4, 2]}, "boxes", (8, 4), 1)
    (Box(label='car', x=0.25, y=0.25, width=0.5, height=0.5, score=None, attributes={}),)
    """
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
    try:
        return [float(one) for one in given]
    except OverflowError:
        raise DataError(f"expected {wanted} as {name}, got one of too many digits") from None
