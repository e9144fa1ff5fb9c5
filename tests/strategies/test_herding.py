from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.herding import Herding
from auto_labeling.strategies.kernels import adapted_gaussian
from auto_labeling.strategies.uncertainty_herding import UncertaintyHerding
from auto_labeling.view import PoolView
from tests.strategies.test_coverage import expect_greedy
from tests.support.doubles import Cost, fresh

NOTHING: NDArray[np.float64] = np.empty((0, 2))


def test_the_picks_are_those_of_plain_greedy_facility_location() -> None:
    points, labeled = fresh().normal(size=(150, 2)), fresh(1).normal(size=(12, 2))
    view = PoolView(embeddings=points, labeled_embeddings=labeled)
    kernel = adapted_gaussian(labeled, points, 20, fresh())
    picks = Herding().select(view, 20, fresh())
    expect_greedy(picks, points, np.ones(150), labeled, kernel)


def test_dense_places_come_first_and_labeled_ones_last() -> None:
    cloud = np.repeat([0, 1, 2], [50, 30, 10])
    centers = np.array([[0.0, 0.0], [40.0, 0.0], [0.0, 40.0]])
    points = centers[cloud] + fresh().normal(size=(90, 2))
    view = PoolView(embeddings=points, labeled_embeddings=NOTHING)
    assert cloud[Herding(width=5.0).select(view, 3, fresh())].tolist() == [0, 1, 2]
    view = PoolView(embeddings=points, labeled_embeddings=centers[:1])
    assert cloud[Herding(width=5.0).select(view, 2, fresh())].tolist() == [1, 2]


@pytest.mark.parametrize("strategy", [Herding(), UncertaintyHerding(Cost())])
def test_without_labels_every_cloud_is_seen_once_however_tight_it_is(
    strategy: QueryStrategy,
) -> None:
    centers = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, 30.0], [30.0, 30.0], [60.0, 0.0]])
    for seed in range(10):
        cloud = np.repeat(np.arange(5), fresh(seed).integers(20, 100, 5))
        tightness = np.array([0.02, 0.1, 0.5, 2.0, 5.0])[cloud, None]
        points = centers[cloud] + tightness * fresh(seed).normal(size=(len(cloud), 2))
        view = PoolView(embeddings=points, labeled_embeddings=NOTHING, cost=np.ones(len(cloud)))
        assert sorted(cloud[strategy.select(view, 5, fresh(seed))]) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("width", [0.0, -1.0, np.nan])
def test_a_width_that_is_none_is_refused(width: float) -> None:
    with pytest.raises(ConfigurationError, match="width: expected a number above 0"):
        Herding(width=width)


class TestAdaptedGaussian:
    def test_it_is_as_wide_as_labels_lie_apart(self) -> None:
        grid = 3.0 * np.stack(np.meshgrid(range(5), range(5)), axis=-1).reshape(-1, 2)
        assert adapted_gaussian(grid, NOTHING, 1, fresh()).width == pytest.approx(3.0)

    def test_copies_do_not_make_it_narrow(self) -> None:
        points = np.array([[0.0, 0.0], [4.0, 0.0], [8.0, 0.0]]) + 1000.0 / 3
        copies = np.concatenate([points] + [points[:1]] * 20)
        assert adapted_gaussian(copies, NOTHING, 1, fresh()).width == pytest.approx(4.0)

    def test_it_narrows_as_labels_come_in(self) -> None:
        labeled = fresh().normal(size=(3000, 2))
        widths = [adapted_gaussian(labeled[:k], NOTHING, 1, fresh()).width for k in (10, 100, 3000)]
        assert widths[0] > 2 * widths[1] > 4 * widths[2]

    @pytest.mark.parametrize("known", [0, 1])
    def test_without_labels_it_is_as_wide_as_a_typical_batch_lies_apart(self, known: int) -> None:
        points = fresh().normal(size=(2000, 2))
        few, many = (
            np.mean(
                [adapted_gaussian(points[:known], points, size, fresh(s)).width for s in range(9)]
            )
            for size in (10, 300)
        )
        batches = [KMedoids().select(PoolView(embeddings=points), 10, fresh(s)) for s in range(9)]
        gaps = [adapted_gaussian(points[picks], NOTHING, 1, fresh()).width for picks in batches]
        assert few == pytest.approx(np.mean(gaps), rel=0.2)
        assert few > 3 * many

    def test_where_all_is_alike_there_is_a_width(self) -> None:
        for labeled in (np.ones((5, 2)), np.ones((1, 2)), NOTHING):
            assert adapted_gaussian(labeled, np.ones((9, 2)), 3, fresh()).width == 1.0
