from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.density import Density, densities
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.view import PoolView
from tests.support.doubles import Cost


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_mean_over_all_pairs(dtype: type) -> None:
    x = np.random.default_rng(0).normal(size=(200, 6)).astype(dtype)
    cosines = 1 - cdist(x.astype(np.float64), x.astype(np.float64), "cosine")
    np.testing.assert_allclose(densities(x), ((1 + cosines) / 2).mean(axis=1), atol=1e-12)


def test_an_outlier_is_not_bought_and_beta_says_how_much_that_counts() -> None:
    x = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, -0.1], [-1.0, 0.0]])
    view = PoolView(cost=np.array([1.0, 1.0, 1.0, 1.2]), embeddings=x)
    assert TopK(Density(Cost())).select(view, 1, np.random.default_rng(0))[0] == 0
    assert TopK(Density(Cost(), beta=0)).select(view, 1, np.random.default_rng(0))[0] == 3
    np.testing.assert_allclose(
        Density(Cost(), beta=3).score(view), np.asarray(view.cost) * densities(x) ** 3
    )


def test_it_needs_what_its_scorer_needs_and_embeddings() -> None:
    assert Density(Cost()).needs == {"cost", "embeddings"}


def test_scores_below_zero_are_refused() -> None:
    view = PoolView(cost=np.array([1.0, -2.0]), embeddings=np.eye(2))
    with pytest.raises(DataError, match=r"at least 0, row 1 has -2"):
        Density(Cost()).score(view)


@pytest.mark.parametrize("beta", [-1.0, np.nan, np.inf])
def test_a_bad_beta_is_refused(beta: float) -> None:
    with pytest.raises(ConfigurationError, match="beta: expected at least 0, got"):
        Density(Margin(), beta=beta)
