from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality.majority import Majority
from auto_labeling.records import LabelSchema
from tests.contracts.consensus import MULTI, SINGLE, ConsensusContract, votes


class TestMajority(ConsensusContract):
    consensus = Majority()


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(SINGLE.classes))))
def test_it_decides_as_counting_by_hand_does(pairs: list[tuple[str, str]]) -> None:
    for verdict in Majority().resolve(votes(*pairs), SINGLE):
        counts = Counter(name for item, name in pairs if item == verdict.item_id)
        (first, most), *rest = counts.most_common()
        tied = bool(rest) and rest[0][1] == most
        assert verdict.value == (None if tied else first)
        assert verdict.confidence == (0.0 if tied else most / counts.total())
        assert verdict.votes == counts.total()


names = st.lists(st.sampled_from(MULTI.classes), max_size=4).map(tuple)


@given(st.lists(st.tuples(st.sampled_from("abc"), names)))
def test_a_set_is_decided_class_by_class(pairs: list[tuple[str, tuple[str, ...]]]) -> None:
    for verdict in Majority().resolve(votes(*pairs), MULTI):
        sets = [set(chosen) for item, chosen in pairs if item == verdict.item_id]
        shares = {name: sum(name in one for one in sets) / len(sets) for name in MULTI.classes}
        if 0.5 in shares.values():
            assert (verdict.value, verdict.confidence) == (None, 0.0)
        else:
            assert verdict.value == tuple(name for name in MULTI.classes if shares[name] > 0.5)
            assert verdict.confidence == min(max(one, 1 - one) for one in shares.values())


def test_nobody_choosing_anything_is_an_answer_of_a_set() -> None:
    (verdict,) = Majority().resolve(votes(("a", ()), ("a", ()), ("a", ("cat",))), MULTI)
    assert verdict.value == ()
    assert verdict.confidence == pytest.approx(2 / 3)


def test_a_set_with_an_abstention_in_it_abstains() -> None:
    (verdict,) = Majority().resolve(votes(("a", ("cat",)), ("a", ("cannot_tell",))), MULTI)
    assert (verdict.value, verdict.votes) == (("cat",), 1)


def test_abstentions_alone_are_no_empty_set() -> None:
    (verdict,) = Majority().resolve(votes(("a", ("cannot_tell",))), MULTI)
    assert (verdict.value, verdict.confidence, verdict.votes) == (None, 0.0, 0)


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [(SINGLE, ("cat",), "expected one class"), (MULTI, "cat", "expected a set of classes")],
)
def test_an_answer_of_the_other_task_is_refused(
    schema: LabelSchema, value: str | tuple[str, ...], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        Majority().resolve(votes(("a", value)), schema)


def test_a_task_that_it_cannot_decide_is_named() -> None:
    boxes = LabelSchema(task="boxes", classes=("car",))
    with pytest.raises(ConfigurationError, match="'boxes'"):
        Majority().resolve([], boxes)
