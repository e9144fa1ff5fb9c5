"""The folder that ultralytics trains on, written anew from pictures and what is drawn on them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.files import disk_errors
from auto_labeling.formats.labeled import Labeled, bounds, is_there
from auto_labeling.formats.masks import pixels_of
from auto_labeling.formats.yolo import encode_yolo
from auto_labeling.models.yolo_pictures import squares, upright_pixels
from auto_labeling.pictures import Pictures
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_PREFIX = "training-"
_FEW = 20
_LEAST_SIDE = 10  # ultralytics leaves out what is smaller


@contextmanager
def training_folder(checkpoints: Path | None) -> Iterator[Path]:
    """Make a folder to train in, and remove it afterwards.

    Below `checkpoints`, which has one user at a time, what a killed training left is removed too.
    """
    if checkpoints is not None:
        with disk_errors(checkpoints):
            checkpoints.mkdir(parents=True, exist_ok=True)
            for left in checkpoints.glob(f"{_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=checkpoints) as folder:
        yield Path(folder).resolve()


def split(
    n: int, patience: int | None, seed: int, must_train: Sequence[int] | NDArray[np.intp] = ()
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to train on and those, a tenth of n, that say when to stop, ascending.

    None of the latter where nobody asks for them, or where there are fewer than 20 rows.

    >>> [len(rows) for rows in split(40, patience=5, seed=0)], split(40, None, 0)[1].size
    ([36, 4], 0)
    """
    wanted = 0 if patience is None or n < _FEW else round(n / 10)
    free = np.setdiff1d(np.arange(n), np.asarray(must_train, dtype=np.intp))
    held = np.sort(np.random.default_rng([seed, n]).permutation(free)[:wanted])
    return np.setdiff1d(np.arange(n), held), held


def write_drawings(
    folder: Path,
    pictures: Pictures,
    drawn: Sequence[tuple[Shape, ...]],
    schema: LabelSchema,
    image_size: int,
) -> None:
    """Write `images/N.png` and `labels/N.txt` for every picture.

    Outlines and masks are written as one outline each: holes are filled, and parts that do not
    touch are joined by a line without width.
    """
    outlined = schema.task != "boxes"
    if outlined:
        schema = LabelSchema(task="polygons", classes=schema.classes)
    labeled = [
        Labeled(
            number=row + 1,
            item_id=str(row),
            picture=f"{row:07}.png",
            value=tuple(map(_outlined, filter(is_there, shapes))) if outlined else shapes,
        )
        for row, shapes in enumerate(drawn)
    ]
    for name, text in encode_yolo(labeled, schema).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for row, path in enumerate(pictures):
        _write_picture(path, folder / "images" / f"{row:07}.png", image_size)


def write_classes(folder: Path, pictures: Pictures, names: Sequence[str], image_size: int) -> None:
    """Write `NAME/N.png`, square, for every picture and the name of its class."""
    for frame, name in zip(squares(pictures, image_size), names, strict=True):
        _write(folder / name / f"{frame.row:07}.png", frame.pixels)


def _write_picture(source: Path, target: Path, image_size: int) -> None:
    """Write a picture, upright and in three channels, as large as the network looks at it.

    A copy, because ultralytics mends damaged JPEGs in place, and those are the user's. It scales
    its training pictures to this size first thing, in the same way: what it learns is the same, and
    it reads less.
    """
    import cv2

    seen = upright_pixels(source)
    height, width = seen.shape[:2]
    scale = image_size / max(height, width)
    sides = (int(min(np.ceil(side * scale), image_size)) for side in (width, height))
    least = tuple(max(side, _LEAST_SIDE) for side in sides)
    resized: NDArray[Any] = cv2.resize(seen, least, interpolation=cv2.INTER_LINEAR)
    _write(target, resized)


def _write(target: Path, pixels: NDArray[np.uint8]) -> None:
    import cv2

    _, encoded = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(encoded.tobytes())


def _outlined(shape: Shape) -> Polygon:
    match shape:
        case Polygon():
            return shape
        case Mask():
            return Polygon(label=shape.label, points=outline(shape))
        case Box():
            left, top, right, bottom = bounds(shape)
            corners = ((left, top), (right, top), (right, bottom), (left, bottom))
            return Polygon(label=shape.label, points=corners)


def outline(mask: Mask) -> tuple[tuple[float, float], ...]:
    """Return the corners around the pixels of a mask, its parts joined into one line."""
    import cv2
    from ultralytics.data.converter import merge_multi_segment

    inside = pixels_of(mask)
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    top, left = rows[0], columns[0]
    crop = inside[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.uint8)
    # OpenCV traces the centres of border pixels. On pixels of twice the size the even ones lie left
    # or above, the odd ones right or below: both are moved to their outer edge.
    twice = cv2.resize(crop, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    found, _ = cv2.findContours(twice, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    parts = [(part[:, 0] + 1) // 2 + (left, top) for part in found]
    joined: NDArray[Any] = (
        parts[0] if len(parts) == 1 else np.concatenate(merge_multi_segment(parts))
    )
    shares = joined / (mask.width, mask.height)
    return tuple((float(x), float(y)) for x, y in shares)
