"""What every model of the campaign file promises, through fit and predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auto_labeling.errors import DataError
from auto_labeling.models.fitting import Fitted, dump, fit, load, predict
from auto_labeling.ports import ModelSettings

K = 4
Data = tuple[NDArray[np.float64], NDArray[np.intp]]


def blobs(each: int = 12, classes: tuple[int, ...] = (0, 1, 3), seed: int = 0) -> Data:
    """Return (n, 6) features in one well separated cloud a class, and (n,) classes."""
    rng = np.random.default_rng(seed)
    y = np.tile(np.array(classes, dtype=np.intp), each)
    centers = np.random.default_rng(99).normal(scale=6.0, size=(K, 6))
    return centers[y] + rng.normal(size=(len(y), 6)), y


def expect_probabilities(proba: NDArray[np.float64], n: int) -> None:
    """Assert (n, K) float64 rows that are distributions."""
    assert proba.shape == (n, K)
    assert proba.dtype == np.float64
    assert (proba >= 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-6)


class ModelContract:
    """Subclass it, say which settings, and collect the tests."""

    made: ModelSettings
    takes_sparse: bool = True

    @pytest.fixture
    def settings(self) -> ModelSettings:
        return self.made

    @pytest.fixture
    def fitted(self, settings: ModelSettings) -> Fitted:
        return fit(settings.build(seed=0), *blobs(), k=K)

    def test_it_learns_what_is_plain(self, fitted: Fitted) -> None:
        X, y = blobs(seed=1)
        proba = predict(fitted, X, K)
        expect_probabilities(proba, len(X))
        assert (proba.argmax(axis=1) == y).mean() > 0.9

    def test_a_class_never_seen_has_no_probability(self, fitted: Fitted) -> None:
        assert fitted.classes.tolist() == [0, 1, 3]
        assert (predict(fitted, blobs()[0], K)[:, 2] == 0).all()

    def test_one_class_only_is_the_answer_to_everything(self, settings: ModelSettings) -> None:
        X, y = blobs(classes=(3,))
        proba = predict(fit(settings.build(seed=0), X, y, k=K), X, K)
        np.testing.assert_array_equal(proba, np.eye(K)[y])

    @pytest.mark.parametrize("each", [1, 2])
    def test_one_or_two_labels_a_class_are_enough(self, settings: ModelSettings, each: int) -> None:
        X, y = blobs(each=each)
        proba = predict(fit(settings.build(seed=0), X, y, k=K), blobs()[0], K)
        expect_probabilities(proba, len(blobs()[0]))

    def test_two_classes_with_one_label_more_of_the_first(self, settings: ModelSettings) -> None:
        X, y = blobs(each=2, classes=(0, 1))
        proba = predict(fit(settings.build(seed=0), X[:3], y[:3], k=K), X, K)
        expect_probabilities(proba, 4)

    def test_the_same_seed_builds_the_same_model_to_the_bit(self, settings: ModelSettings) -> None:
        X, y = blobs()
        one, two = (predict(fit(settings.build(seed=5), X, y, k=K), X, K) for _ in range(2))
        np.testing.assert_array_equal(one, two)

    def test_what_was_stored_predicts_the_same(self, fitted: Fitted, tmp_path: Path) -> None:
        X, _ = blobs(seed=1)
        again = load(tmp_path / "model", dump(fitted, tmp_path / "model"))
        np.testing.assert_array_equal(predict(again, X, K), predict(fitted, X, K))

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_features_that_are_not_finite_are_refused_and_their_row_named(
        self, settings: ModelSettings, fitted: Fitted, value: float
    ) -> None:
        X, y = blobs()
        X[7, 2] = value
        with pytest.raises(DataError, match=r"features.* row 7 "):
            fit(settings.build(seed=0), X, y, k=K)
        with pytest.raises(DataError, match=r"features.* row 7 "):
            predict(fitted, X, K, chunk=4)

    def test_features_that_say_nothing_are_no_error(self, settings: ModelSettings) -> None:
        _, y = blobs()
        X = np.ones((len(y), 6))
        expect_probabilities(predict(fit(settings.build(seed=0), X, y, k=K), X, K), len(y))

    def test_features_and_labels_are_left_as_they_were(self, settings: ModelSettings) -> None:
        (X, y), (X_before, y_before) = blobs(), blobs()
        predict(fit(settings.build(seed=0), X, y, k=K), X, K)
        np.testing.assert_array_equal(X, X_before)
        np.testing.assert_array_equal(y, y_before)

    def test_chunks_change_nothing(self, fitted: Fitted) -> None:
        X, _ = blobs(seed=1)
        np.testing.assert_allclose(predict(fitted, X, K, chunk=5), predict(fitted, X, K), rtol=1e-9)

    def test_nothing_to_predict_is_no_error(self, fitted: Fitted) -> None:
        assert predict(fitted, np.empty((0, 6)), K).shape == (0, K)

    def test_another_number_of_features_is_refused(self, fitted: Fitted) -> None:
        with pytest.raises(DataError, match=r"features must be \(n, 6\), got \(3, 5\)"):
            predict(fitted, np.zeros((3, 5)), K)

    def test_features_may_lie_on_disk_in_single_precision(
        self, settings: ModelSettings, tmp_path: Path
    ) -> None:
        X, y = blobs()
        np.save(tmp_path / "X.npy", X.astype(np.float32))
        on_disk = np.load(tmp_path / "X.npy", mmap_mode="r")
        proba = predict(fit(settings.build(seed=0), on_disk, y, k=K), on_disk, K)
        expect_probabilities(proba, len(y))
        assert (proba.argmax(axis=1) == y).mean() > 0.9

    def test_equal_weights_are_no_weights(self, settings: ModelSettings, fitted: Fitted) -> None:
        X, y = blobs()
        weighted = fit(settings.build(seed=0), X, y, k=K, sample_weight=np.ones(len(y)))
        ours, theirs = (predict(one, X, K).argmax(axis=1) for one in (weighted, fitted))
        np.testing.assert_array_equal(ours, theirs)

    def test_weights_count(self, settings: ModelSettings) -> None:
        """The same point under two labels goes to the one that weighs more."""
        X, y = blobs(classes=(0, 1))
        both_X, both_y = np.concatenate([X, X]), np.concatenate([y, 1 - y])
        for heavy in (0, 1):
            weights = np.where(np.arange(len(both_y)) // len(y) == heavy, 9.0, 1.0)
            fitted = fit(settings.build(seed=0), both_X, both_y, k=K, sample_weight=weights)
            right = y if heavy == 0 else 1 - y
            assert (predict(fitted, X, K).argmax(axis=1) == right).mean() > 0.8

    def test_sparse_features_are_taken_or_refused_with_a_remedy(
        self, settings: ModelSettings
    ) -> None:
        X, y = blobs()
        sparse: Any = csr_array(np.where(np.abs(X) > 1, X, 0.0))
        if not self.takes_sparse:
            with pytest.raises(DataError, match=r"takes dense features.*choose"):
                fit(settings.build(seed=0), sparse, y, k=K)
            return
        proba = predict(fit(settings.build(seed=0), sparse, y, k=K), sparse, K)
        expect_probabilities(proba, len(y))
        assert (proba.argmax(axis=1) == y).mean() > 0.9
