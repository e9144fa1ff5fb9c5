"""The picks are those of the plain greedy, whatever the precision and the size of the pool."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from auto_labeling.strategies.k_center import KCenter, _Distances
from auto_labeling.view import PoolView
from tests.support.doubles import fresh

Points = NDArray[np.floating[Any]]


def plain(points: Points, labeled: Points, size: int, first: int) -> list[int]:
    """Return what plain greedy picks; `first` where nothing is labeled."""
    apart = cdist(points.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    least = np.full(len(points), np.inf)
    if len(labeled):
        least = cdist(points.astype(np.float64), labeled.astype(np.float64), "sqeuclidean").min(1)
    picks: list[int] = []
    while len(picks) < size:
        picks.append(int(least.argmax()) if picks or len(labeled) else first)
        least = np.minimum(least, apart[picks[-1]])
    return picks


def chosen(points: Points, labeled: Points, size: int, seed: int = 0) -> list[int]:
    view = PoolView(embeddings=points, labeled_embeddings=labeled)
    return KCenter().select(view, size, fresh(seed)).tolist()


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("labels", [0, 1, 6])
@pytest.mark.parametrize("offset", [0.0, 30.0])
def test_the_picks_of_the_plain_greedy(dtype: type, labels: int, offset: float) -> None:
    for seed in range(2):
        rng = fresh(seed)
        clouds = rng.normal(size=(8, 6))[rng.integers(0, 8, 200)] * 3
        points = (clouds + rng.normal(size=(200, 6)) + offset).astype(dtype)
        labeled = (rng.normal(size=(labels, 6)) + offset).astype(dtype)
        picks = chosen(points, labeled, 40)
        assert picks == plain(points, labeled, 40, picks[0])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(2, 60),
    scale=st.sampled_from([2.0**-80, 1.0, 2.0**80]),
)
def test_the_unit_of_the_embeddings_changes_nothing(seed: int, n: int, scale: float) -> None:
    points = (fresh(seed).normal(size=(n, 3)) * scale).astype(np.float32)
    picks = chosen(points, points[:0], n // 2 + 1)
    assert picks == plain(points / np.float32(scale), points[:0], n // 2 + 1, picks[0])


@pytest.mark.usefixtures("levels")
def test_far_from_zero_no_digits_are_lost() -> None:
    points = 1e6 + fresh().normal(size=(200, 4))
    picks = chosen(points, points[:0], 40)
    assert picks == plain(points - 1e6, points[:0], 40, picks[0])


@pytest.mark.usefixtures("levels")
def test_tight_clouds_far_apart_are_told_apart_to_the_last_member() -> None:
    """Single precision cannot see within a cloud, so every row has to be worked out exactly."""
    centers = fresh(1).normal(size=(5, 4)) * 1000
    points = (centers[fresh(2).integers(0, 5, 200)] + fresh(3).normal(size=(200, 4)) * 0.01).astype(
        np.float32
    )
    picks = chosen(points, points[:0], 30)
    assert picks == plain(points, points[:0], 30, picks[0])


@pytest.mark.usefixtures("levels")
def test_every_point_once_before_any_copy() -> None:
    points = fresh().normal(size=(12, 3))[np.arange(240) % 12].astype(np.float32)
    picks = np.array(chosen(points, points[:0], 20))
    assert sorted(picks[:12] % 12) == list(range(12))
    assert len(set(picks.tolist())) == 20


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("offset", [0.0, 1.5, 40.0])
def test_no_bound_is_below_the_distance(dtype: type, offset: float) -> None:
    points = (fresh().normal(size=(1000, 64)) + offset).astype(dtype)
    law = _Distances(points, points[:600], 1)
    law.add(points[600])
    squares = cdist(points.astype(np.float64), points[:601].astype(np.float64), "sqeuclidean")
    bounds = law.bounds(points, law.known, np.full(1000, np.inf), 0)
    assert (bounds >= squares.min(axis=1)).all()
    np.testing.assert_allclose(bounds, squares.min(axis=1), atol=0.05)
    np.testing.assert_allclose(law.exact(points, law.known), squares.min(axis=1), atol=1e-8)


def test_the_farthest_of_equals_is_drawn() -> None:
    corners = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]])
    firsts = [chosen(corners, np.zeros((1, 2)), 1, seed)[0] for seed in range(400)]
    counts = np.bincount(firsts, minlength=5)
    # 400 draws over 4 places, so 100 each with a standard deviation of 8.7.
    assert counts[4] == 0
    assert counts[:4].min() > 60


def test_what_is_labeled_is_not_asked_about_again() -> None:
    points = fresh().normal(size=(30, 3))
    assert set(chosen(points, points[:25], 5)) == set(range(25, 30))


def test_a_pool_on_disk_is_covered_in_bounded_memory(tmp_path: Path) -> None:
    points = fresh().normal(size=(200_000, 32)).astype(np.float16)
    np.save(tmp_path / "embeddings.npy", points)
    view = PoolView(
        embeddings=np.load(tmp_path / "embeddings.npy", mmap_mode="r"),
        labeled_embeddings=points[:0],
    )
    tracemalloc.start()
    picks = KCenter().select(view, 50, fresh())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(set(picks.tolist())) == 50
    # Nine numbers a row are 14 MB, a chunk in single precision 8 MB; its products are as many.
    assert peak < 45e6
