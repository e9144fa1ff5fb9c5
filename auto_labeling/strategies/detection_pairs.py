"""Which objects of two looks at the same pictures are one: the best pairs first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import spans
from auto_labeling.detections import Detections
from auto_labeling.formats.overlaps import box_iou

Places: TypeAlias = NDArray[np.intp]
Floats: TypeAlias = NDArray[np.floating[Any]]
Share: TypeAlias = Callable[[Detections, Detections, Places, Places], NDArray[np.float64]]
"""Two looks, and (e,) places in each -> (e,) what their overlap is multiplied by, in [0, 1]."""
_Pairs: TypeAlias = tuple[Places, Places, NDArray[np.float64]]

_AT_ONCE = 65_536  # pairs: they stay in the processor's cache


def paired(one: Detections, other: Detections, share: Share | None = None) -> _Pairs:
    """Return (p,) places of objects in both looks, and (p,) how alike the two of a pair are.

    Alike is the intersection of their boxes over the union, times `share`. No object is in two
    pairs, and none is paired with one that it does not overlap. Of the pairs that are left the most
    alike is taken each time; of equal ones, that of the earlier objects.
    """
    parts: list[_Pairs] = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    for rows in _rows_at_once(one, other):
        mine, theirs = _all_pairs(one, other, rows)
        alike = box_iou(one.boxes[mine], other.boxes[theirs])
        mine, theirs, alike = mine[alike > 0], theirs[alike > 0], alike[alike > 0]
        if share is not None:
            alike = alike * share(one, other, mine, theirs)
        parts.append(_greedy(mine, theirs, alike))
    return _joined(parts)


def shared_classes(
    one: Detections, other: Detections, mine: Places, theirs: Places
) -> NDArray[np.float64]:
    """Return (e,) how much of the class scores of either of a pair both have.

    `sum min(p, q) / sum max(p, q)` over the classes; where only the score of the best class is
    known, the others have 0.
    """
    if one.proba is None or other.proba is None:
        p, q = one.scores[mine], other.scores[theirs]
        same = one.labels[mine] == other.labels[theirs]
        return _ratio(np.minimum(p, q) * same, np.maximum(p, q))
    shares = np.empty(len(mine))
    for span in spans(len(mine), one.proba.shape[1]):
        p, q = one.proba[mine[span]], other.proba[theirs[span]]
        shares[span] = _ratio(np.minimum(p, q).sum(axis=1), np.maximum(p, q).sum(axis=1))
    return shares


def _ratio(part: Floats, whole: Floats) -> NDArray[np.float64]:
    ratios: NDArray[np.float64] = part.astype(np.float64) / np.where(whole > 0, whole, 1.0)
    return ratios


def _rows_at_once(one: Detections, other: Detections) -> Iterator[slice]:
    """Yield slices of pictures, as many at once as memory holds the pairs of."""
    counts = one.counts * other.counts
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        room = ends[start] - counts[start] + _AT_ONCE
        stop = max(start + 1, int(np.searchsorted(ends, room, side="right")))
        yield slice(start, stop)
        start = stop


def _all_pairs(one: Detections, other: Detections, rows: slice) -> tuple[Places, Places]:
    """Return (e,) places in either look of all pairs on some pictures, picture after picture."""
    sizes = (one.counts * other.counts)[rows]
    pictures = np.repeat(np.arange(len(one))[rows], sizes)
    turn = np.arange(len(pictures)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    across = other.counts[pictures]
    return one.offsets[pictures] + turn // across, other.offsets[pictures] + turn % across


def _greedy(mine: Places, theirs: Places, alike: NDArray[np.float64]) -> _Pairs:
    """Return the pairs that remain when each object keeps only the best that it can have.

    A pair that is the best left to both its objects is one that going down the list would take: all
    such pairs are taken at once, and the list is gone through again without their objects.
    """
    order = np.argsort(-alike, kind="stable")
    mine, theirs, alike = mine[order], theirs[order], alike[order]
    taken: list[_Pairs] = [(mine[:0], theirs[:0], alike[:0])]
    while len(mine):
        best = _first_of_each(mine) & _first_of_each(theirs)
        taken.append((mine[best], theirs[best], alike[best]))
        left = ~(np.isin(mine, mine[best]) | np.isin(theirs, theirs[best]))
        mine, theirs, alike = mine[left], theirs[left], alike[left]
    return _joined(taken)


def _joined(parts: list[_Pairs]) -> _Pairs:
    mine, theirs, alike = (np.concatenate(given) for given in zip(*parts, strict=True))
    return mine, theirs, alike


def _first_of_each(places: Places) -> NDArray[np.bool_]:
    """Return (e,) whether a place has not stood before."""
    first = np.zeros(len(places), dtype=np.bool_)
    first[np.unique(places, return_index=True)[1]] = True
    return first
