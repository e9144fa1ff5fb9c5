"""`SelfTrainer`: as scikit-learn's where settings agree, better than labels alone on digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.datasets import load_digits, load_iris
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import LinearSVC

from auto_labeling import SelfTrainer
from auto_labeling.errors import ConfigurationError, DataError

X, Y = load_iris(return_X_y=True)
SPECIES = np.array(["setosa", "versicolor", "virginica"])[Y]
ORDER = np.random.default_rng(0).permutation(len(Y))
LABELED, POOL = ORDER[:30], ORDER[30:]
NO_CAP = 1e9


@pytest.mark.parametrize("rounds", [1, 2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_by_hand_it_is_the_self_training_of_scikit_learn(rounds: int, seed: int) -> None:
    """Which keeps every label that it has given, and weighs it like a person's."""
    order = np.random.default_rng(seed).permutation(len(Y))
    labeled, left = order[:15], order[15:]
    partly = Y.copy()
    partly[left] = -1
    reference = SelfTrainingClassifier(KNeighborsClassifier(3), threshold=0.9, max_iter=rounds)
    reference.fit(X, partly)
    trainer = SelfTrainer(KNeighborsClassifier(3), 0.9, max_ratio=NO_CAP)
    trainer.fit((X[labeled], Y[labeled]))
    rows, labels = X[:0], Y[:0]
    for _ in range(rounds):
        taken = trainer.label_unlabeled(X[left])
        rows, labels = np.concatenate([rows, taken.X]), np.concatenate([labels, taken.y])
        left = np.delete(left, taken.positions)
        trainer.fit((X[labeled], Y[labeled]), (rows, labels))
    assert trainer.predict_proba(X) == pytest.approx(reference.predict_proba(X))
    assert len(labels) == np.sum(reference.labeled_iter_ > 0)


def test_pseudo_labels_weigh_what_they_are_said_to() -> None:
    trainer = SelfTrainer(GaussianNB(), 0.9, weight=0.25).fit((X[LABELED], SPECIES[LABELED]))
    pseudo = trainer.label_unlabeled(X[POOL])
    trainer.fit((X[LABELED], SPECIES[LABELED]), pseudo)
    rows = np.concatenate([X[LABELED], X[POOL][pseudo.positions]])
    labels = np.concatenate([SPECIES[LABELED], pseudo.y])
    weights = np.array([1.0] * len(LABELED) + [0.25] * len(pseudo))
    expected = GaussianNB().fit(rows, labels, sample_weight=weights)
    assert trainer.predict_proba(X) == pytest.approx(expected.predict_proba(X))
    assert trainer.history[-1].taken == len(pseudo) > 0


def test_in_a_pipeline_too() -> None:
    base = make_pipeline(StandardScaler(), LogisticRegression())
    pseudo = (X[POOL], SPECIES[POOL])
    trainer = SelfTrainer(base, weight=0.5).fit((X[LABELED], SPECIES[LABELED]), pseudo)
    weights = np.r_[np.ones(len(LABELED)), np.full(len(POOL), 0.5)]
    weights /= weights.mean()
    expected = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        X[ORDER], SPECIES[ORDER], logisticregression__sample_weight=weights
    )
    assert trainer.predict_proba(X) == pytest.approx(expected.predict_proba(X), abs=1e-4)


def test_a_model_without_weights_is_not_outvoted() -> None:
    trainer = SelfTrainer(KNeighborsClassifier(5), 0.7).fit((X[LABELED], Y[LABELED]))
    pseudo = trainer.label_unlabeled(X[POOL])
    assert len(pseudo) > len(LABELED)
    trainer.fit((X[LABELED], Y[LABELED]), pseudo)
    assert trainer.history[-1].taken == len(LABELED)
    capped = SelfTrainer(GaussianNB(), max_ratio=0.5)
    capped.fit((X[LABELED], Y[LABELED]), pseudo)
    assert capped.history[-1].taken == len(LABELED) // 2


@pytest.mark.parametrize(("base", "ratio"), [(KNeighborsClassifier(3), None), ("lda", 0.5)])
def test_a_cap_leaves_every_class_its_part(base: Any, ratio: float | None) -> None:
    """The surest of all may be of one class, which tells no class from another."""
    people = X[::10], Y[::10]
    trainer = SelfTrainer(base, 0.6, max_ratio=ratio).fit(people)
    pseudo = trainer.label_unlabeled(X)
    by_hand = trainer.fit(people, pseudo).history[-1]
    by_itself = trainer.self_train(people, X).history[-1]
    for said in (by_hand, by_itself):
        assert 12 >= said.taken >= 6 if ratio else said.taken <= 15
        assert min(said.by_class.values()) >= 2
        assert said.left_out == ""
    kept = pseudo.surest(9)
    for name in np.unique(pseudo.y):
        mine = kept.confidence[kept.y == name]
        assert sorted(mine) == sorted(pseudo.confidence[pseudo.y == name])[-len(mine) :]


