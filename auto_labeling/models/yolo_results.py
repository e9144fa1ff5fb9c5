"""What a network says about pictures, as `Detections`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.formats.masks import Runs
from auto_labeling.models.yolo_masks import doubts, mask_logits, runs_of
from auto_labeling.models.yolo_pictures import Frame
from auto_labeling.shapes import Mask

FLOOR = 0.01
"""What is less sure than this is almost nothing, and left out."""
_MOST = 300
_NO_LIMIT_S = 3600.0  # a picture: where time runs out, ultralytics leaves out the rest of a batch


def detections_of(
    output: Any, batch: Sequence[Frame], names: Sequence[str], *, mirrored: bool, overlap: float
) -> list[Detections]:
    """Return what the network's output says about each picture of a batch.

    Of boxes of one class whose IoU is above `overlap` the surest is kept, and of all 300 at most.
    """
    from ultralytics.utils.nms import non_max_suppression

    first, k = output[0], len(names)
    # (n, 4 + k + c, places) boxes, scores and shares of c sketches; (n, c, h, w) the sketches
    raw, sketches = first if isinstance(first, tuple) else (first, [None] * len(batch))
    kept, places = non_max_suppression(
        raw.clone(), FLOOR, overlap, max_det=_MOST, nc=k, max_time_img=_NO_LIMIT_S, return_idxs=True
    )
    seen = []
    for at, frame in enumerate(batch):
        rows, corners = kept[at], _corners(kept[at], frame)
        proba = raw[at, 4 : 4 + k, places[at].reshape(-1).long()].T
        one = _boxed(rows, corners, proba, frame)
        if mirrored:
            one.boxes[:, 0] = 1 - corners[:, 2] / frame.size[1]
        if sketches[at] is not None:
            logits = mask_logits(sketches[at], rows[:, 6:])
            doubt = doubts(logits, rows[:, :4], frame)
            runs = [
                runs_of(*pair, frame, mirrored=mirrored)
                for pair in zip(logits, corners, strict=True)
            ]
            one = _masked(replace(one, doubt=doubt), runs, frame, names)
        seen.append(one.where(np.asarray((one.boxes[:, 2:] > 0).all(axis=1))))
    return seen


def _corners(rows: Any, frame: Frame) -> NDArray[np.float64]:
    """Return (m, 4) left, top, right and bottom in pixels of the picture."""
    from ultralytics.utils.ops import scale_boxes

    framed = (frame.pixels.shape[0], frame.pixels.shape[1])
    corners: Any = scale_boxes(framed, rows[:, :4].clone(), frame.size)
    return np.asarray(corners.cpu().numpy(), dtype=np.float64)


def _boxed(rows: Any, corners: NDArray[np.float64], proba: Any, frame: Frame) -> Detections:
    """Return the objects of one picture from (m, 6 + c) corners, score, class and shares."""
    height, width = frame.size
    shares = corners / (width, height, width, height)
    boxes = np.concatenate([shares[:, :2], shares[:, 2:] - shares[:, :2]], axis=1)
    return Detections(
        offsets=np.array([0, len(rows)]),
        boxes=boxes.astype(np.float32),
        scores=rows[:, 4].cpu().numpy(),
        labels=rows[:, 5].cpu().numpy().astype(np.intp),
        proba=proba.cpu().numpy(),
    )


def _masked(
    boxed: Detections, runs: Sequence[Runs | None], frame: Frame, names: Sequence[str]
) -> Detections:
    """Add the pixels of each object; one that has none is left out."""
    height, width = frame.size
    left = boxed.where(np.array([one is not None for one in runs], dtype=np.bool_))
    masks = tuple(
        Mask(label=names[label], height=height, width=width, runs=one, score=float(score))
        for one, label, score in zip(filter(None, runs), left.labels, left.scores, strict=True)
    )
    return replace(left, masks=masks)
