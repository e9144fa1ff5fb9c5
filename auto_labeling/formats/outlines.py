"""Masks as polygons: the line around the largest part, along the edges of its pixels."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from auto_labeling.formats.masks import pixels_of
from auto_labeling.shapes import Mask, Polygon

_SIDES = {
    (-1, 0): ((0, 0), (1, 0)),  # nothing above: along the top, to the right
    (0, 1): ((1, 0), (1, 1)),
    (1, 0): ((1, 1), (0, 1)),
    (0, -1): ((0, 1), (0, 0)),
}
"""Where a pixel ends, in rows and columns -> the edge there, clockwise, from and to (x, y)."""


def outline_of(mask: Mask, tolerance: float = 1.0) -> Polygon:
    """Return the outline of a mask's largest part; its holes and other parts are left out.

    A corner stays where the line would leave the pixels by more than `tolerance` pixels without it
    (Douglas and Peucker, Cartographica 10(2), 1973); 0 keeps the pixels to the point.

    >>> outline_of(Mask(label="car", height=2, width=4, runs=(2, 4, 2))).points
    ((0.25, 0.0), (0.75, 0.0), (0.75, 1.0), (0.25, 1.0))
    """
    part, left, top = _largest_part(pixels_of(mask))
    corners = _around(part)
    kept = _simplified(corners, tolerance)
    shares = (kept + np.array([left, top])) / (mask.width, mask.height)
    return Polygon(
        label=mask.label,
        points=tuple((float(x), float(y)) for x, y in shares),
        score=mask.score,
        attributes=mask.attributes,
    )


def _largest_part(pixels: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], int, int]:
    """Return the part cut out, without holes, and where it lies from the left and from the top."""
    parts, _ = ndimage.label(pixels)
    largest = int(np.bincount(parts.ravel())[1:].argmax()) + 1
    rows, columns = ndimage.find_objects(parts)[largest - 1]
    inside: NDArray[np.bool_] = ndimage.binary_fill_holes(parts[rows, columns] == largest)
    return inside, columns.start, rows.start


def _around(inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (n, 2) corners x, y around one part without holes, clockwise from its top left."""
    padded = np.pad(inside, 1)
    onward: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for (down, across), (begin, end) in _SIDES.items():
        beyond = np.roll(padded, (-down, -across), axis=(0, 1))[1:-1, 1:-1]
        for y, x in np.argwhere(inside & ~beyond).tolist():
            onward[x + begin[0], y + begin[1]].append((x + end[0], y + end[1]))
    at = start = min(onward, key=lambda corner: (corner[1], corner[0]))
    step, corners = (0, -1), []
    while True:
        # Where two pixels meet by their corners only, the line turns right and stays with its own.
        right = (-step[1], step[0])
        turn = (at[0] + right[0], at[1] + right[1])
        ends = onward[at]
        to = turn if turn in ends else ends[0]
        ends.remove(to)
        taken = (to[0] - at[0], to[1] - at[1])
        if taken != step:
            corners.append(at)
        at, step = to, taken
        if at == start and not onward[start]:
            return np.array(corners, dtype=np.float64)


def _simplified(corners: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    far = int(np.linalg.norm(corners - corners[0], axis=1).argmax())
    closed = np.vstack([corners, corners[:1]])
    keep = np.zeros(len(closed), dtype=bool)
    keep[[0, far, -1]] = True
    spans = [(0, far), (far, len(closed) - 1)]
    while spans:
        first, last = spans.pop()
        between = closed[first + 1 : last]
        if not len(between):
            continue
        distances = _from_line(between, closed[first], closed[last])
        if distances.max() > tolerance:
            middle = first + 1 + int(distances.argmax())
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    kept = closed[:-1][keep[:-1]]
    x, y = kept.T
    # A line that crosses itself may enclose as much on its left as on its right.
    return kept if abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) > 0 else corners


def _from_line(
    points: NDArray[np.float64], begin: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (n,) distances of points from the line between two ends."""
    along = end - begin
    length = float(along @ along)
    shares = np.clip((points - begin) @ along / length, 0, 1)[:, None]
    distances: NDArray[np.float64] = np.linalg.norm(points - begin - shares * along, axis=1)
    return distances
