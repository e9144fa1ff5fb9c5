"""Kernel ridge against its closed form and scikit-learn's, and what weights and samples mean."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.special import softmax
from sklearn.kernel_ridge import KernelRidge

from auto_labeling.models import kernel_ridge
from auto_labeling.models.kernel_ridge import KernelRidgeClassifier
from tests.contracts.model import blobs


def overlapping(n: int = 60, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return (n, 3) features of three classes that overlap."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return rng.normal(size=(n, 3)) + 1.5 * np.eye(3)[y], y


def kernel(one: NDArray[Any], other: NDArray[Any], gamma: float) -> NDArray[np.float64]:
    """Return (n, m) values of the Gaussian kernel, by its definition."""
    squares = np.square(one[:, None] - other).sum(axis=2)
    values: NDArray[np.float64] = np.exp(-gamma * squares)
    return values


@pytest.mark.parametrize("weighed", [False, True])
def test_it_is_the_closed_form_of_weighted_least_squares(weighed: bool) -> None:
    X, y = overlapping()
    asked, _ = overlapping(seed=1)
    counts = np.random.default_rng(2).uniform(0.2, 3.0, len(y)) if weighed else np.ones(len(y))
    middle = np.average(X, axis=0, weights=counts)
    gamma = 0.4 / np.average(np.square(X - middle).sum(axis=1), weights=counts)
    signs = 2.0 * np.eye(3)[y] - 1.0
    # min sum w (y - Ka)^2 + alpha a'Ka is where (K + alpha / w) a = y
    values = np.linalg.solve(kernel(X, X, gamma) + np.diag(0.7 / counts), signs)
    expected = softmax(kernel(asked, X, gamma) @ values, axis=1)
    model = KernelRidgeClassifier(alpha=0.7, narrowness=0.4).fit(
        X, y, sample_weight=counts if weighed else None
    )
    np.testing.assert_allclose(model.predict_proba(asked), expected, atol=1e-9)


def test_its_values_are_those_of_scikit_learn() -> None:
    X, y = overlapping()
    gamma = 1.0 / X.var(axis=0).sum()
    theirs = KernelRidge(alpha=0.1, kernel="rbf", gamma=gamma).fit(X, 2.0 * np.eye(3)[y] - 1.0)
    ours = KernelRidgeClassifier().fit(X, y).predict_proba(X)
    np.testing.assert_allclose(ours, softmax(theirs.predict(X), axis=1), atol=1e-9)


def test_a_weight_is_so_many_rows() -> None:
    X, y = overlapping(40)
    counts = np.random.default_rng(3).integers(0, 4, len(y))
    weighed = KernelRidgeClassifier().fit(X, y, sample_weight=counts)
    repeated = KernelRidgeClassifier().fit(np.repeat(X, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(weighed.predict_proba(X), repeated.predict_proba(X), atol=1e-7)


def test_a_class_whose_rows_weigh_nothing_is_still_a_class() -> None:
    X, y = overlapping()
    model = KernelRidgeClassifier().fit(X, y, sample_weight=np.where(y == 2, 0.0, 1.0))
    assert model.predict_proba(X).shape == (len(y), 3)
    assert (model.predict(X) != 2).all()


@pytest.mark.parametrize("kind", [csr_array, coo_array])
def test_sparse_rows_say_what_dense_ones_say(kind: Any) -> None:
    X, y = overlapping()
    X = np.where(X > 0.5, X, 0.0)
    dense = KernelRidgeClassifier().fit(X, y).predict_proba(X)
    sparse = KernelRidgeClassifier().fit(kind(X), y).predict_proba(kind(X))
    np.testing.assert_allclose(sparse, dense, atol=1e-9)


def test_shifted_and_stretched_rows_say_the_same() -> None:
    X, y = overlapping()
    asked, _ = overlapping(seed=1)
    as_it_is = KernelRidgeClassifier().fit(X, y).predict_proba(asked)
    moved = KernelRidgeClassifier().fit(1e3 * X + 5e3, y).predict_proba(1e3 * asked + 5e3)
    np.testing.assert_allclose(moved, as_it_is, atol=1e-7)


def test_rows_that_are_all_one_say_how_many_labels_each_class_has() -> None:
    model = KernelRidgeClassifier().fit(np.full((9, 4), 0.3), [0] * 6 + [1] * 3)
    assert np.isfinite(model.predict_proba(np.array([[0.3] * 4, [0.4] * 4]))).all()
    assert model.predict(np.full((1, 4), 0.3)).tolist() == [0]


class TestOfManyRows:
    """The sample is made small here; the factorisation of 5,000 rows takes seconds."""

    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernel_ridge, "_MOST", 30)

    @pytest.mark.parametrize("seed", range(5))
    def test_a_sample_keeps_every_class(self, seed: int) -> None:
        X, y = blobs(each=100, classes=(0, 1))
        y[17] = 3
        model = KernelRidgeClassifier(random_state=seed).fit(X, y)
        assert model.classes_.tolist() == [0, 1, 3]
        assert len(model.values_) == 30
        assert model.predict_proba(X[:2]).shape == (2, 3)

    def test_more_classes_than_the_sample_has_rows_are_all_kept(self) -> None:
        X, y = np.random.default_rng(0).normal(size=(80, 2)), np.arange(80) % 40
        assert KernelRidgeClassifier().fit(X, y).predict_proba(X).shape == (80, 40)

    def test_the_seed_draws_it(self) -> None:
        X, y = overlapping(200)
        one, again, other = (
            KernelRidgeClassifier(random_state=seed).fit(X, y).predict_proba(X)
            for seed in (0, 0, 1)
        )
        np.testing.assert_array_equal(one, again)
        assert (one != other).any()

    def test_rows_without_weight_take_no_place(self) -> None:
        X, y = overlapping(200)
        counts = (np.arange(200) < 30).astype(float)
        sampled = KernelRidgeClassifier().fit(X, y, sample_weight=counts)
        alone = KernelRidgeClassifier().fit(X[:30], y[:30])
        np.testing.assert_allclose(sampled.predict_proba(X), alone.predict_proba(X), atol=1e-9)


def test_string_labels_come_back_as_strings() -> None:
    X, y = blobs(classes=(0, 1, 3))
    names = np.array(["wasp", "ant", "", "bee"])[y]
    model = KernelRidgeClassifier().fit(X, names)
    assert model.classes_.tolist() == ["ant", "bee", "wasp"]
    assert (model.predict(X) == names).all()


@pytest.mark.parametrize("learned", [np.asarray, csr_array])
@pytest.mark.parametrize("asked", [np.asarray, csr_array])
def test_rows_may_be_learned_in_one_form_and_asked_in_the_other(learned: Any, asked: Any) -> None:
    X, y = overlapping()
    X = np.where(X > 0.5, X, 0.0)
    expected = KernelRidgeClassifier().fit(X, y).predict_proba(X)
    model = KernelRidgeClassifier().fit(learned(X), y)
    np.testing.assert_allclose(model.predict_proba(asked(X)), expected, atol=1e-9)


def test_single_precision_says_the_same_and_no_kernel_is_stored() -> None:
    X, y = overlapping(600)
    X += 100.0  # far from zero, where products of small numbers lose their digits
    double = KernelRidgeClassifier().fit(X, y)
    single = KernelRidgeClassifier().fit(X.astype(np.float32), y)
    asked = X[:50] + 0.1
    np.testing.assert_allclose(
        single.predict_proba(asked.astype(np.float32)), double.predict_proba(asked), atol=1e-3
    )
    assert len(pickle.dumps(single)) < 50 * X.size
