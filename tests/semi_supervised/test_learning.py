"""People's labels, what the unlabeled add to them, and when they are not believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from auto_labeling.models import fitting
from auto_labeling.models.auto import Auto
from auto_labeling.models.fitting import Fitted
from auto_labeling.semi_supervised.learning import MODEL, Learned, learn
from auto_labeling.semi_supervised.settings import SemiSupervised

Points = NDArray[np.float64]


def fit_with(model: Callable[[], Any], k: int) -> Any:
    def fit(X: Any, y: NDArray[np.intp], weights: NDArray[np.float64] | None) -> Fitted:
        return fitting.fit(model(), X, y, k, weights)

    return fit


def learned(
    X: Points,
    y: NDArray[np.intp],
    labeled: NDArray[np.intp],
    model: Callable[[], Any] = LogisticRegression,
    **settings: Any,
) -> Learned:
    k = int(y.max()) + 1
    return learn(
        SemiSupervised(**settings), fit_with(model, k), X, X, labeled, y[labeled], k, seed=0
    )


def moons(n: int, seed: int) -> tuple[Points, NDArray[np.intp]]:
    """Return two long rings of rows that no line tells apart, though neighbours do."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    angle = rng.uniform(0, 2 * np.pi, n)
    far = 1.0 + 2.0 * y + rng.normal(0, 0.08, n)
    return np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1), y


def a_few(y: NDArray[np.intp], each: int, seed: int = 0) -> NDArray[np.intp]:
    rng = np.random.default_rng(seed)
    return np.sort(
        np.concatenate(
            [rng.choice(np.flatnonzero(y == one), each, replace=False) for one in np.unique(y)]
        )
    )


def accuracy(fitted: Fitted, X: Any, y: NDArray[np.intp]) -> float:
    return float((fitting.predict(fitted, X, int(y.max()) + 1).argmax(axis=1) == y).mean())


def test_neighbours_tell_what_few_labels_do_not() -> None:
    X, y = load_digits(return_X_y=True)
    labeled = a_few(y[:1200], 6)
    found = learned(X[:1200], y[:1200], labeled, lambda: Auto().build(0))
    assert found.used
    assert found.reason == ""
    assert accuracy(found.fitted, X[1200:], y[1200:]) > 0.88
    assert accuracy(found.fitted, X[1200:], y[1200:]) > accuracy(found.plain, X[1200:], y[1200:])
    assert 1 - found.say[MODEL] > 0.5
    assert found.with_them > found.without
    assert (found.proposed.targets == y[found.proposed.positions]).mean() > 0.93


def test_on_digits_twenty_labels_go_further() -> None:
    X, y = load_digits(return_X_y=True)
    gains = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(y))
        pool, test = order[:1000], order[1000:]
        labeled = np.sort(rng.choice(1000, 40, replace=False))
        found = learned(X[pool], y[pool], labeled, lambda: LogisticRegression(max_iter=500))
        gains.append(accuracy(found.fitted, X[test], y[test]))
        gains[-1] -= accuracy(found.plain, X[test], y[test])
    assert np.mean(gains) > 0.05


def test_what_neighbours_know_nothing_of_is_left_to_the_model() -> None:
    """Labels by a line through the middle of clusters: alike rows have different labels."""
    X, cluster = make_blobs(600, centers=8, cluster_std=0.3, random_state=0)
    rng = np.random.default_rng(0)
    signs = rng.normal(size=600)
    wide = np.column_stack([X, signs * 0.02])  # too faint for any neighbour to notice
    y = (signs > 0).astype(np.intp)
    model = lambda: LogisticRegression(C=1e6, max_iter=5000)  # noqa: E731
    found = learned(wide, y, a_few(y, 40), model)
    assert not found.used
    assert found.fitted is found.plain
    assert "neighbours" in found.reason or "hidden labels" in found.reason
    assert len(np.unique(cluster)) == 8


