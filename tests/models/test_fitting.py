from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array

from auto_labeling.errors import BlockedError, ConfigurationError, DataError
from auto_labeling.models import TABLE
from auto_labeling.models.fitting import Fitted, dump, fit, load, predict
from auto_labeling.models.sklearn import Lda, LogisticRegression


class Nearest:
    """A model in ten lines: the class of the nearest mean, for certain. It takes no weights."""

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any) -> Nearest:
        self.classes_ = np.unique(y)
        self.means = np.stack([X[y == one].mean(axis=0) for one in self.classes_])
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        distances = np.square(X[:, None] - self.means).sum(axis=2)
        proba: NDArray[np.float64] = np.eye(len(self.means))[distances.argmin(axis=1)]
        return proba


class Says(Nearest):
    """A model that predicts the row it was made with."""

    def __init__(self, *row: float) -> None:
        self.row = np.array(row)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        return np.tile(self.row, (len(X), 1))


X = np.array([[0.0], [1.0], [5.0], [6.0]])


@given(
    y=st.lists(st.integers(0, 5), min_size=4, max_size=4), unused=st.integers(0, 3), k=st.just(6)
)
def test_probabilities_stand_in_the_columns_of_their_classes(
    y: list[int], unused: int, k: int
) -> None:
    fitted = fit(Nearest(), X, y, k=k + unused)
    proba = predict(fitted, X, k + unused, chunk=3)
    assert proba.shape == (4, k + unused)
    np.testing.assert_array_equal(proba.sum(axis=1), 1.0)
    assert set(proba.argmax(axis=1)) <= set(y)
    if len(set(y)) == 1:
        assert fitted.model is None
        np.testing.assert_array_equal(proba[:, y[0]], 1.0)


