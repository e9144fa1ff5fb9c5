from __future__ import annotations

import numpy as np
import pytest

from auto_labeling.strategies import weighted_k_means
from auto_labeling.strategies.shortlist import Shortlist
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.weighted_k_means import WeightedKMeans
from auto_labeling.view import PoolView
from tests.support.doubles import Cost, fresh

CENTERS = np.array([[0.0, 0.0], [90.0, 0.0], [0.0, 90.0], [90.0, 90.0]])


def test_it_needs_what_its_scorer_needs_and_embeddings() -> None:
    assert WeightedKMeans(Cost()).needs == {"cost", "embeddings"}


def test_of_each_cloud_the_member_nearest_its_center_of_gravity_heaviest_cloud_first() -> None:
    truth = np.repeat([0, 1, 2, 3], [10, 60, 20, 40])
    points = CENTERS[truth] + 3 * fresh().normal(size=(130, 2))
    weights = fresh(1).uniform(0.1, 1, 130) * np.array([20.0, 1.0, 1.0, 1.0])[truth]
    view = PoolView(cost=weights, embeddings=points)
    expected = []
    for cloud in (0, 1, 3, 2):
        members = np.flatnonzero(truth == cloud)
        center = np.average(points[members], axis=0, weights=weights[members])
        distances = np.linalg.norm(points[members] - center, axis=1)
        expected.append(int(members[distances.argmin()]))
    assert WeightedKMeans(Cost()).select(view, 4, fresh()).tolist() == expected


def test_what_weighs_nothing_is_asked_about_last() -> None:
    weights = np.where(np.arange(40) < 6, 1.0, 0.0)
    view = PoolView(cost=weights, embeddings=fresh().normal(size=(40, 2)))
    picks = WeightedKMeans(Cost()).select(view, 9, fresh())
    assert set(picks[:6].tolist()) == set(range(6))


def test_where_all_are_copies_the_best_scored_fill_up() -> None:
    view = PoolView(cost=np.arange(40.0), embeddings=np.ones((40, 3)))
    picks = WeightedKMeans(Cost()).select(view, 5, fresh())
    rest = [at for at in (39, 38, 37, 36, 35) if at != picks[0]][:4]
    assert picks[1:].tolist() == rest


def test_a_shortlist_of_it_leaves_out_copies_that_score_best() -> None:
    """Nine candidates score highest and are nearly one; top-k takes them, this does not."""
    cost = np.concatenate([np.linspace(9.9, 9.1, 9), np.linspace(5.9, 5.1, 9), np.ones(82)])
    embeddings = fresh().normal(size=(100, 3)) * 10
    embeddings[:9] = embeddings[0] + fresh().normal(size=(9, 3)) * 0.01
    view = PoolView(cost=cost, embeddings=embeddings)
    assert (TopK(Cost()).select(view, 6, fresh()) < 9).sum() == 6
    picks = Shortlist(Cost(), WeightedKMeans(Cost()), reach=3).select(view, 6, fresh())
    assert (picks < 9).sum() == 1
    assert picks.max() < 18


def test_a_larger_pool_is_sampled_by_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_k_means, "_SAMPLE", 50)
    truth = np.repeat([0, 1, 2, 3], [9000, 5, 500, 495])
    view = PoolView(
        cost=np.where(truth == 0, 1e-3, 1.0),
        embeddings=CENTERS[truth] + fresh().normal(size=(10_000, 2)),
    )
    picks = WeightedKMeans(Cost()).select(view, 3, fresh())
    assert set(truth[picks]) >= {2, 3}
