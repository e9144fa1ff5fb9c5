from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies import typiclust
from auto_labeling.strategies.neighbours import neighbour_distances
from auto_labeling.strategies.typiclust import TypiClust
from auto_labeling.view import PoolView
from tests.support.doubles import fresh

CENTERS = 40.0 * np.array([[0, 0], [1, 0], [0, 1], [1, 1], [2, 0]])
NOTHING: NDArray[np.float64] = np.empty((0, 2))


def clouds(*sizes: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    truth = np.repeat(np.arange(len(sizes)), sizes)
    return CENTERS[truth] + fresh().normal(size=(len(truth), 2)), truth


def most_typical(points: NDArray[np.float64], neighbours: int) -> int:
    """Return the point nearest its neighbours, the plain way."""
    k = min(neighbours, len(points) // 2)
    return int(np.sort(cdist(points, points), axis=1)[:, 1 : k + 1].mean(axis=1).argmin())


@pytest.mark.parametrize("neighbours", [2, 5, 20])
def test_the_most_typical_of_each_cluster_the_largest_first(neighbours: int) -> None:
    points, truth = clouds(12, 60, 25, 40)
    view = PoolView(embeddings=points, labeled_embeddings=NOTHING)
    picks = TypiClust(neighbours).select(view, 4, fresh())
    expected = [
        np.flatnonzero(truth == cloud)[most_typical(points[truth == cloud], neighbours)]
        for cloud in (1, 3, 2, 0)
    ]
    assert picks.tolist() == expected


def test_clusters_without_labels_come_first() -> None:
    points, truth = clouds(60, 40, 30)
    view = PoolView(embeddings=points, labeled_embeddings=CENTERS[:1])
    assert truth[TypiClust().select(view, 2, fresh())].tolist() == [1, 2]


def test_what_may_be_made_of_outliers_comes_last() -> None:
    points, truth = clouds(60, 4, 30)
    view = PoolView(embeddings=points, labeled_embeddings=NOTHING)
    assert truth[TypiClust().select(view, 3, fresh())].tolist() == [0, 2, 1]


def test_with_fewer_clusters_than_picks_each_is_visited_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(typiclust, "_MOST_CLUSTERS", 3)
    points, truth = clouds(50, 40, 30)
    view = PoolView(embeddings=points, labeled_embeddings=NOTHING)
    assert truth[TypiClust().select(view, 7, fresh())].tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_fewer_than_one_neighbour_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="neighbours: expected at least 1, got 0"):
        TypiClust(neighbours=0)


def test_neighbour_distances_are_those_of_all_pairs() -> None:
    points = fresh().normal(size=(90, 3)) + 1000
    points[40:45] = points[0]
    expected = np.sort(cdist(points, points), axis=1)[:, 1:8]
    got = np.sort(neighbour_distances(points, 7), axis=1)
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.slow
def test_a_pool_on_disk_is_read_in_bounded_memory(tmp_path: Path) -> None:
    n = 200_000
    np.save(tmp_path / "points.npy", fresh().normal(size=(n, 32)).astype(np.float32))
    view = PoolView(
        embeddings=np.load(tmp_path / "points.npy", mmap_mode="r"),
        labeled_embeddings=np.empty((0, 32)),
    )
    tracemalloc.start()
    picks = TypiClust().select(view, 50, fresh())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(picks) == 50
    # The sample of 20,000 is 5 MB a copy; the whole pool in double precision is 51 MB.
    assert peak < 60e6