@pytest.mark.parametrize(
    ("y", "said"),
    [
        ([0, 1, 2, 0], r"labels: expected class positions from 0 to 1, got \[0 1 2 0\]"),
        ([0, 1, -1, 0], "labels: expected class positions from 0 to 1"),
        ([0.0, 1.0, np.nan, 0.0], "labels: expected class positions from 0 to 1"),
        (["a", "b", "a", "b"], "labels: expected class positions from 0 to 1"),
        ([0, 1, 0], r"labels must be \(4,\), got \(3,\)"),
    ],
)
def test_labels_that_are_no_positions_are_refused(y: list[Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        fit(Nearest(), X, y, k=2)


def test_nothing_labeled_is_refused() -> None:
    with pytest.raises(DataError, match="labels: expected at least one labeled item"):
        fit(Nearest(), np.empty((0, 3)), np.empty(0, dtype=int), k=2)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.zeros(4), r"features must be \(n, p\), got \(4,\)"),
        (np.array([["a"], ["b"], ["c"], ["d"]]), "features: expected numbers, got dtype <U1"),
        (np.array([[1.0], [None], [2.0], [3.0]]), "features: expected numbers, got dtype object"),
    ],
)
def test_features_that_are_no_table_of_numbers_are_refused(features: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        fit(Nearest(), features, [0, 1, 0, 1], k=2)


def test_a_bad_number_in_sparse_features_is_refused_and_its_row_named() -> None:
    sparse = coo_array(([1.0, 2.0, np.nan], ([0, 1, 3], [0, 1, 1])), shape=(4, 2))
    with pytest.raises(DataError, match="features: expected finite numbers, row 3 is not"):
        fit(LogisticRegression().build(seed=0), sparse, [0, 1, 0, 1], k=2)


def test_sparse_features_of_any_layout_predict_what_dense_ones_do() -> None:
    rng = np.random.default_rng(0)
    dense = rng.poisson(0.5, (60, 8)).astype(float)
    y = (dense[:, 0] > dense[:, 1]).astype(int)
    fitted = fit(LogisticRegression().build(seed=0), coo_array(dense), y, k=2)
    proba = predict(fitted, coo_array(dense), 2, chunk=7)
    np.testing.assert_allclose(proba, predict(fitted, dense, 2), rtol=1e-9)


def test_more_classes_than_asked_for_are_refused() -> None:
    with pytest.raises(DataError, match="classes: expected fewer than 2, the model knows 3"):
        predict(fit(Nearest(), X, [0, 1, 3, 3], k=4), X, 2)


@pytest.mark.parametrize("row", [(0.9, 0.9), (np.nan, 1.0), (-0.5, 1.5)])
def test_a_model_that_predicts_no_probabilities_is_named(row: tuple[float, float]) -> None:
    with pytest.raises(DataError, match="Says predicted rows that are no probabilities"):
        predict(fit(Says(*row), X, [0, 0, 1, 1], k=2), X, 2)


def test_a_model_that_predicts_another_number_of_classes_is_named() -> None:
    with pytest.raises(DataError, match=r"probabilities of Says must be \(4, 2\), got \(4, 3\)"):
        predict(fit(Says(0.2, 0.3, 0.5), X, [0, 0, 1, 1], k=3), X, 3)


def test_what_a_model_cannot_be_fitted_on_is_one_sentence() -> None:
    class Refuses(Nearest):
        def fit(self, X: Any, y: Any) -> Nearest:
            raise ValueError("I want more")

    with pytest.raises(DataError, match="Refuses cannot be fitted on 4 items of 2 classes: I want"):
        fit(Refuses(), X, [0, 0, 1, 1], k=2)


class TestWeights:
    def test_a_model_that_takes_none_is_named(self) -> None:
        with pytest.raises(ConfigurationError, match="Nearest cannot weigh its examples"):
            fit(Nearest(), X, [0, 0, 1, 1], k=2, sample_weight=np.ones(4))

    @pytest.mark.parametrize(
        ("weights", "said"),
        [
            ([1.0, 1.0], r"sample_weight must be \(4,\), got \(2,\)"),
            ([1.0, -1.0, 1.0, 1.0], "none below 0"),
            ([1.0, np.nan, 1.0, 1.0], "expected finite weights"),
            ([0.0, 0.0, 0.0, 0.0], "one above"),
        ],
    )
    def test_weights_that_make_no_sense_are_refused(self, weights: list[float], said: str) -> None:
        with pytest.raises(DataError, match=said):
            fit(Lda().build(seed=0), X, [0, 0, 1, 1], k=2, sample_weight=weights)

    @pytest.mark.parametrize(
        "kind", ["lda", "svm", "naive_bayes", "gradient_boosting", "logistic_regression"]
    )
    def test_only_their_proportions_count(self, kind: str) -> None:
        rng = np.random.default_rng(0)
        features, y, weights = rng.normal(size=(30, 3)), np.arange(30) % 3, rng.uniform(1, 2, 30)
        ours, theirs = (
            predict(
                fit(TABLE[kind]().build(seed=0), features, y, k=3, sample_weight=factor * weights),
                features,
                3,
            )
            for factor in (1.0, 5.0)
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


class TestStoring:
    def fitted(self) -> Fitted:
        return fit(LogisticRegression().build(seed=0), X, [0, 0, 1, 1], k=2)

    def test_the_digest_is_of_the_file(self, tmp_path: Path) -> None:
        import hashlib

        digest = dump(self.fitted(), tmp_path / "new" / "model")
        assert digest == hashlib.sha256((tmp_path / "new" / "model").read_bytes()).hexdigest()

    def test_a_changed_file_is_refused_before_it_is_loaded(self, tmp_path: Path) -> None:
        path = tmp_path / "model"
        digest = dump(self.fitted(), path)
        dump(fit(LogisticRegression().build(seed=0), X, [1, 1, 0, 0], k=2), path)
        with pytest.raises(DataError, match=f"model: expected sha256 {digest}, got .*another file"):
            load(path, digest)

    def test_a_missing_file_is_one_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="gone: there is no such file"):
            load(tmp_path / "gone", "0" * 64)

    def test_something_else_is_refused(self, tmp_path: Path) -> None:
        import joblib

        from auto_labeling.files import sha256_of

        joblib.dump({"a": 1}, tmp_path / "dict")
        with pytest.raises(DataError, match="expected a fitted model, got a dict"):
            load(tmp_path / "dict", sha256_of(tmp_path / "dict"))

    def test_a_full_disk_is_blocked(self) -> None:
        with pytest.raises(BlockedError, match="the disk is full"):
            dump(self.fitted(), Path("/dev/full"))
