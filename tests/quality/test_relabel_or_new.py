"""A score for new items and for another opinion, beside cleanlab's ActiveLab."""

from __future__ import annotations

import numpy as np
import pytest

from auto_labeling.errors import DataError
from auto_labeling.quality.relabel_or_new import relabel_or_new
from auto_labeling.ratings import Ratings
from benchmarks.activelab import cleanlabs, cleanlabs_temperature, made


def test_it_is_activelab_at_the_same_temperature() -> None:
    pytest.importorskip("cleanlab")
    ratings, proba = made(400, seed=1)
    temperature = cleanlabs_temperature(ratings, proba)
    ours = relabel_or_new(ratings, proba, temperature=temperature)
    assert ours == pytest.approx(1 - cleanlabs(ratings, proba), abs=1e-6)


def test_with_one_opinion_an_item_it_is_activelab_too() -> None:
    pytest.importorskip("cleanlab")
    ratings, proba = made(300, seed=2)
    first = np.unique(ratings.items, return_index=True)[1]
    single = np.zeros(len(ratings), dtype=bool)
    single[first] = True
    ratings = ratings.where(single)
    assert relabel_or_new(ratings, proba) == pytest.approx(1 - cleanlabs(ratings, proba), abs=1e-6)


def test_the_temperature_of_a_model_that_is_too_sure_is_found() -> None:
    ratings, proba = made(4_000)
    sharp = proba**3 / (proba**3).sum(axis=1, keepdims=True)
    assert relabel_or_new(ratings, sharp) == pytest.approx(relabel_or_new(ratings, proba), abs=1e-3)


def test_what_people_agree_on_is_asked_last_and_an_unsure_new_item_first() -> None:
    said = [(item, who, item % 2) for item in range(40) for who in "abc"]
    ratings, *_ = Ratings.of([*said, (40, "a", 0), (40, "b", 1)])
    shape = (42, *ratings.shape[1:])
    ratings = Ratings(
        items=ratings.items, people=ratings.people, labels=ratings.labels, shape=shape
    )
    proba = np.full((42, 2), 0.1)
    proba[np.arange(40), np.arange(40) % 2] = 0.9
    proba[40:] = 0.5
    scores = relabel_or_new(ratings, proba)
    assert scores[40:].min() > scores[:40].max()


def test_nobody_asked_yet_is_the_models_doubt() -> None:
    nobody = np.zeros(0, dtype=np.int32)
    ratings = Ratings(items=nobody, people=nobody, labels=nobody, shape=(2, 0, 2))
    scores = relabel_or_new(ratings, np.array([[0.5, 0.5], [0.9, 0.1]]))
    assert scores == pytest.approx([0.5, 0.3])


def test_unknown_probabilities_are_refused() -> None:
    ratings, *_ = Ratings.of([("a", "ann", 0), ("b", "ann", 1)])
    with pytest.raises(DataError, match="expected probabilities"):
        relabel_or_new(ratings, np.array([[np.nan, 1.0], [0.5, 0.5]]))
