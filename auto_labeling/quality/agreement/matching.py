"""What two drawings of one picture have in common: objects that both drew, and how alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from auto_labeling.arrays import spans
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.overlaps import box_iou, iou
from auto_labeling.shapes import Box, Shape

SAME_OBJECT = 0.5
"""The IoU from which two shapes of one class are of one object."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """Pairs of drawings, each beside the other, as parallel arrays (p,).

    Shapes of one class are paired so that the sum of their IoU is greatest; for objects that sum is
    over pairs from `SAME_OBJECT` on alone, so that no shape is given away to one that it hardly
    touches.
    """

    alike: NDArray[np.float64]
    """Twice the sum of the IoU of pairs over the number of shapes in both; 1 if both are empty."""
    objects: NDArray[np.float64]
    """How many pairs are of one object."""
    shapes: NDArray[np.float64]
    """How many shapes both have."""
    iou: NDArray[np.float64]
    """The sum of the IoU of the pairs that are of one object."""
    dice: NDArray[np.float64]
    """The sum of their Dice coefficient, 2 IoU / (1 + IoU)."""

    @property
    def terms(self) -> NDArray[np.float64]:
        """Return (p, 6): 1, and the arrays above in their order."""
        columns = [getattr(self, one.name) for one in fields(self)]
        return np.column_stack([np.ones(len(self.alike)), *columns])


def matches(drawings: Sequence[Sequence[Shape]], pairs: NDArray[np.intp]) -> Matches:
    """Return what the drawings at (p, 2) positions have in common, two by two."""
    sizes = np.array([len(drawing) for drawing in drawings], dtype=np.intp)
    shapes = sizes[pairs].sum(axis=1).astype(np.float64)
    shared, objects, overlap, dice = (np.zeros(len(pairs)) for _ in range(4))
    for pair, paired, matched in _paired(drawings, sizes, pairs):
        shared[pair] += paired.sum()
        objects[pair] += len(matched)
        overlap[pair] += matched.sum()
        dice[pair] += (2 * matched / (1 + matched)).sum()
    alike = np.divide(2 * shared, shapes, out=np.ones(len(pairs)), where=shapes > 0)
    return Matches(alike=alike, objects=objects, shapes=shapes, iou=overlap, dice=dice)


def _paired(
    drawings: Sequence[Sequence[Shape]], sizes: NDArray[np.intp], pairs: NDArray[np.intp]
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Yield, of the pairs with anything in common, the best overlaps, and those of one object."""
    shapes = [shape for drawing in drawings for shape in drawing]
    starts = np.cumsum(sizes) - sizes
    widest = int((sizes[pairs[:, 0]] * sizes[pairs[:, 1]]).max(initial=1))
    layout = _Layout.of(shapes)
    for span in spans(len(pairs), widest):
        one, other = pairs[span].T
        cells = sizes[one] * sizes[other]
        at = np.repeat(np.arange(len(one)), cells)
        within = np.arange(len(at)) - np.repeat(np.cumsum(cells) - cells, cells)
        rows, columns = np.divmod(within, sizes[other][at])
        overlaps = layout.overlaps(starts[one][at] + rows, starts[other][at] + columns)
        touching = np.flatnonzero(overlaps)
        found = at[touching]
        bounds_of = np.searchsorted(found, np.arange(len(one) + 1))
        for pair in np.unique(found).tolist():
            some = touching[bounds_of[pair] : bounds_of[pair + 1]]
            mine, theirs, values = rows[some], columns[some], overlaps[some]
            same = values >= SAME_OBJECT
            yield (
                span.start + pair,
                _best(mine, theirs, values),
                _best(mine[same], theirs[same], values[same]),
            )


def _best(
    rows: NDArray[np.intp], columns: NDArray[np.intp], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the overlaps of the pairs whose sum is greatest, each shape in one of them."""
    if len(set(rows.tolist())) == len(rows) == len(set(columns.tolist())):
        return values  # nothing touches two others
    shared = np.zeros((rows.max() + 1, columns.max() + 1))
    shared[rows, columns] = values
    chosen = shared[linear_sum_assignment(shared, maximize=True)]
    best: NDArray[np.float64] = chosen[chosen > 0]
    return best


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layout:
    """Shapes with the upright boxes around them, (n, 4), and their classes, (n,)."""

    shapes: Sequence[Shape]
    around: NDArray[np.float64]
    classes: NDArray[np.intp]
    upright: NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> _Layout:
        edges = np.array([bounds(one) for one in shapes], np.float64).reshape(-1, 4).clip(0, 1)
        edges[:, 2:] -= edges[:, :2]
        codes = {name: at for at, name in enumerate(dict.fromkeys(one.label for one in shapes))}
        return cls(
            shapes=shapes,
            around=edges,
            classes=np.array([codes[one.label] for one in shapes], dtype=np.intp),
            upright=np.array([isinstance(one, Box) for one in shapes], dtype=np.bool_),
        )

    def overlaps(self, one: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return (m,) the IoU of shapes at (m,) positions, 0 of different classes."""
        found = np.zeros(len(one))
        same = np.flatnonzero(self.classes[one] == self.classes[other])
        found[same] = box_iou(self.around[one[same]], self.around[other[same]])
        # Only what is no box, and may touch, has to be looked at point by point.
        drawn = ~(self.upright[one] & self.upright[other])
        for at in np.flatnonzero(drawn & (found > 0)).tolist():
            found[at] = iou(self.shapes[one[at]], self.shapes[other[at]])
        return found