def test_a_cap_that_leaves_one_class_leaves_all_out() -> None:
    people = X[::10], Y[::10]
    trainer = SelfTrainer("lda", 0.6, max_ratio=0.1).fit(people)
    said = trainer.fit(people, trainer.label_unlabeled(X)).history[-1]
    assert (said.taken, said.left_out) == (0, "all 1 pseudo-labels are of one class, 1")


def test_the_threshold_may_be_said_for_once() -> None:
    trainer = SelfTrainer(GaussianNB(), 0.99).fit((X[LABELED], SPECIES[LABELED]))
    said = trainer.predict_proba(X[POOL]).max(axis=1)
    few, many = trainer.label_unlabeled(X[POOL]), trainer.label_unlabeled(X[POOL], 0.6)
    assert few.positions.tolist() == np.flatnonzero(said >= 0.99).tolist()
    assert many.positions.tolist() == np.flatnonzero(said >= 0.6).tolist()
    assert few.y.tolist() == trainer.predict(X[POOL][few.positions]).tolist()


def test_a_fitted_model_labels_at_once_and_is_left_as_it_is() -> None:
    base = GaussianNB().fit(X[LABELED], SPECIES[LABELED])
    trainer = SelfTrainer(base)
    assert len(trainer.label_unlabeled(X[POOL]))
    means = base.theta_.copy()
    trainer.self_train((X[LABELED], SPECIES[LABELED]), X[POOL])
    assert trainer.model is not base
    assert (base.theta_ == means).all()


def test_a_frame_with_labels_is_as_good() -> None:
    names = [f"x{at}" for at in range(4)]
    frame = pd.DataFrame(X, columns=names).assign(label=SPECIES)
    of_frame = SelfTrainer("lda", 0.9).self_train(frame.iloc[LABELED], frame.iloc[POOL][names])
    of_arrays = SelfTrainer("lda", 0.9).self_train((X[LABELED], SPECIES[LABELED]), X[POOL])
    assert of_frame.history == of_arrays.history
    assert of_frame.predict(frame).tolist() == of_arrays.predict(X).tolist()


