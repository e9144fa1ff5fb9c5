"""Points on disk, by what they are points of: in shards that are whole or absent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically
from auto_labeling.ports import Precision

_TYPES: dict[Precision, str] = {"half": "<f2", "single": "<f4"}
_HASH_BYTES = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class Store:
    """The points of one embedder, whichever campaign asked for them; memory maps.

    A shard is two files: `NAME.contents.npy`, whose rows are the sha256 of contents, and then
    `NAME.npy` with their points. The second makes the first count, so that what a killed writer
    leaves behind is never read.
    """

    folder: Path
    precision: Precision = "single"

    @cached_property
    def shards(self) -> tuple[NDArray[np.floating[Any]], ...]:
        """Return the (n_i, d) points of every shard that is there."""
        return tuple(_read(path) for path in self._paths)

    @cached_property
    def rows(self) -> dict[str, int]:
        """Return content hash -> the row of its point in all shards, one after the other."""
        found: dict[str, int] = {}
        row = 0
        for path, points in zip(self._paths, self.shards, strict=True):
            contents = _read(path.with_suffix(".contents.npy"))
            if contents.shape != (len(points), _HASH_BYTES):
                raise _damaged(path)
            for content in contents:
                found.setdefault(content.tobytes().hex(), row)
                row += 1
        return found

    @property
    def width(self) -> int | None:
        """Return how many numbers a point has; None before the first."""
        widths = {points.shape[1] for points in self.shards}
        if len(widths) > 1:
            raise DataError(
                f"{self.folder}: expected points of one width, got {sorted(widths)}: the embedder "
                "has changed, though its digest has not; delete the folder, and all is embedded "
                "anew"
            )
        return next(iter(widths), None)

    def missing(self, contents: Sequence[str]) -> list[int]:
        """Return the positions of contents without a point, one position a content."""
        first: dict[str, int] = {}
        for at, content in enumerate(contents):
            if content not in self.rows:
                first.setdefault(content, at)
        return list(first.values())

    def with_points(self, contents: Sequence[str], points: NDArray[np.floating[Any]]) -> Store:
        """Write a shard of (n, d) points, and return the store that has it."""
        name = hashlib.sha256("".join(contents).encode()).hexdigest()[:32]
        known = np.frombuffer(bytes.fromhex("".join(contents)), np.uint8)
        kept = points.astype(_TYPES[self.precision])
        path = self.folder / f"{name}.npy"
        _write(path.with_suffix(".contents.npy"), known.reshape(-1, _HASH_BYTES))
        _write(path, kept)
        return Store(folder=self.folder, precision=self.precision)

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        found = sorted(self.folder.glob("[0-9a-f]*.npy"))
        return tuple(path for path in found if not path.name.endswith(".contents.npy"))


def _write(path: Path, array: NDArray[Any]) -> None:
    write_atomically(path, lambda file: np.save(file, array))


def _read(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path) from error
    if array.ndim != 2:
        raise _damaged(path)
    return array


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path}: what was embedded is damaged; delete {path.parent}, and all is embedded anew"
    )
