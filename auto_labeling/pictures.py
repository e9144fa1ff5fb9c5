"""Pictures by their files: what a model reads that looks at pictures and not at features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pictures:
    """n picture files, taken by position as rows of features are.

    >>> pool = Pictures((Path("a.png"), Path("b.png"), Path("c.png")))
    >>> pool.shape, pool[np.array([2, 0])].paths
    ((3, 0), (PosixPath('c.png'), PosixPath('a.png')))
    """

    paths: tuple[Path, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, 0): a picture has no features."""
        return len(self.paths), 0

    def __len__(self) -> int:
        return len(self.paths)

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __getitem__(self, rows: slice | Sequence[int] | NDArray[Any]) -> Pictures:
        """Return the pictures of some positions, in their order."""
        return Pictures(tuple(self.paths[at] for at in np.arange(len(self))[rows]))