def _texts(n: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    words = {"yes": ["good", "nice", "fine", "great", "fun"], "no": ["bad", "awful", "dull", "sad"]}
    names = [("yes", "no")[at % 2] for at in range(n)]
    return [" ".join(["film", "plot", *rng.choice(words[name], size=3)]) for name in names], names


@pytest.mark.parametrize("form", [list, lambda texts: pd.DataFrame({"text": texts})])
@pytest.mark.parametrize(
    "base", ["logistic_regression", make_pipeline(TfidfVectorizer(), LogisticRegression())]
)
def test_texts_by_a_pipeline_or_a_name(base: Any, form: Any) -> None:
    (texts, names), (pool, truth) = _texts(40, seed=0), _texts(60, seed=1)
    trainer = SelfTrainer(base, 0.6).self_train((form(texts), names), form(pool))
    assert np.mean(trainer.predict(form(pool)) == np.array(truth)) > 0.9
    assert trainer.history[-1].taken > 40
    assert trainer.label_unlabeled(form(pool)).X[0] in pool


def test_iterations_end_where_nothing_changes_and_may_take_mistakes_back() -> None:
    trainer = SelfTrainer(GaussianNB(), 0.8).self_train((X[LABELED], Y[LABELED]), X[POOL], 50)
    first, *others = trainer.history
    assert (first.taken, first.labeled) == (0, len(LABELED))
    assert 1 <= len(others) < 50
    for at, one in enumerate(others, 1):
        assert 0 < one.taken <= at * len(LABELED)
        assert sum(one.by_class.values()) == one.taken
    again = SelfTrainer(GaussianNB(), 0.8).self_train((X[LABELED], Y[LABELED]), X[POOL], 50)
    assert again.history == trainer.history


def test_pseudo_labels_of_one_class_teach_nothing_and_that_is_said() -> None:
    alone = SelfTrainer(GaussianNB()).fit((X[LABELED], SPECIES[LABELED]))
    pseudo = alone.label_unlabeled(X[:40])
    assert set(pseudo.y) == {"setosa"}
    trainer = SelfTrainer(GaussianNB()).fit((X[LABELED], SPECIES[LABELED]), pseudo)
    assert trainer.history[0].left_out == "all 40 pseudo-labels are of one class, 'setosa'"
    assert trainer.history[0].taken == 0
    assert (trainer.predict_proba(X) == alone.predict_proba(X)).all()
    looped = SelfTrainer(GaussianNB()).self_train((X[LABELED], SPECIES[LABELED]), X[:40])
    assert "one class, 'setosa'" in looped.history[-1].left_out


def test_an_empty_pool_changes_nothing() -> None:
    alone = SelfTrainer("lda").fit((X[LABELED], Y[LABELED]))
    pools: list[Any] = [X[:0], []]
    for pool in pools:
        taken = alone.label_unlabeled(pool)
        assert (len(taken), len(taken.y)) == (0, 0)
        looped = SelfTrainer("lda").self_train((X[LABELED], Y[LABELED]), pool)
        assert (looped.predict_proba(X) == alone.predict_proba(X)).all()
        assert [one.taken for one in looped.history] == [0]


def test_what_cannot_be_learned_from_is_refused() -> None:
    trainer = SelfTrainer(GaussianNB())
    with pytest.raises(ConfigurationError, match="model: expected a fitted one; call fit first"):
        trainer.label_unlabeled(X)
    with pytest.raises(DataError, match=r"two classes or more, got only .*'setosa'"):
        trainer.fit((X[:5], SPECIES[:5]))
    with pytest.raises(DataError, match="labeled_data: expected labels of two classes or more, go"):
        trainer.fit((X[:0], SPECIES[:0]))
    with pytest.raises(DataError, match="pseudo_labeled_data: expected classes that people have"):
        trainer.fit((X[:60], SPECIES[:60]), (X[60:120], SPECIES[60:120]))
    with pytest.raises(DataError, match="labeled_data: expected finite numbers, row 0 is not"):
        trainer.fit(([[np.nan], [1.0]], ["a", "b"]))
    trainer.fit((X[LABELED], SPECIES[LABELED]))
    with pytest.raises(DataError, match="unlabeled_data: expected finite numbers, row 0 is not"):
        trainer.label_unlabeled([[np.nan] * 4])
    with pytest.raises(DataError, match="GaussianNB expected other rows"):
        trainer.label_unlabeled(X[:, :2])
    with pytest.raises(DataError, match=r"labeled_data: expected \(X, y\) or a frame"):
        trainer.fit(X)
    with pytest.raises(DataError, match="y: expected one label for each of 150 rows"):
        trainer.fit((X, SPECIES[:5]))
    with pytest.raises(DataError, match="unlabeled_data: expected rows, got None"):
        trainer.label_unlabeled(None)


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="LinearSVC without predict_proba"):
        SelfTrainer(LinearSVC())
    with pytest.raises(ConfigurationError, match="base_model: expected a model or one of"):
        SelfTrainer("no such model")
    with pytest.raises(ConfigurationError, match="confidence_threshold: expected a number above 0"):
        SelfTrainer("lda", 1.5)
    with pytest.raises(ConfigurationError, match="weight: expected a number above 0 and below 1"):
        SelfTrainer("lda", weight=1.0)
    with pytest.raises(ConfigurationError, match=r"the class GaussianNB; write GaussianNB\(\)"):
        SelfTrainer(GaussianNB)
    for strange in ("0.9", None):
        with pytest.raises(ConfigurationError, match="confidence_threshold: expected a number"):
            SelfTrainer("lda", strange)  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="weight: expected a number"):
            SelfTrainer("lda", weight=strange)  # type: ignore[arg-type]
    for ratio in (-1, np.inf, "1"):
        with pytest.raises(ConfigurationError, match="max_ratio: expected a number of 0 or more"):
            SelfTrainer("lda", max_ratio=ratio)  # type: ignore[arg-type]
    for iterations in (0, 2.5):
        with pytest.raises(ConfigurationError, match="iterations: expected a whole number of 1"):
            SelfTrainer("lda").self_train((X, Y), X, iterations)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("y", "said"),
    [
        (["a", "b", np.nan, "a"], "y: expected a label in every row, row 2 has none"),
        (["a", "b", None, "a"], "y: expected a label in every row, row 2 has none"),
        (np.array(["a", "b", np.nan, "a"], object), "a label in every row, row 2 has none"),
        (pd.array(["a", "b", None, "a"], "string"), "a label in every row, row 2 has none"),
        (["a", 1, "a", 1], "y: expected labels of one kind, got 'a' and 1"),
        (np.array(["a", 1, "a", 1], object), "y: expected labels of one kind, got 'a' and 1"),
    ],
)
def test_labels_that_are_none_are_refused(y: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        SelfTrainer("lda").fit((X[:4], y))
    with pytest.raises(DataError, match=said):
        SelfTrainer("lda").fit(pd.DataFrame(X[:4]).assign(label=y))


def test_rows_that_a_model_cannot_read_are_refused() -> None:
    texts = make_pipeline(TfidfVectorizer(), LogisticRegression())
    for gap in (None, np.nan):
        with pytest.raises(DataError, match="labeled_data: expected an item in every row, row 1"):
            SelfTrainer(texts).fit((["goal", gap], ["a", "b"]))
    with pytest.raises(DataError, match="takes dense features and these are sparse"):
        SelfTrainer("lda").fit((csr_matrix(X), Y))


@pytest.mark.slow
def test_on_digits_it_is_better_than_labels_alone() -> None:
    digits, truth = load_digits(return_X_y=True)
    gains = []
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(truth))
        judged, labeled, pool = order[:600], order[600:660], order[660:]
        people = digits[labeled], truth[labeled]
        trainer = SelfTrainer("logistic_regression", 0.8).fit(people)
        alone = np.mean(trainer.predict(digits[judged]) == truth[judged])
        trainer.self_train(people, digits[pool], iterations=6)
        gains.append(np.mean(trainer.predict(digits[judged]) == truth[judged]) - alone)
    assert np.mean(gains) > 0.02
    assert min(gains) > -0.02
