"""Write the data of `shapes_yolo.yaml` and `shapes_segment.yaml`: discs, squares and triangles."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("disc", "square", "triangle")
SIDE = 96
CORNERS = {"disc": 24, "square": 4, "triangle": 3}


def write(folder: Path, pool: int = 160, heldout: int = 60, seed: int = 0) -> None:
    """Write `pool` and `heldout`: pictures, and a COCO file with the outline of every shape."""
    rng = np.random.default_rng(seed)
    for part, count in (("pool", pool), ("heldout", heldout)):
        pictures = folder / part
        pictures.mkdir(parents=True, exist_ok=True)
        images, annotations = [], []
        for number in range(1, count + 1):
            name = f"{part}_{number:03d}.png"
            picture, outlines = draw(rng)
            picture.save(pictures / name)
            images.append({"id": number, "file_name": name, "width": SIDE, "height": SIDE})
            annotations += [_annotation(number, *outline) for outline in outlines]
        content = {
            "images": images,
            "annotations": [{"id": at, **one} for at, one in enumerate(annotations, 1)],
            "categories": [{"id": at, "name": name} for at, name in enumerate(CLASSES, 1)],
        }
        (folder / f"{part}.json").write_text(json.dumps(content))


def draw(rng: np.random.Generator) -> tuple[Image.Image, list[tuple[int, np.ndarray]]]:
    """Return a picture, and the class and the corners (n, 2), in pixels, of each shape on it."""
    noise = rng.integers(0, 90, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    pen = ImageDraw.Draw(picture)
    taken: list[tuple[float, float, float]] = []
    outlines = []
    for _ in range(rng.integers(1, 5)):
        radius = rng.uniform(9, 18)
        x, y = rng.uniform(radius, SIDE - radius, 2)
        if any(math.hypot(x - u, y - v) < radius + other for u, v, other in taken):
            continue
        taken.append((x, y, radius))
        which = int(rng.integers(len(CLASSES)))
        count = CORNERS[CLASSES[which]]
        angles = rng.uniform(0, 2 * math.pi) + np.arange(count) * 2 * math.pi / count
        corners = np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1)
        pen.polygon([tuple(one) for one in corners], fill=tuple(rng.integers(110, 255, 3).tolist()))
        outlines.append((which, corners))
    return picture, outlines


def _annotation(picture: int, which: int, corners: np.ndarray) -> dict[str, Any]:
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = corners.T
    area = abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
    return {
        "image_id": picture,
        "category_id": which + 1,
        "bbox": [round(float(edge), 2) for edge in (*low, *(high - low))],
        "segmentation": [[round(float(edge), 2) for edge in corners.ravel()]],
        "area": round(area, 2),
        "iscrowd": 0,
    }


if __name__ == "__main__":
    write(Path(__file__).parent / "data" / "shapes")
