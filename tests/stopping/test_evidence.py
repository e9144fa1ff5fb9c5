from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.strategies.stopping.evidence import (
    SHARPEST,
    sharpness,
    sharpness_of_sets,
    shift,
    shift_of_sets,
)


def drawn(seed: int, n: int = 40, k: int = 3) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(k), n), rng.dirichlet(np.ones(k), n)


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_a_shift_is_what_a_loop_over_the_items_finds(seed: int, k: int) -> None:
    old, new = drawn(seed, k=k)
    labeled = np.random.default_rng(seed).random(len(old)) < 0.5
    changed, gain, entropies = 0, 0.0, []
    for was, now, known in zip(old, new, labeled, strict=True):
        if was.argmax() != now.argmax():
            changed += 1
            gain += now.max() - now[was.argmax()]
        if not known:
            entropies.append(-sum(p * math.log(p, k) for p in now if p > 0))
    found = shift(old, new, labeled, before=20, items=40)
    assert (found.before, found.items) == (20, 40)
    assert found.changed == changed / len(old)
    assert found.gain == pytest.approx(gain / len(old))
    assert found.uncertainty == pytest.approx(np.mean(entropies), abs=1e-9)


@given(st.integers(0, 10_000), st.floats(1, 32))
def test_a_sharper_model_expects_more_but_never_more_than_it_changed(
    seed: int, power: float
) -> None:
    old, new = drawn(seed, k=2)
    plain, sharp = (
        shift(old, new, np.zeros(len(old)), before=1, items=2, power=one) for one in (1.0, power)
    )
    assert 0 <= plain.gain <= sharp.gain + 1e-12 <= sharp.changed + 2e-12


def test_changes_between_tied_classes_are_worth_nothing() -> None:
    old = np.tile([0.501, 0.499], (100, 1))
    found = shift(old, old[:, ::-1], np.zeros(100), before=20, items=40)
    assert found.changed == 1.0
    assert found.gain == pytest.approx(0.002)


def test_where_everything_is_labeled_nothing_is_uncertain() -> None:
    old, new = drawn(0)
    assert math.isnan(shift(old, new, np.ones(len(old)), before=1, items=2).uncertainty)


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    old, new = drawn(0)
    with pytest.raises(DataError, match=r"new probabilities must be \(40, 3\), got \(39, 3\)"):
        shift(old, new[:-1], np.zeros(39), before=1, items=2)
    with pytest.raises(DataError, match=r"labeled must be \(40,\), got \(39,\)"):
        shift(old, new, np.zeros(39), before=1, items=2)


@pytest.mark.parametrize("true_power", [1.0, 2.0, 4.0])
def test_sharpness_finds_the_power_that_made_a_model_timid(true_power: float) -> None:
    rng = np.random.default_rng(3)
    honest = rng.dirichlet([0.5, 0.5, 0.5], 5_000)
    truth = np.array([rng.choice(3, p=row) for row in honest])
    timid = honest ** (1 / true_power)
    timid /= timid.sum(axis=1, keepdims=True)
    assert sharpness(timid, truth) == pytest.approx(true_power, rel=0.1)


@given(st.integers(0, 10_000), st.integers(0, 30))
def test_sharpness_stays_within_its_limits(seed: int, n: int) -> None:
    proba, _ = drawn(seed, n=n)
    truth = np.random.default_rng(seed).integers(3, size=n)
    assert 1.0 <= sharpness(proba, truth) <= SHARPEST


def test_without_anything_to_judge_by_probabilities_stay() -> None:
    assert sharpness(np.empty((0, 3)), []) == 1.0


def test_few_items_say_little() -> None:
    timid = np.array([[0.6, 0.4], [0.4, 0.6]])
    few, many = (sharpness(np.tile(timid, (n, 1)), [0, 1] * n) for n in (1, 50))
    assert few < many


def test_the_shift_of_one_label_is_that_of_two_classes() -> None:
    rng = np.random.default_rng(5)
    old, new = rng.random((2, 200, 1))
    labeled = rng.random(200) < 0.2
    told = {"before": 10, "items": 20, "power": 3.0}
    one = shift_of_sets(old, new, labeled, **told)
    two = shift(np.hstack([old, 1 - old]), np.hstack([new, 1 - new]), labeled, **told)
    assert dataclasses.asdict(one) == pytest.approx(dataclasses.asdict(two))


def test_what_is_won_is_the_probability_of_the_whole_set() -> None:
    old, new = np.array([[0.9, 0.2, 0.6]]), np.array([[0.7, 0.8, 0.1]])
    found = shift_of_sets(old, new, [False], before=1, items=2)
    assert found.gain == pytest.approx(0.7 * 0.8 * 0.9 - 0.7 * 0.2 * 0.1)


def test_timid_probabilities_of_labels_are_sharpened() -> None:
    rng = np.random.default_rng(6)
    truth = (rng.random((300, 4)) < 0.5).astype(int)
    assert sharpness_of_sets(np.where(truth, 0.6, 0.4), truth) > 5
    assert sharpness_of_sets(np.where(truth, 0.4, 0.6), truth) == 1.0
