from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.kernels import Ball
from auto_labeling.strategies.prob_cover import ProbCover, pure_radius
from auto_labeling.view import PoolView
from tests.strategies.test_coverage import expect_greedy
from tests.support.doubles import fresh

CENTERS = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0]])


def clouds(*sizes: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return CENTERS[truth] + 2 * fresh().normal(size=(len(truth), 2)), truth


@pytest.mark.parametrize("purity", [0.8, 0.95, 1.0])
def test_the_radius_is_the_widest_that_is_pure_enough(purity: float) -> None:
    points, truth = clouds(80, 60, 40)
    distances = cdist(points, points)
    alien = truth[:, None] != truth

    def share_pure(radius: float) -> float:
        return float((~((distances <= radius) & alien).any(axis=1)).mean())

    radius = pure_radius(points, purity, 3, fresh())
    assert share_pure(radius) >= purity
    assert share_pure(radius * 1.00001) < purity


def test_copies_have_a_radius() -> None:
    assert pure_radius(np.ones((30, 2)), 0.95, 10, fresh()) == 1.0
    assert pure_radius(np.repeat(CENTERS, 9, axis=0), 0.95, 2, fresh()) > 29


def test_the_picks_are_those_of_plain_greedy_cover() -> None:
    points, _ = clouds(50, 40, 30)
    view = PoolView(embeddings=points, labeled_embeddings=CENTERS[:1])
    picks = ProbCover(radius=1.5).select(view, 20, fresh())
    expect_greedy(picks, points, np.ones(120), CENTERS[:1], Ball(1.5))


def test_every_cloud_is_seen_the_largest_first_and_the_labeled_last() -> None:
    points, truth = clouds(50, 30, 20)
    unseen = PoolView(embeddings=points, labeled_embeddings=np.empty((0, 2)))
    assert truth[ProbCover(classes=3).select(unseen, 3, fresh())].tolist() == [0, 1, 2]
    seen = PoolView(embeddings=points, labeled_embeddings=CENTERS[:1])
    assert truth[ProbCover(classes=3).select(seen, 2, fresh())].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"radius": 0.0}, "radius: expected a number above 0, got 0.0"),
        ({"purity": 1.5}, r"purity: expected a share in \(0, 1\], got 1.5"),
        ({"classes": 1}, "classes: expected at least 2, got 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ProbCover(**wrong)
