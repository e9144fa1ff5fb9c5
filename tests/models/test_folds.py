"""Folds are dealt evenly within every class, and no row is asked about by what it taught."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.models.folds import dealt, how_many, out_of_fold

CLASSES = st.lists(st.sampled_from(["ant", "bee", "cat", "dog"]), min_size=1, max_size=60)


@given(classes=CLASSES, folds=st.integers(1, 12), seed=st.integers(0, 2**32 - 1))
def test_every_class_and_the_whole_are_spread_over_the_folds(
    classes: list[str], folds: int, seed: int
) -> None:
    targets = np.array(classes)
    found = dealt(targets, np.random.default_rng(seed), folds)
    for rows in [np.ones(len(targets), dtype=bool), *(targets == name for name in set(classes))]:
        counts = np.bincount(found[rows], minlength=folds)
        assert len(counts) == folds
        assert counts.max() - counts.min() <= 1


def test_chance_decides_who_shares_a_fold() -> None:
    targets = np.zeros(20, dtype=np.intp)
    one, again, other = (dealt(targets, np.random.default_rng(seed), 5) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize(("labels", "folds"), [(2, 2), (9, 9), (10, 10), (199, 10), (200, 5)])
def test_few_labels_are_held_back_by_the_tenth(labels: int, folds: int) -> None:
    assert how_many(labels) == folds


@given(classes=CLASSES, seed=st.integers(0, 99))
def test_each_row_is_answered_once_and_by_the_other_folds(classes: list[str], seed: int) -> None:
    folds = dealt(np.array(classes), np.random.default_rng(seed), 4)

    def ask(learned: NDArray[np.intp], held: NDArray[np.intp]) -> NDArray[np.float64]:
        assert sorted([*learned, *held]) == list(range(len(classes)))
        assert not set(folds[learned]) & set(folds[held])
        return np.stack([held, np.full(len(held), len(learned))], axis=1).astype(float)

    said = out_of_fold(ask, folds, 2)
    np.testing.assert_array_equal(said[:, 0], np.arange(len(classes)))
    np.testing.assert_array_equal(said[:, 1], len(classes) - np.bincount(folds, minlength=4)[folds])
