"""What every QueryStrategy promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.view import PoolView
from tests.contracts.views import (
    alike,
    expect_same,
    float_needs,
    full_view,
    mapped,
    only,
    point_needs,
    sparse,
    spoiled,
    sure,
)


def chosen(strategy: QueryStrategy, view: PoolView, size: int, seed: int = 0) -> NDArray[np.intp]:
    """Return what the strategy selects with a fresh generator."""
    return strategy.select(view, size, np.random.default_rng(seed))


def expect_batch(picks: NDArray[np.intp], size: int, n: int) -> None:
    """Assert that these are `size` distinct positions in a pool of `n`."""
    assert picks.shape == (size,)
    assert picks.dtype == np.intp
    assert len(set(picks.tolist())) == size
    assert size == 0 or (picks.min() >= 0 and picks.max() < n)


class StrategyContract:
    """Subclass it, say which strategy, and collect the tests."""

    strategy: QueryStrategy

    @pytest.mark.parametrize("size", [0, 1, 7, 59, 60])
    def test_as_many_distinct_positions_as_asked(self, size: int) -> None:
        expect_batch(chosen(self.strategy, full_view(60), size), size, 60)

    @pytest.mark.parametrize(("n", "size"), [(0, 5), (1, 1), (1, 5), (60, 61), (60, 1000)])
    def test_a_pool_that_runs_out_is_given_whole(self, n: int, size: int) -> None:
        expect_batch(chosen(self.strategy, full_view(n), size), n, n)

    def test_fewer_than_none_is_refused(self) -> None:
        with pytest.raises(DataError, match="got -1"):
            chosen(self.strategy, full_view(), -1)

    def test_the_same_generator_gives_the_same_batch(self) -> None:
        for view in (full_view(), alike(full_view())):
            first, second = (chosen(self.strategy, view, 9, seed=4) for _ in range(2))
            np.testing.assert_array_equal(first, second)

    def test_candidates_that_are_alike_are_drawn_with_equal_chances(self) -> None:
        view = alike(full_view(10))
        drawn = np.concatenate([chosen(self.strategy, view, 2, seed) for seed in range(500)])
        counts = np.bincount(drawn, minlength=10)
        # 1,000 draws over 10 places, so 100 each with a standard deviation of 9.5.
        assert counts.min() > 60
        assert counts.max() < 140

    def test_it_reads_what_it_says_it_needs_and_nothing_else(self) -> None:
        view = full_view()
        alone = chosen(self.strategy, only(view, self.strategy.needs), 9)
        np.testing.assert_array_equal(alone, chosen(self.strategy, view, 9))

    def test_a_missing_need_is_named(self) -> None:
        for name in self.strategy.needs:
            with pytest.raises(DataError, match=f"view.{name}"):
                chosen(self.strategy, replace(full_view(), **{name: None}), 9)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_a_number_that_is_not_finite_is_refused_and_its_row_named(self, value: float) -> None:
        for name in float_needs(self.strategy.needs - {"labeled_embeddings"}):
            with pytest.raises(DataError, match=rf"view\.{name}.* row 7 "):
                chosen(self.strategy, spoiled(full_view(), name, 7, value), 9)

    def test_sparse_points_are_refused_with_a_remedy(self) -> None:
        for name in point_needs(self.strategy.needs):
            with pytest.raises(DataError, match=rf"view\.{name} to be dense, .* TruncatedSVD"):
                chosen(self.strategy, sparse(full_view(), name), 9)

    def test_features_may_be_sparse_and_so_may_points_that_it_does_not_read(self) -> None:
        view = full_view()
        may_be = {"features", "embeddings", "labeled_embeddings"}
        for name in may_be.difference(point_needs(self.strategy.needs)):
            picks = chosen(self.strategy, sparse(view, name), 9)
            np.testing.assert_array_equal(picks, chosen(self.strategy, view, 9))

    @pytest.mark.parametrize("size", [1, 9, 40])
    def test_copies_and_constants_do_not_make_the_batch_smaller(self, size: int) -> None:
        half = full_view(60).take(np.arange(60) // 20)
        for view in (half, alike(full_view(60)), sure(full_view(60)), alike(sure(full_view(60)))):
            expect_batch(chosen(self.strategy, view, size), size, 60)

    def test_the_view_is_left_as_it_was(self) -> None:
        view, before = full_view(), full_view()
        chosen(self.strategy, view, 9)
        for name in self.strategy.needs:
            expect_same(getattr(view, name), getattr(before, name))

    def test_arrays_may_lie_on_disk(self, tmp_path: Path) -> None:
        view = full_view()
        on_disk = chosen(self.strategy, mapped(view, tmp_path), 9)
        np.testing.assert_array_equal(on_disk, chosen(self.strategy, view, 9))

    def test_it_is_a_value(self) -> None:
        strategy: Any = self.strategy
        assert replace(strategy) == strategy
        assert hash(replace(strategy)) == hash(strategy)


class ScoredContract(StrategyContract):
    """For strategies whose `best` is the best scored."""

    scorer: Scorer

    @pytest.mark.parametrize("size", [1, 9, 40, 60])
    def test_best_scored_first(self, size: int) -> None:
        view = full_view()
        scores = self.scorer.score(view)[chosen(self.strategy, view, size)]
        assert (np.diff(scores) <= 0).all()

    def test_nothing_is_chosen_from_behind_the_shortlist(self) -> None:
        view = full_view()
        ranks = np.argsort(-self.scorer.score(view))
        picks = chosen(self.strategy, view, 4)
        assert set(picks.tolist()) <= set(ranks[: 4 * self.shortlisted].tolist())

    shortlisted: int = 1
    """From how many batches of the best scored it may choose."""
