"""Non-maximum suppression: of objects that cover one another, the surest stays."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.formats.overlaps import box_ious
from auto_labeling.ports import Detects


@runtime_checkable
class Suppresses(Protocol):
    """A detector that leaves out objects that overlap before anybody sees them."""

    def suppressing(self, overlap: float) -> Detects:
        """Return the same, which leaves out objects of one class whose IoU is above `overlap`."""
        ...


def unsuppressed(detections: Detections, overlap: float) -> NDArray[np.bool_]:
    """Return (m,) which objects stay: those that no surer one of their class overlaps too much.

    Greedy, by the boxes: an object is left out where its IoU with one that stays is above
    `overlap`. Of equally sure ones the first stays.
    """
    stays = np.ones(len(detections.scores), np.bool_)
    for start, end in zip(detections.offsets[:-1], detections.offsets[1:], strict=True):
        if end - start > 1:
            span = slice(int(start), int(end))
            stays[span] = _surest(
                detections.boxes[span], detections.scores[span], detections.labels[span], overlap
            )
    return stays


def _surest(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    labels: NDArray[np.intp],
    overlap: float,
) -> NDArray[np.bool_]:
    order = np.argsort(-scores, kind="stable")
    labels = labels[order]
    covers = (box_ious(boxes[order], boxes[order]) > overlap) & (labels[:, None] == labels)
    stays = np.ones(len(order), np.bool_)
    for at in range(len(order)):
        if stays[at]:
            stays[at + 1 :] &= ~covers[at, at + 1 :]
    answer = np.empty_like(stays)
    answer[order] = stays
    return answer
