"""How much two detectors agree on the same pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import maximum_bipartite_matching

from auto_labeling.campaign.drawn_metrics.figures import CONFIDENCE
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.formats.overlaps import box_iou

_AT_ONCE = 4096  # objects that are compared with all of their class on their picture


def agreement(old: Detections, new: Detections) -> float:
    """Return the F1 of one detector against another, in [0, 1]: 1 where both see nothing.

    Of the objects with a score of .25 or more, as many as can be are paired one to one: on one
    picture, of one class, with upright boxes at an IoU of .5 or more. The agreement is twice the
    number of pairs over the number of objects of both, whichever comes first.

    >>> seen = Detections(
    ...     offsets=np.array([0, 2]), scores=np.array([0.9, 0.8], np.float32),
    ...     boxes=np.array([[0, 0, 0.5, 0.5], [0.5, 0.5, 0.5, 0.5]], np.float32),
    ...     labels=np.array([0, 0]))
    >>> agreement(seen, seen.where(np.array([True, False])))
    0.6666666666666666
    """
    if len(old) != len(new):
        raise DataError(f"agreement: expected the same pictures, got {len(old)} and {len(new)}")
    old, new = _sure(old), _sure(new)
    objects = len(old.scores) + len(new.scores)
    if not objects:
        return 1.0
    rows, columns = _alike(old, new)
    shape = len(old.scores), len(new.scores)
    pairs = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
    paired = maximum_bipartite_matching(pairs, perm_type="column")
    return float(2 * (paired >= 0).sum() / objects)


def _sure(seen: Detections) -> Detections:
    return seen.where(seen.scores >= CONFIDENCE)


def _alike(old: Detections, new: Detections) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which object of the one may be which of the other."""
    classes = 1 + max(int(seen.labels.max(initial=0)) for seen in (old, new))
    mine, theirs = (seen.pictures * classes + seen.labels for seen in (old, new))
    order = np.argsort(theirs, kind="stable")
    first, last = (np.searchsorted(theirs[order], mine, side) for side in ("left", "right"))
    pairs = []
    for start in range(0, len(mine), _AT_ONCE):
        block = slice(start, start + _AT_ONCE)
        counts = last[block] - first[block]
        rows = start + np.repeat(np.arange(len(counts)), counts)
        ends = counts.cumsum()
        columns = order[np.arange(len(rows)) + np.repeat(first[block] - ends + counts, counts)]
        alike = box_iou(old.boxes[rows], new.boxes[columns]) >= 0.5
        pairs.append(np.stack([rows[alike], columns[alike]]))
    rows, columns = np.concatenate([np.zeros((2, 0), dtype=np.intp), *pairs], axis=1)
    return rows, columns
