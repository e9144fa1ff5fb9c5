"""`CoTrainer`: two views of any kind, what they agree on, and what they gain by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from auto_labeling import CoTrainer
from auto_labeling.errors import ConfigurationError, DataError

WORDS = {
    "sport": ["goal", "match", "team", "coach", "league", "score", "player", "season"],
    "money": ["bank", "stock", "profit", "market", "shares", "trade", "loan", "price"],
}


def _two_blocks(n: int, seed: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return two views that err independently given the class, as Blum and Mitchell ask."""
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], n // 2)
    means = np.where(y == 1, 1.0, -1.0)[:, None]
    first, second = (means + rng.normal(scale=1.2, size=(n, 2)) for _ in range(2))
    return first, second, np.array(["no", "yes"])[y]


def _trained(seed: int, labels: int, iterations: int) -> tuple[float, float]:
    """Return the accuracy of labels alone, and with the pool."""
    first, second, y = _two_blocks(1400, seed)
    people, pool, judged = slice(0, labels), slice(labels, 800), slice(800, None)
    said = []
    for unlabeled in (slice(0, 0), pool):
        trainer = CoTrainer(GaussianNB(), GaussianNB()).fit(
            ((first[people], second[people]), y[people]),
            (first[unlabeled], second[unlabeled]),
            iterations,
        )
        said.append(np.mean(trainer.predict((first[judged], second[judged])) == y[judged]))
    return float(said[0]), float(said[1])


def test_views_that_err_independently_teach_each_other() -> None:
    found = np.array([_trained(seed, 6, 10) for seed in range(20)])
    gains = found[:, 1] - found[:, 0]
    assert gains.mean() - 2 * gains.std(ddof=1) / len(gains) ** 0.5 > 0.03


@pytest.mark.slow
def test_on_halves_of_digits_it_is_better_than_labels_alone() -> None:
    digits, truth = load_digits(return_X_y=True)
    halves = digits.reshape(-1, 8, 8)
    views = halves[:, :, :4], halves[:, :, 4:]
    gains = []
    for seed in range(4):
        order = np.random.default_rng(seed).permutation(len(truth))
        judged, labeled, pool = order[:600], order[600:660], order[660:]
        accuracy = []
        for rows in (pool[:0], pool):
            trainer = CoTrainer("logistic_regression", "logistic_regression").fit(
                ((views[0][labeled], views[1][labeled]), truth[labeled]),
                (views[0][rows], views[1][rows]),
                iterations=6,
            )
            said = trainer.predict((views[0][judged], views[1][judged]))
            accuracy.append(np.mean(said == truth[judged]))
        gains.append(accuracy[1] - accuracy[0])
    assert np.mean(gains) > 0.01
    assert min(gains) > -0.03


def _texts(n: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed)
    names = [list(WORDS)[at % 2] for at in range(n)]
    return [" ".join(rng.choice(WORDS[name], size=3)) for name in names], names


def test_words_and_letters_of_the_same_texts() -> None:
    texts, names = _texts(6, seed=0)
    pool, truth = _texts(80, seed=1)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3))
    trainer = CoTrainer(
        make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
        make_pipeline(letters, LogisticRegression(C=10)),
        confidence_threshold=0.8,
    )
    trainer.fit(((texts, texts), names), (pool, pool))
    assert trainer.classes_.tolist() == ["money", "sport"]
    assert trainer.history[-1].taken > 6
    assert np.mean(trainer.predict((pool, pool)) == np.array(truth)) > 0.9


def test_texts_beside_pictures() -> None:
    texts, names = _texts(40, seed=2)
    shade = np.array([0.9 if name == "sport" else 0.1 for name in names])
    pictures = shade[:, None, None] + np.random.default_rng(0).normal(scale=0.3, size=(40, 4, 4))
    trainer = CoTrainer("logistic_regression", "lda", 0.7)
    people = (texts[:10], pictures[:10]), names[:10]
    trainer.fit(people, (texts[10:], pictures[10:]))
    assert trainer.predict_proba((texts, pictures)).sum(axis=1) == pytest.approx(1)
    assert np.mean(trainer.predict((texts, pictures)) == np.array(names)) > 0.9


