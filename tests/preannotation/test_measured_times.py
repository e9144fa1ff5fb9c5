"""What people's own answers say about their times."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.preannotation.measured_times import Timed, measured
from auto_labeling.preannotation.reviewing import Outcome, Review, Reviewed
from auto_labeling.shapes import Box

USUAL = AnnotationTimes()
HERS = replace(
    USUAL, open_s=4.0, draw_box_s=6.0, accept_s=1.6, adjust_s=4.0, delete_s=0.9, relabel_s=4.0
)
BOX = Box(label="car", x=0, y=0, width=0.5, height=0.5)
COST = {
    Outcome.ACCEPT: HERS.accept_s,
    Outcome.ADJUST: HERS.adjust_s,
    Outcome.DELETE: HERS.delete_s,
    Outcome.RELABEL: HERS.relabel_s,
}


def answers(n: int, rng: np.random.Generator, *, noise: float = 0.2) -> list[Timed]:
    """Give n answers of somebody with times of her own; every fourth began with nothing."""
    return [_answer(at % 4 > 0, rng, noise) for at in range(n)]


def _answer(seen: bool, rng: np.random.Generator, noise: float) -> Timed:
    became = rng.choice([*Outcome], size=rng.integers(0, 9)) if seen else []
    drawn = int(rng.integers(0, 6))
    seconds = HERS.open_s + drawn * (HERS.draw_box_s + (HERS.notice_s if seen else 0))
    seconds += sum(COST[Outcome(one)] for one in became)
    made = tuple(Reviewed(label="car", score=0.9, outcome=Outcome(one)) for one in became)
    review = Review(suggestions=made, drawn=(BOX,) * drawn)
    return Timed(review=review, seen=seen, seconds=seconds * math.exp(noise * rng.normal()))


def test_ones_own_times_come_out_however_often_one_goes_for_coffee() -> None:
    given = answers(3000, np.random.default_rng(0))
    given[::30] = [replace(one, seconds=3600.0) for one in given[::30]]
    found = measured(given, USUAL)
    for name in ("open_s", "draw_box_s", "accept_s", "adjust_s", "delete_s", "relabel_s"):
        assert getattr(found, name) == pytest.approx(getattr(HERS, name), rel=0.25), name
    untouched = replace(found, **{name: getattr(USUAL, name) for name in _fitted()})
    assert untouched == USUAL


def _fitted() -> tuple[str, ...]:
    return ("open_s", "draw_box_s", "notice_s", "accept_s", "adjust_s", "delete_s", "relabel_s")


def test_what_nobody_does_keeps_its_time_and_few_answers_say_nothing() -> None:
    rng = np.random.default_rng(1)
    only_drawn = [one for one in answers(200, rng) if not one.seen]
    found = measured(only_drawn, USUAL)
    assert (found.accept_s, found.delete_s) == pytest.approx((USUAL.accept_s, USUAL.delete_s))
    assert found.draw_box_s == pytest.approx(HERS.draw_box_s, rel=0.2)
    unmeasured = [replace(one, seconds=math.nan) for one in answers(100, rng)]
    assert measured(unmeasured + answers(19, rng), USUAL) == USUAL


def test_outlines_have_times_of_their_own() -> None:
    drawn = Review(drawn=(BOX,))
    slow = [Timed(review=drawn, seen=False, seconds=90.0)] * 40
    found = measured(slow, USUAL, is_box=False)
    assert found.draw_mask_s > 60
    assert found.draw_box_s == USUAL.draw_box_s
