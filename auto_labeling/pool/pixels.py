"""An image file as a small row of grey or colour levels."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from auto_labeling.errors import DataError

Colors: TypeAlias = Literal["gray", "rgb"]

MODES = {"gray": "L", "rgb": "RGB"}
WHITE = 255.0
"""The highest level: features are shares of it."""


def pixel_count(size: int, colors: Colors) -> int:
    """Return how many levels `pixels` gives.

    >>> pixel_count(16, "rgb")
    768
    """
    return size * size * len(MODES[colors])


def pixels(content: bytes, size: int, colors: Colors) -> NDArray[np.uint8]:
    """Return the first frame of a file as (size * size * channels,) levels."""
    return measured_pixels(content, size, colors)[0]


def measured_pixels(
    content: bytes, size: int, colors: Colors
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return the same, and the width and the height of the picture the way up it is looked at."""
    with _decoded(content) as image:
        width, height = image.size
        # A JPEG is decoded at an eighth of its size or so, as long as it stays large enough.
        image.draft(MODES[colors], (4 * size, 4 * size))
        small = levels(image, size, colors)
        lies = image.getexif().get(ExifTags.Base.Orientation) in _ON_THE_SIDE
        return small, (height, width) if lies else (width, height)


_ON_THE_SIDE = (5, 6, 7, 8)
"""The orientations of EXIF that swap width and height."""


def levels(image: Image.Image, size: int, colors: Colors) -> NDArray[np.uint8]:
    """Return an open image, the way up it is looked at, as (size * size * channels,) levels.

    Of a JPEG that is decoded in full they can differ by a level or two from those of its file.
    """
    small = upright(image, colors).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.uint8).reshape(-1)


def picture(content: bytes, colors: Colors) -> Image.Image:
    """Return the first frame of a file in full, the way up it is looked at."""
    with _decoded(content) as image:
        return upright(image, colors)


def upright(image: Image.Image, colors: Colors) -> Image.Image:
    """Return an open image the way up it is looked at, 8 bits a channel."""
    return _flat(ImageOps.exif_transpose(image), MODES[colors])


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and the height that people see; `DataError` for what is no picture."""
    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image).size
    except (OSError, ValueError, ImportError) as error:
        raise DataError(f"{path}: it cannot be read as a picture ({error})") from error


@contextmanager
def _decoded(content: bytes) -> Iterator[Image.Image]:
    """Open an image, and say plainly what is wrong with it, while it is decoded as well."""
    if not content:
        raise DataError("it is empty (0 bytes)")
    try:
        with Image.open(BytesIO(content)) as image:
            yield image
    except Image.DecompressionBombError:
        raise DataError("it has too many pixels to be opened safely") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, ImportError):
        # Pillow's decoders raise all of these for damaged files, and the last one where somebody
        # has imported ultralytics, whose `Image.open` then looks for a decoder that is not there.
        raise DataError("it cannot be decoded: damaged, cut short, or not an image") from None


def _flat(image: Image.Image, mode: str) -> Image.Image:
    """Return 8 bits a channel, without transparency."""
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image), image.mode))
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen)
        image = image.convert("RGB")
    return image.convert(mode)


def _eight_bits(levels: NDArray[np.generic], mode: str) -> NDArray[np.uint8]:
    deep = np.nan_to_num(levels.astype(np.float64))
    if mode == "F":
        # Floats have no agreed white, so their own extremes are black and white.
        low, span = deep.min(), np.ptp(deep)
        deep = (deep - low) / span * 65535 if span else deep * 0
    return np.clip(deep / 257, 0, 255).astype(np.uint8)
