"""What a model sees on pictures: objects as parallel arrays, picture after picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.shapes import Box, Mask, Shape

_BY_OBJECT = ("boxes", "scores", "labels", "proba", "doubt")


OVERLAP = 0.7
"""The IoU above which, of two objects of one class, detectors leave out the less sure one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """The m objects that a model sees on n pictures; those of picture i are offsets[i:i + 2].

    Within a picture the surest object comes first.

    >>> seen = Detections(
    ...     offsets=np.array([0, 1, 1]), boxes=np.array([[0.1, 0.2, 0.3, 0.4]], np.float32),
    ...     scores=np.array([0.9], np.float32), labels=np.array([1]))
    >>> len(seen), seen.counts.tolist(), [box.label for box in seen.shapes(0, ("van", "car"))]
    (2, [1, 0], ['car'])
    """

    offsets: NDArray[np.int64]
    """(n + 1,) where the objects of each picture begin, and where the last one's end."""
    boxes: NDArray[np.float32]
    """(m, 4) left, top, width and height of each object, in fractions of its picture."""
    scores: NDArray[np.float32]
    """(m,) how sure the model is of each, in [0, 1]."""
    labels: NDArray[np.intp]
    """(m,) the class of each, as a position in the class list."""
    proba: NDArray[np.float32] | None = None
    """(m, k) the score of every class by itself; rows need not sum to one."""
    masks: tuple[Mask, ...] | None = None
    """(m,) the pixels of each, where the model draws them."""
    doubt: NDArray[np.float32] | None = None
    """(m,) mean entropy of the pixels around each mask, as a share of the largest."""

    def __post_init__(self) -> None:
        m = len(self.scores)
        ascending = len(self.offsets) > 0 and (np.diff(self.offsets) >= 0).all()
        if not ascending or self.offsets[0] != 0 or self.offsets[-1] != m:
            raise DataError(f"detections: expected offsets from 0 up to {m}, got {self.offsets}")
        if self.boxes.shape != (m, 4):
            raise DataError(f"detections: expected boxes of shape ({m}, 4), got {self.boxes.shape}")
        for name in ("labels", "proba", "masks", "doubt"):
            given = getattr(self, name)
            if given is not None and len(given) != m:
                raise DataError(f"detections: expected {m} {name}, got {len(given)}")

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __iter__(self) -> Iterator[Detections]:
        """Yield what is seen on each picture by itself."""
        return (self[row] for row in range(len(self)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Return (n,) how many objects each picture has."""
        return np.diff(self.offsets)

    @property
    def pictures(self) -> NDArray[np.intp]:
        """Return (m,) on which picture each object is."""
        return np.repeat(np.arange(len(self)), self.counts)

    def __getitem__(self, rows: int | slice | Sequence[int] | NDArray[Any]) -> Detections:
        """Return what is seen on some pictures, in the order of `rows`; one number: on that one."""
        wanted = np.atleast_1d(np.arange(len(self))[rows])
        counts = self.counts[wanted]
        starts = np.repeat(self.offsets[wanted] - np.cumsum(counts) + counts, counts)
        return self._taken(starts + np.arange(counts.sum()), counts)

    def where(self, keep: NDArray[np.bool_]) -> Detections:
        """Return the objects for which (m,) `keep` is true, on the same pictures."""
        counts = np.bincount(self.pictures[keep], minlength=len(self))
        return self._taken(np.flatnonzero(keep), counts)

    def surest_first(self) -> Detections:
        """Return the same objects, ordered within their pictures; of equally sure ones as now."""
        return self._taken(np.lexsort((-self.scores, self.pictures)), self.counts)

    def shapes(self, row: int, classes: Sequence[str]) -> tuple[Shape, ...]:
        """Return what is seen on one picture: masks where there are any, else boxes."""
        span = range(int(self.offsets[row]), int(self.offsets[row + 1]))
        return tuple(self._shape(at, classes) for at in span)

    def save(self, file: IO[bytes]) -> None:
        """Write everything but the pixels of masks; nothing in it is a pickle."""
        arrays = {name: getattr(self, name) for name in _BY_OBJECT}
        known = {name: array for name, array in arrays.items() if array is not None}
        np.savez(file, offsets=self.offsets, **known)

    @classmethod
    def load(cls, path: Path) -> Detections:
        """Return what `save` wrote."""
        with np.load(path) as kept:
            return cls(**{name: kept[name] for name in kept.files})

    @classmethod
    def empty(cls, n: int) -> Detections:
        """Return n pictures on which nothing is seen."""
        return cls(
            offsets=np.zeros(n + 1, np.int64),
            boxes=np.zeros((0, 4), np.float32),
            scores=np.zeros(0, np.float32),
            labels=np.zeros(0, np.intp),
        )

    @classmethod
    def joined(cls, parts: Sequence[Detections]) -> Detections:
        """Return the pictures of all parts, in order; a field that one part lacks is left out."""
        full = [part for part in parts if len(part.scores)]
        if not full:
            return cls.empty(sum(map(len, parts)))
        arrays: dict[str, Any] = {
            name: [getattr(part, name) for part in full] for name in _BY_OBJECT
        }
        masks = [part.masks for part in full]
        drawn = (
            None if any(one is None for one in masks) else tuple(chain(*(m or () for m in masks)))
        )
        joined: dict[str, Any] = {
            name: None if any(one is None for one in given) else np.concatenate(given)
            for name, given in arrays.items()
        }
        counts = np.concatenate([part.counts for part in parts])
        return cls(offsets=np.concatenate([[0], np.cumsum(counts)]), masks=drawn, **joined)

    def _taken(self, objects: NDArray[np.intp], counts: NDArray[np.int64]) -> Detections:
        arrays = {name: getattr(self, name) for name in _BY_OBJECT}
        taken: dict[str, Any] = {
            name: None if array is None else array[objects] for name, array in arrays.items()
        }
        masks = None if self.masks is None else tuple(self.masks[at] for at in objects)
        return Detections(offsets=np.concatenate([[0], np.cumsum(counts)]), masks=masks, **taken)

    def _shape(self, at: int, classes: Sequence[str]) -> Shape:
        label, score = classes[int(self.labels[at])], float(self.scores[at])
        if self.masks is not None:
            mask = self.masks[at]
            return Mask(
                label=label, height=mask.height, width=mask.width, runs=mask.runs, score=score
            )
        x, y, width, height = (float(edge) for edge in self.boxes[at])
        return Box(label=label, x=x, y=y, width=width, height=height, score=score)
