from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from auto_labeling.campaign.drawn_metrics import CONFIDENCE, agreement
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from tests.campaign.drawn_pictures import Detector, detections, iou


def by_hand(old: Detections, new: Detections) -> float:
    """Return twice the most pairs over all objects, picture by picture."""
    pairs = objects = 0
    for row in range(len(old)):
        mine, theirs = (
            [at for at in range(*seen.offsets[row : row + 2]) if seen.scores[at] >= CONFIDENCE]
            for seen in (old, new)
        )
        alike = [
            [
                old.labels[a] == new.labels[b]
                and iou(old.boxes[a].tolist(), new.boxes[b].tolist()) >= 0.5
                for b in theirs
            ]
            for a in mine
        ]
        table = np.array(alike, dtype=float).reshape(len(mine), len(theirs))
        pairs += table[linear_sum_assignment(table, maximize=True)].sum()
        objects += len(mine) + len(theirs)
    return float(2 * pairs / objects) if objects else 1.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_as_many_objects_as_can_be_are_paired(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    _, old = Detector(objects=12).look(n, rng)
    _, other = Detector(objects=12).look(n, rng)
    shaken = Detections(
        offsets=old.offsets,
        boxes=(old.boxes + rng.normal(0, 0.02, old.boxes.shape)).clip(0.01, 0.4).astype(np.float32),
        scores=old.scores[::-1],
        labels=np.where(rng.random(len(old.labels)) < 0.1, 2, old.labels),
    )
    for new in (shaken, other):
        assert agreement(old, new) == pytest.approx(by_hand(old, new))
        assert agreement(new, old) == pytest.approx(agreement(old, new))


def test_the_same_agrees_wholly_and_so_do_two_that_see_nothing() -> None:
    _, seen = Detector().look(20, np.random.default_rng(0))
    assert agreement(seen, seen) == 1.0
    assert agreement(Detections.empty(3), Detections.empty(3)) == 1.0
    assert agreement(Detections.empty(0), Detections.empty(0)) == 1.0
    assert agreement(seen, Detections.empty(20)) == 0.0


def test_what_is_unsure_is_not_seen() -> None:
    row = [0, 0.1, 0.1, 0.2, 0.2]
    unsure, sure = detections([[[0.24, *row]]]), detections([[[0.25, *row]]])
    assert agreement(unsure, Detections.empty(1)) == 1.0
    assert agreement(sure, unsure) == 0.0


def test_class_and_picture_must_be_the_same() -> None:
    here = [0.1, 0.1, 0.2, 0.2]
    one = detections([[[0.9, 0, *here]], []])
    assert agreement(one, detections([[[0.9, 1, *here]], []])) == 0.0
    assert agreement(one, detections([[], [[0.9, 0, *here]]])) == 0.0


def test_many_objects_of_one_class_on_one_picture() -> None:
    grid = [
        [0.9 - 0.0001 * at, 0, 0.01 * (at % 90), 0.01 * (at // 90), 0.009, 0.009]
        for at in range(5000)
    ]
    assert agreement(detections([grid]), detections([grid[:200]])) == pytest.approx(400 / 5200)


def test_other_pictures_are_refused() -> None:
    with pytest.raises(DataError, match="the same pictures, got 1 and 2"):
        agreement(Detections.empty(1), Detections.empty(2))
