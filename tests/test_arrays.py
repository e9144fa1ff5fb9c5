from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn.cluster import KMeans

from auto_labeling.arrays import (
    Best,
    _seeds,
    expect_shape,
    k_means,
    nearest,
    normalise_rows,
    rng_for,
    spans,
    squared_distances,
    top_k,
)
from auto_labeling.errors import DataError
from auto_labeling.view import refuse_non_finite
from tests.support.doubles import fresh

Floats = NDArray[np.float64]
few_values = arrays(np.float64, st.integers(0, 40), elements=st.sampled_from([-1.0, 0.0, 0.5, 2.0]))
finite = st.floats(-1e3, 1e3)


def brute(points: Floats, centers: Floats) -> Floats:
    squares: Floats = np.square(points[:, None, :] - centers[None, :, :]).sum(axis=2)
    return squares


class TestRngFor:
    def test_it_is_the_generator_of_the_decisions(self) -> None:
        expected = np.random.default_rng([3, 7, zlib.crc32(b"select")]).random(5)
        np.testing.assert_array_equal(rng_for(3, 7, "select").random(5), expected)

    def test_seed_round_and_purpose_each_change_it(self) -> None:
        keys = [(3, 7, "select"), (4, 7, "select"), (3, 8, "select"), (3, 7, "split")]
        assert len({rng_for(*key).random() for key in keys}) == 4


class TestTopK:
    @given(scores=few_values, size=st.integers(0, 50), seed=st.integers(0, 9))
    def test_distinct_positions_of_the_highest_best_first(
        self, scores: Floats, size: int, seed: int
    ) -> None:
        picks = top_k(scores, size, fresh(seed))
        assert len(set(picks.tolist())) == len(picks) == min(size, len(scores))
        np.testing.assert_array_equal(scores[picks], np.sort(scores)[::-1][:size])

    def test_every_best_first_order_is_equally_likely(self) -> None:
        """Three tied at the cut for two places: 6 orders, all behind the one that is better."""
        scores = [1.0, 5.0, 1.0, 0.0, 1.0]
        orders = [tuple(top_k(scores, 3, fresh(seed)).tolist()) for seed in range(1200)]
        counts = [orders.count(order) for order in set(orders)]
        assert len(counts) == 6
        assert all(order[0] == 1 for order in orders)
        # 200 expected with a standard deviation of 13.
        assert min(counts) > 140
        assert max(counts) < 260

    def test_ties_well_above_the_cut_come_in_random_order_too(self) -> None:
        scores = [3.0, 3.0, 1.0, 3.0, 1.0]
        orders = [tuple(top_k(scores, 4, fresh(seed))[:3].tolist()) for seed in range(600)]
        counts = [orders.count(order) for order in set(orders)]
        assert len(counts) == 6
        # 100 expected with a standard deviation of 9.
        assert min(counts) > 60
        assert max(counts) < 140

    def test_the_same_generator_gives_the_same_draw(self) -> None:
        np.testing.assert_array_equal(
            top_k(np.ones(99), 9, fresh(1)), top_k(np.ones(99), 9, fresh(1))
        )

    def test_scores_may_lie_on_disk_and_are_left_as_they_were(self, tmp_path: Path) -> None:
        np.save(tmp_path / "scores.npy", fresh().random(100).astype(np.float32))
        mapped = np.load(tmp_path / "scores.npy", mmap_mode="r")
        np.testing.assert_array_equal(top_k(mapped, 5, fresh()), np.argsort(-mapped)[:5])

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_a_score_that_is_not_finite_is_refused(self, bad: float) -> None:
        with pytest.raises(DataError, match="scores: expected finite numbers, row 2 is not"):
            top_k([1.0, 2.0, bad], 1, fresh())

    def test_fewer_than_none_is_refused(self) -> None:
        with pytest.raises(DataError, match="size: expected at least 0, got -3"):
            top_k([1.0], -3, fresh())


