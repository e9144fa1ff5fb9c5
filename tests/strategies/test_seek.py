from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.examples import LikeLabeled, LikePoints, Mentions
from auto_labeling.strategies.seek import Seek, inclusion_probabilities, systematic_sample
from auto_labeling.view import PoolView
from tests.support.doubles import fresh


def words(counts: list[int] | NDArray[Any]) -> PoolView:
    return PoolView(features=np.asarray(counts)[:, None])


weights = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=30).map(np.array)


@settings(deadline=None)
@given(weights=weights, share=st.floats(0, 1))
def test_chances_sum_to_the_size_and_go_by_the_weights(
    weights: NDArray[np.float64], share: float
) -> None:
    size = round(share * len(weights))
    chances = inclusion_probabilities(weights, size)
    assert chances.sum() == pytest.approx(size)
    assert chances.max() <= 1
    below = chances < 1
    ratios = (chances / weights)[below]
    np.testing.assert_allclose(ratios, ratios[:1].repeat(len(ratios)), rtol=1e-9)
    if below.any() and not below.all():  # what is certain has the larger weights
        assert weights[~below].min() >= weights[below].max() * (1 - 1e-9)


@settings(deadline=None)
@given(weights=weights, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_sample_has_distinct_positions_and_exactly_its_size(
    weights: NDArray[np.float64], share: float, seed: int
) -> None:
    size = round(share * len(weights))
    drawn = systematic_sample(inclusion_probabilities(weights, size), fresh(seed))
    assert len(set(drawn.tolist())) == len(drawn) == size
    assert set(drawn.tolist()) <= set(range(len(weights)))


def test_every_position_is_drawn_as_often_as_its_chance_says_in_every_place() -> None:
    view, seek = words([0, 0, 1, 2, 2, 0, 9, 0]), Seek(Mentions((0,)), uniform=0.3)
    chances = seek.selection_probabilities(view, 3)
    drawn = np.array([seek.select(view, 3, fresh(seed)) for seed in range(4000)])
    for place in drawn.T:  # a part of a batch is fair too
        counts = np.bincount(place, minlength=8)
        expected = 4000 * chances / 3
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


def test_the_recorded_chances_estimate_the_pool_without_bias() -> None:
    rng = fresh()
    rare = rng.random(2000) < 0.02
    view = words(rng.poisson(np.where(rare, 2.0, 0.05)))
    seek = Seek(Mentions((0,)))
    chances = seek.selection_probabilities(view, 50)
    draws = [seek.select(view, 50, fresh(seed)) for seed in range(600)]
    estimates = [(rare[picks] / chances[picks]).sum() for picks in draws]
    error = np.std(estimates) / np.sqrt(600)
    assert abs(np.mean(estimates) - rare.sum()) < 4 * error
    # A plain random batch of 50 holds one on average.
    assert np.mean([rare[picks].sum() for picks in draws]) > 6


def test_equal_scores_have_equal_chances_and_higher_ones_larger() -> None:
    chances = Seek(Mentions((0,))).selection_probabilities(words([0, 5, 0, 2, 2]), 1)
    assert chances[0] == chances[2] < chances[3] == chances[4] < chances[1]
    assert chances.min() > 0.1 / 5


def test_nothing_known_is_a_random_batch() -> None:
    chances = Seek(Mentions((0,))).selection_probabilities(words(np.zeros(40)), 10)
    np.testing.assert_allclose(chances, 0.25)


@pytest.mark.parametrize("uniform", [0.0, -0.1, 1.1, np.nan])
def test_a_share_that_leaves_something_impossible_is_refused(uniform: float) -> None:
    with pytest.raises(ConfigurationError, match="uniform: expected above 0, up to 1, got"):
        Seek(Mentions((0,)), uniform)


class TestExamples:
    def test_near_the_nearest_example_of_the_classes(self) -> None:
        rng = fresh()
        points, examples, targets = rng.normal(size=(50, 3)), rng.normal(size=(9, 3)), np.arange(9)
        view = PoolView(embeddings=points, labeled_embeddings=examples, labeled_targets=targets)
        far = np.linalg.norm(points[:, None] - examples[[2, 5]], axis=2).min(axis=1)
        np.testing.assert_allclose(LikeLabeled((2, 5)).score(view), -far, rtol=1e-9)
        given = tuple(map(tuple, examples[[2, 5]].tolist()))
        np.testing.assert_allclose(LikePoints(given).score(view), -far, rtol=1e-9)

    def test_without_an_example_all_are_alike(self) -> None:
        view = PoolView(
            embeddings=np.eye(3), labeled_embeddings=np.eye(3), labeled_targets=np.zeros(3)
        )
        assert LikeLabeled((1,)).score(view).tolist() == [0.0, 0.0, 0.0]

    def test_counts_may_be_sparse(self) -> None:
        counts = fresh().poisson(0.5, (30, 8))
        for features in (counts, csr_matrix(counts)):
            scores = Mentions((1, 6)).score(PoolView(features=features))
            np.testing.assert_array_equal(scores, counts[:, 1] + counts[:, 6])

    def test_bad_parameters_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="classes: expected at least one"):
            LikeLabeled(())
        with pytest.raises(ConfigurationError, match=r"got 2 of lengths \[1, 2\]"):
            LikePoints(((1.0,), (1.0, 2.0)))
        with pytest.raises(ConfigurationError, match=r"columns: expected positions from 0, got"):
            Mentions((-1,))

    def test_what_does_not_fit_the_view_is_refused(self) -> None:
        with pytest.raises(DataError, match="points of 3 numbers, got 1"):
            LikePoints(((1.0,),)).score(PoolView(embeddings=np.eye(3)))
        with pytest.raises(DataError, match="columns below 1, got"):
            Mentions((1,)).score(words([1, 2]))
