"""Wrappers that keep the picks of a batch unlike each other."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist

from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.clustered import Clustered
from auto_labeling.strategies.one_of_a_kind import OneOfAKind
from auto_labeling.strategies.sequential import Sequential
from auto_labeling.strategies.spread import Spread, typical_distance
from auto_labeling.view import PoolView
from tests.strategies.test_wrappers import Dearest, falling
from tests.support.doubles import fresh


def scattered(n: int, labeled: int, seed: int = 0) -> PoolView:
    rng = fresh(seed)
    return falling(
        n, embeddings=rng.normal(size=(n, 2)), labeled_embeddings=rng.normal(size=(labeled, 2))
    )


class TestSpread:
    @settings(deadline=None)
    @given(seed=st.integers(0, 50), labeled=st.integers(0, 5), size=st.integers(0, 12))
    def test_the_plain_greedy_walk(self, seed: int, labeled: int, size: int) -> None:
        view = scattered(60, labeled, seed)
        picks = Spread(Dearest(), distance=0.8, reach=4).select(view, size, fresh())
        everything: Any = view.embeddings
        known: Any = view.labeled_embeddings
        points, bought = everything[: 4 * size], [*known]
        walked: list[int] = []
        for _ in range(size):
            left = [p for p in range(len(points)) if p not in walked]
            gaps = [cdist(points[p : p + 1], bought).min() if bought else np.inf for p in left]
            far = [p for p, gap in zip(left, gaps, strict=True) if gap >= 0.8]
            walked.append(far[0] if far else left[int(np.argmax(gaps))])
            bought.append(points[walked[-1]])
        assert picks.tolist() == walked

    def test_where_none_is_far_enough_the_farthest_is_taken(self) -> None:
        points = np.array([[0.0], [0.1], [3.0], [1.0]])
        view = falling(4, embeddings=points, labeled_embeddings=np.array([[0.0]]))
        assert Spread(Dearest(), distance=9.0).select(view, 4, fresh()).tolist() == [2, 3, 1, 0]

    def test_a_share_does_not_depend_on_the_units(self) -> None:
        view = scattered(200, 3)
        larger = falling(
            200,
            embeddings=view.embeddings * 1000 + 5000,  # type: ignore[operator]
            labeled_embeddings=view.labeled_embeddings * 1000 + 5000,  # type: ignore[operator]
        )
        picks = Spread(Dearest(), share=0.3).select(view, 8, fresh())
        np.testing.assert_array_equal(
            Spread(Dearest(), share=0.3).select(larger, 8, fresh()), picks
        )
        assert picks.tolist() != list(range(8))

    def test_bad_parameters_are_refused(self) -> None:
        for bad in ({"share": -1.0}, {"distance": -1.0}, {"reach": 0}):
            with pytest.raises(ConfigurationError, match=f"{next(iter(bad))}: expected at least"):
                Spread(Dearest(), **bad)  # type: ignore[arg-type]


@settings(deadline=None)
@given(seed=st.integers(0, 50), offset=st.sampled_from([0.0, 1e6]))
def test_typical_distance_is_that_of_all_ordered_pairs(seed: int, offset: float) -> None:
    points = fresh(seed).normal(size=(20, 3)) + offset
    squares = 2 * (pdist(points) ** 2).sum() / 20**2
    assert typical_distance(points) == pytest.approx(np.sqrt(squares), rel=1e-6)


class TestOneOfAKind:
    def test_one_of_each_cluster_of_near_copies(self) -> None:
        kinds = fresh().integers(0, 12, 3000)
        centers = fresh(1).normal(size=(12, 8)) * 10
        points = centers[kinds] + fresh(2).normal(size=(3000, 8)) * 0.01
        view = falling(3000, embeddings=points, labeled_embeddings=centers[:2])
        picks = OneOfAKind(Dearest()).select(view, 10, fresh())
        best = sorted(int(np.flatnonzero(kinds == kind)[0]) for kind in range(2, 12))
        assert picks.tolist() == best

    def test_twins_fill_up_best_ranked_first(self) -> None:
        points = np.repeat([[0.0], [5.0]], [30, 10], axis=0)
        view = falling(40, embeddings=points, labeled_embeddings=np.empty((0, 1)))
        assert OneOfAKind(Dearest()).select(view, 4, fresh()).tolist() == [0, 30, 1, 2]

    @settings(deadline=None)
    @given(seed=st.integers(0, 50), share=st.sampled_from([0.0, 0.2, 0.6]))
    def test_the_plain_walk(self, seed: int, share: float) -> None:
        view = scattered(60, 3, seed)
        picks = OneOfAKind(Dearest(), share).select(view, 9, fresh())
        points: Any = view.embeddings
        known: Any = view.labeled_embeddings
        near, bought = share * typical_distance(points), [*known]
        walked: list[int] = []
        for p in range(60):
            if len(walked) < 9 and cdist(points[p : p + 1], bought).min() > near:
                walked.append(p)
                bought.append(points[p])
        twins = [p for p in range(60) if p not in walked]
        assert picks.tolist() == (walked + twins)[:9]

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_equal_rows_are_twins_in_every_precision_and_far_from_zero(self, dtype: type) -> None:
        points = np.repeat(1000 + fresh().normal(size=(50, 64)) * 10, 20, axis=0).astype(dtype)
        view = falling(1000, embeddings=points, labeled_embeddings=points[-1:])
        picks = OneOfAKind(Dearest(), share=0.0).select(view, 49, fresh())
        assert picks.tolist() == list(range(0, 980, 20))

    def test_copies_of_one_thing_on_disk_are_walked_in_bounded_memory(self, tmp_path: Path) -> None:
        n = 100_000
        points = np.zeros((n, 64), dtype=np.float32)
        points[-5:, 0] = np.arange(1, 6)
        np.save(tmp_path / "embeddings.npy", points)
        mapped = np.load(tmp_path / "embeddings.npy", mmap_mode="r")
        view = falling(n, embeddings=mapped, labeled_embeddings=np.empty((0, 64)))
        tracemalloc.start()
        picks = OneOfAKind(Dearest()).select(view, 6, fresh())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert picks.tolist() == [0, *range(n - 5, n)]
        # Rankings of .8 MB and a chunk of 16 MB with its copies; the pool is 51 MB as doubles.
        assert peak < 45e6

    def test_a_negative_share_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="share: expected at least 0, got -1"):
            OneOfAKind(Dearest(), -1.0)


class TestSequential:
    @settings(deadline=None)
    @given(seed=st.integers(0, 50), weight=st.floats(0, 1))
    def test_the_plain_greedy(self, seed: int, weight: float) -> None:
        view = scattered(40, 0, seed)
        picks = Sequential(Dearest(), weight, reach=3).select(view, 8, fresh())
        points: Any = view.embeddings
        alike = 1 - cdist(points[:24], points[:24], "cosine")
        walked: list[int] = []
        for _ in range(8):
            gain = (1 - weight) * (1 - np.arange(24) / 23)
            if walked:
                gain -= weight * alike[:, walked].max(axis=1)
            gain[walked] = -np.inf
            best = np.flatnonzero(gain >= gain.max() - 1e-12)
            walked.append(int(picks[len(walked)]))  # of equals either will do
            assert walked[-1] in best

    def test_without_weight_it_is_the_ranking(self) -> None:
        picks = Sequential(Dearest(), 0.0).select(scattered(90, 0), 8, fresh())
        assert picks.tolist() == list(range(8))

    def test_bad_parameters_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="weight: expected 0 to 1, got 2"):
            Sequential(Dearest(), 2.0)
        with pytest.raises(ConfigurationError, match="reach: expected at least 1, got 0"):
            Sequential(Dearest(), reach=0)


class TestClustered:
    def test_each_cluster_gives_its_best_then_its_second_best(self) -> None:
        cloud = np.repeat([0, 1, 2], [30, 20, 10])
        points = np.array([[0.0, 0.0], [90.0, 0.0], [0.0, 90.0]])[cloud]
        view = falling(60, embeddings=points + fresh().normal(size=(60, 2)))
        picks = Clustered(Dearest(), n_clusters=3).select(view, 8, fresh())
        assert picks.tolist() == [0, 30, 50, 1, 31, 51, 2, 32]

    def test_an_empty_cluster_leaves_its_turns_to_the_others(self) -> None:
        cloud = np.repeat([0, 1], [3, 30])
        view = falling(33, embeddings=np.array([[0.0], [90.0]])[cloud])
        picks = Clustered(Dearest(), n_clusters=2).select(view, 9, fresh())
        assert picks.tolist() == [0, 3, 1, 4, 2, 5, 6, 7, 8]

    def test_only_the_shortlist_is_clustered(self) -> None:
        picks = Clustered(Dearest(), n_clusters=4, reach=2).select(scattered(99, 0), 10, fresh())
        assert picks.max() < 20

    @pytest.mark.parametrize("name", ["n_clusters", "reach"])
    def test_bad_parameters_are_refused(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match=f"{name}: expected at least 1, got 0"):
            Clustered(Dearest(), **{name: 0})
