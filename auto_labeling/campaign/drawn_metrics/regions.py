"""Where drawn objects are: upright boxes, or pixels as pycocotools encodes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from auto_labeling.campaign.drawn_metrics.matching import Objects, Region
from auto_labeling.campaign.metrics import Floats
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Polygon, Shape

_SIDE = 1000
"""Points a side at which outlines are compared where no picture and no mask says better."""


def located(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    schema: LabelSchema,
    sizes: Sequence[tuple[int, int]] | None,
) -> tuple[Objects, Objects]:
    """Return what is there and what is seen: upright boxes by fractions, or else encoded pixels.

    Pixels of a picture have one grid: that of its true masks, else its size, else that of the masks
    seen on it, else the commonest of the other pictures, else 1000 x 1000. Masks of another size
    are resized to the nearest pixel.
    """
    place = {name: at for at, name in enumerate(schema.classes)}
    regions = _boxes(truth, seen) if schema.task == "boxes" else _pixels(truth, seen, schema, sizes)
    labels = [place[shape.label] for shapes in truth for shape in shapes]
    there = Objects(
        regions=regions[0],
        labels=np.array(labels, dtype=np.intp),
        pictures=np.repeat(np.arange(len(truth)), [len(shapes) for shapes in truth]),
        scores=np.ones(len(labels)),
    )
    given = Objects(
        regions=regions[1],
        labels=seen.labels,
        pictures=seen.pictures,
        scores=seen.scores.astype(np.float64),
    )
    return there, given


def _boxes(
    truth: Sequence[tuple[Shape, ...]], seen: Detections
) -> tuple[Sequence[Region], Sequence[Region]]:
    drawn = [
        [left, top, right - left, bottom - top]
        for shapes in truth
        for left, top, right, bottom in map(bounds, shapes)
    ]
    return drawn, seen.boxes.tolist()


def _pixels(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    schema: LabelSchema,
    sizes: Sequence[tuple[int, int]] | None,
) -> tuple[Sequence[Region], Sequence[Region]]:
    if seen.masks is None and len(seen.scores):
        raise DataError(f"the task is {schema.task!r}: expected masks of what is seen, got boxes")
    masks = seen.masks or ()
    drawn: list[Region] = []
    found: list[Region] = []
    given = [masks[start:end] for start, end in pairwise(seen.offsets.tolist())]
    for shapes, there, (height, width) in zip(
        truth, given, _grids(truth, given, sizes), strict=True
    ):
        drawn += [_encoded(shape, height, width) for shape in shapes]
        found += [_encoded(mask, height, width) for mask in there]
    return drawn, found


def pixel_counts(there: Objects, seen: Objects, score: float, n: int, k: int) -> Floats:
    """Return (n, 3 k) pixels of k classes that are right, there, and seen from a score on.

    The pixels of a class on a picture are those of all its objects together.
    """
    from pycocotools import mask as coco

    truths, guesses = _by_class(there, 0.0), _by_class(seen, score)
    counts = np.zeros((3, n, k))
    for at, region in truths.items():
        counts[1][at] = coco.area(region)
        if at in guesses:
            counts[0][at] = coco.area(coco.merge([region, guesses[at]], intersect=True))
    for at, region in guesses.items():
        counts[2][at] = coco.area(region)
    return np.concatenate(counts, axis=1)


def _grids(
    truth: Sequence[tuple[Shape, ...]],
    seen: Sequence[Sequence[Mask]],
    sizes: Sequence[tuple[int, int]] | None,
) -> list[tuple[int, int]]:
    """Return height and width for each picture."""
    told = [[(height, width)] for width, height in sizes] if sizes else [[]] * len(truth)
    known = [
        _sizes(shapes) or size or _sizes(masks)
        for shapes, size, masks in zip(truth, told, seen, strict=True)
    ]
    common = Counter(max(one) for one in known if one).most_common(1)
    usual = common[0][0] if common else (_SIDE, _SIDE)
    return [max(one, default=usual) for one in known]


def _sizes(shapes: Sequence[Shape]) -> list[tuple[int, int]]:
    return [(shape.height, shape.width) for shape in shapes if isinstance(shape, Mask)]


def _encoded(shape: Shape, height: int, width: int) -> Region:
    from pycocotools import mask as coco

    if isinstance(shape, Mask):
        if (shape.height, shape.width) != (height, width):
            return coco.encode(_resized(shape, height, width))
        runs = {"size": [height, width], "counts": list(shape.runs)}
        return coco.frPyObjects(runs, height, width)
    corners = shape.points if isinstance(shape, Polygon) else _corners(shape)
    outline = [edge for x, y in corners for edge in (x * width, y * height)]
    return coco.frPyObjects([outline], height, width)[0]


def _corners(shape: Shape) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = bounds(shape)
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _resized(mask: Mask, height: int, width: int) -> Any:
    rows = np.arange(height) * mask.height // height
    columns = np.arange(width) * mask.width // width
    return np.asfortranarray(pixels_of(mask)[np.ix_(rows, columns)], dtype=np.uint8)


def _by_class(objects: Objects, score: float) -> dict[tuple[int, int], Region]:
    """Return the pixels of each class on each picture that has any, by (picture, class)."""
    from pycocotools import mask as coco

    sure = np.flatnonzero(objects.scores >= score)
    order = sure[np.lexsort((objects.labels[sure], objects.pictures[sure]))]
    keyed = ((int(objects.pictures[at]), int(objects.labels[at])) for at in order)
    return {
        key: coco.merge([objects.regions[at] for _, at in members])
        for key, members in groupby(zip(keyed, order, strict=True), key=lambda pair: pair[0])
    }
