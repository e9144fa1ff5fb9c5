"""Probabilities are mended by labels that the model had not seen, where there are enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import log_loss

from auto_labeling.building import build_kind
from auto_labeling.errors import ConfigurationError
from auto_labeling.models import TABLE, fitting
from auto_labeling.models.calibrated import Calibrated
from auto_labeling.models.committee import Committee
from auto_labeling.models.no_model import NoModel
from auto_labeling.models.pickled import Pickled
from auto_labeling.models.sklearn import LogisticRegression, NaiveBayes
from auto_labeling.models.yolo import Yolo
from auto_labeling.ports import ModelSettings
from tests.contracts.model import blobs


def correlated(n: int, k: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return (n, 20k) features that say one thing twenty times, and (n,) classes."""
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    said = rng.normal(size=(n, k)) + 1.5 * np.eye(k)[y]
    return np.repeat(said, 20, axis=1) + 0.1 * rng.normal(size=(n, 20 * k)), y


def said(model: ModelSettings, k: int, labels: int = 500, **weights: Any) -> NDArray[np.float64]:
    """Return what a model that has learned from so many labels says of others."""
    X, y = correlated(labels, k, seed=0)
    return fitting.predict(fitting.fit(model.build(0), X, y, k=k, **weights), held(k)[0], k)


def held(k: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    return correlated(2_000, k, seed=1)


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_what_naive_bayes_counts_twenty_times_is_believed_less(k: int, method: Any) -> None:
    y = held(k)[1]
    raw = said(NaiveBayes(), k)
    mended = said(Calibrated(model=NaiveBayes(), method=method), k)
    assert log_loss(y, mended) < 0.7 * log_loss(y, raw)
    assert (mended.argmax(axis=1) == y).mean() > (raw.argmax(axis=1) == y).mean() - 0.02
    assert abs(mended.max(axis=1).mean() - (mended.argmax(axis=1) == y).mean()) < 0.04


def test_what_is_right_already_stays_about_as_it_is() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=2_000)
    X = rng.normal(size=(2_000, 1)) + y[:, None]
    raw, mended = (
        fitting.predict(fitting.fit(model.build(0), X, y, k=2), X, 2)
        for model in (LogisticRegression(), Calibrated())
    )
    np.testing.assert_allclose(mended, raw, atol=0.05)


def test_with_fewer_than_five_labels_of_a_class_it_answers_as_it_is() -> None:
    X, y = blobs(each=4)
    raw, calibrated = (
        fitting.fit(model.build(0), X, y, k=4)
        for model in (NaiveBayes(), Calibrated(model=NaiveBayes()))
    )
    np.testing.assert_array_equal(fitting.predict(calibrated, X, 4), fitting.predict(raw, X, 4))
    model: Any = calibrated.model
    assert not model.calibrated_
    assert model.fit(*blobs(each=5)).calibrated_


def test_weights_reach_the_model_and_its_calibration() -> None:
    """Half of the labels are turned round; whose weight is the larger is learned from."""
    X, y = correlated(400, 2, seed=0)
    both, answers = np.concatenate([X, X]), np.concatenate([y, 1 - y])
    heavy = np.where(np.arange(800) < 400, 9.0, 1.0)
    for model in (Calibrated(), Calibrated(model=NaiveBayes()), Calibrated(model=Committee())):
        fitted = fitting.fit(model.build(0), both, answers, k=2, sample_weight=heavy)
        proba = fitting.predict(fitted, X, 2)
        assert (proba.argmax(axis=1) == y).mean() > 0.75
        alone = fitting.predict(fitting.fit(model.build(0), X, y, k=2), X, 2)
        assert proba.max(axis=1).mean() < alone.max(axis=1).mean() - 0.02, "a tenth disagrees"


def test_the_file_names_it_with_what_is_calibrated() -> None:
    given = {"kind": "calibrated", "model": {"kind": "svm", "C": 2.0}, "method": "isotonic"}
    made = build_kind(TABLE, given, "model", {ModelSettings: TABLE})
    assert (made.model, made.method) == (TABLE["svm"](C=2.0), "isotonic")
    with pytest.raises(ConfigurationError, match=r"model\.method: .*'isotonic' or 'sigmoid'"):
        build_kind(TABLE, {**given, "method": "platt"}, "model", {ModelSettings: TABLE})


@pytest.mark.parametrize("model", [NoModel(), Yolo()])
def test_what_learns_nothing_from_features_is_refused(model: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^model: expected one that learns from features"):
        Calibrated(model=model)


def test_files_of_the_model_are_looked_at_beforehand(tmp_path: Any) -> None:
    model = Calibrated(model=Pickled(path="gone.joblib", sha256="0" * 64))
    with pytest.raises(ConfigurationError, match="there is no such file"):
        model.check(tmp_path, "single")
    Calibrated().check(tmp_path, "single")
