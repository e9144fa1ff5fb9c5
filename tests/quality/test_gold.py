"""How right people are about what is known."""

from __future__ import annotations

import pytest

from auto_labeling.quality.gold import score
from auto_labeling.shapes import Box


def box(x: float, label: str = "car", width: float = 0.2) -> Box:
    return Box(label=label, x=x, y=0.1, width=width, height=0.2)


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
