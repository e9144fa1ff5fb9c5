"""How right people are about what is known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.quality.gold import accuracy, score
from auto_labeling.shapes import Box


def box(x: float, label: str = "car", width: float = 0.2) -> Box:
    return Box(label=label, x=x, y=0.1, width=width, height=0.2)


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Published limits: Newcombe (1998), Statistics in Medicine 17, table I, method 5.
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_limits_are_the_published_ones(hits: int, n: int, low: float, high: float) -> None:
    found = accuracy([("mia", at < hits) for at in range(n)])["mia"]
    assert (round(found.low, 4), round(found.high, 4), found.n) == (low, high, n)
    assert found.value == hits / n


def test_each_person_is_judged_by_their_own_answers() -> None:
    found = accuracy([("mia", True), ("li", False), ("mia", True)])
    assert list(found) == ["li", "mia"]
    assert (found["li"].value, found["mia"].value, found["mia"].n) == (0.0, 1.0, 2)
    assert accuracy([]) == {}


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_limits_hold_the_share_and_are_never_nan(rights: list[bool]) -> None:
    found = accuracy([("mia", right) for right in rights])["mia"]
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert not math.isnan(found.low + found.high)


def test_a_drawing_is_right_when_every_shape_matches_one() -> None:
    known = (box(0.1), box(0.5))
    assert score((box(0.52), box(0.11)), known) == 1
    assert score((box(0.1),), known) == pytest.approx(2 / 3)
    assert score((box(0.1), box(0.5), box(0.75)), known) == pytest.approx(4 / 5)
    assert score((), known) == 0
    assert score((), ()) == 1
    assert score((box(0.1, "van"), box(0.5)), known) == pytest.approx(1 / 2)


def test_two_shapes_never_match_the_same_one() -> None:
    assert score((box(0.1), box(0.11)), (box(0.1),)) == pytest.approx(2 / 3)
    # The first could have either; the second only the one that the first would rather have.
    wide, known = (box(0.1, width=0.3), box(0.1)), (box(0.1, width=0.2), box(0.12, width=0.4))
    assert score(wide, known) == 1


def test_who_abstains_from_drawing_is_right_only_where_that_is_known() -> None:
    assert score(("cannot tell",), (box(0.1),)) == 0
    assert score(("cannot tell",), ("cannot tell",)) == 1
