"""COCO: one JSON file of pictures, classes and what is drawn.

Boxes are [x, y, width, height] in pixels from the top left; polygons are outlines in pixels, masks
uncompressed run lengths (https://cocodataset.org/#format-data).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.formats.labeled import Drawing, Labeled, bounds, drawings
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Polygon, Shape


def encode_coco(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    """Return `annotations.json`; equal labels give an equal file.

    A picture has the number of its item. Every mask is one object, so none is a crowd.

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
        {"image_id": picture.number, "category_id": categories[shape.label], **_drawn(shape, size)}
        for picture in pictures
        for size in [picture.pixels]
        for shape in picture.shapes
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


def _drawn(shape: Shape, size: tuple[int, int]) -> dict[str, Any]:
    width, height = size
    left, top, right, bottom = bounds(shape)
    segmentation: Any = []
    match shape:
        case Polygon():
            segmentation = [
                [
                    _pixels(edge, side)
                    for point in shape.points
                    for edge, side in zip(point, size, strict=True)
                ]
            ]
        case Mask():
            segmentation = {"size": [shape.height, shape.width], "counts": list(shape.runs)}
    return {
        "bbox": [
            _pixels(left, width),
            _pixels(top, height),
            _pixels(right - left, width),
            _pixels(bottom - top, height),
        ],
        "area": shape.area * width * height,
        "iscrowd": 0,
        "segmentation": segmentation,
    }


def _pixels(fraction: float, side: int) -> float:
    # A hundred-thousandth of a pixel hides what percent and back cost, and keeps every area.
    return round(fraction * side, 5) or fraction * side
