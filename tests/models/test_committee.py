"""A committee disagrees where the labels leave room, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import fitting
from auto_labeling.models.committee import Committee
from auto_labeling.models.sklearn import LogisticRegression

LINE = np.concatenate([np.linspace(-3, -1, 8), np.linspace(1, 3, 8)])[:, None]
SIDES = (LINE[:, 0] > 0).astype(int)


def test_members_say_different_things_and_their_mean_is_the_prediction() -> None:
    fitted = fitting.fit(Committee(members=4).build(0), LINE, SIDES, k=3)
    said = fitting.sample(fitted, np.array([[-9.0], [0.1]]), k=3, chunk=1)
    assert said.shape == (2, 3, 4)
    np.testing.assert_allclose(said.sum(axis=1), 1, rtol=1e-6)
    assert (said[:, 2] == 0).all()  # a class that no label showed
    assert np.ptp(said[1, 0]) > np.ptp(said[0, 0])
    mean = fitting.predict(fitted, np.array([[-9.0], [0.1]]), k=3)
    np.testing.assert_allclose(said.mean(axis=2), mean, atol=1e-6)


def test_every_member_sees_every_class() -> None:
    targets = np.array([0] * 30 + [1])
    fitted = fitting.fit(Committee(members=5).build(1), np.arange(31.0)[:, None], targets, k=2)
    said = fitting.sample(fitted, np.array([[30.0]]), k=2)
    assert (said > 0).all()


def test_one_class_only_leaves_nothing_to_disagree_about() -> None:
    fitted = fitting.fit(Committee().build(0), LINE, np.ones(16, dtype=int), k=2)
    np.testing.assert_array_equal(fitting.sample(fitted, LINE[:2], k=2)[:, 1], 1)


def test_a_single_model_has_no_members() -> None:
    fitted = fitting.fit(LogisticRegression().build(0), LINE, SIDES, k=2)
    with pytest.raises(DataError, match="no members that could disagree; choose a committee"):
        fitting.sample(fitted, LINE, k=2)


def test_fewer_than_two_is_none() -> None:
    with pytest.raises(ConfigurationError, match="members: expected at least 2, got 1"):
        Committee(members=1)
