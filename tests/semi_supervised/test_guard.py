"""When audits speak against pseudo-labels: against brute force, and how often that is wrong."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from auto_labeling.errors import DataError
from auto_labeling.semi_supervised.guard import Audited, Judgement, at_most, judge

ASKED = 0.8


def audited(right: int, n: int, confidence: float = 0.9) -> Audited:
    answered = np.ones(n, dtype=np.intp)
    answered[:right] = 0
    return Audited(
        claimed=np.zeros(n, dtype=np.intp), confidence=np.full(n, confidence), answered=answered
    )


def judged(right: int, n: int, confidence: float = 0.9, k: int = 10) -> Judgement:
    return judge(audited(right, n, confidence), asked=ASKED, n_classes=k)


def stopped_by(precision: float, audits: int, confidence: float = 0.9) -> NDArray[np.float64]:
    """Return (audits + 1,) how likely they are off after so many, looked at after every one."""
    alive, off = {0: 1.0}, [0.0]
    for n in range(1, audits + 1):
        after: dict[int, float] = {}
        for right, chance in alive.items():
            for more, p in ((1, precision), (0, 1 - precision)):
                after[right + more] = after.get(right + more, 0.0) + chance * p
        gone = sum(p for right, p in after.items() if judged(right, n, confidence).act == "stop")
        alive = {r: p for r, p in after.items() if judged(r, n, confidence).act != "stop"}
        off.append(off[-1] + gone)
    return np.array(off)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.integers(0, 9))
def test_the_tail_is_the_sum_over_all_that_may_happen(chances: list[float], hits: int) -> None:
    found = 0.0
    for happens in itertools.product((0, 1), repeat=len(chances)):
        if sum(happens) <= hits:
            found += math.prod(p if one else 1 - p for p, one in zip(chances, happens, strict=True))
    assert at_most(hits, np.array(chances)) == pytest.approx(found, abs=1e-12)


@pytest.mark.parametrize(("n", "hits"), [(40, 30), (400, 371)])
def test_equal_chances_make_it_binomial(n: int, hits: int) -> None:
    assert at_most(hits, np.full(n, 0.9)) == pytest.approx(stats.binom(n, 0.9).cdf(hits))


@given(st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_limits_are_scipys(pair: tuple[int, int]) -> None:
    right, n = pair
    found = judged(right, n).precision
    exact = stats.binomtest(right, n).proportion_ci(method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)
    assert (judged(right, n).act == "stop") == (exact.high < ASKED * 0.9)


def test_before_the_first_audit_nothing_is_known_and_nothing_stops() -> None:
    found = judged(0, 0)
    assert (found.act, found.weight, found.reason) == ("keep", 1.0, "")
    assert math.isnan(found.precision.value)


def test_good_ones_are_hardly_ever_stopped_though_every_round_looks() -> None:
    assert stopped_by(0.95, 40)[-1] < 0.001
    assert stopped_by(0.90, 40)[-1] < 0.005


def test_bad_ones_are_stopped() -> None:
    assert stopped_by(1 / 3, 20)[-1] > 0.95
    assert stopped_by(0.5, 40)[-1] > 0.85
    assert stopped_by(0.6, 40)[-1] > 0.45


def test_what_claims_little_may_be_wrong_often() -> None:
    assert judged(30, 60, confidence=0.5).act == "keep"
    assert judged(30, 60, confidence=0.9).act == "stop"


@pytest.mark.parametrize("confidence", [0.85, 0.9, 0.99])
def test_confidences_that_hold_are_rarely_doubted(confidence: float) -> None:
    n = 40
    pmf = stats.binom(n, confidence).pmf(np.arange(n + 1))
    doubted = [judged(right, n, confidence).act != "keep" for right in range(n + 1)]
    assert pmf[doubted].sum() <= 0.05


def test_what_was_claimed_too_high_weighs_less_and_the_more_so_the_worse_it_is() -> None:
    weights = [judged(right, 40, 0.99).weight for right in (34, 36, 38, 40)]
    assert weights == sorted(weights)
    assert weights[-1] == 1.0
    assert all(0.1 <= one < 1 for one in weights[:2])


def test_one_wrong_label_moves_the_weight_little_and_stops_nothing() -> None:
    found = judged(0, 1, 0.99)
    assert found.act == "calm"
    assert found.weight == pytest.approx((4 * 0.99 / 5 - 0.1) / (0.99 - 0.1))


@pytest.mark.parametrize("wrong", [math.nan, -0.1, 1.1])
def test_a_confidence_that_is_no_chance_is_refused(wrong: float) -> None:
    with pytest.raises(DataError, match="chances in"):
        audited(1, 2, wrong)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match="answered"):
        Audited(
            claimed=np.zeros(2, dtype=np.intp),
            confidence=np.ones(2),
            answered=np.zeros(3, dtype=np.intp),
        )
