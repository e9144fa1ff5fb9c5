"""What every Scorer promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling.errors import DataError
from auto_labeling.ports import Scorer
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


class ScorerContract:
    """Subclass it, say which scorer, and collect the tests."""

    scorer: Scorer

    @pytest.mark.parametrize("n", [0, 1, 2, 60])
    def test_one_finite_score_a_candidate(self, n: int) -> None:
        scores = self.scorer.score(full_view(n))
        assert scores.shape == (n,)
        assert scores.dtype == np.float64
        assert np.isfinite(scores).all()

    def test_it_reads_what_it_says_it_needs_and_nothing_else(self) -> None:
        view = full_view()
        alone = self.scorer.score(only(view, self.scorer.needs))
        np.testing.assert_array_equal(alone, self.scorer.score(view))

    def test_a_missing_need_is_named(self) -> None:
        for name in self.scorer.needs:
            with pytest.raises(DataError, match=f"view.{name}"):
                self.scorer.score(only(full_view(), self.scorer.needs - {name}))

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a_number_that_is_not_finite_is_refused_and_its_row_named(self, value: float) -> None:
        for name in float_needs(self.scorer.needs - {"labeled_embeddings"}):
            with pytest.raises(DataError, match=rf"view\.{name}.* row 7 "):
                self.scorer.score(spoiled(full_view(), name, 7, value))

    def test_sparse_points_are_refused_with_a_remedy(self) -> None:
        for name in point_needs(self.scorer.needs):
            with pytest.raises(DataError, match=rf"view\.{name} to be dense, .* TruncatedSVD"):
                self.scorer.score(sparse(full_view(), name))

    def test_features_may_be_sparse_and_so_may_points_that_it_does_not_read(self) -> None:
        view = full_view()
        may_be = {"features", "embeddings", "labeled_embeddings"}
        for name in may_be.difference(point_needs(self.scorer.needs)):
            scores = self.scorer.score(sparse(view, name))
            np.testing.assert_allclose(scores, self.scorer.score(view), rtol=1e-12)

    def test_the_score_follows_the_candidate_when_the_pool_is_reordered(self) -> None:
        view, order = full_view(), np.random.default_rng(1).permutation(60)
        reordered = self.scorer.score(view.take(order))
        np.testing.assert_allclose(reordered, self.scorer.score(view)[order], rtol=1e-12)

    def test_a_scorer_of_single_rows_scores_a_part_as_it_scores_the_whole(self) -> None:
        if not getattr(self.scorer, "rowwise", False):
            pytest.skip("the pool counts")
        view, part = full_view(), slice(20, 41)
        np.testing.assert_allclose(
            self.scorer.score(view.take(part)), self.scorer.score(view)[part], rtol=1e-12
        )

    def test_candidates_that_are_alike_score_alike(self) -> None:
        for view in (alike(full_view()), alike(sure(full_view()))):
            assert np.ptp(self.scorer.score(view)) < 1e-12

    def test_one_class_for_certain_is_no_error(self) -> None:
        assert np.isfinite(self.scorer.score(sure(full_view()))).all()

    def test_the_view_is_left_as_it_was(self) -> None:
        view, before = full_view(), full_view()
        self.scorer.score(view)
        for name in self.scorer.needs:
            expect_same(getattr(view, name), getattr(before, name))

    def test_arrays_may_lie_on_disk(self, tmp_path: Path) -> None:
        view = full_view()
        on_disk = self.scorer.score(mapped(view, tmp_path))
        np.testing.assert_array_equal(on_disk, self.scorer.score(view))

    def test_it_is_a_value(self) -> None:
        scorer: Any = self.scorer
        assert replace(scorer) == scorer
        assert hash(replace(scorer)) == hash(scorer)
