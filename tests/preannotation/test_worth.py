from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.preannotation.reviewing import Outcome, Review, Reviewed
from auto_labeling.preannotation.savings import outcome_value
from auto_labeling.preannotation.worth import Worth, thresholds

TIMES = AnnotationTimes()
SECONDS = {one: outcome_value(one, TIMES) for one in Outcome}
Chance = Callable[[NDArray[np.float64]], NDArray[np.float64]]
WORLDS: dict[str, Chance] = {
    "calibrated": lambda scores: scores,
    "too sure": lambda scores: scores**3,
    "too unsure": lambda scores: scores**0.3,
    "always wrong": lambda scores: 0.05 + 0 * scores,
    "always right": lambda scores: 0.9 + 0 * scores,
    "right above a half": lambda scores: np.where(scores > 0.5, 0.8, 0.02),
}
REGRET = {0: 3.6, 50: 0.2, 200: 0.06, 1000: 0.02}
"""Reviews -> the mean seconds a suggestion that the choice may lose against knowing all."""


def scores(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Most detections are unsure or sure, as those of detectors are."""
    return 0.05 + 0.95 * rng.beta(0.6, 0.9, n)


def accepted(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many of the real objects need no adjusting."""
    return 0.3 + 0.6 * at


def value(at: NDArray[np.float64], real: Chance) -> NDArray[np.float64]:
    kept = accepted(at) * SECONDS[Outcome.ACCEPT] + (1 - accepted(at)) * SECONDS[Outcome.ADJUST]
    return real(at) * kept + (1 - real(at)) * SECONDS[Outcome.DELETE]


def reviews(rng: np.random.Generator, n: int, real: Chance, label: str = "car") -> list[Review]:
    at = scores(rng, n)
    outcomes = np.where(
        rng.random(n) >= real(at),
        Outcome.DELETE,
        np.where(rng.random(n) < accepted(at), Outcome.ACCEPT, Outcome.ADJUST),
    )
    return [
        Review(suggestions=(Reviewed(label=label, score=float(s), outcome=Outcome(o)),))
        for s, o in zip(at, outcomes, strict=True)
    ]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n", REGRET)
def test_thresholds_are_nearly_as_good_as_the_oracles(world: str, n: int) -> None:
    real = WORLDS[world]
    population = scores(np.random.default_rng(99), 50_000)
    worth = value(population, real)
    oracle = np.clip(worth, 0, None).mean()  # here the worth rises with the score
    gains = []
    for seed in range(20):
        known = reviews(np.random.default_rng(seed), n, real)
        threshold = thresholds(known, ("car",), TIMES)["car"]
        gains.append(np.where(population >= threshold, worth, 0.0).mean())
    assert oracle - np.mean(gains) <= REGRET[n]
    assert min(gains) >= (-40 / n if n else -SECONDS[Outcome.ACCEPT])


def test_without_reviews_the_stated_belief_decides() -> None:
    real = 0.7 * 10.2 + 0.2 * 6 + 0.1 * 9
    expected = (1.8 / (real + 1.8)) ** 0.5
    assert thresholds([], ("car",), TIMES)["car"] == pytest.approx(expected, abs=0.006)
    # Outlines are dearer to draw, so that less sure ones pay.
    assert thresholds([], ("car",), TIMES, is_box=False)["car"] < 0.25


def test_nothing_is_shown_of_a_class_that_is_always_deleted() -> None:
    rng = np.random.default_rng(0)
    known = [
        *reviews(rng, 300, lambda at: 0 * at, "ghost"),
        *reviews(rng, 300, lambda at: 0 * at + 1, "car"),
    ]
    found = thresholds(known, ("ghost", "car", "new"), TIMES)
    assert math.isinf(found["ghost"])
    assert found["car"] < 0.1
    assert 0 < found["new"] < 1  # what the classes have in common


def test_the_cheaper_deleting_is_the_more_is_shown() -> None:
    known = reviews(np.random.default_rng(1), 400, WORLDS["calibrated"])
    found = [
        thresholds(known, ("car",), AnnotationTimes(delete_s=seconds))["car"]
        for seconds in (0.2, 1.8, 9.0)
    ]
    assert found == sorted(found)
    assert found[0] < found[2]


def test_what_is_learned_rises_with_the_score() -> None:
    known = [
        one
        for r in reviews(np.random.default_rng(2), 200, WORLDS["too sure"])
        for one in r.suggestions
    ]
    worth = Worth.believed(TIMES).learned(known, TIMES, weight=5)
    assert (np.diff(worth.scores) > 0).all()
    assert (np.diff(worth.seconds) >= -1e-9).all()
    assert worth.seconds.min() >= SECONDS[Outcome.DELETE] - 1e-9
    assert worth.seconds.max() <= SECONDS[Outcome.ACCEPT] + 1e-9


def test_no_threshold_where_nothing_ever_pays() -> None:
    never = Worth(scores=np.array([0.1, 0.9]), seconds=np.array([-1.0, 0.0]))
    always = Worth(scores=np.array([0.1, 0.9]), seconds=np.array([1.0, 2.0]))
    assert math.isinf(never.threshold)  # a tie shows nothing
    assert always.threshold == pytest.approx(0.05)