def test_pseudo_labels_are_never_of_labeled_rows_and_weigh_less() -> None:
    X, y = moons(300, 0)
    labeled = a_few(y, 10)
    found = learned(X, y, labeled, lambda: Auto().build(0), weight=0.4)
    taken = found.proposed
    assert not np.isin(taken.positions, labeled).any()
    assert (np.diff(taken.positions) > 0).all()
    assert (taken.weights <= 0.4 * taken.confidence + 1e-12).all()
    assert ((taken.confidence > 0) & (taken.confidence <= 1)).all()


def test_a_ratio_caps_them() -> None:
    X, y = moons(300, 0)
    found = learned(X, y, a_few(y, 10), lambda: Auto().build(0), max_ratio=1.5)
    assert len(found.proposed) == 30


def test_the_same_is_learned_twice() -> None:
    X, y = moons(300, 0)
    one, other = (learned(X, y, a_few(y, 10), lambda: Auto().build(0)) for _ in range(2))
    np.testing.assert_array_equal(one.proposed.positions, other.proposed.positions)
    np.testing.assert_allclose(one.proposed.confidence, other.proposed.confidence)
    assert one.say == other.say


def test_a_student_proposes_where_the_model_teaches_itself() -> None:
    X, y = make_blobs(400, centers=3, cluster_std=1.5, random_state=0)
    found = learned(X, y.astype(np.intp), a_few(y, 4), GaussianNB, kind="self_training")
    assert set(found.say) == {MODEL, "student"}
    assert found.used == (found.reason == "")
    assert accuracy(found.fitted, X, y) > accuracy(found.plain, X, y) - 0.02


def test_a_student_of_a_model_that_knows_nothing_is_not_believed() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)), rng.integers(0, 2, 300)
    found = learned(X, y, np.arange(60), LogisticRegression, kind="self_training")
    assert accuracy(found.fitted, X[60:], y[60:]) < 0.65
    assert found.with_them < 0.7


def test_one_labeled_class_teaches_nothing_more() -> None:
    X, y = moons(100, 0)
    found = learned(X, y, np.flatnonzero(y == 1)[:5])
    assert not found.used
    assert "one class" in found.reason
    assert len(found.proposed) == 0
    assert np.isnan(found.with_them)


def test_a_class_that_was_never_seen_is_never_proposed() -> None:
    X, y = make_blobs(300, centers=3, random_state=0)
    labeled = a_few(y, 8)
    labeled = labeled[y[labeled] != 1]
    found = learned(X, y.astype(np.intp), labeled, lambda: Auto().build(0))
    assert 1 not in found.proposed.targets
    assert fitting.predict(found.fitted, X, 3)[:, 1].max() == 0


def test_pseudo_labels_of_one_class_are_refused() -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 0.1, (200, 2)), rng.normal(50, 0.1, (3, 2))])
    y = np.concatenate([np.zeros(200), np.ones(3)]).astype(np.intp)
    labeled = np.array([*range(12), 200, 201, 202])
    found = learned(X, y, labeled)
    assert not found.used
    assert found.reason == "all pseudo-labels are of one class"


def test_a_pool_that_is_all_labeled_has_nothing_left() -> None:
    X, y = moons(40, 0)
    found = learned(X, y, np.arange(40), lambda: Auto().build(0))
    assert not found.used
    assert found.reason == "nothing is left to be labeled"


def test_a_cap_below_one_pseudo_label_is_the_reason() -> None:
    X, y = moons(40, 0)
    found = learned(X, y, np.arange(10), lambda: Auto().build(0), max_ratio=0.01)
    assert (found.used, found.reason) == (False, "max_ratio lets none be taken")


@pytest.mark.parametrize("each", [1, 2])
def test_a_label_or_two_a_class_are_enough_to_begin(each: int) -> None:
    X, y = make_blobs(200, centers=4, cluster_std=0.5, random_state=1)
    found = learned(X, y.astype(np.intp), a_few(y, each), lambda: Auto().build(0))
    assert np.isfinite(found.proposed.confidence).all()
    assert accuracy(found.fitted, X, y.astype(np.intp)) > 0.9
