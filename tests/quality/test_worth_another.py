"""Where another opinion is bought."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.quality.adaptive_overlap import worth_another
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.ratings import Ratings


def panel(seed: int, items: int = 400) -> tuple[Ratings, NDArray[np.intp], np.random.Generator]:
    """Return what six people, right in 65 to 95 % of cases, say of each item, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=items)
    accuracy = np.linspace(0.65, 0.95, 6)
    at, who = (one.ravel() for one in np.indices((items, 6)))
    said = np.where(rng.random(len(at)) < accuracy[who], truth[at], 1 - truth[at])
    return Ratings(items=at, people=who, labels=said, shape=(items, 6, 2)), truth, rng


def test_it_is_bought_where_a_label_is_unsure_and_not_where_it_is_sure() -> None:
    ratings, *_ = panel(0)
    found = DawidSkene().aggregate(ratings)
    sure = found.posterior.max(axis=1)
    worth = worth_another(ratings, found, np.full(400, 2), gain=0.01)
    assert worth[sure < 0.7].all()
    assert not worth[sure > 0.999].any()
    assert 0 < worth.mean() < 0.5


def test_none_is_left_and_none_is_bought() -> None:
    ratings, *_ = panel(1)
    none = np.zeros(400, dtype=int)
    assert not worth_another(ratings, DawidSkene().aggregate(ratings), none, gain=0.01).any()


def test_every_item_has_its_own_price() -> None:
    ratings, *_ = panel(2)
    some = ratings.where(ratings.people < 2)
    gain = np.where(np.arange(400) % 2, 0.001, 0.9)
    found = worth_another(some, DawidSkene().aggregate(some), np.full(400, 4), gain=gain)
    assert found[1::2].any()
    assert not found[::2].any()


def test_nobody_known_is_somebody_to_ask() -> None:
    nobody = np.zeros(0, dtype=np.int32)
    ratings = Ratings(items=nobody, people=nobody, labels=nobody, shape=(2, 0, 2))
    found = worth_another(ratings, DawidSkene().aggregate(ratings), np.array([1, 0]), gain=0.01)
    assert found.tolist() == [True, False]


def test_fewer_opinions_make_labels_that_are_hardly_worse() -> None:
    lost, saved = [], []
    for seed in range(5):
        ratings, truth, _ = panel(seed)
        full = (DawidSkene().aggregate(ratings).posterior.argmax(axis=1) == truth).mean()
        bought: NDArray[np.intp] = np.full(400, 2)
        bought[:100] = 6
        while True:
            some = ratings.where(ratings.people < bought[ratings.items])
            found = DawidSkene().aggregate(some)
            more = worth_another(some, found, 6 - bought, gain=0.02 / 4)
            if not more.any():
                break
            bought = bought + more
        lost.append(full - (found.posterior.argmax(axis=1) == truth).mean())
        saved.append(1 - bought.mean() / 6)
    assert np.mean(lost) < 0.02
    assert np.mean(saved) > 0.1
