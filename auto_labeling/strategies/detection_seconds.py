"""How long a picture takes to label, by what a model sees on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.arrays import expect_shape
from auto_labeling.detections import Detections
from auto_labeling.strategies.detection_objects import FLOOR, Scores, by_picture

Outcomes: TypeAlias = Callable[[NDArray[Any]], NDArray[np.float64]]
"""(m,) scores -> (m, 3) the chances that a suggestion is accepted, adjusted and deleted."""


def by_score(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return (m, 3) the chances of being accepted, adjusted and deleted, if a score is a chance.

    It is taken twice: for that the object is there, and for that its box needs no adjusting if it
    is. A campaign that has seen suggestions reviewed knows better, and says so.

    >>> by_score(np.array([0.75]))
    array([[0.5625, 0.1875, 0.25  ]])
    """
    real = np.clip(scores.astype(np.float64), 0.0, 1.0)
    return np.stack([real * real, real * (1.0 - real), 1.0 - real], axis=1)


def expected_seconds(
    detections: Detections,
    times: AnnotationTimes,
    *,
    drawn: Literal["boxes", "polygons", "masks"] = "boxes",
    shown_from: float | NDArray[np.floating[Any]] | None = None,
    outcomes: Outcomes = by_score,
    unseen: float = 0.0,
    floor: float = FLOOR,
) -> Scores:
    """Return (n,) the seconds that a person of pace 1 is expected to spend on each picture.

    Every picture is opened. A detection of `shown_from` or more, of which (k,) classes may have one
    each, is suggested, and is accepted, adjusted or deleted with the chances of `outcomes`; any
    other of `floor` or more, or all of them where nothing is suggested (None), is noticed and drawn
    with the chance that it is not deleted. `unseen` is how many objects a picture has, on average,
    that the model does not see: they are noticed and drawn as well.

    >>> seen = Detections(
    ...     offsets=np.array([0, 2, 2]), boxes=np.full((2, 4), 0.1, np.float32),
    ...     scores=np.array([1.0, 0.5]), labels=np.zeros(2, np.intp))
    >>> expected_seconds(seen, AnnotationTimes())
    array([18.5,  2. ])
    >>> expected_seconds(seen, AnnotationTimes(), shown_from=0.75)
    array([8.3, 2. ])
    >>> expected_seconds(seen, AnnotationTimes(), shown_from=np.array([0.75]))
    array([8.3, 2. ])
    """
    by_box = drawn == "boxes"
    draw_s = times.notice_s + (times.draw_box_s if by_box else times.draw_mask_s)
    adjust_s = times.adjust_s if by_box else times.correct_mask_s
    objects = detections.where(detections.scores >= floor)
    chances = outcomes(objects.scores)
    expect_shape("outcomes", chances, (len(objects.scores), 3))
    seconds = (1.0 - chances[:, 2]) * draw_s
    if shown_from is not None:
        checked = chances @ np.array([times.accept_s, adjust_s, times.delete_s])
        least = np.asarray(shown_from, objects.scores.dtype)
        least = least[objects.labels] if least.ndim else least
        seconds = np.where(objects.scores >= least, checked, seconds)
    return times.open_s + unseen * draw_s + by_picture(seconds, objects, "sum")
