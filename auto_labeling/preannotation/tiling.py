"""Large pictures, looked at square by square: small objects keep their pixels."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import OVERLAP, Detections
from auto_labeling.errors import DataError
from auto_labeling.pictures import Pictures
from auto_labeling.pool import pixels
from auto_labeling.ports import Detects
from auto_labeling.preannotation.rules import Rules, refuse_small_tile, refuse_tile_overlap
from auto_labeling.preannotation.rules import pixels as pixel_count
from auto_labeling.preannotation.seams import joined
from auto_labeling.preannotation.suppression import Suppresses

if TYPE_CHECKING:
    from PIL import Image

_AT_ONCE = 16
"""How many tiles lie on the disk, and in the detector, at a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tiled:
    """A detector that looks at a picture larger than `side` pixels in overlapping squares.

    Objects on the seams are put together from their parts. Beside what is found, memory holds one
    decoded picture and a batch of squares, however large the picture is.
    """

    detector: Detects
    side: int = 640
    """Pixels; a smaller picture is looked at as it is."""
    overlap: float = 0.2
    """What share of its side a square has in common with the next, at least.

    An object that is no longer than this lies whole in one of them.
    """

    suppress: float = OVERLAP
    """Of two objects of one class whose IoU is above this, the less sure one is left out."""

    def __post_init__(self) -> None:
        refuse_small_tile(self.side)
        refuse_tile_overlap(self.overlap)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the classes of the detector."""
        return self.detector.names

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        """Return what is seen on the squares of each picture, as of the whole picture."""
        return Detections.joined([self._seen(path, mirrored) for path in pictures])

    def _seen(self, path: Path, mirrored: bool) -> Detections:
        picture = _opened(path)
        tiles = tiles_of(*picture.size, self.side, self.overlap)
        if len(tiles) == 1:
            return self.detector.detect(Pictures((path,)), mirrored=mirrored)
        with tempfile.TemporaryDirectory(prefix="tiles-") as folder:
            parts = [
                self._on(picture, tiles[start : start + _AT_ONCE], Path(folder), mirrored)
                for start in range(0, len(tiles), _AT_ONCE)
            ]
        return joined(Detections.joined(parts), tiles, picture.size, self.suppress)

    def _on(
        self, picture: Image.Image, tiles: NDArray[np.int64], folder: Path, mirrored: bool
    ) -> Detections:
        # Uncompressed, because they are read once; the names are used again by the next batch.
        paths = [folder / f"{at}.bmp" for at in range(len(tiles))]
        for path, tile in zip(paths, tiles.tolist(), strict=True):
            picture.crop(tile).save(path)
        return self.detector.detect(Pictures(tuple(paths)), mirrored=mirrored)


def tiles_of(width: int, height: int, side: int, overlap: float) -> NDArray[np.int64]:
    """Return (t, 4) left, top, right and bottom of the tiles of a picture, row by row, in pixels.

    >>> tiles_of(1000, 500, 640, 0.2)
    array([[   0,    0,  640,  500],
           [ 360,    0, 1000,  500]])
    """
    lefts, tops = _starts(width, side, overlap), _starts(height, side, overlap)
    top, left = (grid.ravel() for grid in np.meshgrid(tops, lefts, indexing="ij"))
    ends = np.minimum(left + side, width), np.minimum(top + side, height)
    return np.stack([left, top, *ends], axis=1)


def _starts(length: int, side: int, overlap: float) -> NDArray[np.int64]:
    if length <= side:
        return np.zeros(1, np.int64)
    shared = round(side * overlap)
    count = -(-(length - shared) // (side - shared))
    return np.linspace(0, length - side, count).round().astype(np.int64)


def _opened(path: Path) -> Image.Image:
    try:
        return pixels.picture(path.read_bytes(), "rgb")
    except (DataError, OSError) as error:
        raise DataError(f"{path}: {error}") from error


def as_ruled(detector: Detects, rules: Rules) -> Detects:
    """Return the detector, which looks at tiles where the rules say so.

    It leaves out no overlapping object that the rules keep.
    """
    if rules.overlap > OVERLAP and isinstance(detector, Suppresses):
        detector = detector.suppressing(rules.overlap)
    if rules.tile is None:
        return detector
    return Tiled(
        detector=detector,
        side=pixel_count(rules.tile, "tile"),
        overlap=rules.tile_overlap,
        suppress=max(rules.overlap, OVERLAP),
    )