class TestBest:
    @settings(deadline=None)
    @given(
        scores=few_values, cuts=st.lists(st.integers(0, 50), max_size=6), size=st.integers(0, 50)
    )
    def test_chunks_give_what_the_whole_gives(
        self, scores: Floats, cuts: list[int], size: int
    ) -> None:
        best = Best(size, fresh())
        for chunk in np.split(scores, sorted(min(cut, len(scores)) for cut in cuts)):
            best.offer(chunk)
        picks = best.positions()
        assert len(set(picks.tolist())) == len(picks) == min(size, len(scores))
        np.testing.assert_array_equal(scores[picks], np.sort(scores)[::-1][:size])

    def test_ties_across_chunks_are_equally_likely_in_every_order(self) -> None:
        def drawn(seed: int) -> tuple[int, ...]:
            best = Best(2, fresh(seed))
            for chunk in ([1.0, 0.0], [1.0, 1.0], [0.0], [1.0]):
                best.offer(np.array(chunk))
            return tuple(best.positions().tolist())

        orders = [drawn(seed) for seed in range(2400)]
        counts = [orders.count(order) for order in set(orders)]
        assert len(counts) == 12
        # 200 expected with a standard deviation of 13.5.
        assert min(counts) > 140
        assert max(counts) < 260

    @pytest.mark.parametrize("shape", ["constant", "rising", "random"])
    def test_memory_does_not_grow_with_the_pool(self, shape: str) -> None:
        best, rng = Best(100, fresh()), fresh(1)
        tracemalloc.start()
        for chunk in range(200):
            scores = {"constant": np.ones, "rising": np.arange, "random": rng.random}[shape](10_000)
            best.offer(scores + (chunk * 10_000.0 if shape == "rising" else 0.0))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(best.positions()) == 100
        # A chunk is .08 MB, and so is each of the arrays made of it; all scores are 16 MB.
        assert peak < 2e6


class TestExpectShape:
    @pytest.mark.parametrize("shape", [("n", 2), (3, "k"), (3, 2), ("n", "k")])
    def test_a_shape_that_fits_passes(self, shape: tuple[int | str, ...]) -> None:
        expect_shape("proba", np.zeros((3, 2)), shape)

    @pytest.mark.parametrize(
        ("shape", "said"),
        [
            (("n", 3), r"proba must be \(n, 3\), got \(10, 2\)"),
            ((9, "k"), r"proba must be \(9, k\), got \(10, 2\)"),
            (("n",), r"proba must be \(n,\), got \(10, 2\)"),
            (("n", "k", "m"), r"proba must be \(n, k, m\), got \(10, 2\)"),
        ],
    )
    def test_another_is_refused_with_both(self, shape: tuple[int | str, ...], said: str) -> None:
        with pytest.raises(DataError, match=said):
            expect_shape("proba", np.zeros((10, 2)), shape)


def test_a_bad_row_far_behind_the_first_chunk_is_named() -> None:
    array = np.zeros((300_000, 10), dtype=np.float32)
    array[250_001, 9] = np.nan
    with pytest.raises(DataError, match="here: expected finite numbers, row 250001 is not"):
        refuse_non_finite(array, "here")


@given(n=st.integers(0, 50), width=st.integers(0, 10**7))
def test_spans_cover_every_row_once(n: int, width: int) -> None:
    rows = [row for span in spans(n, width) for row in range(n)[span]]
    assert rows == list(range(n))


class TestDistances:
    @given(
        points=arrays(np.float64, (7, 3), elements=finite),
        centers=arrays(np.float64, (4, 3), elements=finite),
        offset=st.sampled_from([0.0, 1e6]),
    )
    def test_they_are_those_of_the_definition_even_far_from_zero(
        self, points: Floats, centers: Floats, offset: float
    ) -> None:
        got = squared_distances(points + offset, centers + offset)
        np.testing.assert_allclose(
            got, brute(points + offset, centers + offset), rtol=1e-9, atol=1e-6
        )
        assert (got >= 0).all()

    def test_nearest_is_the_least_of_them_over_many_chunks(self) -> None:
        points, centers = fresh(0).normal(size=(500, 3)), fresh(1).normal(size=(5000, 3))
        labels, squares = nearest(points, centers)
        every = brute(points, centers)
        np.testing.assert_array_equal(labels, every.argmin(axis=1))
        np.testing.assert_allclose(squares, every.min(axis=1), atol=1e-12)


@given(points=arrays(np.float64, (5, 3), elements=st.floats(-1e300, 1e300)))
def test_rows_are_normalised_to_length_one_and_zeros_stay(points: Floats) -> None:
    lengths = np.linalg.norm(normalise_rows(points), axis=1)
    np.testing.assert_allclose(lengths, points.any(axis=1).astype(float), rtol=1e-12)


