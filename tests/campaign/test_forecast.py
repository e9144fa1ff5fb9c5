from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from auto_labeling.campaign.forecast import Pace, Terms, plan, workdays
from auto_labeling.errors import ConfigurationError

DIGITS = Terms(
    candidates=1347,
    batch=20,
    overlap=3,
    answers_cap=1200,
    money_cap_micros=60_000_000,
    price_micros=50_000,
    heldout=450,
    max_rounds=20,
    tests=20,
    class_count=10,
)

terms = st.builds(
    Terms,
    candidates=st.integers(0, 3000),
    batch=st.integers(1, 100),
    overlap=st.integers(1, 5),
    answers_cap=st.integers(0, 3000),
    money_cap_micros=st.none() | st.integers(0, 10**9),
    price_micros=st.integers(0, 10**6),
    max_rounds=st.none() | st.integers(1, 50),
)


@given(terms)
def test_what_is_bought_keeps_to_every_cap_and_one_item_more_would_not(given_terms: Terms) -> None:
    found = plan(given_terms)

    def allowed(items: int) -> bool:
        answers = items * given_terms.overlap
        money = given_terms.money_cap_micros
        rounds = given_terms.max_rounds
        return (
            items <= given_terms.candidates
            and answers <= given_terms.answers_cap
            and (money is None or answers * given_terms.price_micros <= money)
            and (rounds is None or items <= rounds * given_terms.batch)
        )

    assert allowed(found.items)
    assert not allowed(found.items + 1)
    assert found.answers == found.items * given_terms.overlap
    assert found.money_micros == found.answers * given_terms.price_micros
    assert (found.rounds - 1) * given_terms.batch < found.items <= found.rounds * given_terms.batch


@pytest.mark.parametrize(
    ("change", "binds", "items"),
    [
        ({}, "answers", 400),
        ({"answers_cap": 10_000, "money_cap_micros": 30_000_000}, "money", 200),
        ({"candidates": 90}, "pool", 90),
        ({"max_rounds": 4}, "max_rounds", 80),
        ({"answers_cap": 10_000, "money_cap_micros": None, "max_rounds": None}, "pool", 1347),
    ],
)
def test_the_limit_that_binds_is_named(
    change: dict[str, int | None], binds: str, items: int
) -> None:
    found = plan(replace(DIGITS, **change))  # type: ignore[arg-type] # a table of cases
    assert (found.binds, found.items) == (binds, items)


def test_the_last_item_is_reserved_in_full() -> None:
    bought = [
        plan(replace(DIGITS, answers_cap=9999, money_cap_micros=cap, reserve_micros=100_000)).items
        for cap in (299_999, 300_000, 449_999, 450_000)
    ]
    assert bought == [0, 1, 1, 2]


@settings(max_examples=60)
@given(
    st.integers(1, 500),
    st.integers(1, 4),
    st.lists(st.floats(1, 500), min_size=1, max_size=6),
)
def test_the_days_are_the_first_in_which_different_people_can_do_it(
    items: int, overlap: int, speeds: list[float]
) -> None:
    paces = [Pace(person=str(at), answers_per_day=speed) for at, speed in enumerate(speeds)]
    found = workdays(items, overlap, paces)
    if len(speeds) < overlap:
        assert found == math.inf
        return

    def spare(days: float) -> float:
        return float(np.minimum(np.array(speeds) * days, items).sum() - items * overlap)

    reference = optimize.brentq(lambda days: spare(days) + 1e-9, 0, items / min(speeds) + 1)
    assert found == pytest.approx(reference, rel=1e-6)


def test_the_days_of_nobody_are_unknown_and_of_nothing_none() -> None:
    assert math.isnan(plan(DIGITS).workdays)
    assert workdays(0, 3, [Pace(person="mia", answers_per_day=1)]) == 0


def test_a_control_slice_grows_with_what_is_bought() -> None:
    assert plan(DIGITS).judged == 450
    assert plan(replace(DIGITS, heldout=0)).judged == 80
    assert plan(replace(DIGITS, heldout=0, control=0.0)).judged == 0
    assert plan(replace(DIGITS, heldout=0, control=0.01)).judged == 20  # one a batch at least


def _warning(**change: object) -> str:
    (said,) = plan(replace(DIGITS, **change)).warnings  # type: ignore[arg-type] # a table of cases
    return said


def test_a_target_that_is_far_off_enough_raises_no_warning() -> None:
    assert plan(replace(DIGITS, heldout=900, targets={"accuracy": 0.9})).warnings == ()


