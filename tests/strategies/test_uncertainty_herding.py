from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.strategies.herding import Herding
from auto_labeling.strategies.kernels import adapted_gaussian
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin, margin
from auto_labeling.strategies.uncertainty_herding import UncertaintyHerding
from auto_labeling.view import PoolView
from tests.strategies.test_coverage import expect_greedy
from tests.support.doubles import fresh


@dataclass(frozen=True)
class Below:
    """The margin, so much lower."""

    by: float
    needs: ClassVar[frozenset[str]] = frozenset({"proba"})

    def score(self, view: PoolView) -> NDArray[np.float64]:
        return Margin().score(view) - self.by


def pool(n: int = 120, labels: int = 10) -> PoolView:
    return PoolView(
        proba=fresh(1).dirichlet(np.ones(3), n),
        embeddings=fresh(2).normal(size=(n, 2)),
        labeled_embeddings=fresh(3).normal(size=(labels, 2)),
    )


def test_the_picks_are_those_of_plain_greedy_cover_of_the_scores() -> None:
    view = pool()
    assert view.proba is not None
    assert view.embeddings is not None
    assert view.labeled_embeddings is not None
    kernel = adapted_gaussian(view.labeled_embeddings, view.embeddings, 15, fresh())
    picks = UncertaintyHerding().select(view, 15, fresh())
    expect_greedy(picks, view.embeddings, margin(view.proba), view.labeled_embeddings, kernel)


def test_it_needs_what_its_scorer_needs_and_where_things_lie() -> None:
    assert UncertaintyHerding(Below(0.0)).needs == {"proba", "embeddings", "labeled_embeddings"}


def test_labels_that_lie_close_make_it_top_k() -> None:
    """Nothing is near anything else then, so a candidate covers itself and no more."""
    view = pool()
    close = PoolView(
        proba=view.proba,
        embeddings=view.embeddings,
        labeled_embeddings=50.0 + 1e-3 * fresh().normal(size=(40, 2)),
    )
    np.testing.assert_array_equal(
        UncertaintyHerding().select(close, 12, fresh()), TopK(Margin()).select(close, 12, fresh())
    )


def test_labels_that_lie_far_apart_make_it_ask_in_the_middle_of_doubt() -> None:
    """The most uncertain candidate is an outlier, and is not asked about."""
    doubtful = np.r_[0.0, np.full(40, 0.1), np.full(40, 0.9)]
    proba = np.stack([0.5 + doubtful / 2, 0.5 - doubtful / 2], axis=1)
    crowd = fresh().normal(size=(40, 2))
    others = np.array([0.0, 9.0]) + fresh(1).normal(size=(40, 2))
    view = PoolView(
        proba=proba,
        embeddings=np.r_[[[20.0, 20.0]], crowd, others],
        labeled_embeddings=np.array([[-9.0, 0.0], [-9.0, 6.0]]),
    )
    pick = UncertaintyHerding().select(view, 1, fresh())[0]
    assert 1 <= pick <= 40
    assert np.linalg.norm(crowd[pick - 1]) < 0.6


def test_scores_below_zero_count_from_the_least() -> None:
    view = pool()
    low = UncertaintyHerding(Below(5.0)).select(view, 15, fresh())
    lower = UncertaintyHerding(Below(9.0)).select(view, 15, fresh())
    np.testing.assert_array_equal(low, lower)


def test_where_the_model_is_sure_of_everything_it_is_herding() -> None:
    view = pool()
    sure = PoolView(
        proba=np.tile([1.0, 0.0], (120, 1)),
        embeddings=view.embeddings,
        labeled_embeddings=view.labeled_embeddings,
    )
    np.testing.assert_array_equal(
        UncertaintyHerding().select(sure, 15, fresh()), Herding().select(sure, 15, fresh())
    )
