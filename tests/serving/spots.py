"""Pictures of red and green spots, campaigns about them, and a detector that sees every one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage

from auto_labeling.campaign.drawings import drawn as as_drawn
from auto_labeling.detections import Detections
from auto_labeling.formats.masks import mask_of
from auto_labeling.formats.value import encode_value
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pixels import picture
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape

SPOTS = ("red", "green")
ORIENTATION = 0x0112
_BEGINS = 60  # levels above the grey around it


@dataclass(frozen=True, slots=True, kw_only=True)
class Spotting:
    """The detector's settings."""

    draws: bool = False
    reads: ClassVar[str] = "pictures"
    tasks: ClassVar[tuple[str, ...]] = ("boxes", "polygons", "masks")

    def build(self, seed: int, base: Path = Path()) -> Spotter:
        return Spotter(draws=self.draws)


@dataclass(eq=False)
class Spotter:
    """Sees every spot of the classes that it has learned; the brighter, the surer."""

    draws: bool = False
    names: tuple[str, ...] = ()
    looked_at: ClassVar[list[Path]] = []
    requires: ClassVar[tuple[str, ...]] = ("pillow",)

    def learn(
        self, pictures: Pictures, drawn: Sequence[tuple[Shape, ...]], schema: LabelSchema
    ) -> None:
        self.names = schema.classes

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        self.looked_at.extend(pictures)
        return Detections.joined([self._one(path, mirrored) for path in pictures])

    def _one(self, path: Path, mirrored: bool) -> Detections:
        levels = np.asarray(picture(path.read_bytes(), "rgb"), dtype=np.int16)
        found = sorted(self._spots(levels), key=lambda one: -one[0])
        height, width = levels.shape[:2]
        boxes = [box_of(inside) for _, _, inside in found]
        return Detections(
            offsets=np.array([0, len(found)]),
            boxes=np.array(boxes, np.float32).reshape(-1, 4) / np.tile([width, height], 2),
            scores=np.array([one[0] for one in found], np.float32),
            labels=np.array([one[1] for one in found], np.intp),
            masks=tuple(mask_of(self.names[at], inside) for _, at, inside in found)
            if self.draws
            else None,
        )

    def _spots(self, levels: NDArray[np.int16]) -> Iterator[tuple[float, int, NDArray[np.bool_]]]:
        for label in range(len(self.names)):
            above = levels[..., label] - levels[..., 2]
            parts, count = ndimage.label(above > _BEGINS)
            for at in range(1, count + 1):
                inside = parts == at
                yield float(np.median(above[inside])) / 255, label, inside


def box_of(inside: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return left, top, width and height in pixels."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top


@dataclass(frozen=True, slots=True)
class Spot:
    """One of a class, so bright, on a place in pixels: left, top, right and bottom."""

    label: str
    score: float
    edges: tuple[int, int, int, int]


def write_spots(folder: Path, many: int = 24) -> Mapping[Path, list[Spot]]:
    """Write pictures of none to three spots into a new folder, and return what is on each.

    Every fourth lies on its side, as a camera's do.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(11)
    made = {}
    for at in range(many):
        spots = [_spot(rng, place) for place in range(at % 4)]
        shown = drawn(spots, level=60 + 4 * at)
        path = folder / f"s{at:02d}.png"
        exif = Image.Exif()
        if at % 4 == 3:  # turned back when it is looked at
            exif[ORIENTATION] = 6
            shown = shown.transpose(Image.Transpose.ROTATE_90)
        shown.save(path, exif=exif)
        made[path] = spots
    return made


def drawn(spots: Sequence[Spot], level: int = 90) -> Image.Image:
    """Return a picture of 160 x 120 pixels with these spots."""
    shown = Image.new("RGB", (160, 120), (level, level, level))
    pen = ImageDraw.Draw(shown)
    for spot in spots:
        left, top, right, bottom = spot.edges
        color = [0, 0, 0]
        color[SPOTS.index(spot.label)] = round(spot.score * 255)
        pen.rectangle((left, top, right - 1, bottom - 1), fill=tuple(color))
    return shown


def _spot(rng: np.random.Generator, place: int) -> Spot:
    left, top = 8 + 50 * place, int(rng.integers(8, 50))
    width, height = (int(side) for side in rng.integers(10, 40, 2))
    score = float(rng.integers(90, 256)) / 255
    return Spot(SPOTS[int(rng.integers(2))], score, (left, top, left + width, top + height))


def answer_of(spots: Sequence[Spot], schema: LabelSchema) -> tuple[Shape, ...]:
    """Return what a person draws on such a picture."""
    model = Spotter(draws=schema.task != "boxes", names=schema.classes)
    found = [
        (one.score, schema.classes.index(one.label), _inside(one))
        for one in sorted(spots, key=lambda one: -one.score)
    ]
    boxes = np.array([box_of(one[2]) for one in found], np.float32).reshape(-1, 4)
    seen = Detections(
        offsets=np.array([0, len(found)]),
        boxes=boxes / np.array([160, 120, 160, 120], np.float32),
        scores=np.array([one[0] for one in found], np.float32),
        labels=np.array([one[1] for one in found], np.intp),
        masks=tuple(mask_of(model.names[at], inside) for _, at, inside in found)
        if model.draws
        else None,
    )
    return as_drawn(seen, schema)


def _inside(spot: Spot) -> NDArray[np.bool_]:
    left, top, right, bottom = spot.edges
    inside = np.zeros((120, 160), dtype=bool)
    inside[top:bottom, left:right] = True
    return inside


def campaign_about(
    spots: Mapping[Path, Sequence[Spot]], truth: Path, task: str = "boxes", **overrides: Any
) -> dict[str, Any]:
    """Return the keys of a tiny campaign about such pictures."""
    schema = LabelSchema(task=task, classes=SPOTS)  # type: ignore[arg-type]
    with truth.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label"])
        for path in sorted(spots):
            writer.writerow([encode_value(answer_of(spots[path], schema))])
    return {
        "labels": {"task": task, "classes": list(SPOTS)},
        "pool": {
            "kind": "images",
            "path": str(next(iter(spots)).parent),
            "size": 8,
            "colors": "rgb",
            "features": None,
            "ids": None,
        },
        "model": {"kind": "spotting", "draws": task != "boxes"},
        "strategy": {"kind": "random", "batch": 6, "scorer": None, "cold_start": None},
        "backend": {"truth": str(truth), "annotators": [1.0, 1.0]},
        **overrides,
    }
