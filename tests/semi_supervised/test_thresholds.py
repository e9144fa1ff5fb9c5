"""What is taken of (n, k) chances: brute force, scipy's limits, and a simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.stats import binomtest

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.semi_supervised.thresholds import (
    calibrated_thresholds,
    capped,
    checked_confidence,
    confident,
    most_for,
)

CHANCES = arrays.arrays(
    np.float64,
    st.tuples(st.integers(0, 12), st.integers(1, 4)),
    elements=st.sampled_from([0.0, 0.2, 0.5, 0.5, 0.8, 1.0]),
)


@given(proba=CHANCES, asked=st.lists(st.sampled_from([0.3, 0.5, 0.9, np.inf]), min_size=4))
def test_a_row_is_taken_where_its_likeliest_class_reaches_its_threshold(
    proba: NDArray[Any], asked: list[float]
) -> None:
    thresholds = np.array(asked[: proba.shape[1]])
    taken = confident(proba, thresholds, weight=0.25)
    expected = [
        (row, int(np.argmax(said)), max(said))
        for row, said in enumerate(proba.tolist())
        if max(said) >= thresholds[int(np.argmax(said))]
    ]
    got = zip(taken.positions.tolist(), taken.targets.tolist(), taken.confidence, strict=True)
    assert list(got) == expected
    assert taken.weights.tolist() == [0.25] * len(expected)


@given(proba=CHANCES, most=st.integers(0, 14))
def test_a_cap_keeps_the_surest_in_the_order_of_the_pool(proba: NDArray[Any], most: int) -> None:
    taken = confident(proba, 0.1)
    kept = capped(taken, most)
    ranked = sorted(range(len(taken)), key=lambda at: (-taken.confidence[at], at))
    assert kept.positions.tolist() == taken.positions[sorted(ranked[:most])].tolist()
    assert capped(taken, None).positions.tolist() == taken.positions.tolist()


def test_so_many_labels_allow_so_many_pseudo_labels() -> None:
    assert [most_for(n, 0.07) for n in (0, 100, 114, 115)] == [0, 7, 7, 8]
    assert most_for(100, None) is None
    with pytest.raises(ConfigurationError, match=r"max_ratio: expected a number of 0 or more"):
        most_for(100, float("nan"))


def _scanned(
    confidence: NDArray[Any], right: NDArray[Any], precision: float, alpha: float
) -> float:
    """Return the lowest threshold whose limit is high enough, by trying every one."""
    found = np.inf
    for threshold in np.unique(confidence):
        among = right[confidence >= threshold]
        low = binomtest(int(among.sum()), len(among)).proportion_ci(1 - 2 * alpha, "exact").low
        if low >= precision:
            found = min(found, threshold)
    return float(found)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), precision=st.sampled_from([0.5, 0.75, 0.9]))
def test_thresholds_are_those_of_a_scan_with_exact_limits(seed: int, precision: float) -> None:
    rng = np.random.default_rng(seed)
    first = rng.choice([0.55, 0.7, 0.8, 0.95, 0.3, 0.1], size=60)
    proba = np.stack([first, 1 - first], axis=1)
    best, confidence = proba.argmax(axis=1), proba.max(axis=1)
    targets = np.where(rng.random(60) < confidence, best, 1 - best)
    got = calibrated_thresholds(proba, targets, precision=precision, alpha=0.2)
    of_all = _scanned(confidence, best == targets, precision, 0.2)
    for cls in (0, 1):
        rows = best == cls
        own = _scanned(confidence[rows], (best == targets)[rows], precision, 0.2)
        if np.isfinite(own):
            assert got[cls] == own
        else:
            assert got[cls] in (of_all, np.inf)


def test_a_class_too_rare_to_tell_goes_by_all_unless_its_rows_speak_against_it() -> None:
    sure, other = [0.9, 0.05, 0.05], [0.05, 0.9, 0.05]
    third = [0.05, 0.05, 0.9]
    proba = np.array([sure] * 40 + [other] * 2 + [third] * 6)
    targets = np.array([0] * 40 + [1] * 2 + [0] * 6)
    got = calibrated_thresholds(proba, targets, precision=0.75)
    assert got.tolist() == [0.9, 0.9, np.inf]


def test_where_nothing_is_borne_out_nothing_is_taken() -> None:
    proba = np.array([[0.99, 0.01]] * 5)
    assert calibrated_thresholds(proba, np.zeros(5, dtype=int)).tolist() == [np.inf] * 2
    none = calibrated_thresholds(proba, np.ones(5, dtype=int), precision=0.5)
    assert none.tolist() == [np.inf] * 2
    assert not len(confident(proba, none))


def test_thresholds_of_an_overconfident_model_are_passed_as_seldom_as_said() -> None:
    passed, runs = 0, 200
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        claimed = rng.uniform(0.5, 1, size=300)
        right = rng.random(300) < 0.5 + 0.8 * (claimed - 0.5)  # at most .9
        proba = np.stack([claimed, 1 - claimed], axis=1)
        lowest = calibrated_thresholds(proba, np.where(right, 0, 1), precision=0.8, alpha=0.1)[0]
        if np.isfinite(lowest):
            passed += 0.5 + 0.8 * ((lowest + 1) / 2 - 0.5) < 0.8
    assert passed <= 0.2 * runs  # the lowest of many limits errs more often than one alone


@pytest.mark.parametrize(
    ("proba", "error"),
    [
        ([[np.nan, 0.5]], "proba: expected finite numbers, row 0 is not"),
        ([[2.0, -1.0]], "proba: expected chances from 0 to 1, got -1 to 2"),
        ([0.5, 0.5], r"proba must be \(n, k\), got \(2,\)"),
    ],
)
def test_what_are_no_chances_is_refused(proba: list[object], error: str) -> None:
    with pytest.raises(DataError, match=error):
        confident(np.array(proba), 0.9)


def test_settings_that_mean_nothing_are_refused() -> None:
    proba = np.array([[0.5, 0.5]])
    with pytest.raises(ConfigurationError, match="threshold: expected one above 0, or 2 of them"):
        confident(proba, [0.9, 0.9, 0.9])
    with pytest.raises(ConfigurationError, match="threshold: expected one above 0"):
        confident(proba, float("nan"))
    for weight in (0.0, 1.0, float("nan")):
        with pytest.raises(ConfigurationError, match="weight: expected a number above 0 and below"):
            confident(proba, 0.9, weight=weight)
    for threshold in (0.0, 1.1, float("nan")):
        with pytest.raises(ConfigurationError, match="confidence_threshold: expected a number"):
            checked_confidence(threshold)
    with pytest.raises(ConfigurationError, match="most: expected 0 or more, got -1"):
        capped(confident(proba, 0.9), -1)
    with pytest.raises(DataError, match="targets: expected class positions from 0 to 1"):
        calibrated_thresholds(proba, np.array([2]))
    with pytest.raises(ConfigurationError, match="precision: expected a number between 0 and 1"):
        calibrated_thresholds(proba, np.array([1]), precision=1.0)
