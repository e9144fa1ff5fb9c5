"""Objects that several tiles of a picture show, put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from auto_labeling.detections import OVERLAP, Detections
from auto_labeling.formats.overlaps import box_ious
from auto_labeling.preannotation.placed_masks import placed
from auto_labeling.preannotation.suppression import unsuppressed
from auto_labeling.shapes import Mask

_SAME = 0.5
"""Where the IoU, in what two tiles both show, is at least this, it is one object."""
_RIM_PX = 2.0
"""An object that ends so near to the edge of its tile goes on beyond it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Parts:
    """The m objects of all tiles, in pixels of the whole picture."""

    boxes: NDArray[np.float64]
    """(m, 4) left, top, right and bottom."""
    tiles: NDArray[np.intp]
    """(m,) the tile of each."""
    cut: NDArray[np.bool_]
    """(m,) whether the tile's edge cuts it off."""


def joined(
    seen: Detections, tiles: NDArray[np.int64], size: tuple[int, int], suppress: float = OVERLAP
) -> Detections:
    """Return, as of one picture of `size` width and height, what is seen on its (t, 4) tiles.

    Two objects of one class on two tiles are the same where they agree on what both tiles show.
    Of these the surest that no seam cuts stands for all; where each is cut, their hull does.
    Of what is then left, a surer object leaves out those of its class that it overlaps by an IoU
    above `suppress`.
    """
    if not len(seen.scores):
        return Detections.empty(1)
    parts = _parts(seen, tiles, size)
    group = _groups(seen, parts, tiles)
    # Uncut before cut, then the surest: the first of each group stands for it.
    order = np.lexsort((-seen.scores, parts.cut, group))
    first = order[np.unique(group[order], return_index=True)[1]]
    boxes = np.where(parts.cut[first, None], _hulls(parts.boxes, group), parts.boxes[first])
    whole = Detections(
        offsets=np.array([0, len(first)]),
        boxes=_fractions(boxes, size),
        scores=seen.scores[first],
        labels=seen.labels[first],
        proba=None if seen.proba is None else seen.proba[first],
        doubt=None if seen.doubt is None else seen.doubt[first],
        masks=_masks(seen, parts, tiles, group, first, size),
    )
    return whole.where(unsuppressed(whole, suppress)).surest_first()


def _parts(seen: Detections, tiles: NDArray[np.int64], size: tuple[int, int]) -> _Parts:
    tile = tiles[seen.pictures].astype(np.float64)
    sides = tile[:, 2:] - tile[:, :2]
    starts = seen.boxes[:, :2] * sides + tile[:, :2]
    ends = starts + seen.boxes[:, 2:] * sides
    cut_before = (starts < tile[:, :2] + _RIM_PX) & (tile[:, :2] > 0)
    cut_after = (ends > tile[:, 2:] - _RIM_PX) & (tile[:, 2:] < size)
    return _Parts(
        boxes=np.hstack([starts, ends]),
        tiles=seen.pictures,
        cut=np.any(cut_before | cut_after, axis=1),
    )


def _groups(seen: Detections, parts: _Parts, tiles: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return (m,) which object each part is of, numbered from 0."""
    links = np.array(list(_links(seen, parts, tiles)), np.intp).reshape(-1, 2)
    m = len(seen.scores)
    graph = coo_array((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(m, m))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _links(seen: Detections, parts: _Parts, tiles: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield pairs of parts, of two tiles, that are of one object."""
    for one, other in _neighbours(tiles, np.flatnonzero(seen.counts)):
        shown = np.hstack(
            [
                np.maximum(tiles[one, :2], tiles[other, :2]),
                np.minimum(tiles[one, 2:], tiles[other, 2:]),
            ]
        )
        mine, theirs = (np.arange(*seen.offsets[at : at + 2]) for at in (one, other))
        overlaps = box_ious(_within(parts.boxes[mine], shown), _within(parts.boxes[theirs], shown))
        overlaps[seen.labels[mine][:, None] != seen.labels[theirs]] = 0.0
        # Each other's best, so that two objects of one tile are not linked by a third.
        best = (overlaps == overlaps.max(axis=1, keepdims=True)) & (
            overlaps == overlaps.max(axis=0, keepdims=True)
        )
        for row, column in np.argwhere(best & (overlaps >= _SAME)):
            yield int(mine[row]), int(theirs[column])


def _neighbours(tiles: NDArray[np.int64], occupied: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of tiles on which something is seen and that share a part of the picture."""
    for at, one in enumerate(occupied):
        later = occupied[at + 1 :]
        reach = np.minimum(tiles[later, 2:], tiles[one, 2:])
        touches = (reach > np.maximum(tiles[later, :2], tiles[one, :2])).all(axis=1)
        for other in later[touches]:
            yield int(one), int(other)


def _within(edges: NDArray[np.float64], shown: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (n, 4) left, top, width and height of what of each box lies in a rectangle."""
    starts = np.clip(edges[:, :2], shown[:2], shown[2:])
    return np.hstack([starts, np.clip(edges[:, 2:], shown[:2], shown[2:]) - starts])


def _hulls(edges: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return (g, 4) left, top, right and bottom around the parts of each object."""
    objects = int(group.max(initial=-1)) + 1
    hulls = np.tile([np.inf, np.inf, -np.inf, -np.inf], (objects, 1))
    np.minimum.at(hulls[:, :2], group, edges[:, :2])
    np.maximum.at(hulls[:, 2:], group, edges[:, 2:])
    return hulls


def _fractions(edges: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float32]:
    starts = edges[:, :2] / size
    return np.hstack([starts, edges[:, 2:] / size - starts]).astype(np.float32)


def _masks(
    seen: Detections,
    parts: _Parts,
    tiles: NDArray[np.int64],
    group: NDArray[np.intp],
    first: NDArray[np.intp],
    size: tuple[int, int],
) -> tuple[Mask, ...] | None:
    """Return the pixels of each object on the whole picture: of one part, or of all cut parts."""
    if seen.masks is None:
        return None
    made = []
    for at in first:
        members = np.flatnonzero(group == group[at]) if parts.cut[at] else np.array([at])
        made.append(placed([seen.masks[one] for one in members], tiles[parts.tiles[members]], size))
    return tuple(made)
