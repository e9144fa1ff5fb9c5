"""Pictures with coloured rectangles and discs, and a small YOLO that has looked at them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from auto_labeling.formats.masks import mask_of
from auto_labeling.models.yolo import Yolo
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask

# Not `importorskip`: our own import comes first, because theirs writes to the home folder.
needs_yolo = pytest.mark.skipif(find_spec("ultralytics") is None, reason="needs ultralytics")

SIZE = 64
CLASSES = ("disc", "block")
BOXES = LabelSchema(task="boxes", classes=CLASSES)
MASKS = LabelSchema(task="masks", classes=CLASSES)
# Few pictures and few epochs: steps of one batch, and no picture that shows nothing whole.
FAST = {"optimizer": "AdamW", "lr0": 0.005, "nbs": 4, "warmup_epochs": 0, "mosaic": 0.0}


def scenes(
    folder: Path, n: int, seed: int = 0
) -> tuple[Pictures, list[tuple[Box, ...]], list[tuple[Mask, ...]]]:
    """Draw one or two objects on each of n pictures, and say where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths, boxes, masks = [], [], []
    for at in range(n):
        image = Image.fromarray(rng.integers(90, 160, (SIZE, SIZE, 3), dtype=np.uint8))
        drawn = [_draw(image, half, rng) for half in range(int(rng.integers(1, 3)))]
        paths.append(folder / f"{at}.png")
        image.save(paths[-1])
        masks.append(tuple(drawn))
        boxes.append(tuple(map(_around, drawn)))
    return Pictures(tuple(paths)), boxes, masks


def small(task: str = "", **settings: object) -> Yolo:
    """Return the settings of a YOLO that looks at the scenes in their own size."""
    given = {"image_size": SIZE, "epochs": 1, "batch": 4, "options": FAST, **settings}
    return Yolo(weights=f"yolov8n{task}.yaml", **given)  # type: ignore[arg-type]


def _draw(image: Image.Image, half: int, rng: np.random.Generator) -> Mask:
    radius = int(rng.integers(8, 13))
    x = int(rng.integers(radius, SIZE - radius))
    y = int(rng.integers(radius, SIZE // 2 - radius)) + half * SIZE // 2
    label = CLASSES[int(rng.integers(2))]
    around = (x - radius, y - radius, x + radius, y + radius)
    alone = Image.new("1", image.size)
    for canvas, fill in ((image, (220, 40, 40) if label == "disc" else (40, 40, 220)), (alone, 1)):
        draw = ImageDraw.Draw(canvas)
        (draw.ellipse if label == "disc" else draw.rectangle)(around, fill=fill)
    return mask_of(label, np.asarray(alone))


def _around(mask: Mask) -> Box:
    from auto_labeling.formats.labeled import bounds

    left, top, right, bottom = bounds(mask)
    return Box(label=mask.label, x=left, y=top, width=right - left, height=bottom - top)
