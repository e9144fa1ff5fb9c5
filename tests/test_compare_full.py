from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from auto_labeling.compare.comparison import Comparison
from auto_labeling.compare.racing import compare_strategies
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy
from tests.support.clouds import clouds

X, Y = clouds(60, seed=1)
X_TEST, Y_TEST = clouds(60, seed=2)


def full(*strategies: object, rows: Any = X, test_rows: Any = X_TEST, **more: Any) -> Comparison:
    given: dict[str, Any] = {"n_iterations": 1, "n_repeats": 2, "n_initial": 6, **more}
    given = {"track": "full", "samples_per_iteration": 6, **given}
    return compare_strategies(rows, Y, test_rows, Y_TEST, strategies or ["margin"], **given)


def scores(found: Comparison, name: str = "margin") -> list[float]:
    own = found.curves[found.curves["strategy"] == name]
    return own["score"].tolist()


def strands(n: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return two strands that lie close together: few labels say little, and the others all."""
    y = rng.integers(0, 2, n)
    points = np.stack([rng.uniform(-4, 4, n), 0.6 * y + rng.normal(scale=0.04, size=n)], axis=1)
    return points @ np.array([[0.6, 0.8], [-0.8, 0.6]]), y


def test_the_unlabeled_teach_named_strategies_and_nobody_else() -> None:
    rng = np.random.default_rng(0)
    given = (*strands(200, rng), *strands(200, rng), ["margin", TopK(Entropy())], 1, 4)
    small: dict[str, Any] = {"n_initial": 6, "n_repeats": 3}
    found = compare_strategies(*given, track="full", **small)
    alone = compare_strategies(*given, track="selection", **small)
    for name in ("random", repr(TopK(Entropy()))):
        assert scores(found, name) == scores(alone, name)
    assert np.mean(scores(found)) > np.mean(scores(alone)) + 0.05


def test_what_judges_never_teaches() -> None:
    alone = full(test_rows=X_TEST)
    others = compare_strategies(
        X, Y, np.concatenate([X_TEST, -9 * X_TEST]), np.concatenate([Y_TEST, ["none"] * 60]),
        ["margin"], 1, 6, n_initial=6, n_repeats=2, track="full",
    )  # fmt: skip
    np.testing.assert_allclose(2 * np.array(scores(others)), scores(alone))


def test_a_model_that_is_given_stays_the_model() -> None:
    constant = DummyClassifier(strategy="constant", constant="bee")
    assert set(scores(full(model=constant))) == {(Y_TEST == "bee").mean()}
    assert scores(full(model=GaussianNB())) != scores(full())


def test_a_model_that_cannot_weigh_learns_from_labels_only() -> None:
    found = full(model=KNeighborsClassifier(1), n_iterations=0, n_initial=59, n_repeats=1)
    left_out = [np.delete(np.arange(60), at) for at in range(60)]
    expected = {
        (KNeighborsClassifier(1).fit(X[kept], Y[kept]).predict(X_TEST) == Y_TEST).mean()
        for kept in left_out
    }
    assert set(scores(found)) <= expected


def test_rows_of_every_form_are_the_same_rows() -> None:
    expected = scores(full())
    frames = [pd.DataFrame(some, columns=list("abcd")) for some in (X, X_TEST)]
    assert scores(full(rows=frames[0], test_rows=frames[1])) == expected
    pictures = [some.reshape(-1, 2, 2) for some in (X, X_TEST)]
    assert scores(full(rows=pictures[0], test_rows=pictures[1])) == expected
    read = make_pipeline(LogisticRegression())
    assert scores(full(model=read, rows=frames[0], test_rows=frames[1])) == scores(full(model=read))


def written(n: int, rng: np.random.Generator) -> tuple[list[str], Any]:
    """Return texts of two subjects, which share half of their words."""
    y = np.array(["food", "sport"])[np.arange(n) % 2]
    words = [[f"{one}{at}" for at in rng.integers(0, 30, 8)] for one in y]
    shared = [[f"word{at}" for at in rng.integers(0, 30, 8)] for _ in y]
    return [" ".join([*own, *other]) for own, other in zip(words, shared, strict=True)], y


@pytest.mark.parametrize("model", [None, make_pipeline(TfidfVectorizer(), LogisticRegression())])
def test_texts_are_learned_from_too(model: Any) -> None:
    rng = np.random.default_rng(0)
    found = compare_strategies(
        *written(60, rng), *written(40, rng), ["margin"], 1, 6, model, 6, 2, track="full"
    )
    last = found.curves[found.curves["n_labels"] == 12]
    assert last[last["strategy"] == "margin"]["score"].min() > 0.8


def test_labels_of_one_class_teach_that_class() -> None:
    found = full(n_initial=1, n_iterations=0)
    assert set(scores(found)) <= {(one == Y_TEST).mean() for one in np.unique(Y)}


@pytest.mark.slow
def test_processes_and_rivals_change_nothing() -> None:
    expected = scores(full())
    assert scores(full(n_jobs=2)) == expected
    assert scores(full("entropy", "margin")) == expected
