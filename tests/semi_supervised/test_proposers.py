"""Models that see a part of each row, and what is not asked of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from auto_labeling.errors import ConfigurationError
from auto_labeling.models import fitting
from auto_labeling.models.auto import Auto
from auto_labeling.models.fitting import Fitted
from auto_labeling.semi_supervised.learning import learn
from auto_labeling.semi_supervised.proposers import Labels, View, said_by, views_of
from auto_labeling.semi_supervised.settings import SemiSupervised


def two_views(n: int = 400) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return rows of two columns each of two views; either view alone tells the class."""
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    return np.column_stack([rng.normal(size=(n, 2)) + 4.0 * y[:, None] for _ in range(2)]), y


def fit(X: Any, y: NDArray[np.intp], weights: NDArray[np.float64] | None) -> Fitted:
    return fitting.fit(LogisticRegression(), X, y, 2, weights)


def test_each_view_sees_its_own_columns() -> None:
    X, _ = two_views()
    found = views_of(X, (3, 1), fit)
    assert list(found) == ["view 1", "view 2"]
    np.testing.assert_array_equal(found["view 1"].rows, X[:, :3])
    np.testing.assert_array_equal(found["view 2"].rows, X[:, 3:])


@pytest.mark.parametrize("widths", [(2, 1), (3, 2)])
def test_views_of_another_width_are_refused(widths: tuple[int, ...]) -> None:
    settings = SemiSupervised(kind="co_training", views=widths)
    with pytest.raises(ConfigurationError, match=r"views: expected widths that add up to the 4"):
        settings.expect_columns(4)
    settings.expect_columns(sum(widths))


def test_nobody_speaks_of_a_label_that_was_shown() -> None:
    """Of columns that say nothing, a row's own label would be all that could be known."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(120, 60)), rng.integers(0, 2, 120)
    labels = Labels(rows=np.arange(120), targets=y, k=2, folds=np.arange(120) % 5)
    for model in (LogisticRegression(C=1e3), Auto().build(0)):

        def learned(X: Any, y: Any, weights: Any, model: Any = model) -> Fitted:
            from sklearn.base import clone

            return fitting.fit(clone(model), X, y, 2, weights)

        said = said_by(learned, learned(X, y, None), X, labels)
        assert 0.3 < (said.of_hidden.argmax(axis=1) == y).mean() < 0.7
        assert (said.of_all.argmax(axis=1) == y).mean() > 0.85


def test_views_teach_each_other() -> None:
    X, y = two_views()
    labeled = np.array([0, 1, 2, 3, 4, 5, 6, 7])
    settings = SemiSupervised(kind="co_training", views=(2, 2))
    found = learn(settings, fit, X, X, labeled, y[labeled], 2, seed=0)
    assert set(found.say) == {"model", "view 1", "view 2"}
    assert (found.proposed.targets == y[found.proposed.positions]).mean() > 0.97
    told = Labels(rows=labeled, targets=y[labeled], k=2, folds=np.arange(8) // 2 % 2)
    alone = View(rows=X[:, :2], fit=fit).speak(told)
    np.testing.assert_allclose(alone.of_all.sum(axis=1), 1.0)
    np.testing.assert_allclose(alone.of_hidden.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("kind", "views"), [("co_training", ()), ("co_training", (3,)), ("auto", (2, 2))]
)
def test_views_belong_to_co_training(kind: Any, views: tuple[int, ...]) -> None:
    with pytest.raises(ConfigurationError, match="views: expected"):
        SemiSupervised(kind=kind, views=views)


def test_a_view_has_columns() -> None:
    with pytest.raises(ConfigurationError, match="at least one column each"):
        SemiSupervised(kind="co_training", views=(4, 0))
