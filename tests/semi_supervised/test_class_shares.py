"""What part of a pool a class is, and no class with more than its part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from auto_labeling.errors import DataError
from auto_labeling.semi_supervised.class_shares import balanced, class_shares
from auto_labeling.semi_supervised.thresholds import confident

CHANCES = arrays.arrays(
    np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0, 1, width=16)
)
SHARES = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


def _pool(share: float, n: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the chances of an exact model of even labels, where class 1 is `share` of n rows."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < share).astype(int)
    x = rng.normal(loc=np.where(truth == 1, 0.75, -0.75))
    first, second = norm.pdf(x, -0.75), norm.pdf(x, 0.75)
    return np.stack([first, second], axis=1) / (first + second)[:, None], truth


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_shares_of_the_pool_are_found_though_labels_were_asked_for_evenly(share: float) -> None:
    proba, truth = _pool(share, 20_000, seed=1)
    labels = np.repeat([0, 1], 25)
    found = class_shares(proba, labels)[1]
    assert found == pytest.approx(truth.mean(), abs=0.02)
    counted = np.mean(proba.argmax(axis=1) == 1)
    assert abs(found - truth.mean()) <= abs(counted - truth.mean()) + 0.005


@pytest.mark.parametrize("labels", [[0, 1], [0, 0, 0, 1], [0] * 30 + [1] * 60])
def test_shares_are_the_most_likely_ones(labels: list[int]) -> None:
    proba, _ = _pool(0.3, 300, seed=2)
    targets = np.array(labels)
    learned = np.bincount(targets) / len(targets)

    def surprise(second: float) -> float:
        shares = np.array([1 - second, second])
        of_pool = np.log((proba / learned * shares).sum(axis=1)).sum()
        return -float(of_pool + np.log(shares[targets]).sum())

    best = minimize_scalar(surprise, bounds=(1e-6, 1 - 1e-6), method="bounded").x
    assert class_shares(proba, targets)[1] == pytest.approx(best, abs=1e-3)


def test_without_targets_shares_are_the_mean_of_the_chances() -> None:
    assert class_shares(np.array([[0.9, 0.1], [0.5, 0.5]])).tolist() == [0.7, 0.3]
    assert class_shares(np.empty((0, 4))).tolist() == [0.25] * 4


def test_a_class_that_nobody_has_labeled_has_the_share_that_is_said_of_it() -> None:
    found = class_shares(np.array([[0.5, 0.5]] * 8), np.array([0, 0]))
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1)
    assert found[1] > 0.2


@given(proba=CHANCES, shares=SHARES, most=st.integers(0, 25))
def test_no_class_has_more_than_its_share_and_each_gives_its_surest(
    proba: NDArray[Any], shares: list[float], most: int
) -> None:
    taken = confident(proba, 0.2)
    kept = balanced(taken, shares, most)
    allowed = np.array(shares) / sum(shares) * min(most, len(taken))
    counts = np.bincount(kept.targets, minlength=3)
    assert (counts < allowed + 1).all()
    assert len(kept) <= most
    for cls in range(3):
        of_class = np.sort(taken.confidence[taken.targets == cls])
        held = kept.confidence[kept.targets == cls]
        assert sorted(held) == of_class[len(of_class) - len(held) :].tolist()
        assert len(held) >= min(len(of_class), np.floor(allowed[cls] + 1e-9))
    assert (np.diff(kept.positions) > 0).all()


def test_what_a_class_cannot_fill_goes_to_no_other() -> None:
    taken = confident(np.array([[0.9, 0.1]] * 10 + [[0.1, 0.9]]), 0.5)
    assert np.bincount(balanced(taken, [0.5, 0.5], 6).targets).tolist() == [3, 1]


def test_shares_that_mean_nothing_are_refused() -> None:
    taken = confident(np.array([[0.1, 0.9]]), 0.5)
    for shares in ([0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]):
        with pytest.raises(DataError, match="shares: expected parts of one"):
            balanced(taken, shares)
    with pytest.raises(DataError, match="shares: expected one for each of 2 classes or more"):
        balanced(taken, [1.0])
