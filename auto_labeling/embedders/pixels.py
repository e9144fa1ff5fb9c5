"""The embedder `pixels`: pictures as small rows of levels, as a pool of pictures has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept
from auto_labeling.errors import DataError
from auto_labeling.files import content_digest
from auto_labeling.pool.picture_files import check_features, content_of
from auto_labeling.pool.pixels import WHITE, Colors, pixel_count, pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Pixels(Kept):
    """Pictures of size x size levels in [0, 1], whatever the size that the pool is told."""

    size: int = 16
    colors: Colors = "gray"
    reads: ClassVar[frozenset[str]] = frozenset({"image"})

    def __post_init__(self) -> None:
        check_features(self.size, self.colors)

    @property
    def digest(self) -> str:
        return content_digest(["pixels", 1, self.size, self.colors])

    def check(self, base: Path) -> None:
        """Return: there is nothing to be missed."""

    def open(self, base: Path, learned: bytes | None = None) -> Pixels:  # noqa: ARG002 - the port's
        """Return itself."""
        return self

    def embed(self, contents: Any) -> NDArray[np.float32]:
        points = np.empty((len(contents), pixel_count(self.size, self.colors)), np.float32)
        for row, path in enumerate(contents):
            try:
                points[row] = pixels(content_of(path), self.size, self.colors)
            except DataError as error:
                raise DataError(f"{path}: {error}") from error
        return points / np.float32(WHITE)
