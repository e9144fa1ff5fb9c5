"""What is written for COCO, and CVAT's masks, as COCO's own tools read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_masks
from pycocotools.coco import COCO

from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.cvat.masks import decode_mask, encode_mask
from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Polygon

# Of its own compiled code, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

CLASSES = ("cell", "größe")
SIZE = (64, 48)


def read(tmp_path: Path, task: Any, *values: Value) -> COCO:
    """Return the data set that COCO's tools load of what is written."""
    labeled = [
        Labeled(number=at, item_id=f"i{at}", picture=f"bild {at}.png", size=SIZE, value=value)
        for at, value in enumerate(values, 1)
    ]
    files = encode_coco(labeled, LabelSchema(task=task, classes=CLASSES))
    path = tmp_path / "annotations.json"
    path.write_text(files["annotations.json"], encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["images"]
    return COCO(str(path))


def test_boxes_are_found_by_picture_and_class(tmp_path: Path) -> None:
    first = Box(label="cell", x=0.25, y=0.5, width=0.5, height=0.25)
    second = Box(label="größe", x=0.0, y=0.0, width=1.0, height=1.0)
    found = read(tmp_path, "boxes", (first, second), ())
    assert {one["name"] for one in found.loadCats(found.getCatIds())} == set(CLASSES)
    [cell] = found.loadAnns(found.getAnnIds(imgIds=[1], catIds=found.getCatIds(["cell"])))
    assert cell["bbox"] == [16.0, 24.0, 32.0, 12.0]
    assert cell["area"] == 32 * 12
    assert found.getAnnIds(imgIds=[2]) == []


def test_polygons_cover_what_they_outline(tmp_path: Path) -> None:
    outline = Polygon(label="cell", points=((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
    found = read(tmp_path, "polygons", (outline,))
    [one] = found.loadAnns(found.getAnnIds())
    drawn = found.annToMask(one)
    assert drawn.shape == (48, 64)
    assert drawn[12:36, 16:48].all()
    assert drawn.sum() == pytest.approx(32 * 24, rel=0.02)


def blob(seed: int) -> NDArray[np.bool_]:
    """Return the pixels of some odd thing, at times at the border and with holes."""
    rng = np.random.default_rng(seed)
    pixels = np.zeros((48, 64), dtype=bool)
    for _ in range(4):
        top, left = rng.integers(0, 44), rng.integers(0, 60)
        pixels[top : top + rng.integers(1, 20), left : left + rng.integers(1, 30)] ^= True
    pixels[0, 0] |= not pixels.any()
    return pixels


@pytest.mark.parametrize("seed", range(20))
def test_masks_are_the_same_pixels(tmp_path: Path, seed: int) -> None:
    pixels = blob(seed)
    found = read(tmp_path, "masks", (mask_of("cell", pixels),))
    [one] = found.loadAnns(found.getAnnIds())
    assert (found.annToMask(one) == pixels).all()
    assert one["area"] == pytest.approx(pixels.sum())


@pytest.mark.parametrize("seed", range(20))
def test_masks_go_to_cvat_and_back_as_the_same_pixels(seed: int) -> None:
    pixels = blob(seed)
    points = encode_mask(mask_of("cell", pixels))
    back = decode_mask(points, SIZE, "cell")
    assert back == mask_of("cell", pixels)
    counts = {"size": [back.height, back.width], "counts": list(back.runs)}
    again = coco_masks.decode(coco_masks.frPyObjects(counts, back.height, back.width))
    assert (again == pixels).all()
    assert (pixels_of(back) == pixels).all()
