"""COCO: one JSON file of pictures, classes and what is drawn.

Boxes are [x, y, width, height] in pixels from the top left; polygons are outlines in pixels, masks
uncompressed run lengths (https://cocodataset.org/#format-data).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.formats.drawn import Size
from auto_labeling.formats.labeled import Drawing, Labeled, bounds, drawings
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Polygon, Shape

PART_OF = "part_of"
"""The attribute of polygons that are parts of one object: a number of it within its picture."""


def encode_coco(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    """Return `annotations.json`; equal labels give an equal file.

    A picture has the number of its item. Every mask is one object, so none is a crowd. Polygons of
    one class and one attribute `part_of` are one object of several parts.

    >>> from auto_labeling.shapes import Box
    >>> one = Labeled(number=7, item_id="7", picture="7.png", size=(200, 100),
    ...               value=(Box(label="car", x=.1, y=.2, width=.3, height=.5),))
    >>> schema = LabelSchema(task="boxes", classes=("car",))
    >>> print(json.loads(encode_coco([one], schema)["annotations.json"])["annotations"][0]["bbox"])
    [20.0, 20.0, 60.0, 50.0]
    """
    pictures = drawings(labeled, schema, "COCO")
    categories = {name: at for at, name in enumerate(schema.classes, 1)}  # 0 is the background
    annotations = [
        {"image_id": picture.number, "category_id": categories[parts[0].label]}
        | _drawn(parts, picture.pixels)
        for picture in pictures
        for parts in _objects(picture.shapes)
    ]
    content = {
        "info": {},
        "licenses": [],
        "images": [_image(picture) for picture in pictures],
        "annotations": [{"id": at, **one} for at, one in enumerate(annotations, 1)],
        "categories": [
            {"id": at, "name": name, "supercategory": ""} for name, at in categories.items()
        ],
    }
    return {"annotations.json": json.dumps(content, ensure_ascii=False)}


def _image(picture: Drawing) -> dict[str, Any]:
    width, height = picture.pixels
    return {"id": picture.number, "file_name": picture.name, "width": width, "height": height}


def _objects(shapes: Sequence[Shape]) -> list[list[Shape]]:
    """Return the shapes of every object: one, or the polygons that are parts of it."""
    objects: dict[Any, list[Shape]] = {}
    for at, shape in enumerate(shapes):
        whole = shape.attributes.get(PART_OF) if isinstance(shape, Polygon) else None
        objects.setdefault(at if whole is None else (shape.label, str(whole)), []).append(shape)
    return list(objects.values())


def _drawn(parts: Sequence[Shape], size: Size) -> dict[str, Any]:
    width, height = size
    lefts, tops, rights, bottoms = zip(*map(bounds, parts), strict=True)
    left, top = min(lefts), min(tops)
    return {
        "bbox": [
            _pixels(left, width),
            _pixels(top, height),
            _pixels(max(rights) - left, width),
            _pixels(max(bottoms) - top, height),
        ],
        "area": sum(shape.area for shape in parts) * width * height,
        "iscrowd": 0,
        "segmentation": _segmentation(parts, size),
    }


def _segmentation(parts: Sequence[Shape], size: Size) -> Any:
    if isinstance(mask := parts[0], Mask):
        return {"size": [mask.height, mask.width], "counts": list(mask.runs)}
    return [
        [
            _pixels(edge, side)
            for point in shape.points
            for edge, side in zip(point, size, strict=True)
        ]
        for shape in parts
        if isinstance(shape, Polygon)
    ]


def _pixels(fraction: float, side: int) -> float:
    # A hundred-thousandth of a pixel hides what percent and back cost, and keeps every area.
    return round(fraction * side, 5) or fraction * side
