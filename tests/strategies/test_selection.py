"""What each strategy does that no contract says for all."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.view import PoolView
from tests.support.doubles import Cost, fresh


class Broken:
    """A scorer that returns what it was made with."""

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores)

    def score(self, view: PoolView) -> NDArray[np.float64]:
        return self.scores


class TestTopK:
    def test_any_scorer_will_do(self) -> None:
        view = PoolView(cost=np.array([1.0, 9.0, 3.0, 7.0]))
        assert TopK(Cost()).select(view, 3, fresh()).tolist() == [1, 3, 2]

    def test_it_needs_what_its_scorer_needs(self) -> None:
        assert TopK(Cost()).needs == {"cost"}

    def test_a_scorer_that_breaks_its_promise_is_named(self) -> None:
        view = PoolView(cost=np.ones(2))
        with pytest.raises(DataError, match="scores of Broken: expected finite numbers, row 1"):
            TopK(Broken(0.0, np.nan)).select(view, 1, fresh())
        with pytest.raises(DataError, match=r"scores of Broken must be \(2,\), got \(3,\)"):
            TopK(Broken(0.0, 1.0, 2.0)).select(view, 1, fresh())

    @pytest.mark.parametrize(
        ("rowwise", "asked"), [(True, [65_536, 65_536, 65_536, 3_392]), (False, [200_000])]
    )
    def test_only_a_scorer_of_single_rows_is_asked_in_chunks(
        self, rowwise: bool, asked: list[int]
    ) -> None:
        lengths: list[int] = []

        class Listening(Cost):
            def score(self, view: PoolView) -> NDArray[np.float64]:
                lengths.append(len(view))
                return super().score(view)

        scorer = Listening()
        scorer.rowwise = rowwise  # type: ignore[attr-defined]
        view = PoolView(cost=fresh().permutation(200_000))
        best = np.argsort(-view.cost)[:9]  # type: ignore[operator]
        np.testing.assert_array_equal(TopK(scorer).select(view, 9, fresh()), best)
        assert lengths == asked

    def test_a_bad_row_of_a_later_chunk_is_named_by_its_place_in_the_pool(self) -> None:
        proba = np.full((200_000, 2), 0.5, dtype=np.float32)
        proba[150_000, 1] = np.nan
        with pytest.raises(DataError, match=r"view\.proba: expected finite .* row 150000 "):
            TopK(Margin()).select(PoolView(proba=proba), 3, fresh())
        proba[150_000, 1] = 0.9
        with pytest.raises(DataError, match=r"proba: .*, row 150000 sums to 1\.4"):
            TopK(Margin()).select(PoolView(proba=proba), 3, fresh())


class TestClusterTop:
    def test_it_needs_what_its_scorer_needs_and_embeddings(self) -> None:
        assert ClusterTop(Cost()).needs == {"cost", "embeddings"}

    def test_without_copies_of_one_thing(self) -> None:
        """Nine candidates score highest and are nearly one; top-k takes them, this does not."""
        cost = np.concatenate([np.linspace(9.9, 9.1, 9), np.linspace(5.9, 5.1, 9), np.ones(82)])
        embeddings = fresh().normal(size=(100, 3)) * 10
        embeddings[:9] = embeddings[0] + fresh().normal(size=(9, 3)) * 0.01
        view = PoolView(cost=cost, embeddings=embeddings)
        assert (TopK(Cost()).select(view, 6, fresh()) < 9).sum() == 6
        picks = ClusterTop(Cost(), beta=3).select(view, 6, fresh())
        assert (picks < 9).sum() == 1
        assert picks.max() < 18

    def test_one_batch_is_top_k(self) -> None:
        view = PoolView(cost=fresh().random(50), embeddings=fresh().normal(size=(50, 3)))
        np.testing.assert_array_equal(
            ClusterTop(Cost(), beta=1).select(view, 8, fresh()),
            TopK(Cost()).select(view, 8, fresh()),
        )

    def test_where_all_are_copies_the_best_scored_fill_up(self) -> None:
        cost = np.arange(40.0)
        view = PoolView(cost=cost, embeddings=np.ones((40, 3)))
        assert ClusterTop(Cost()).select(view, 5, fresh()).tolist() == [39, 38, 37, 36, 35]

    def test_a_beta_below_one_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="beta: expected at least 1, got 0"):
            ClusterTop(Margin(), beta=0)


class TestKMedoids:
    def test_every_cloud_is_seen_and_the_largest_first(self) -> None:
        truth = np.repeat([0, 1, 2, 3], [10, 60, 20, 40])
        centers = np.array([[0.0, 0.0], [80.0, 0.0], [0.0, 80.0], [80.0, 80.0]])
        view = PoolView(embeddings=centers[truth] + fresh().normal(size=(130, 2)))
        assert truth[KMedoids().select(view, 4, fresh())].tolist() == [1, 3, 2, 0]

    def test_a_pool_on_disk_larger_than_its_sample_is_read_in_bounded_memory(
        self, tmp_path: Path
    ) -> None:
        n = 200_000
        points = np.repeat((np.arange(n) % 10)[:, None], 32, axis=1).astype(np.float32)
        np.save(tmp_path / "embeddings.npy", points)
        view = PoolView(embeddings=np.load(tmp_path / "embeddings.npy", mmap_mode="r"))
        tracemalloc.start()
        picks = KMedoids().select(view, 10, fresh())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert set(picks % 10) == set(range(10))
        # The sample of 20,000 is 5 MB a copy; the whole pool in double precision is 51 MB.
        assert peak < 45e6
