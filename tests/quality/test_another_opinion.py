"""What another opinion is expected to bring, against the same reckoned path by path."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.quality.another_opinion import Strangers, net_gain

STEP = 1 / 4095
"""To what a probability is rounded."""


def coin(accuracy: float, k: int = 2) -> NDArray[np.float64]:
    return np.full((k, k), (1 - accuracy) / (k - 1)) + np.eye(k) * (
        accuracy - (1 - accuracy) / (k - 1)
    )


def by_paths(proba: NDArray[np.float64], strangers: Strangers, cost: float, ahead: int) -> float:
    """Return the net gain by Bayes' rule, one person and one answer after the other."""

    def value(now: NDArray[np.float64], left: int) -> float:
        return max(now.max(), go_on(now, left)) if left else float(now.max())

    def go_on(now: NDArray[np.float64], left: int) -> float:
        total = -cost
        for share, confusion in zip(strangers.share, strangers.confusion, strict=True):
            for answer in range(len(now)):
                chance = float(now @ confusion[:, answer])
                if chance > 0:
                    total += share * chance * value(now * confusion[:, answer] / chance, left - 1)
        return float(total)

    return go_on(proba, ahead) - float(proba.max())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 3), st.integers(1, 3), st.integers(1, 2))
def test_it_is_what_bayes_rule_says_path_by_path(seed: int, k: int, m: int, ahead: int) -> None:
    rng = np.random.default_rng(seed)
    confusion = rng.dirichlet(np.ones(k), size=(m, k))
    strangers = Strangers(confusion=confusion, share=rng.dirichlet(np.ones(m)))
    proba = rng.dirichlet(np.ones(k), size=4)
    found = net_gain(proba, strangers, cost=0.01, ahead=ahead)
    expected = [by_paths(row, strangers, 0.01, ahead) for row in proba]
    assert found == pytest.approx(expected, abs=3 * STEP)


def test_one_vote_alone_cannot_turn_a_label_that_two_can() -> None:
    alike = Strangers(confusion=coin(0.8)[None], share=np.ones(1))
    proba = np.array([[0.85, 0.15]])
    assert net_gain(proba, alike, cost=0.0, ahead=1) == pytest.approx(0.0, abs=STEP)
    assert net_gain(proba, alike, cost=0.001, ahead=2)[0] > 0.03


def test_who_only_guesses_brings_nothing_and_costs() -> None:
    guess = Strangers(confusion=coin(0.5)[None], share=np.ones(1))
    proba = np.array([[0.5, 0.5], [0.9, 0.1]])
    assert net_gain(proba, guess, cost=0.02) == pytest.approx([-0.02, -0.02], abs=STEP)


def test_of_many_classes_the_likeliest_three_stand_for_all() -> None:
    strangers = Strangers(confusion=coin(0.8, 40)[None], share=np.ones(1))
    proba = np.full((1, 40), 0.1 / 38)
    proba[0, [7, 30]] = 0.5, 0.4
    found = net_gain(proba, strangers, cost=0.01, ahead=1)
    assert found[0] == pytest.approx(by_paths(proba[0], strangers, 0.01, 1), abs=0.03)


def test_dearer_opinions_gain_less_and_more_ahead_no_less() -> None:
    rng = np.random.default_rng(0)
    strangers = Strangers.of(np.array([coin(a, 3) for a in (0.6, 0.7, 0.9)]), np.array([9, 5, 7]))
    proba = rng.dirichlet(np.ones(3), 200)
    cheap, dear = (net_gain(proba, strangers, cost=cost) for cost in (0.01, 0.05))
    assert (cheap - dear >= 0.04 - 1e-12).all()
    assert (cheap >= net_gain(proba, strangers, cost=0.01, ahead=1) - 1e-12).all()


def test_people_are_put_together_by_how_often_they_are_right_and_weighed_by_their_work() -> None:
    confusion = np.array([coin(accuracy) for accuracy in (0.9, 0.6, 0.8, 0.55)])
    kinds = Strangers.of(confusion, np.array([1000, 1000, 0, 0]), kinds=2)
    assert kinds.share == pytest.approx([0.5, 0.5], abs=1e-3)
    assert kinds.confusion[:, 0, 0] == pytest.approx([0.6, 0.9], abs=1e-3)
    assert Strangers.of(confusion, np.zeros(4, dtype=int), kinds=9).share == pytest.approx(0.25)


def test_stopping_loses_no_more_than_its_cost_an_opinion_that_is_saved() -> None:
    """The promise, simulated with people as they are taken to be."""
    rng = np.random.default_rng(3)
    n, most, cost = 20_000, 3, 0.01
    vote = coin(0.75)
    alike = Strangers(confusion=vote[None], share=np.ones(1))
    truth = rng.integers(2, size=n)
    joint = np.full((n, 2), 0.5)
    full: NDArray[np.float64] = joint.copy()
    opinions, going = np.zeros(n, dtype=int), np.ones(n, dtype=bool)
    for left in range(most, 0, -1):
        answers = np.where(rng.random(n) < 0.75, truth, 1 - truth)
        full = full * vote[:, answers].T
        proba = joint / joint.sum(axis=1, keepdims=True)
        going &= net_gain(proba, alike, cost=cost, ahead=left) > 0
        joint[going] *= vote[:, answers[going]].T
        opinions += going
    lost = (full.argmax(axis=1) == truth).mean() - (joint.argmax(axis=1) == truth).mean()
    saved = most - opinions.mean()
    assert saved > 0.5
    assert lost <= cost * saved + 0.005  # about two standard errors


def test_what_is_no_posterior_is_refused() -> None:
    alike = Strangers(confusion=coin(0.8)[None], share=np.ones(1))
    with pytest.raises(DataError, match="expected probabilities"):
        net_gain(np.array([[np.nan, 1.0]]), alike, cost=0.01)
    with pytest.raises(DataError, match="posterior"):
        net_gain(np.ones((1, 3)) / 3, alike, cost=0.01)
    with pytest.raises(DataError, match="at least one person"):
        Strangers.of(np.zeros((0, 2, 2)), np.zeros(0, dtype=int))
    with pytest.raises(DataError, match="sum to 1"):
        Strangers(confusion=coin(0.8)[None], share=np.array([0.5]))


def test_no_items_are_no_gains() -> None:
    alike = Strangers(confusion=coin(0.8)[None], share=np.ones(1))
    assert net_gain(np.zeros((0, 2)), alike, cost=0.01).shape == (0,)
