"""`detect_label_errors`: labels that were turned on purpose are found, in both of its ways."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits
from sklearn.naive_bayes import GaussianNB

from auto_labeling import detect_label_errors
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality_control import label_errors

pytest.importorskip("cleanlab", reason="the extra `quality` is not installed")


def digits(turned: int = 60) -> tuple[np.ndarray, np.ndarray, set[int]]:
    """Return the digits, their labels, and where these were turned into others."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    wrong = rng.choice(len(y), turned, replace=False)
    labels = y.copy()
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, turned)) % 10
    return X / 16, labels, set(wrong.tolist())


def test_turned_labels_are_found_the_surest_first() -> None:
    X, labels, wrong = digits()
    found = detect_label_errors("logistic_regression", X, labels).tolist()
    assert len(set(found)) == len(found)
    assert len(wrong & set(found)) >= 0.9 * len(wrong)
    assert len(wrong & set(found[:40])) >= 38


def test_in_batches_it_finds_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    X, labels, wrong = digits()
    whole = detect_label_errors(None, X, labels)
    monkeypatch.setattr(label_errors, "_WHOLE", 100)
    batched = detect_label_errors(None, X, labels)
    assert len(wrong & set(batched.tolist())) >= 0.8 * len(wrong)
    assert batched[:20].tolist() == whole[:20].tolist()


@pytest.mark.parametrize("form", [np.asarray, csr_array, pd.DataFrame])
def test_rows_of_every_form_and_labels_that_are_words(form: Any) -> None:
    X, labels, wrong = digits()
    names = np.array([f"digit {one}" for one in labels])
    found = detect_label_errors(None, form(X), names)
    assert len(wrong & set(found.tolist())) >= 0.8 * len(wrong)


def test_a_model_that_is_handed_in_is_not_changed() -> None:
    X, labels, wrong = digits()
    model = GaussianNB(var_smoothing=1e-2)
    found = detect_label_errors(model, X, labels)
    assert not hasattr(model, "classes_")
    assert len(wrong & set(found.tolist())) >= 0.8 * len(wrong)


def test_texts() -> None:
    rng = np.random.default_rng(0)
    words = {"fish": ["fins", "gills", "water", "sea"], "fowl": ["wings", "nest", "egg", "beak"]}
    labels = np.repeat(["fish", "fowl"], 60)
    texts = [" ".join(rng.choice(words[name], 3)) for name in labels]
    labels[[3, 30, 50]] = "fowl"
    labels[[70, 90, 110]] = "fish"
    found = set(detect_label_errors(None, texts, labels).tolist())
    assert found <= {3, 30, 50, 70, 90, 110}
    assert len(found) >= 4


def test_classes_with_few_labels_are_not_judged() -> None:
    X, labels, wrong = digits()
    names = labels.astype(object)
    names[:4] = "rare"
    found = set(detect_label_errors(None, X, names.astype(str)).tolist())
    assert not found & set(range(4))
    assert found & wrong


def test_bad_input_is_one_sentence() -> None:
    X = np.zeros((8, 2))
    with pytest.raises(DataError, match=r"two classes with 5 labels or more, got \{'a': 4, 'b': 4"):
        detect_label_errors(None, X, ["a"] * 4 + ["b"] * 4)
    with pytest.raises(DataError, match="one label for each of 8 rows"):
        detect_label_errors(None, X, ["a"])
    with pytest.raises(ConfigurationError, match="predict_proba"):
        detect_label_errors(object(), X, ["a"] * 8)


def test_without_cleanlab_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(ConfigurationError, match=r"auto-labeling\[quality\]"):
        detect_label_errors(None, np.zeros((2, 1)), [0, 1])
