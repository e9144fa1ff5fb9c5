"""Pictures with objects, and a detector that finds some of them: what figures are tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from auto_labeling.detections import Detections
from auto_labeling.formats.masks import mask_of
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Shape

CLASSES = ("cell", "plate/let", "worm")
BOXES = LabelSchema(task="boxes", classes=CLASSES)
MASKS = LabelSchema(task="masks", classes=CLASSES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """How many objects stand on a picture, and how well they are found."""

    objects: float = 4.0
    found: float = 0.8
    extras: float = 2.0

    def look(self, n: int, rng: np.random.Generator) -> tuple[list[tuple[Shape, ...]], Detections]:
        """Return what is drawn on n pictures, some harder than others, and what is seen there."""
        truth: list[tuple[Shape, ...]] = []
        seen: list[list[Any]] = []
        for _ in range(n):
            luck = rng.beta(self.found * 4, (1 - self.found) * 4)
            shapes, rows = [], []
            for _ in range(rng.poisson(self.objects)):
                label, place = int(rng.choice(3, p=[0.6, 0.3, 0.1])), _somewhere(rng)
                x, y, width, height = place
                shapes.append(Box(label=CLASSES[label], x=x, y=y, width=width, height=height))
                if rng.random() < luck:
                    rows.append([rng.beta(5, 2), label, *_shaken(place, rng)])
            rows += [
                [rng.beta(2, 4), rng.integers(3), *_somewhere(rng)]
                for _ in range(rng.poisson(self.extras))
            ]
            truth.append(tuple(shapes))
            seen.append(sorted(rows, reverse=True))
        return truth, detections(seen)


def detections(seen: list[list[Any]]) -> Detections:
    """Return rows of score, label and edges, picture after picture, as detections."""
    table = np.array([row for rows in seen for row in rows], dtype=float).reshape(-1, 6)
    return Detections(
        offsets=np.cumsum([0, *map(len, seen)]),
        boxes=table[:, 2:].astype(np.float32),
        scores=table[:, 0].astype(np.float32),
        labels=table[:, 1].astype(np.intp),
    )


def as_masks(
    truth: list[tuple[Shape, ...]], seen: Detections, side: int
) -> tuple[list[tuple[Shape, ...]], Detections]:
    """Return the ellipses in the boxes, as masks of side x side pixels."""
    drawn: list[tuple[Shape, ...]] = [
        tuple(_ellipse(one.label, edges(one), side) for one in shapes) for shapes in truth
    ]
    masks = tuple(
        _ellipse(CLASSES[label], tuple(box), side)
        for box, label in zip(seen.boxes.tolist(), seen.labels.tolist(), strict=True)
    )
    return drawn, Detections(
        offsets=seen.offsets, boxes=seen.boxes, scores=seen.scores, labels=seen.labels, masks=masks
    )


def edges(shape: Shape) -> tuple[float, float, float, float]:
    """Return left, top, width and height of a box."""
    assert isinstance(shape, Box)
    return shape.x, shape.y, shape.width, shape.height


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how much two boxes by left, top, width and height cover the same."""
    across, down = (
        max(0.0, min(one[a] + one[a + 2], other[a] + other[a + 2]) - max(one[a], other[a]))
        for a in (0, 1)
    )
    return across * down / (one[2] * one[3] + other[2] * other[3] - across * down)


def _ellipse(label: str, place: tuple[float, ...], side: int) -> Mask:
    left, top, width, height = place
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    across, down = (x - left) / width - 0.5, (y - top) / height - 0.5
    return mask_of(label, across**2 + down**2 <= 0.25)


def _somewhere(rng: np.random.Generator) -> tuple[float, float, float, float]:
    width, height = rng.uniform(0.1, 0.3, 2)
    return rng.uniform(0, 1 - width), rng.uniform(0, 1 - height), width, height


def _shaken(place: tuple[float, ...], rng: np.random.Generator) -> tuple[float, ...]:
    x, y, width, height = place
    (right, down), (wider, higher) = rng.normal(0, 0.04, 2), np.exp(rng.normal(0, 0.08, 2))
    return x + right * width, y + down * height, width * wider, height * higher
