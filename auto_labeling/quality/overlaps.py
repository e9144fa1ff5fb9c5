"""How alike whole drawings of a picture are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from auto_labeling.formats.overlaps import ious
from auto_labeling.shapes import Shape


def agreement(one: Sequence[Shape], other: Sequence[Shape]) -> float:
    """Return how alike two drawings are, in [0, 1]: 1 if they are the same, or both are empty.

    Shapes of one class are paired so that the sum of their `iou` is greatest; the agreement is
    twice that sum over the number of shapes in both.
    """
    if not one and not other:
        return 1.0
    mine, theirs = ([shape.label for shape in shapes] for shapes in (one, other))
    same = np.array([[a == b for b in theirs] for a in mine]).reshape(len(mine), len(theirs))
    shared = np.where(same, ious(one, other), 0.0)
    rows, columns = linear_sum_assignment(shared, maximize=True)
    return float(2 * shared[rows, columns].sum() / (len(one) + len(other)))
