from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import entropy as scipy_entropy

from auto_labeling.errors import DataError
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin, entropy, least_confident, margin, ratio
from auto_labeling.view import PoolView


@st.composite
def distributions(draw: st.DrawFn) -> NDArray[np.float64]:
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    sharpness = draw(st.sampled_from([0.01, 1.0, 50.0]))
    return rng.dirichlet(np.full(draw(st.integers(2, 12)), sharpness), draw(st.integers(1, 20)))


@settings(deadline=None)
@given(proba=distributions())
def test_the_formulas(proba: NDArray[np.float64]) -> None:
    ordered = np.sort(proba, axis=1)
    np.testing.assert_allclose(margin(proba), 1 - (ordered[:, -1] - ordered[:, -2]), atol=1e-15)
    np.testing.assert_allclose(ratio(proba), ordered[:, -2] / ordered[:, -1], atol=1e-15)
    np.testing.assert_allclose(least_confident(proba), 1 - ordered[:, -1], atol=1e-15)
    np.testing.assert_allclose(entropy(proba), scipy_entropy(proba, axis=1), atol=1e-12)


@pytest.mark.parametrize("score", [margin, ratio, entropy, least_confident])
def test_indifference_is_the_most_uncertain_and_certainty_the_least(score: object) -> None:
    assert callable(score)
    proba = np.array([[1.0, 0.0, 0.0], [0.6, 0.3, 0.1], [1 / 3, 1 / 3, 1 / 3]])
    assert np.argsort(score(proba)).tolist() == [0, 1, 2]
    assert score(proba)[0] == 0.0


@settings(deadline=None)
@given(proba=distributions())
def test_with_two_classes_all_three_agree(proba: NDArray[np.float64]) -> None:
    two = np.stack([proba[:, 0], 1 - proba[:, 0]], axis=1).round(6)
    orders = [np.argsort(score(two).round(9), kind="stable") for score in (margin, least_confident)]
    np.testing.assert_array_equal(orders[0], orders[1])
    assert (np.diff(entropy(two)[orders[0]]) >= -1e-6).all()


def test_many_chunks_score_like_one() -> None:
    proba = np.random.default_rng(0).dirichlet(np.ones(4), 30_001)
    parts = [margin(proba[:9]), margin(proba[9:20_000]), margin(proba[20_000:])]
    np.testing.assert_array_equal(margin(proba), np.concatenate(parts))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_rounding_to_less_precision_is_no_error(dtype: type) -> None:
    proba = np.random.default_rng(0).dirichlet(np.ones(1000), 50)
    assert np.ptp(margin(proba.astype(dtype)) - margin(proba)) < 0.01


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([3.0, -1.5], "row 25000 sums to 1.5"),
        ([2.0, -1.0], "expected nothing below 0, row 25000 has -1"),
        ([0.0, 0.0], "row 25000 sums to 0"),
        ([np.nan, 0.5], "row 25000 sums to nan"),
    ],
)
def test_rows_that_are_no_probabilities_are_refused(row: list[float], said: str) -> None:
    proba = np.full((30_000, 2), 0.5)
    proba[25_000] = row
    with pytest.raises(DataError, match=said):
        margin(proba)


def test_a_pool_on_disk_is_scored_in_bounded_memory(tmp_path: Path) -> None:
    n = 1_000_000
    np.save(tmp_path / "proba.npy", np.full((n, 10), 0.1))
    view = PoolView(proba=np.load(tmp_path / "proba.npy", mmap_mode="r"))
    tracemalloc.start()
    picks = TopK(Margin()).select(view, 10, np.random.default_rng(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(picks) == 10
    # A few arrays as long as a chunk (.5 MB each); one as long as the pool is 8 MB.
    assert peak < 8e6
