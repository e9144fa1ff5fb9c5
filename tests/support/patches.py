"""Pictures of coloured rectangles, and a detector that sees them to the pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from auto_labeling.detections import Detections
from auto_labeling.formats.masks import mask_of
from auto_labeling.pictures import Pictures

Rectangle = tuple[int, int, int, int]


@dataclass
class Colours:
    """Sees every connected patch of red (class 0) or green (class 1), to the pixel."""

    draws: bool = False
    seen: list[tuple[int, int]] = field(default_factory=list)
    names: tuple[str, ...] = ("red", "green")

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        return Detections.joined([self._one(path) for path in pictures])

    def _one(self, path: Path) -> Detections:
        with Image.open(path) as picture:
            levels = np.asarray(picture.convert("RGB"))
        height, width = levels.shape[:2]
        self.seen.append((width, height))
        found = []
        for label in (0, 1):
            patches, _ = ndimage.label(levels[..., label] > 128)
            for at, (rows, columns) in enumerate(ndimage.find_objects(patches), 1):
                mask = mask_of(self.names[label], patches == at)
                found.append((label, rows, columns, mask))
        boxes = [
            [
                c.start / width,
                r.start / height,
                (c.stop - c.start) / width,
                (r.stop - r.start) / height,
            ]
            for _, r, c, _ in found
        ]
        return Detections(
            offsets=np.array([0, len(found)]),
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
            scores=np.linspace(0.9, 0.5, len(found), dtype=np.float32),
            labels=np.array([one[0] for one in found], np.intp),
            masks=tuple(one[3] for one in found) if self.draws else None,
        )


def drawn(path: Path, size: tuple[int, int], rectangles: Sequence[tuple[int, Rectangle]]) -> Path:
    picture = Image.new("RGB", size)
    pen = ImageDraw.Draw(picture)
    for label, (left, top, right, bottom) in rectangles:
        pen.rectangle((left, top, right - 1, bottom - 1), fill=["#ff0000", "#00ff00"][label])
    picture.save(path)
    return path
