from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.quality.aggregate import Aggregates
from auto_labeling.quality.auto import Auto
from auto_labeling.quality.crowdlab import CrowdLab
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.one_coin import OneCoin
from auto_labeling.quality.ordinal import Ordinal
from auto_labeling.quality.weighted_vote import WeightedVote
from auto_labeling.ratings import Ratings
from benchmarks.panels import KINDS, Panel, panel

MODELS: list[Aggregates] = [
    Majority(),
    WeightedVote(),
    OneCoin(),
    DawidSkene(),
    Ordinal(),
    Auto(),
]
each = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


def rated(items: Any, people: Any, labels: Any, shape: tuple[int, int, int]) -> Ratings:
    return Ratings(
        items=np.asarray(items, dtype=np.int32),
        people=np.asarray(people, dtype=np.int32),
        labels=np.asarray(labels, dtype=np.int32),
        shape=shape,
    )


def right(posterior: NDArray[np.float64], truth: NDArray[np.intp]) -> float:
    """The share of right labels; a tie counts by its share."""
    best = posterior >= posterior.max(axis=1, keepdims=True) - 1e-9
    return float((best[np.arange(len(truth)), truth] / best.sum(axis=1)).mean())


def made(kind: str, items: int, opinions: int, seed: int) -> Panel:
    return panel(kind, items, opinions, np.random.default_rng(seed))


@each
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_probabilities_are_probabilities(model: Aggregates, data: st.DataObject) -> None:
    n, w, k = (data.draw(st.integers(1, most)) for most in (6, 4, 4))
    cell = st.tuples(st.integers(0, n - 1), st.integers(0, w - 1), st.integers(0, k - 1))
    rows = np.array(data.draw(st.lists(cell, max_size=60)), dtype=np.int32).reshape(-1, 3)
    found = model.aggregate(rated(rows[:, 0], rows[:, 1], rows[:, 2], (n, w, k)))
    assert found.posterior.shape == (n, k)
    assert found.confusion.shape == (w, k, k)
    for chances in (found.posterior, found.confusion, found.prior):
        assert np.isfinite(chances).all()
        assert (chances >= 0).all()
        np.testing.assert_allclose(chances.sum(axis=-1), 1.0, atol=1e-9)


@each
def test_equal_ratings_make_equal_aggregates(model: Aggregates) -> None:
    ratings = made("biased", 60, 3, seed=0).ratings
    one, other = model.aggregate(ratings), model.aggregate(ratings)
    np.testing.assert_array_equal(one.posterior, other.posterior)
    np.testing.assert_array_equal(one.confusion, other.confusion)


@each
def test_without_an_opinion_nothing_is_known(model: Aggregates) -> None:
    found = model.aggregate(rated([], [], [], shape=(3, 2, 4)))
    np.testing.assert_allclose(found.posterior, 0.25)


@each
def test_two_opinions_of_one_person_on_one_item_count_as_two(model: Aggregates) -> None:
    ratings = rated([0, 0, 0, 1], [0, 0, 1, 1], [1, 1, 0, 0], shape=(2, 2, 2))
    assert model.aggregate(ratings).posterior[0].argmax() == 1