def test_too_few_judged_items_are_told_with_how_many_it_takes() -> None:
    said = _warning(heldout=50, targets={"accuracy": 0.9})
    # The smallest n with alpha^(1/n) >= .9, for one of twenty tests.
    least = math.ceil(math.log(0.05 / 20) / math.log(0.9))
    assert f"judge {least} items at the very least" in said
    bound = (0.05 / 20) ** (1 / 50)
    assert f"even with all of them right the lower bound is {bound:.1%}" in said
    assert "cannot show" not in "".join(
        plan(replace(DIGITS, heldout=least, targets={"accuracy": 0.9})).warnings
    )


def test_barely_enough_judged_items_are_told_from_where_they_show_it() -> None:
    said = _warning(heldout=450, targets={"accuracy": 0.9})
    shown = [
        hits / 450
        for hits in range(451)
        if stats.binomtest(hits, 450, 0.9, alternative="greater").pvalue <= 0.05 / 20
    ]
    assert f"450 judged items show accuracy 90.0% only from {min(shown):.1%} right on" in said


def test_a_target_of_one_class_rests_on_that_class() -> None:
    said = _warning(heldout=450, targets={"recall/3": 0.9})
    assert said.startswith("45 judged items of 3 (about 1 in 10) cannot show recall/3 90.0%")
    assert "judge 570 items at the very least" in said


def test_of_metrics_that_are_no_shares_nothing_is_claimed() -> None:
    assert plan(replace(DIGITS, heldout=5, targets={"map50": 0.9, "f1/3": 0.9})).warnings == ()


def test_a_target_that_nothing_judges_is_told() -> None:
    assert "nothing judges" in _warning(heldout=0, control=0.0, targets={"accuracy": 0.9})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answers_cap": 2}, "not a single item: one takes 3 answers and $0.15"),
        ({"answers_cap": 30}, "cap of answers buys 10 items at 3 answers and $0.15 each: less"),
        ({"money_cap_micros": 1_500_000}, "cap of money buys 10 items"),
        ({"batch": 2000, "candidates": 30}, "batch of 2000 is larger than the pool of 30"),
        (
            {"paces": (Pace(person="mia", answers_per_day=9),)},
            "overlap of 3 needs as many people, and 1 are named",
        ),
    ],
)
def test_purchases_that_hardly_make_sense_are_told(change: dict[str, object], said: str) -> None:
    assert said in _warning(**change)


@pytest.mark.parametrize(
    "change", [{"batch": 0}, {"overlap": 0}, {"control": 1.0}, {"candidates": -1}, {"tests": 0}]
)
def test_terms_that_make_no_sense_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(change))):
        replace(DIGITS, **change)  # type: ignore[arg-type] # a table of cases


def test_a_pace_is_above_zero() -> None:
    with pytest.raises(ConfigurationError, match="mia"):
        Pace(person="mia", answers_per_day=0)


def test_adaptive_overlap_is_between_one_opinion_and_the_most_and_within_the_caps() -> None:
    terms = {"candidates": 100, "batch": 10, "overlap": 1, "price_micros": 50_000}
    free = plan(Terms(**terms, adaptive_max=3, answers_cap=1_000))
    assert (free.items, free.fewest_answers, free.answers) == (100, 100, 300)
    few = plan(Terms(**terms, adaptive_max=3, answers_cap=180))
    assert (few.items, few.fewest_answers, few.answers) == (100, 100, 180)
    poor = plan(Terms(**terms, adaptive_max=3, answers_cap=1_000, money_cap_micros=120 * 50_000))
    assert (poor.fewest_answers, poor.answers, poor.money_micros) == (100, 120, 6_000_000)
    fixed = plan(Terms(**terms, answers_cap=1_000))
    assert fixed.fewest_answers == fixed.answers == 100


def test_gold_and_the_slice_are_bought_as_well() -> None:
    few = Terms(candidates=150, batch=15, overlap=1, answers_cap=100, max_rounds=3)
    assert plan(few).answers == 45
    sliced = replace(few, sliced=60, slice_opinions=3)
    assert (plan(sliced).items, plan(sliced).answers) == (45, 100)
    assert plan(replace(sliced, answers_cap=500)).answers == 135
    assert plan(replace(sliced, answers_cap=500, sliced=10)).answers == 65
    gold = replace(few, overlap=2, gold=Fraction(1, 2))
    assert (plan(gold).items, plan(gold).answers, plan(gold).answers_cap) == (33, 99, 100)
    kept = replace(few, max_rounds=None, kept=Fraction(1, 5))
    assert plan(kept).answers == 80, "what adjudicators decide is theirs alone"
    paid = replace(sliced, answers_cap=500, money_cap_micros=6_000_000, price_micros=50_000)
    assert plan(paid).money_micros == 6_000_000
