from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from auto_labeling.errors import DataError
from auto_labeling.sampling.committee import QueryByCommittee
from auto_labeling.sampling.label_sets import marginals
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.names import SEVERAL_LABELS
from auto_labeling.sampling.select import select_for_labeling
from auto_labeling.strategies.multi_label import MultiLabelMargin
from auto_labeling.view import PoolView
from tests.support.clouds import TEXTS, clouds

X, POOL = clouds(40, seed=1)[0], clouds(60)[0]
SETS = (X[:, :3] > 1).astype(int)
"""(40, 3) labels of which an item has none to three."""
MODELS = (
    OneVsRestClassifier(LogisticRegression()),
    make_pipeline(StandardScaler(), OneVsRestClassifier(LogisticRegression())),
    MultiOutputClassifier(LogisticRegression()),
    RandomForestClassifier(9, random_state=0),
)


@pytest.mark.parametrize("model", MODELS)
def test_marginals_are_the_chances_of_each_label_whichever_way_a_model_says_them(
    model: Any,
) -> None:
    said = marginals(model.fit(X, SETS), POOL)
    assert said.shape == (60, 3)
    np.testing.assert_array_equal((said > 0.5).astype(int), model.predict(POOL))


def test_a_label_that_was_never_or_always_there_is_certain() -> None:
    sets = np.column_stack([SETS, np.zeros(40, dtype=int), np.ones(40, dtype=int)])
    said = marginals(RandomForestClassifier(9, random_state=0).fit(X, sets), POOL)
    np.testing.assert_array_equal(said[:, 3:], np.tile([0.0, 1.0], (60, 1)))
    learner = ActiveLearner(strategy="multi_label_entropy", random_state=0).fit(X, sets)
    np.testing.assert_array_equal(marginals(learner.model, POOL)[:, 3:], said[:, 3:])


@pytest.mark.parametrize("model", [None, "random_forest", *MODELS])
@pytest.mark.parametrize("strategy", SEVERAL_LABELS)
def test_what_is_chosen_is_what_the_scorer_would(model: Any, strategy: str) -> None:
    learner = ActiveLearner(model, strategy, random_state=0)
    first = learner.select(POOL, 5)
    assert len(set(first.tolist())) == 5, "before the first label"
    picks = learner.fit(X[:30], SETS[:30]).update(X[30:], SETS[30:]).select(POOL, 6)
    assert learner.n_labels == 40
    view = PoolView(marginals=marginals(learner.model, POOL))
    scores = learner.strategy.scorer.score(view)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(scores[picks], np.sort(scores)[::-1][:6])


def test_single_samples_and_one_off_choices_take_sets_too() -> None:
    learner = ActiveLearner(strategy="multi_label_margin", random_state=0).fit(X[:39], SETS[:39])
    learner.add_labeled_sample((X[39], SETS[39]))
    picks = learner.update_model().select(POOL, 4)
    _, scores = select_for_labeling(
        X, SETS, POOL, 4, "multi_label_margin", return_scores=True, random_state=0
    )
    view = PoolView(marginals=marginals(learner.model, POOL[picks]))
    np.testing.assert_allclose(MultiLabelMargin().score(view), scores)


def test_texts_may_have_several_labels() -> None:
    sets = np.array([["good" in text, "day" in text] for text in TEXTS]).astype(int)
    learner = ActiveLearner(strategy="multi_label_entropy", random_state=0).fit(TEXTS, sets)
    assert marginals(learner.model, ["a good film"])[0, 0] > 0.5
    assert len(learner.query(TEXTS, 3)) == 3


def test_strategies_that_choose_by_distance_take_sets_too() -> None:
    picks = ActiveLearner(strategy="coreset", random_state=0).fit(X, SETS).select(POOL, 6)
    single = ActiveLearner(strategy="coreset", random_state=0).fit(X, clouds(40)[1])
    np.testing.assert_array_equal(picks, single.select(POOL, 6))


def test_labels_and_strategies_that_do_not_fit_are_named() -> None:
    learner = ActiveLearner(strategy="multi_label_entropy", random_state=0)
    with pytest.raises(DataError, match=r"that reads marginals, got shape \(40,\).* as entropy"):
        learner.fit(X, clouds(40)[1])
    for other in (ActiveLearner(), QueryByCommittee()):
        with pytest.raises(DataError, match=r"reads p\w+, got shape \(40, 3\).* multi_label_entro"):
            other.fit(X, SETS)
    with pytest.raises(DataError, match=r"y must be \(40, k\), got \(39, 3\)"):
        learner.fit(X, SETS[:-1])
    with pytest.raises(DataError, match=r"expected 0 or 1 for each label, row 0 has \[3, 2"):
        learner.fit(X, SETS + 2)
    learner.fit(X, SETS)
    for new in (SETS[:2, :2], ["ant", "bee"]):
        with pytest.raises(DataError, match=r"expected labels of shape \(3,\) as before, got"):
            learner.update(X[:2], new)
    with pytest.raises(DataError, match="MultiOutputClassifier cannot be fitted"):
        ActiveLearner(MODELS[2], "multi_label_margin").fit(X[:2], SETS[[0, 0]])


def test_people_are_not_asked_about_columns_without_names(tmp_path: Path) -> None:
    learner = ActiveLearner(strategy="multi_label_entropy").fit(X, SETS)
    with pytest.raises(DataError, match="send_to_labeling: expected a learner of one label an"):
        learner.send_to_labeling(X[:2], path=tmp_path / "tasks.json")
    with pytest.raises(DataError, match="annotation: expected a learner of one label an item"):
        learner.add_labeled_sample({"action": "ANNOTATION_CREATED"})