@pytest.mark.slow
@each
def test_a_hundred_thousand_people_who_answer_once(model: Aggregates) -> None:
    rng = np.random.default_rng(0)
    people = 100_000
    truth = rng.integers(0, 3, people // 5)
    items = np.repeat(np.arange(people // 5), 5)
    said = np.where(rng.random(people) < 0.7, truth[items], rng.integers(0, 3, people))
    ratings = rated(items, np.arange(people), said, (people // 5, people, 3))
    found = model.aggregate(ratings)
    vote = right(Majority().aggregate(ratings).posterior, truth)
    # Errors of these people know no order, which is what Ordinal takes them for.
    assert right(found.posterior, truth) > vote - (0.02 if isinstance(model, Ordinal) else 0.005)
    assert found.confusion.nbytes <= people * 9 * 8


@pytest.mark.parametrize("model", [OneCoin(), DawidSkene(), Auto()])
def test_two_hundred_classes_and_a_few_people_are_fine(model: Aggregates) -> None:
    truth = np.arange(200)
    ratings = rated(np.tile(truth, 3), np.repeat([0, 1, 2], 200), np.tile(truth, 3), (200, 3, 200))
    assert right(model.aggregate(ratings).posterior, truth) == 1.0


def test_a_thousand_classes_and_a_thousand_people_are_too_many() -> None:
    with pytest.raises(DataError, match=r"2 items and 1000 people with 1000 classes"):
        DawidSkene().aggregate(rated([0], [0], [0], shape=(2, 1_000, 1_000)))


def expected(ratings: Ratings, strength: float, rounds: int) -> NDArray[np.float64]:
    """One-coin EM, written out as the definition says, opinion by opinion."""
    n, w, k = ratings.shape
    rows = list(zip(ratings.items, ratings.people, ratings.labels, strict=True))
    posterior: NDArray[np.float64] = ratings.counts() / ratings.counts().sum(axis=1, keepdims=True)
    for _ in range(rounds):
        correct, total = np.zeros(w), np.zeros(w)
        for item, person, label in rows:
            correct[person] += posterior[item, label]
            total[person] += 1
        common = (correct.sum() + 4) / (total.sum() + 6)
        accuracy = (correct + strength * common) / (total + strength)
        prior = (posterior.sum(axis=0) + 1) / (n + k)
        logs = np.tile(np.log(prior), (n, 1))
        for item, person, label in rows:
            for cls in range(k):
                p = accuracy[person] if cls == label else (1 - accuracy[person]) / (k - 1)
                logs[item, cls] += np.log(p)
        posterior = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    return posterior


def test_one_coin_is_what_its_definition_says() -> None:
    ratings = made("spread", 30, 4, seed=1).ratings
    found = OneCoin(strength=3.0).aggregate(ratings).posterior
    # EM stops where nothing moves by more than 1e-4.
    np.testing.assert_allclose(found, expected(ratings, 3.0, rounds=100), atol=2e-3)


def test_dawid_skene_finds_the_confusions_that_people_have() -> None:
    rng = np.random.default_rng(2)
    confusion = np.array([[[0.9, 0.1], [0.2, 0.8]], [[0.6, 0.4], [0.05, 0.95]], [[0.8, 0.2]] * 2])
    truth = rng.integers(0, 2, 4_000)
    people = np.arange(6)
    said = (rng.random((4_000, 6)) < confusion[people % 3][:, truth, 1].T).astype(int)
    ratings = rated(
        np.repeat(np.arange(4_000), 6), np.tile(people, 4_000), said.ravel(), (4_000, 6, 2)
    )
    found = DawidSkene().aggregate(ratings)
    np.testing.assert_allclose(found.confusion, confusion[people % 3], atol=0.04)
    np.testing.assert_allclose(found.prior, 0.5, atol=0.04)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_auto_is_never_below_the_vote(kind: str) -> None:
    for seed in range(2):
        given_panel = made(kind, 200, 3, seed=seed + 50)
        vote = right(Majority().aggregate(given_panel.ratings).posterior, given_panel.truth)
        auto = right(Auto().aggregate(given_panel.ratings).posterior, given_panel.truth)
        assert auto >= vote - 0.005


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["spread", "biased"])
def test_auto_is_far_above_the_vote_where_people_differ(kind: str) -> None:
    given_panel = made(kind, 1_000, 5, seed=7)
    vote = right(Majority().aggregate(given_panel.ratings).posterior, given_panel.truth)
    auto = right(Auto().aggregate(given_panel.ratings).posterior, given_panel.truth)
    assert auto >= vote + 0.02


def hard(seed: int) -> tuple[Ratings, NDArray[np.intp]]:
    """Ratings of which half the items make everybody err alike."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 400)
    share = np.where(rng.random(400) < 0.5, 0.9, rng.uniform(0.2, 0.8, 400))
    said = np.where(rng.random((400, 9)) < share[:, None], truth[:, None], 1 - truth[:, None])
    shape = (400, 9, 2)
    return rated(
        np.repeat(np.arange(400), 9), np.tile(np.arange(9), 400), said.ravel(), shape
    ), truth


def test_where_items_are_hard_auto_is_less_sure_than_independence_would_make_it() -> None:
    ratings, truth = hard(0)
    sure = DawidSkene().aggregate(ratings).posterior
    auto = Auto().aggregate(ratings).posterior

    def overconfidence(posterior: NDArray[np.float64]) -> float:
        return float(posterior.max(axis=1).mean()) - right(posterior, truth)

    assert overconfidence(auto) < overconfidence(sure) - 0.02


class TestCrowdLab:
    cleanlab = pytest.importorskip("cleanlab")

    def test_it_gives_the_scores_that_cleanlab_gives(self) -> None:
        from cleanlab.multiannotator import get_label_quality_multiannotator

        given_panel = made("spread", 200, 3, seed=3)
        rng = np.random.default_rng(3)
        proba = (rng.dirichlet([1, 1, 1], 200) + np.eye(3)[given_panel.truth]) / 2
        ratings = given_panel.ratings
        table = np.full(ratings.shape[:2], np.nan)
        table[ratings.items, ratings.people] = ratings.labels
        theirs = get_label_quality_multiannotator(table, proba, verbose=False)["label_quality"]
        ours = CrowdLab(proba=proba).aggregate(ratings).posterior
        labels = theirs["consensus_label"].to_numpy()
        np.testing.assert_allclose(
            ours[np.arange(200), labels], theirs["consensus_quality_score"].to_numpy()
        )

    def test_what_nobody_answered_is_what_the_classifier_says(self) -> None:
        proba = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])
        ratings = rated([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 0], shape=(3, 3, 2))
        found = CrowdLab(proba=proba).aggregate(ratings)
        np.testing.assert_allclose(found.posterior[2], proba[2])
        assert found.confusion.shape == (3, 2, 2)

    def test_probabilities_of_other_classes_are_refused(self) -> None:
        with pytest.raises(DataError, match=r"proba must be \(1, 2\), got \(1, 3\)"):
            CrowdLab(proba=np.ones((1, 3)) / 3).aggregate(rated([0], [0], [0], shape=(1, 1, 2)))

    def test_one_opinion_an_item_is_too_little(self) -> None:
        with pytest.raises(DataError, match="expected an item that two people answered"):
            CrowdLab(proba=np.ones((1, 2)) / 2).aggregate(rated([0], [0], [0], shape=(1, 1, 2)))
