"""Which item of a pool a picture shows, told by its name or by what it looks like.

A pool knows its items by the bytes of their files, which are gone when a tool hands over a picture.
Pictures that we upload are named by their content. Of others names say nothing: items are sought
whose stored features are near, and their files tell the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageStat

from auto_labeling.arrays import spans
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.cvat.names import content_in
from auto_labeling.pool.cvat_export import CVATExport
from auto_labeling.pool.label_studio_export import LabelStudioExport
from auto_labeling.pool.picture_files import PictureFiles
from auto_labeling.pool.pixels import WHITE, levels, picture, upright
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.records import ItemId

NEAR = 3.0
"""By how many levels, on average, the features of a picture and of its file may differ: those of a
JPEG file are made of a coarse decoding of it, which is worth 1.6 levels."""
SAME = 1.0
"""By how many levels, on average, the pixels may: a tool that turns a photograph upright stores it
anew, which is worth a fourth of a level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognized:
    """What is known about a picture."""

    features: NDArray[np.float32]
    """(p,): as the pool has them where the picture is in it, else made as a pool makes them."""
    items: frozenset[ItemId]
    """Whose picture it may be; near ones whose file is gone are among them."""
    path: Path | None = None
    """The file of the item that it shows, where that is there."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recognizer:
    """Knows the pictures of one pool by sight."""

    pool: Pool
    source: PictureFiles | CVATExport | LabelStudioExport

    @classmethod
    def of(cls, pool: Pool) -> Recognizer:
        """Return one for this pool. Raises `ConfigurationError` where it has no pictures."""
        source = pool.snapshots[0].source
        if isinstance(source, PictureFiles | CVATExport):
            return cls(pool=pool, source=source)
        if isinstance(source, LabelStudioExport) and source.shows == "image":
            return cls(pool=pool, source=source)
        raise ConfigurationError(
            f"pool: expected pictures, of which features can be made, got {source.location}"
        )

    def recognize(self, image: Image.Image, name: str = "") -> Recognized:
        """Return what a picture shows, which a tool calls by a name; it is left as it is."""
        named = self._by_content.get(content_in(name) or "", [])
        if named:
            return self._recognized(named, self._row(named[0]), self._file(named[0]))
        made = self._features(image)
        seen = upright(image, "rgb")
        shown: list[int] = []
        twin: NDArray[np.float32] | None = None
        files: dict[Path, float] = {}
        for position in self._near(made):
            row = self._row(position)
            if twin is not None and not np.array_equal(row, twin):
                continue
            path = self._file(position)
            difference = None if path is None else _difference(path, seen)
            if difference is None:  # it is gone, and may be this one
                shown.append(position)
            elif difference <= SAME and path is not None:
                shown.append(position)
                files.setdefault(path, difference)
            if difference == 0.0:  # it is this file, or a copy of it
                twin = row
        nearest = min(files, key=files.__getitem__, default=None)
        return self._recognized(shown, made if twin is None else twin, nearest)

    def _recognized(
        self, shown: Sequence[int], features: NDArray[np.float32], path: Path | None
    ) -> Recognized:
        items = frozenset(self.pool.ids[position] for position in shown)
        return Recognized(features=features, items=items, path=path)

    def _row(self, position: int) -> NDArray[np.float32]:
        row: NDArray[np.float32] = np.asarray(self.pool.features[[position]])[0]
        return row

    def _features(self, image: Image.Image) -> NDArray[np.float32]:
        """Return (p,) features, as the pool makes them of files."""
        row = levels(image, self.source.size, self.source.colors)[None]
        [features] = next(ArrayRows(array=row, divisor=WHITE).chunks())
        return np.asarray(features)

    def _near(self, made: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the positions of items whose features are near, nearest first."""
        order, means = self._by_mean
        # Features can only be near whose means are, so that few rows are read.
        ends = made.mean() + np.array([-1.0, 1.0]) * (NEAR + 0.1) / WHITE
        low, high = np.searchsorted(means, ends)
        candidates = np.sort(order[low:high])
        distances = np.empty(len(candidates))
        for span in spans(len(candidates), len(made)):
            rows = np.asarray(self.pool.features[candidates[span]])
            distances[span] = np.abs(rows - made).mean(axis=1)
        nearest = np.argsort(distances, kind="stable")
        near: NDArray[np.intp] = candidates[nearest[distances[nearest] <= NEAR / WHITE]]
        return near

    @cached_property
    def _by_content(self) -> Mapping[str, Sequence[int]]:
        """Return how content hashes begin -> positions of the items with that content."""
        found: defaultdict[str, list[int]] = defaultdict(list)
        for position, content_hash in enumerate(self.pool.content_hashes):
            found[content_hash[:16]].append(position)
        return dict(found)

    @cached_property
    def _by_mean(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return (n,) positions by the mean of their features, and (n,) these means, ascending."""
        n, width = self.pool.features.shape
        means = np.concatenate(
            [
                np.asarray(self.pool.features[span]).mean(axis=1, dtype=np.float64)
                for span in spans(n, width)
            ]
        )
        order = np.argsort(means, kind="stable")
        return order, means[order]

    def _file(self, position: int) -> Path | None:
        """Return the file of an item; None where it is gone, or is another by now."""
        items, _ = self.pool.check([position])
        return Path(items[0].uri) if items and items[0].uri is not None else None


def _difference(path: Path, seen: Image.Image) -> float | None:
    """Return by how many levels a picture differs from a file's; None if that cannot be read."""
    try:
        known = picture(path.read_bytes(), "rgb")
    except (OSError, DataError):
        return None
    if known.size != seen.size:
        return np.inf
    apart = ImageStat.Stat(ImageChops.difference(known, seen))
    return float(np.mean(apart.mean))
