"""Pictures as YOLO looks at them: upright, three channels, scaled to its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.models.yolo_library import ultralytics
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pixels import picture

STRIDE = 32
"""What the sides of every network's input are multiples of."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture within a grey frame whose sides are multiples of the network's stride."""

    row: int
    """Which of the pictures it is."""
    pixels: NDArray[np.uint8]
    """(height, width, 3)"""
    size: tuple[int, int]
    """Height and width of the upright picture itself."""


def upright_pixels(path: Path) -> NDArray[np.uint8]:
    """Return (height, width, 3) red, green and blue of the first frame, as people see it.

    Raises `DataError` that names a file which cannot be read.
    """
    try:
        return np.asarray(picture(path.read_bytes(), "rgb"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except (DataError, OSError) as error:
        raise DataError(f"{path}: {error}") from error


def frames(pictures: Pictures, image_size: int, *, mirrored: bool = False) -> Iterator[Frame]:
    """Yield the pictures, each in the smallest frame: as ultralytics frames a single one."""
    return _framed(pictures, image_size, smallest=True, mirrored=mirrored)


def squares(pictures: Pictures, image_size: int) -> Iterator[Frame]:
    """Yield the pictures, each in a square."""
    return _framed(pictures, image_size, smallest=False, mirrored=False)


def _framed(
    pictures: Pictures, image_size: int, *, smallest: bool, mirrored: bool
) -> Iterator[Frame]:
    ultralytics()
    from ultralytics.data.augment import LetterBox

    framed: Any = LetterBox((image_size, image_size), auto=smallest, stride=STRIDE)
    for row, path in enumerate(pictures):
        seen = upright_pixels(path)
        turned = np.ascontiguousarray(seen[:, ::-1]) if mirrored else seen
        yield Frame(row=row, pixels=framed(image=turned), size=(seen.shape[0], seen.shape[1]))


def batches(given: Iterator[Frame], at_once: int) -> Iterator[list[Frame]]:
    """Yield frames of one shape together, so that no picture is padded for another's sake.

    At most `at_once` are held.
    """
    while chunk := list(islice(given, at_once)):
        shapes = dict.fromkeys(frame.pixels.shape for frame in chunk)
        for shape in shapes:
            yield [frame for frame in chunk if frame.pixels.shape == shape]


def as_tensor(batch: list[Frame], device: str) -> Any:
    """Return (n, 3, height, width) levels from 0 to 1."""
    import torch

    stacked = torch.from_numpy(np.stack([frame.pixels for frame in batch])).to(device)
    return stacked.permute(0, 3, 1, 2).contiguous().float().div_(255)
