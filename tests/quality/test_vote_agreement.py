"""How far people agree, held against the definitions taken literally."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.ports import Vote
from auto_labeling.quality.agreement import krippendorff_alpha
from auto_labeling.quality.confused_pairs import ConfusedPair, confused_pairs
from auto_labeling.quality.set_alpha import SetAlpha
from auto_labeling.quality.vote_agreement import VoteAgreement, vote_agreement
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box

CLASSES = ("ant", "bee", "cat")
SINGLE = LabelSchema(task="single", classes=CLASSES, abstain=("cannot tell",))
MULTI = LabelSchema(task="multi", classes=CLASSES)
BOXES = LabelSchema(task="boxes", classes=CLASSES)

of_one_class = st.lists(st.lists(st.sampled_from(CLASSES), max_size=4), max_size=8)
of_sets = st.lists(
    st.lists(st.frozensets(st.sampled_from(CLASSES)).map(sorted).map(tuple), max_size=4),
    max_size=8,
)


def votes(answers: list[list[Value]]) -> list[Vote]:
    """Return a vote for each answer in the rows of the items."""
    return [
        Vote(item_id=f"i{row}", person=f"p{at}", value=value)
        for row, values in enumerate(answers)
        for at, value in enumerate(values)
    ]


def agreement(answers: list[list[Value]], schema: LabelSchema = SINGLE) -> VoteAgreement:
    return vote_agreement(votes(answers), schema, np.random.default_rng(0))


def literal_alpha(answers: list[list[Value]]) -> float:
    """Return 1 - Do / De over all pairs, the distance being how many classes are not shared."""

    def apart(one: Value, other: Value) -> int:
        sets = [{value} if isinstance(value, str) else set(value) for value in (one, other)]
        return len(sets[0] ^ sets[1])

    shared = [values for values in answers if len(values) >= 2]
    everything = [value for values in shared for value in values]
    n = len(everything)
    expected = sum(apart(*pair) for pair in permutations(everything, 2))
    if not expected:
        return math.nan
    observed = sum(
        sum(apart(*pair) for pair in permutations(values, 2)) / (len(values) - 1)
        for values in shared
    )
    return 1 - (observed / n) / (expected / (n * (n - 1)))


@given(of_one_class | of_sets)
@settings(max_examples=100, deadline=None)
def test_alpha_is_one_less_what_is_observed_over_what_is_expected(
    answers: list[list[Value]],
) -> None:
    several = any(not isinstance(value, str) for values in answers for value in values)
    found = agreement(answers, MULTI if several else SINGLE).alpha.value
    assert found == pytest.approx(literal_alpha(answers), nan_ok=True)


@given(of_one_class)
@settings(max_examples=100, deadline=None)
def test_a_single_class_is_a_set_as_well(answers: list[list[str]]) -> None:
    counts = np.array(
        [[Counter(values)[name] for name in CLASSES] for values in answers], dtype=np.intp
    ).reshape(-1, 3)
    terms = SetAlpha().terms(counts, counts.sum(axis=1)).sum(axis=0, keepdims=True)
    expected = krippendorff_alpha(counts) if len(counts) else math.nan
    assert SetAlpha().value(terms)[0] == pytest.approx(expected, nan_ok=True)


@given(of_one_class | of_sets)
@settings(max_examples=100, deadline=None)
def test_percent_and_pairs_are_counted(answers: list[list[Value]]) -> None:
    several = any(not isinstance(value, str) for values in answers for value in values)
    found = agreement(answers, MULTI if several else SINGLE)
    shared = [values for values in answers if len(values) >= 2]
    equal = [
        np.mean([set(one) == set(other) for one, other in combinations(values, 2)])
        for values in shared
    ]
    assert found.percent.value == pytest.approx(np.mean(equal) if equal else math.nan, nan_ok=True)
    assert (found.items, found.answers) == (len(shared), sum(map(len, shared)))
    differing = {
        f"i{row}"
        for row, values in enumerate(answers)
        for one, other in combinations(values, 2)
        if one != other
    }
    assert {item for pair in found.confused for item in pair.items} == differing
    counts = [len(pair.items) for pair in found.confused]
    assert counts == sorted(counts, reverse=True)


def test_limits_hold_the_figure_and_whole_groups_make_them_wider() -> None:
    rng = np.random.default_rng(5)
    truth = rng.integers(3, size=60).repeat(4)  # items of one group are as hard as each other
    hard = rng.random(60).repeat(4) < 0.3
    said = np.where(hard[:, None] & (rng.random((240, 2)) < 0.7), rng.integers(3, size=(240, 2)), 0)
    answers: list[list[Value]] = [
        [CLASSES[(right + one) % 3] for one in row] for right, row in zip(truth, said, strict=True)
    ]
    groups = {f"i{at}": f"g{at // 4}" for at in range(240)}
    alone = agreement(answers).alpha
    grouped = vote_agreement(votes(answers), SINGLE, np.random.default_rng(0), groups).alpha
    assert alone.value == grouped.value
    assert grouped.low < alone.low < alone.value < alone.high < grouped.high


def test_agreement_on_each_class_is_that_on_it_or_another() -> None:
    answers: list[list[Value]] = [["ant", "ant"], ["bee", "cat"], ["cat", "bee"], ["bee", "bee"]]
    found = agreement(answers)
    assert list(found.by_class) == ["ant", "bee", "cat"]
    assert found.by_class["ant"].value == 1
    yes_or_no: list[list[Value]] = [
        ["ant" if value == "cat" else "bee" for value in values] for values in answers
    ]
    assert found.by_class["cat"].value == pytest.approx(literal_alpha(yes_or_no))


def test_who_cannot_tell_agrees_and_disagrees_with_nobody() -> None:
    answers: list[list[Value]] = [["ant", "bee"], ["ant", "cannot tell"], ["bee", "bee"]]
    found = agreement(answers)
    assert (found.items, found.answers, found.abstained) == (2, 4, 1)
    assert found.confused == (ConfusedPair(one="ant", other="bee", items=("i0",)),)


@pytest.mark.parametrize(
    "answers",
    [[], [["ant"]], [["ant"], ["bee"]], [["ant", "ant"]], [["ant", "ant"], ["ant", "ant"]]],
)
def test_what_cannot_be_told_is_nan(answers: list[list[Value]]) -> None:
    found = agreement(answers)
    assert math.isnan(found.alpha.value)
    assert math.isnan(found.alpha.high)
    assert found.confused == ()


def test_a_class_that_only_some_say_is_confused_with_none() -> None:
    sets: list[list[Value]] = [
        [("ant", "bee"), ("ant",)],
        [("ant", "bee"), ("bee", "ant")],
        [("ant",), ("cat",)],
        [(), ("bee",)],
    ]
    assert confused_pairs(votes(sets), MULTI) == [
        ConfusedPair(one="bee", other=None, items=("i0", "i3")),
        ConfusedPair(one="ant", other="cat", items=("i2",)),
    ]


def box(label: str, x: float) -> Box:
    return Box(label=label, x=x, y=0.1, width=0.2, height=0.2)


def test_drawings_differ_in_the_class_of_an_object_or_in_what_is_there() -> None:
    drawn: list[list[Value]] = [
        [(box("ant", 0.1),), (box("bee", 0.11),)],
        [(box("ant", 0.1), box("cat", 0.6)), (box("ant", 0.1),)],
        [(box("cat", 0.3),), (box("cat", 0.3),)],
        [(), ()],
    ]
    found = agreement(drawn, BOXES)
    assert set(found.confused) == {
        ConfusedPair(one="ant", other="bee", items=("i0",)),
        ConfusedPair(one="cat", other=None, items=("i1",)),
    }
    assert found.items == 4
    assert found.percent.value == pytest.approx(2 * 2 / 7)
    assert 0 < found.alpha.value < 1
    assert set(found.by_class) == set(CLASSES)