class _Says:
    """A model that says what is in its rows, whatever it is taught."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        self.classes_, self.taught = np.unique(y), (np.asarray(X), np.asarray(y), sample_weight)
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.asarray(X)


def test_only_rows_that_no_view_contradicts_are_taken() -> None:
    sure_of_no, sure_of_yes, unsure = [0.95, 0.05], [0.05, 0.95], [0.4, 0.6]
    first = np.array([sure_of_no, sure_of_no, sure_of_no, unsure, unsure, sure_of_yes])
    second = np.array([sure_of_no, sure_of_yes, unsure, unsure, sure_of_yes, sure_of_yes])
    people = (np.array([sure_of_no, sure_of_yes] * 3),) * 2, ["no", "yes"] * 3
    trainer = CoTrainer(_Says(), _Says(), weight=0.25).fit(people, (first, second))
    assert [one.disagreed for one in trainer.history] == [0, 1]
    assert trainer.history[-1].by_class == {"no": 2, "yes": 2}
    for model, view in zip(trainer.models, (first, second), strict=True):
        rows, labels, weights = model.taught
        assert rows[6:].tolist() == view[[0, 2, 4, 5]].tolist()
        assert labels[6:].tolist() == ["no", "no", "yes", "yes"]
        assert (weights[6:] / weights[0]).tolist() == [0.25] * 4


def test_both_views_are_pooled_by_their_geometric_mean() -> None:
    people = (np.array([[0.9, 0.1], [0.1, 0.9]]),) * 2, ["no", "yes"]
    none = np.empty((0, 2)), np.empty((0, 2))
    trainer = CoTrainer(_Says(), _Says()).fit(people, none)
    same = np.array([[0.7, 0.3], [0.05, 0.95]])
    assert trainer.predict_proba((same, same)) == pytest.approx(same)
    first, second = np.array([[0.8, 0.2]]), np.array([[0.4, 0.6]])
    product = (first * second) ** 0.5
    assert trainer.predict_proba((first, second)) == pytest.approx(product / product.sum())
    veto = trainer.predict_proba((np.array([[1.0, 0.0]]), np.array([[0.4, 0.6]])))
    assert 0.9 < veto[0, 0] < 1


def test_what_all_say_one_class_is_left_out_and_said() -> None:
    people = (np.array([[0.9, 0.1], [0.1, 0.9]] * 3),) * 2, ["no", "yes"] * 3
    pool = np.array([[0.95, 0.05]] * 4)
    trainer = CoTrainer(_Says(), _Says()).fit(people, (pool, pool))
    assert "pseudo-labels are of one class, 'no'" in trainer.history[-1].left_out
    assert trainer.history[-1].taken == 0


def test_models_without_weights_are_not_outvoted() -> None:
    first, second, y = _two_blocks(200, seed=0)
    trainer = CoTrainer(KNeighborsClassifier(3), GaussianNB(), 0.6).fit(
        ((first[:20], second[:20]), y[:20]), (first[20:], second[20:])
    )
    assert all(one.taken <= 20 for one in trainer.history)
    assert trainer.history[-1].taken > 0


def test_what_cannot_be_learned_from_is_refused() -> None:
    first, second, y = _two_blocks(20, seed=0)
    trainer = CoTrainer(GaussianNB(), GaussianNB())
    people, pool = ((first, second), y), (first, second)
    with pytest.raises(ConfigurationError, match="models: expected fitted ones; call fit first"):
        trainer.predict(pool)
    with pytest.raises(DataError, match="labeled_data: expected two views of the same rows, got"):
        trainer.fit(((first, second[:5]), y), pool)
    with pytest.raises(DataError, match=r"unlabeled_data: expected two views .* got 20 and 5"):
        trainer.fit(people, (first, second[:5]))
    with pytest.raises(DataError, match=r"labeled_data: expected \(\(view1, view2\), y\)"):
        trainer.fit(first, pool)
    with pytest.raises(DataError, match="unlabeled_data: expected two views, got a ndarray"):
        trainer.fit(people, first)
    with pytest.raises(DataError, match="labeled_data: expected labels of two classes or more"):
        trainer.fit(((first, second), ["yes"] * 20), pool)
    with pytest.raises(DataError, match="view 2: expected finite numbers, row 0 is not"):
        trainer.fit(people, (first, np.full_like(second, np.nan)))
    with pytest.raises(ConfigurationError, match="model2: expected something with fit and predict"):
        CoTrainer(GaussianNB(), LinearSVC())
