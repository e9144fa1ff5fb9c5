"""Candidates compete by labels that they have not seen, and the better ones answer together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import fitting
from auto_labeling.models.auto import Auto
from auto_labeling.models.best_of import BestOf
from auto_labeling.models.scaling import CommonScale
from tests.contracts.model import blobs
from tests.support.campaigns import drive, tiny
from tests.support.examination import examined

Data = tuple[NDArray[np.float64], NDArray[np.intp]]


def overlapping(n: int = 90, seed: int = 0) -> Data:
    """Return (n, 4) features of three classes that overlap."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 3)
    return rng.normal(size=(n, 4)) + 1.7 * np.eye(4)[y], y


class Noise(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """It is sure, and right by chance only."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Noise:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        drawn = np.random.default_rng(0).integers(len(self.classes_), size=len(X))
        return 0.98 * np.eye(len(self.classes_))[drawn] + 0.02 / len(self.classes_)


class Memory(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """It knows the rows it has seen by heart, and nothing else."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Memory:
        self.classes_, targets = np.unique(y, return_inverse=True)
        self.known_ = {row.tobytes(): target for row, target in zip(X, targets, strict=True)}
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        k = len(self.classes_)
        said = np.full((len(X), k), 1 / k)
        for at, row in enumerate(X):
            if row.tobytes() in self.known_:
                said[at] = np.eye(k)[self.known_[row.tobytes()]]
        return said


def candidates() -> dict[str, Any]:
    """Return two that learn, of which one takes dense rows only."""
    return {
        "logistic": make_pipeline(CommonScale(), LogisticRegression()),
        "bayes": make_pipeline(CommonScale(), GaussianNB()),
    }


def test_the_say_of_all_that_are_kept_is_one() -> None:
    model = BestOf(candidates()).fit(*overlapping())
    assert sum(model.weights_.values()) == pytest.approx(1.0)
    assert set(model.weights_) == set(model.models_)
    np.testing.assert_allclose(model.predict_proba(overlapping(seed=1)[0]).sum(axis=1), 1.0)


def test_noise_is_dropped_once_labels_have_told() -> None:
    few = BestOf({**candidates(), "noise": Noise()}).fit(*overlapping(300))
    assert 0 < few.weights_["noise"] < min(few.weights_[name] for name in candidates()) / 2
    model = BestOf({**candidates(), "noise": Noise()}).fit(*overlapping(6_000))
    assert "noise" not in model.weights_
    told = model.told()
    assert set(told) == {"logistic", "bayes", "noise"}
    assert told["noise"]["weight"] == 0
    assert told["noise"]["accuracy"] < 0.6 < told["logistic"]["accuracy"]
    assert all(one["seconds"] > 0 for one in told.values())


def test_out_of_fold_never_saw_the_label_of_the_row() -> None:
    """Who knows its rows by heart is right about all of them, if it has seen them."""
    X, y = overlapping()
    model = BestOf({"memory": Memory()}).fit(X, y)
    np.testing.assert_allclose(model.out_of_fold_, 1 / 3)
    np.testing.assert_array_equal(model.predict(X), y)


def test_accuracy_is_that_of_labels_not_seen() -> None:
    X, y = np.random.default_rng(0).normal(size=(60, 200)), np.arange(60) % 2
    model = BestOf({"logistic": LogisticRegression()}).fit(X, y)
    assert (model.predict(X) == y).mean() == 1.0, "200 columns explain 60 labels"
    assert model.accuracies_["logistic"] < 0.7, "and say nothing of others"


def test_many_candidates_of_little_say_each_are_not_all_dropped() -> None:
    X, y = overlapping(30)
    model = BestOf({str(at): GaussianNB() for at in range(30)}).fit(X, y)
    assert sum(model.weights_.values()) == pytest.approx(1.0)


def test_what_learned_from_other_rows_keeps_the_say() -> None:
    X, y = overlapping()
    model = BestOf(candidates()).fit(X, y)
    asked, others = overlapping(seed=1)
    before = model.predict_proba(asked)
    again = model.refit(asked, others, np.ones(len(others)))
    assert again.weights_ == pytest.approx(model.weights_)
    assert (again.predict_proba(asked) != before).any()
    np.testing.assert_array_equal(model.predict_proba(asked), before)
    np.testing.assert_allclose(model.refit(X, y).predict_proba(asked), before)


def test_students_are_preferred_where_many_rows_are_learned_from() -> None:
    X, y = overlapping()
    model = BestOf({**candidates(), "noise": Noise()}, students=("noise", "absent")).fit(X, y)
    again = model.refit(X, y)
    assert again.weights_["noise"] > 0.5 > model.weights_.get("noise", 0.0)
    assert sum(again.weights_.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", [csr_array, coo_array])
def test_of_sparse_rows_candidates_for_dense_ones_are_left_out(kind: Any) -> None:
    X, y = overlapping()
    sparse = kind(np.where(X > 0, X, 0.0))
    model = BestOf(candidates()).fit(sparse, y)
    assert set(model.weights_) == {"logistic"}
    assert model.predict_proba(sparse).shape == (len(y), 3)


def test_where_none_takes_sparse_rows_the_remedy_is_said() -> None:
    X, y = overlapping()
    model = BestOf({"bayes": candidates()["bayes"]})
    with pytest.raises(DataError, match=r"BestOf takes dense features.*make them dense"):
        fitting.fit(model, csr_array(X), y, k=3)


def test_candidates_that_cannot_weigh_refuse_weights() -> None:
    X, y = overlapping()
    model = BestOf({**candidates(), "neighbours": KNeighborsClassifier(3)})
    assert fitting.fit(model, X, y, k=3).model is not None
    with pytest.raises(ConfigurationError, match="BestOf cannot weigh its examples"):
        fitting.fit(model, X, y, k=3, sample_weight=np.ones(len(y)))


def test_weights_go_on_to_candidates_with_and_without_a_pipeline() -> None:
    X, y = overlapping()
    both, opposite = np.concatenate([X, X]), np.concatenate([y, (y + 1) % 3])
    heavy = np.where(np.arange(len(both)) < len(y), 20.0, 0.1)
    nested = make_pipeline(CommonScale(), candidates()["logistic"])
    for one in (LogisticRegression(), candidates()["logistic"], nested):
        model = BestOf({"one": one}).fit(both, opposite, sample_weight=heavy)
        assert (model.predict(X) == y).mean() > 0.7


@pytest.mark.parametrize("model", [BestOf(candidates()), Auto().build(0)])
@pytest.mark.parametrize("labels", [[0, 1], [0, 1, 1], [0, 0, 0, 1, 1, 2]])
def test_one_example_of_a_class_is_enough(model: Any, labels: list[int]) -> None:
    X, _ = overlapping()
    said = model.fit(X[: len(labels)], np.array(labels)).predict_proba(X)
    assert said.shape == (len(X), max(labels) + 1)
    assert np.isfinite(said).all()
    np.testing.assert_allclose(said.sum(axis=1), 1.0)


def test_the_seed_decides_and_a_file_keeps_it(tmp_path: Path) -> None:
    X, y = overlapping()
    one, again, other = (fitting.fit(Auto().build(seed), X, y, k=3) for seed in (4, 4, 5))
    asked, _ = overlapping(seed=1)
    said = fitting.predict(one, asked, 3)
    np.testing.assert_array_equal(fitting.predict(again, asked, 3), said)
    assert (fitting.predict(other, asked, 3) != said).any()
    kept = fitting.load(tmp_path / "model", fitting.dump(one, tmp_path / "model"))
    np.testing.assert_array_equal(fitting.predict(kept, asked, 3), said)


def test_names_are_labels_in_any_order() -> None:
    X, y = blobs(classes=(0, 1, 3))
    names = np.array(["wasp", "ant", "", "bee"])[y]
    model = BestOf(candidates()).fit(X[::-1], names[::-1])
    assert model.classes_.tolist() == ["ant", "bee", "wasp"]
    np.testing.assert_array_equal(model.predict(X), names)


@pytest.mark.slow
def test_a_campaign_learns_by_the_better_of_them(tmp_path: Path) -> None:
    campaign = tiny(tmp_path / "w", model={"kind": "auto"})
    drive(tmp_path / "w", campaign)
    account = examined(tmp_path / "w", campaign)
    assert account.curve
    assert account.curve[-1].interval.value > 0.8
