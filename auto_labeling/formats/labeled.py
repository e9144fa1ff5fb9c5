"""Labeled items on their way to other programs: what every format of labels is written from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from auto_labeling.errors import DataError
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import ItemId, LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_OF_LABEL_STUDIO = ("/data/local-files/?", "/data/local-files?", "/data/upload/")
"""How addresses begin that Label Studio writes without its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labeled:
    """One item with the one label that it was given."""

    number: int
    """From 1; the same whenever the item is exported."""
    item_id: ItemId
    value: Value
    picture: str | None = None
    """Its path or address, where the item is one."""
    size: tuple[int, int] | None = None
    """Width and height of the picture in pixels, as people see it, where they are known."""
    confidence: float = math.nan
    votes: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What people were shown, and what stood beside it."""


Encoder: TypeAlias = Callable[[Sequence[Labeled], LabelSchema], Mapping[str, str]]
"""Labeled items in, name -> content of the files out; the names are relative paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A picture with what is drawn on it."""

    number: int
    name: str
    """The file name of the picture, different for every one, less its suffix too."""
    size: tuple[int, int] | None
    shapes: tuple[Shape, ...]

    @property
    def pixels(self) -> tuple[int, int]:
        """Return width and height. Raises `DataError` where nobody knows them."""
        if self.size is None:
            raise DataError(f"{self.name}: the size of the picture is not known")
        return self.size


def drawings(labeled: Sequence[Labeled], schema: LabelSchema, form: str) -> list[Drawing]:
    """Return the pictures by number; those where people abstained are left out.

    A picture on which nothing was to be drawn stays: it is an answer. Raises `DataError` where no
    shapes are labeled, because `form` holds nothing else.
    """
    if not schema.is_drawn:
        raise DataError(
            f"{form} holds what is drawn on pictures, and here the task is {schema.task!r}; export "
            "csv or json"
        )
    drawn = [
        (one, shapes)
        for one in sorted(labeled, key=lambda one: one.number)
        if (shapes := _shapes(one.value)) is not None
    ]
    names = file_names([one for one, _ in drawn])
    return [
        Drawing(
            number=one.number, name=name, size=_size(one, shapes), shapes=_known(shapes, schema)
        )
        for (one, shapes), name in zip(drawn, names, strict=True)
    ]


def file_names(labeled: Sequence[Labeled]) -> list[str]:
    """Return the relative paths of the pictures; where two would share one, with their numbers.

    No two are alike, less their suffixes either.

    >>> file_names([Labeled(number=at, item_id="", value=(), picture=f"http://x/{at}/a.png")
    ...             for at in (1, 2)])
    ['a-1.png', 'a-2.png']
    """
    paths = [_path(one) for one in labeled]
    often = Counter(_stem(path) for path in paths)
    taken = set(often)
    names = []
    for one, path in zip(labeled, paths, strict=True):
        name = path
        while often[_stem(path)] > 1 and _stem(name) in taken:
            name = name.with_name(f"{name.stem}-{one.number}{name.suffix}")
        taken.add(_stem(name))
        names.append(str(name))
    return names


def bounds(shape: Shape) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of the upright box around a shape, as fractions.

    >>> bounds(Polygon(label="car", points=((0, .5), (1, 0), (.5, 1))))
    (0.0, 0.0, 1.0, 1.0)
    """
    match shape:
        case Box():
            edges = shape.x, shape.y, shape.x + shape.width, shape.y + shape.height
        case Polygon():
            xs, ys = zip(*shape.points, strict=True)
            edges = min(xs), min(ys), max(xs), max(ys)
        case Mask():
            edges = _around(shape)
    left, top, right, bottom = (min(max(float(edge), 0.0), 1.0) for edge in edges)
    return left, top, right, bottom


def _around(mask: Mask) -> tuple[float, float, float, float]:
    pixels = pixels_of(mask)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    height, width = pixels.shape
    return (
        int(columns[0]) / width,
        int(rows[0]) / height,
        (int(columns[-1]) + 1) / width,
        (int(rows[-1]) + 1) / height,
    )


def _shapes(value: Value) -> tuple[Shape, ...] | None:
    """Return the shapes of an answer; None for an abstention."""
    if isinstance(value, str) or any(isinstance(one, str) for one in value):
        return None
    return tuple(one for one in value if not isinstance(one, str))


def _known(shapes: tuple[Shape, ...], schema: LabelSchema) -> tuple[Shape, ...]:
    if strange := sorted({shape.label for shape in shapes} - set(schema.classes)):
        raise DataError(f"expected classes out of {list(schema.classes)}, got {strange}")
    return tuple(shape for shape in shapes if is_there(shape))


def is_there(shape: Shape) -> bool:
    """Return whether anything of a shape lies within the picture: a record has a little slack."""
    left, top, right, bottom = bounds(shape)
    return left < right and top < bottom


def _size(one: Labeled, shapes: Sequence[Shape]) -> tuple[int, int] | None:
    masks = (shape for shape in shapes if isinstance(shape, Mask))
    mask = next(masks, None)
    return one.size if mask is None else (mask.width, mask.height)


def _path(one: Labeled) -> PurePosixPath:
    """Return where the picture lies below its folder; never above it."""
    if one.picture is None:
        raise DataError(f"item {one.item_id!r}: expected a picture, got none")
    path = local_path(one.picture)
    place = PurePosixPath(path.replace("\\", "/"))
    is_whole = "://" in one.picture or place.is_absolute() or PureWindowsPath(path).is_absolute()
    named = PurePosixPath(place.name) if is_whole else place
    safe = [part for part in named.parts if part not in ("/", "..")]
    return PurePosixPath(*safe) if safe else PurePosixPath(str(one.number))


def local_path(picture: str) -> str:
    """Return the path that an address names; one that is a path stays as it is.

    In an address a `#`, a `?` and a `%` are more than letters, in the name of a file they are not.

    >>> local_path("https://x.org/a%20b.png?size=3"), local_path("cell #1 50%20.png")
    ('/a b.png', 'cell #1 50%20.png')
    >>> local_path("/data/local-files/?d=photos/a%20b.png")
    'photos/a b.png'
    """
    if "://" not in picture and not picture.startswith(_OF_LABEL_STUDIO):
        return picture
    parts = urlsplit(picture)
    local = parse_qs(parts.query).get("d") if parts.path.startswith("/data/local-files") else None
    return local[0] if local else unquote(parts.path)


def _stem(path: PurePosixPath) -> str:
    """Return what two pictures may not share: formats name their files by it."""
    return str(path.with_suffix("")).casefold()
