from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.formats.masks import mask_of
from auto_labeling.formats.overlaps import iou, ious
from auto_labeling.preannotation.anchoring import anchoring
from auto_labeling.preannotation.reviewing import Outcome, Review, Reviewed, by_class, reviewed
from auto_labeling.preannotation.savings import saved, seconds_saved
from auto_labeling.shapes import Box, Shape
from tests.formats import shapes

TIMES = AnnotationTimes()
any_shape = st.one_of(shapes.boxes(), shapes.polygons(), shapes.masks())


def box(x: float, width: float = 0.2, label: str = "car", score: float | None = None) -> Box:
    return Box(label=label, x=x, y=0.3, width=width, height=0.4, score=score)


@given(st.lists(any_shape, max_size=4), st.lists(any_shape, max_size=4))
def test_all_overlaps_at_once_are_those_one_by_one(one: list[Shape], other: list[Shape]) -> None:
    expected = np.array([[iou(a, b) for b in other] for a in one]).reshape(len(one), len(other))
    assert np.allclose(ious(one, other), expected)


@pytest.mark.parametrize(
    ("answer", "outcome", "drawn"),
    [
        ((box(0.1),), Outcome.ACCEPT, 0),
        ((box(0.1 + 1e-5, 0.2 - 2e-5),), Outcome.ACCEPT, 0),  # what a tool rounds
        ((box(0.12),), Outcome.ADJUST, 0),  # an IoU of .82: somebody moved it
        ((box(0.2),), Outcome.ADJUST, 0),  # .33
        ((box(0.22),), Outcome.DELETE, 1),  # .25
        ((box(0.1, label="van"),), Outcome.RELABEL, 0),
        ((box(0.12, label="van"),), Outcome.RELABEL, 0),
        ((), Outcome.DELETE, 0),
    ],
)
def test_an_answer_tells_what_became_of_a_suggestion(
    answer: tuple[Box, ...], outcome: Outcome, drawn: int
) -> None:
    made = reviewed((box(0.1, score=0.6),), answer)
    assert made.suggestions == (Reviewed(label="car", score=0.6, outcome=outcome),)
    assert len(made.drawn) == drawn


def test_of_one_who_saw_nothing_a_good_fit_is_enough() -> None:
    made = reviewed((box(0.1, score=0.6),), (box(0.12),), accepted=TIMES.accept_iou)
    assert made.suggestions[0].outcome is Outcome.ACCEPT


def test_suggestions_and_answers_are_paired_for_the_best_of_all() -> None:
    # The nearest pairs first would leave the second suggestion without an answer.
    shown = (box(0.10), box(0.18))
    answered = (box(0.16), box(0.24))
    made = reviewed(shown, answered)
    assert [one.outcome for one in made.suggestions] == [Outcome.ADJUST, Outcome.ADJUST]


def test_of_two_that_fit_alike_the_one_of_the_class_is_meant() -> None:
    answered = (box(0.1, label="van"), box(0.1))
    assert reviewed((box(0.1),), answered).suggestions[0].outcome is Outcome.ACCEPT
    assert reviewed((box(0.1),), answered).drawn == (answered[0],)


def test_masks_are_reviewed_as_boxes_are() -> None:
    pixels = np.zeros((20, 20), np.bool_)
    pixels[4:12, 4:12] = True
    moved = np.roll(pixels, 1, axis=1)
    [one] = reviewed((mask_of("car", pixels, 0.5),), (mask_of("car", moved),)).suggestions
    assert (one.outcome, one.is_box) == (Outcome.ADJUST, False)
    assert seconds_saved(one, TIMES) == 1 + 35 - 12


def test_seconds_are_those_of_the_time_model() -> None:
    values = {o: seconds_saved(Reviewed(label="a", score=1, outcome=o), TIMES) for o in Outcome}
    assert values == pytest.approx({"accept": 10.2, "adjust": 6, "relabel": 9, "delete": -1.8})


def test_savings_are_a_mean_over_pictures_with_limits() -> None:
    def picture(accepted: int, deleted: int) -> Review:
        one = Reviewed(label="car", score=0.9, outcome=Outcome.ACCEPT)
        other = Reviewed(label="van", score=0.5, outcome=Outcome.DELETE)
        return Review(suggestions=(one,) * accepted + (other,) * deleted)

    missed = Review(drawn=(Box(label="car", x=0, y=0, width=0.5, height=0.5),))
    reviews = [picture(2, 1), picture(0, 3), missed]
    found = saved(reviews, TIMES, np.random.default_rng(0))
    # Without suggestions two cars and one are drawn; with them the third is noticed besides.
    assert found.value == pytest.approx((2 * (10 - 0.8) - 1.8 - 5.4 - 1) / 3)
    # All 27 resamples, each as likely, make the exact bootstrap.
    each = [16.6, -5.4, -1]
    exact = [np.mean(some) for some in itertools.product(each, repeat=3)]
    limits = np.quantile(exact, [0.025, 0.975], method="inverted_cdf")
    assert [found.low, found.high] == pytest.approx(limits)
    assert found.n == 3
    assert math.isnan(saved([], TIMES, np.random.default_rng(0)).value)
    assert {name: len(some) for name, some in by_class(reviews).items()} == {"car": 2, "van": 4}


def _pairs(
    rng: np.random.Generator, n: int, agree: float
) -> list[tuple[tuple[Shape, ...], tuple[Shape, ...]]]:
    return [
        (
            (box(0.1, score=0.9), box(0.6, score=0.8)),
            tuple(one for one in (box(0.11), box(0.6)) if rng.random() < agree),
        )
        for _ in range(n)
    ]


def test_anchoring_is_how_much_more_people_agree_with_what_they_saw() -> None:
    covered = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        found = anchoring(_pairs(rng, 60, 0.9), _pairs(rng, 40, 0.7), rng, draws=200)
        covered += found.low <= 0.2 <= found.high
        assert found.n == 40
        assert found.low <= found.value <= found.high
    assert covered >= 25  # 95 % of 30 are 28.5; fewer than 25 has a chance of .3 %


def test_anchoring_is_not_known_where_nothing_was_suggested() -> None:
    rng = np.random.default_rng(0)
    assert math.isnan(anchoring([], _pairs(rng, 3, 1), rng).value)
    assert math.isnan(anchoring(_pairs(rng, 3, 1), [((), (box(0.1),))], rng).value)
