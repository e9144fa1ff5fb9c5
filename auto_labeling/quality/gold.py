"""How right an answer is where the right one is known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auto_labeling.formats.overlaps import ious
from auto_labeling.records import Value, shapes_of
from auto_labeling.shapes import Shape

MATCH_IOU = 0.5


def score(said: Value, known: Value) -> float:
    """Return how right an answer is, in [0, 1]: 1 is right.

    A class, and a set of classes, is right or wrong. Of drawings it is the F1 of shapes that match
    one to one: of the same class, at an IoU of .5 or more. Two empty drawings are the same.

    >>> score("cat", "cat"), score(("dog", "cat"), ("cat", "dog")), score("cat", "dog")
    (1.0, 1.0, 0.0)
    """
    if isinstance(said, str) or isinstance(known, str):
        return float(said == known)
    mine, true = shapes_of(said), shapes_of(known)
    if len(mine) < len(said) or len(true) < len(known) or not (mine and true):
        return float(set(said) == set(known))
    return 2 * _matches(mine, true) / (len(mine) + len(true))


def _matches(one: Sequence[Shape], other: Sequence[Shape]) -> int:
    """Return the greatest number of pairs of shapes that match, each shape in one at most."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    mine, theirs = ([shape.label for shape in shapes] for shapes in (one, other))
    same = np.array([[a == b for b in theirs] for a in mine]).reshape(len(mine), len(theirs))
    alike = same & (ious(one, other) >= MATCH_IOU)
    return int((maximum_bipartite_matching(csr_array(alike), perm_type="column") >= 0).sum())
