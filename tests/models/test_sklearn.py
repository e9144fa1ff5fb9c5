"""The settings of scikit-learn's models, and what its own estimators would not do."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from auto_labeling.errors import ConfigurationError
from auto_labeling.models import TABLE
from auto_labeling.models.fitting import fit, predict
from auto_labeling.models.lda import ShrunkLda
from auto_labeling.models.scaling import CommonScale
from auto_labeling.models.svm import TemperedSvc
from tests.contracts.model import K, blobs


def digests() -> str:
    """Return a line a kind: its name and the sha256 of what it predicts."""
    X, y = blobs()
    lines = []
    for kind in sorted(set(TABLE) - {"none", "pickled", "torch", "yolo"}):
        proba = predict(fit(TABLE[kind]().build(seed=7), X, y, k=K), X, K)
        lines.append(f"{kind} {hashlib.sha256(proba.tobytes()).hexdigest()}\n")
    return "".join(lines)


def said(code: str) -> str:
    """Return what a new process prints."""
    command = [sys.executable, "-c", code]
    root = Path(__file__).parents[2]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("logistic_regression", "C", 0.0),
        ("logistic_regression", "C", float("nan")),
        ("logistic_regression", "max_iter", 0),
        ("random_forest", "n_estimators", 0),
        ("random_forest", "max_depth", 0),
        ("random_forest", "min_samples_leaf", 0),
        ("gradient_boosting", "learning_rate", -0.1),
        ("gradient_boosting", "max_iter", 0),
        ("gradient_boosting", "max_leaf_nodes", 1),
        ("gradient_boosting", "min_samples_leaf", 0),
        ("svm", "C", -1.0),
        ("naive_bayes", "var_smoothing", 0.0),
        ("logistic_regression", "class_weight", "even"),
        ("random_forest", "class_weight", "even"),
        ("svm", "class_weight", "even"),
        ("calibrated", "method", "platt"),
    ],
)
def test_a_setting_out_of_range_is_refused_with_its_key(kind: str, key: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"^{key}: expected .*, got {value!r}"):
        TABLE[kind](**{key: value})


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("logistic_regression", {"C": 0.5, "max_iter": 77, "class_weight": "balanced"}),
        (
            "random_forest",
            {
                "n_estimators": 3,
                "max_depth": 2,
                "min_samples_leaf": 4,
                "class_weight": "balanced",
            },
        ),
        (
            "gradient_boosting",
            {"learning_rate": 0.2, "max_iter": 3, "max_leaf_nodes": 4, "min_samples_leaf": 2},
        ),
        ("svm", {"C": 2.0, "class_weight": "balanced"}),
        ("naive_bayes", {"var_smoothing": 0.3}),
    ],
)
def test_every_setting_reaches_the_estimator(kind: str, given: dict[str, Any]) -> None:
    model: Any = TABLE[kind](**given).build(seed=0)
    params = (model.steps[-1][1] if hasattr(model, "steps") else model).get_params()
    assert given.items() <= params.items()


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize(
    ("kind", "given"),
    [("logistic_regression", {}), ("random_forest", {"min_samples_leaf": 8}), ("svm", {})],
)
def test_balanced_classes_find_more_of_a_rare_one(kind: str, given: dict[str, Any], k: int) -> None:
    rng = np.random.default_rng(0)
    y = np.minimum(rng.geometric(0.9 if k == 2 else 0.8, size=1_200) - 1, k - 1)
    X = rng.normal(size=(1_200, 2)) + 1.5 * np.eye(3)[y, :2]
    rare = y[600:] == k - 1
    recalls = []
    for class_weight in (None, "balanced"):
        model = TABLE[kind](**given, class_weight=class_weight).build(seed=0)
        said = predict(fit(model, X[:600], y[:600], k=k), X[600:], k).argmax(axis=1)
        recalls.append((said[rare] == k - 1).mean())
    assert recalls[1] > recalls[0] + 0.1


def test_the_seed_decides_what_a_forest_draws() -> None:
    X, y = load_digits(return_X_y=True)
    one, two = (
        predict(fit(TABLE["random_forest"]().build(seed), X[:100], y[:100], k=10), X[100:], 10)
        for seed in (0, 1)
    )
    assert (one != two).any()


def test_another_process_fits_the_same_models_to_the_bit() -> None:
    code = f"import runpy; print(runpy.run_path({__file__!r})['digests'](), end='')"
    assert said(code) == digests()


def test_the_tables_load_no_heavy_library() -> None:
    code = (
        "import sys, auto_labeling.models, auto_labeling.strategies, auto_labeling.models.fitting;"
        "print(sorted({'sklearn', 'scipy', 'pandas', 'joblib'} & set(sys.modules)))"
    )
    assert said(code).strip() == "[]"


class TestCommonScale:
    def test_dense_columns_are_standardised_and_constants_become_zero(self) -> None:
        X = np.column_stack([np.arange(9.0), np.full(9, 7.0)])
        scale = CommonScale().fit(X)
        scaled = scale.transform(X)
        np.testing.assert_allclose(scaled[:, 0].std(), 1.0)
        np.testing.assert_allclose(scaled[:, 0].mean(), 0.0, atol=1e-12)
        assert (scale.transform(X + 1000.0)[:, 1] == 0).all()

    def test_sparse_ones_stay_sparse(self) -> None:
        X = csr_array(np.diag([1.0, -4.0, 0.0]))
        scaled = CommonScale().fit(X).transform(X)
        np.testing.assert_array_equal(scaled.toarray(), np.diag([1.0, -1.0, 0.0]))


class TestTemperedSvc:
    def test_confidence_is_about_accuracy_and_says_where_it_errs(self) -> None:
        X, y = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(X))
        train, test = order[:300], order[300:]
        proba = TemperedSvc().fit(X[train], y[train]).predict_proba(X[test])
        right = proba.argmax(axis=1) == y[test]
        assert right.mean() > 0.93
        assert abs(proba.max(axis=1).mean() - right.mean()) < 0.03
        assert proba[right].max(axis=1).mean() > proba[~right].max(axis=1).mean() + 0.2

    def test_a_handful_of_labels_does_not_turn_the_classes_round(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(20):
            X = rng.normal(size=(4, 30)) + np.array([[0.0], [0.0], [1.5], [1.5]])
            assert TemperedSvc().fit(X, [0, 0, 1, 1]).predict(X).tolist() == [0, 0, 1, 1]

    def test_two_overlapping_classes_give_less_certainty_than_two_apart(self) -> None:
        rng = np.random.default_rng(0)
        y = np.arange(80) % 2
        means = []
        for gap in (1.0, 6.0):
            X = rng.normal(size=(80, 2)) + gap * y[:, None]
            means.append(TemperedSvc().fit(X, y).predict_proba(X).max(axis=1).mean())
        assert means[0] < 0.9 < means[1]


class TestShrunkLda:
    def test_with_many_labels_it_is_near_the_best_linear_rule(self) -> None:
        X, y = blobs(each=200, classes=(0, 1))
        rng = np.random.default_rng(1)
        X = X + 3 * rng.normal(size=X.shape)
        model = ShrunkLda().fit(X, y)
        # Two round clouds of known means: the best rule is the nearer mean.
        means = np.stack([X[y == one].mean(axis=0) for one in (0, 1)])
        nearer = np.square(X[:, None] - means).sum(axis=2).argmin(axis=1)
        assert (model.predict(X) == nearer).mean() > 0.97

    def test_correlated_features_are_told_apart(self) -> None:
        """Classes that differ along the narrow side of a long cloud only."""
        rng = np.random.default_rng(0)
        y = np.arange(200) % 2
        along, across = rng.normal(size=200) * 10, rng.normal(size=200) * 0.2 + y
        X = np.column_stack([along + across, along - across])
        assert (ShrunkLda().fit(X, y).predict(X) == y).mean() > 0.95