class TestKMeans:
    def test_separate_clouds_are_found_largest_first(self) -> None:
        sizes = [30, 5, 15]
        centers = np.array([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]])
        truth = np.repeat([0, 1, 2], sizes)
        points = centers[truth] + fresh(1).normal(size=(50, 2))
        clusters = k_means(points, 3, fresh(2))
        medoids = clusters.medoids()
        assert truth[medoids].tolist() == [0, 2, 1]
        for medoid, cloud in zip(medoids, [0, 2, 1], strict=True):
            members = points[truth == cloud]
            distances = np.square(members - members.mean(axis=0)).sum(axis=1)
            np.testing.assert_array_equal(points[medoid], members[distances.argmin()])

    @given(
        points=arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=finite),
        k=st.integers(1, 12),
        seed=st.integers(0, 5),
    )
    def test_every_point_is_with_its_nearest_center(
        self, points: Floats, k: int, seed: int
    ) -> None:
        clusters = k_means(points, k, fresh(seed))
        assert len(clusters.centers) <= min(k, len(points))
        every = brute(points, clusters.centers)
        scale = 1e-9 * (1 + every.max())
        np.testing.assert_allclose(clusters.squares, every.min(axis=1), atol=scale)
        own = np.take_along_axis(every, clusters.labels[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(own, every.min(axis=1), atol=scale)
        medoids = clusters.medoids()
        assert len(set(medoids.tolist())) == len(medoids)
        assert set(clusters.labels[medoids]) == set(clusters.labels)

    @given(
        points=arrays(
            np.int64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.integers(0, 9)
        ),
        k=st.integers(1, 12),
    )
    def test_as_many_clusters_as_asked_while_points_differ(
        self, points: NDArray[np.int64], k: int
    ) -> None:
        clusters = k_means(points.astype(float), k, fresh())
        assert len(clusters.medoids()) == min(k, len(np.unique(points, axis=0)))

    def test_a_round_more_never_fits_worse(self) -> None:
        points = fresh().normal(size=(300, 4))
        fits = [k_means(points, 20, fresh(1), rounds=rounds).squares.sum() for rounds in range(9)]
        assert (np.diff(fits) <= 1e-9).all()
        assert fits[-1] < 0.95 * fits[0]

    def test_copies_make_no_clusters_of_their_own(self) -> None:
        points = np.repeat(fresh().normal(size=(3, 5)) * 1e3 + 1e5, 20, axis=0)
        clusters = k_means(points, 10, fresh(1))
        assert len(clusters.medoids()) == 3
        assert clusters.squares.max() < 1e-6

    def test_with_weights_it_ends_where_scikit_learn_does_from_the_same_seeds(self) -> None:
        points = fresh().normal(size=(300, 3)) * [1.0, 5.0, 2.0]
        weights = fresh(1).gamma(0.3, size=300) + 1e-3
        for seed in range(5):
            seeds = points[_seeds(points, 12, fresh(seed), weights)]
            clusters = k_means(points, 12, fresh(seed), rounds=300, weights=weights)
            theirs = KMeans(12, init=seeds, n_init=1, max_iter=300, tol=0.0)
            theirs.fit(points, sample_weight=weights)
            np.testing.assert_allclose(clusters.centers, theirs.cluster_centers_, rtol=1e-9)
            np.testing.assert_array_equal(clusters.labels, theirs.labels_)
            held = [weights[theirs.labels_ == at].sum() for at in range(12)]
            np.testing.assert_allclose(clusters.weights, held)

    def test_seeds_follow_weights_and_squared_distances(self) -> None:
        points, weights = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 4.0, 2.0])
        law = np.zeros((3, 3))
        for first in range(3):
            chances = weights * (points[:, 0] - points[first, 0]) ** 2
            law[first] = weights[first] / weights.sum() * chances / chances.sum()
        rng = fresh()
        drawn = np.zeros((3, 3))
        for _ in range(4000):
            drawn[*_seeds(points, 2, rng, weights)] += 1
        # The deviation of a count is at most 32.
        np.testing.assert_allclose(drawn, 4000 * law, atol=120)

    def test_the_heaviest_cluster_comes_first(self) -> None:
        points = np.array([[0.0], [1.0], [2.0], [90.0], [99.0]])
        clusters = k_means(points, 2, fresh(), weights=np.array([1.0, 1.0, 1.0, 1.0, 9.0]))
        assert clusters.medoids().tolist() == [4, 1]

    def test_of_equally_near_points_the_first_is_taken(self) -> None:
        points = np.array([[0.0], [2.0], [0.0], [2.0]])
        assert k_means(points, 1, fresh()).medoids().tolist() == [0]
