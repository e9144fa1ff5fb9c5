"""YOLO, read: `data.yaml` or `classes.txt`, and a text file a picture.

A line is `class x y width height` about its centre, with or without a score behind it, or an
outline `class x y x y ...`, all in fractions of the picture
(https://docs.ultralytics.com/datasets/detect, https://docs.ultralytics.com/datasets/segment).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

import yaml

from auto_labeling.errors import DataError
from auto_labeling.formats.coco_masks import mask_of_outlines
from auto_labeling.formats.drawn import (
    Drawn,
    DrawnTask,
    Size,
    box_within,
    gathered,
    in_form,
    outline_within,
)
from auto_labeling.shapes import Polygon, Shape

_SLACK = 0.01
"""How far above 1 a fraction may be, as in ultralytics: rounding, and no pixels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YoloData:
    """What a `data.yaml` says."""

    names: Mapping[int, str]
    root: str
    """What the paths of the splits are relative to; itself relative to the file."""
    splits: Mapping[str, tuple[str, ...]]
    """By its name (train, val, test) folders of pictures, or lists of them (.txt)."""


def read_data_yaml(text: str) -> YoloData:
    """Return the classes and the splits of a data set. Raises `DataError` where it is none.

    >>> read_data_yaml("{path: ., train: images/train, names: [car, van]}").names
    {0: 'car', 1: 'van'}
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError:
        raise DataError("expected a data.yaml, got no YAML") from None
    except ValueError as error:  # of a date that no calendar has
        raise DataError(f"expected a data.yaml, got a value that is none: {error}") from None
    if not isinstance(content, dict):
        raise DataError("expected a data.yaml with names and splits, got something else")
    splits = {
        name: tuple(map(str, given if isinstance(given, list) else [given]))
        for name in ("train", "val", "test")
        if (given := content.get(name))
    }
    return YoloData(
        names=_names(content.get("names")), root=str(content.get("path") or "."), splits=splits
    )


def read_classes(text: str) -> dict[int, str]:
    r"""Return the classes of a `classes.txt`, a name a line.

    >>> read_classes("car\nvan\n")
    {0: 'car', 1: 'van'}
    """
    return dict(enumerate(line.strip() for line in text.removeprefix("\ufeff").splitlines()))


def label_path(picture: str) -> str:
    """Return where the labels of a picture lie, as ultralytics looks for them.

    >>> label_path("/sets/images/train/a.b.png"), label_path("sets/a.png")
    ('/sets/labels/train/a.b.txt', 'sets/a.txt')
    """
    path = PurePosixPath(picture).with_suffix(".txt")
    parts = list(path.parts)
    folders = [at for at, part in enumerate(parts[:-1]) if part == "images"]
    if folders:
        parts[folders[-1]] = "labels"
    return str(PurePosixPath(*parts))


def drawn_in_yolo(
    text: str,
    names: Mapping[int, str],
    task: DrawnTask | None = None,
    size: Size | None = None,
) -> Drawn:
    """Return the objects of a picture as the answers of a task are; None: as the lines are.

    `size` is that of the picture; only masks need it, because a mask has pixels.

    >>> drawn_in_yolo("1 0.5 0.5 0.25 0.5", {1: "car"}).shapes
    (Box(label='car', x=0.375, y=0.25, width=0.25, height=0.5, score=None, attributes={}),)
    """
    lines = text.removeprefix("\ufeff").splitlines()
    objects = (
        (f"line {at}", _class_of(words[0], names), partial(_shapes, words, names, task, size))
        for at, line in enumerate(lines, 1)
        if (words := line.split())
    )
    return gathered(objects, size)


def _shapes(
    words: Sequence[str], names: Mapping[int, str], task: DrawnTask | None, size: Size | None
) -> tuple[Shape, ...]:
    try:
        number, *numbers = [float(word) for word in words]
    except ValueError:
        raise DataError("expected a class and numbers, got something else") from None
    label = _class_of(words[0], names)
    if label is None:
        raise DataError(f"expected a class out of {len(names)}, got number {number:g}")
    if not all(-_SLACK <= edge <= 1 + _SLACK for edge in numbers):
        raise DataError("expected fractions of the picture from 0 to 1, got others")
    shape = _shape(label, numbers)
    if task == "masks" and isinstance(shape, Polygon):
        if size is None:
            raise DataError("expected the size of the picture, as a mask has pixels, got none")
        width, height = size
        corners = [
            edge * side for point in shape.points for edge, side in zip(point, size, strict=True)
        ]
        return (mask_of_outlines(label, [corners], (width, height)),)
    return (in_form(shape, task),)


def _class_of(word: str, names: Mapping[int, str]) -> str | None:
    try:
        number = float(word)
    except ValueError:
        return None
    return names[int(number)] if number in names else None


def _shape(label: str, numbers: list[float]) -> Shape:
    if len(numbers) not in (4, 5):
        return outline_within(label, numbers)
    x, y, width, height, *score = numbers
    edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return box_within(label, edges, *score)


def _names(given: Any) -> dict[int, str]:
    if isinstance(given, list):
        return {at: str(name) for at, name in enumerate(given)}
    if isinstance(given, dict) and given and all(type(number) is int for number in given):
        return {number: str(name) for number, name in given.items()}
    raise DataError("expected names as a list or by their numbers in a data.yaml, got neither")
