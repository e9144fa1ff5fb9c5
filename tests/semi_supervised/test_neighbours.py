"""Graphs of nearest neighbours: as scikit-learn finds them, as plain sums do, and of odd rows."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse import csr_array, csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.datasets import load_digits
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.semi_supervised import nearest
from auto_labeling.semi_supervised.copies import first_copies
from auto_labeling.semi_supervised.nearest import nearest_rows
from auto_labeling.semi_supervised.neighbours import neighbour_graph


def graph_of(points: Any, k: int = 10, seed: int = 0) -> csr_array:
    return neighbour_graph(points, k, rng=np.random.default_rng(seed))


def near(points: Any, k: int = 10, seed: int = 0) -> np.ndarray:
    return nearest_rows(points, np.arange(len(points)), k, np.random.default_rng(seed))


def lumps(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(40, d))
    return (centers[rng.integers(40, size=n)] + 0.2 * rng.normal(size=(n, d))).astype(np.float32)


def recall(points: np.ndarray, found: np.ndarray, asked: int = 200) -> float:
    rows = np.arange(0, len(points), len(points) // asked)
    index = NearestNeighbors(n_neighbors=found.shape[1] + 1, algorithm="brute").fit(points)
    exact = index.kneighbors(points[rows], return_distance=False)[:, 1:]
    hits = [len(np.intersect1d(*pair)) for pair in zip(exact, found[rows], strict=True)]
    return float(np.mean(hits)) / found.shape[1]


class TestExact:
    @pytest.mark.parametrize("offset", [0.0, 1e5])
    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    def test_distances_are_those_of_scikit_learn(self, dtype: type, offset: float) -> None:
        points = (np.random.default_rng(0).normal(size=(1200, 12)) + offset).astype(dtype)
        index = NearestNeighbors(n_neighbors=8, algorithm="kd_tree").fit(points.astype(float))
        expected = index.kneighbors(points.astype(float))[0][:, 1:]
        apart = points[near(points, 7)].astype(float) - points[:, None]
        assert np.allclose(np.sort(np.linalg.norm(apart, axis=2), axis=1), expected, rtol=1e-5)

    @pytest.mark.parametrize("dtype", [np.float64, np.float16, np.uint8])
    def test_digits_in_every_precision(self, dtype: type) -> None:
        points = load_digits().data
        expected = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)[0][:, 1:]
        apart = points[near(points.astype(dtype), 5)] - points[:, None]
        assert np.allclose(np.sort(np.linalg.norm(apart, axis=2), axis=1), expected)

    def test_a_wide_row_is_read_in_groups_without_losing_any(self) -> None:
        gaps = np.random.default_rng(0).normal(size=(50, 5003)).astype(np.float32)
        gaps[:, -3:] -= 3  # the columns that no group holds
        least = nearest._least(gaps, 9)
        values = np.sort(np.take_along_axis(gaps, least, axis=1), axis=1)
        assert np.array_equal(values, np.sort(gaps, axis=1)[:, :9])

    def test_a_tight_clump_far_from_the_rest_keeps_its_own_neighbours(self) -> None:
        rng = np.random.default_rng(0)
        points = np.concatenate([rng.normal(size=(300, 3)), 50 + 1e-4 * rng.normal(size=(300, 3))])
        found = near(points, 3)
        exact = NearestNeighbors(n_neighbors=4).fit(points).kneighbors(points)[1][:, 1:]
        assert np.array_equal(np.sort(found, axis=1), np.sort(exact, axis=1))


class TestWeights:
    def test_the_formula(self) -> None:
        points = np.random.default_rng(0).normal(size=(60, 3))
        apart = np.linalg.norm(points[:, None] - points, axis=2)
        order = apart.argsort(axis=1)
        width = apart[np.arange(60), order[:, 4]]
        expected = np.zeros((60, 60))
        for row in range(60):
            for other in order[row, 1:5]:
                weight = np.exp(-(apart[row, other] ** 2) / (width[row] * width[other]))
                expected[row, other] = expected[other, row] = weight
        assert np.allclose(graph_of(points, 4).toarray(), expected, atol=1e-6)

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 1000), st.integers(2, 60), st.integers(1, 12))
    def test_the_order_of_rows_says_nothing(self, seed: int, n: int, k: int) -> None:
        rng = np.random.default_rng(seed)
        points, order = rng.normal(size=(n, 3)), rng.permutation(n)
        straight = graph_of(points, k).toarray()
        shuffled = graph_of(points[order], k, seed=seed).toarray()
        assert np.allclose(shuffled, straight[np.ix_(order, order)], atol=1e-6)

    @pytest.mark.parametrize("unit", [1e-30, 1e-6, 1e6, 1e200])
    def test_units_say_nothing(self, unit: float) -> None:
        points = np.random.default_rng(0).normal(size=(80, 3))
        assert np.allclose(graph_of(points * unit).toarray(), graph_of(points).toarray(), atol=1e-5)


class TestOddRows:
    def test_copies_hang_on_the_first_and_are_nobodys_neighbours(self) -> None:
        kinds = np.random.default_rng(0).normal(size=(30, 2))
        points = np.concatenate([kinds, np.repeat(kinds[:1], 50, axis=0)])
        graph = graph_of(points, 3).toarray()
        assert np.allclose(graph[:30, :30], graph_of(kinds, 3).toarray())
        assert (graph[30:, 0] == 1).all()
        assert not graph[30:, 1:].any()

    @pytest.mark.parametrize("n", [0, 1, 2, 5])
    def test_few_rows(self, n: int) -> None:
        graph = graph_of(np.arange(n, dtype=float)[:, None] ** 2, 10)
        assert graph.shape == (n, n)
        assert graph.nnz == n * max(0, n - 1)

    def test_equal_rows_are_one_lump(self) -> None:
        graph = graph_of(np.ones((7, 3)), 2)
        assert connected_components(graph)[0] == 1
        assert (graph.data == 1).all()

    def test_columns_without_news_say_nothing(self) -> None:
        points = np.random.default_rng(0).normal(size=(50, 3))
        wider = np.concatenate([points, np.full((50, 2), 3.0)], axis=1)
        assert np.allclose(graph_of(points).toarray(), graph_of(wider).toarray(), atol=1e-6)

    def test_an_outlier_is_not_cut_off(self) -> None:
        points = np.append(np.random.default_rng(0).normal(size=(100, 2)), [[1e5, 0]], axis=0)
        assert connected_components(graph_of(points))[0] == 1

    def test_what_cannot_be_used_is_refused(self) -> None:
        with pytest.raises(DataError, match="TruncatedSVD"):
            graph_of(csr_matrix(np.eye(4)))
        with pytest.raises(DataError, match="row 2 is not"):
            graph_of(np.array([[0.0], [1.0], [np.nan]]))
        with pytest.raises(DataError, match="points must be"):
            graph_of(np.zeros(4))
        with pytest.raises(ConfigurationError, match="k: expected"):
            graph_of(np.zeros((4, 1)), 0)


class TestCopies:
    @given(
        arrays.arrays(
            np.float32,
            st.tuples(st.integers(1, 30), st.integers(1, 3)),
            elements=st.sampled_from([0.0, -0.0, 1.0, 2.0, -1.0]),
        )
    )
    def test_the_first_of_each(self, points: np.ndarray) -> None:
        equal = (points[:, None] == points).all(axis=2)
        assert np.array_equal(first_copies(points), equal.argmax(axis=1))

    def test_rows_of_zeros_and_ones_are_told_apart(self) -> None:
        rows = np.unpackbits(np.arange(2**14, dtype=">u2").view(np.uint8)).reshape(-1, 16)
        for dtype in (np.float16, np.float32, np.float64):
            assert np.array_equal(first_copies(rows.astype(dtype)), np.arange(2**14))


class TestSearch:
    """Above so many rows that all pairs would take too long; here that is a thousand."""

    @pytest.fixture(autouse=True)
    def many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(nearest, "_EXACT", 1000)
        monkeypatch.setattr(nearest, "_MOST", 600)

    @pytest.mark.parametrize("n", [1001, 4000])
    def test_neighbours_are_others_and_each_once(self, n: int) -> None:
        points = lumps(n, 8)
        found = near(points)
        assert (found != np.arange(n)[:, None]).all()
        assert (np.diff(np.sort(found, axis=1), axis=1) > 0).all()

    def test_a_seed_fixes_it_whatever_the_threads(self) -> None:
        points = lumps(3000, 8)
        found = []
        for threads in (1, 2):
            with threadpool_limits(threads, user_api="blas"):
                found.append(np.sort(near(points), axis=1))
        assert (found[0] == found[1]).mean() > 0.999
        assert np.array_equal(np.sort(near(points), axis=1), found[1])

    def test_most_neighbours_of_lumps_are_found(self) -> None:
        points = lumps(8000, 6)
        assert recall(points, near(points)) > 0.9

    def test_where_nothing_is_near_it_is_still_far_better_than_chance(self) -> None:
        points = np.random.default_rng(0).normal(size=(8000, 64)).astype(np.float32)
        found = near(points)
        apart = np.linalg.norm(points[found[:200]] - points[:200, None], axis=2).mean()
        exact = NearestNeighbors(n_neighbors=11).fit(points).kneighbors(points[:200])[0][:, 1:]
        drawn = np.linalg.norm(points[:200] - points[200:400], axis=1).mean()
        assert apart - exact.mean() < 0.25 * (drawn - exact.mean())

    def test_copies_do_not_fill_the_leaves(self) -> None:
        kinds = lumps(1500, 4)
        points = np.concatenate([np.repeat(kinds[:1], 3000, axis=0), kinds])
        graph = graph_of(points)
        assert connected_components(graph)[0] <= connected_components(graph_of(kinds))[0]

    def test_many_neighbours(self) -> None:
        points = lumps(1500, 4)
        assert recall(points, near(points, 200)) > 0.8


@pytest.mark.slow
class TestManyRows:
    @pytest.mark.parametrize("flat", [4, 16])
    def test_recall_of_forty_thousand(self, flat: int) -> None:
        points = lumps(40_000, flat)
        assert recall(points, near(points)) > (0.95 if flat == 4 else 0.6)

    def test_memory_goes_by_the_rows_not_by_their_pairs(self, tmp_path: Path) -> None:
        path = tmp_path / "points.npy"
        np.save(path, lumps(35_000, 48).astype(np.float16))
        tracemalloc.start()
        graph = graph_of(np.load(path, mmap_mode="r"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert graph.shape == (35_000, 35_000)
        assert peak < 35_000 * 1000 + 60e6
