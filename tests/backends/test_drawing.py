"""Simulated people who draw: how well, from nothing or from a suggestion, and how long it takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.backends.simulated.chance import count
from auto_labeling.backends.simulated.crew import crew
from auto_labeling.backends.simulated.framing import framed
from auto_labeling.backends.simulated.imagined import Imagined
from auto_labeling.backends.simulated.said import Said
from auto_labeling.backends.simulated.truth import Truth
from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.formats.overlaps import iou
from auto_labeling.preannotation.anchoring import anchoring
from auto_labeling.preannotation.reviewing import Outcome, reviewed
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.formats import shapes

CLASSES = ("car", "van", "bus", "dog")
PERFECT = {"name": "mia", "accuracy": 1.0, "jitter": 0.0, "misses": 0.0, "extras": 0.0}
SCHEMA = LabelSchema(task="boxes", classes=CLASSES)
TIMES = AnnotationTimes(sigma=0.0)
FORMS: Mapping[str, st.SearchStrategy[Shape]] = {
    "boxes": shapes.boxes(),
    "polygons": shapes.polygons(),
    "masks": shapes.masks(),
}


def box(x: float, y: float, side: float = 0.2, label: str = "car") -> Box:
    return Box(label=label, x=x, y=y, width=side, height=side)


def world(
    truth: Mapping[str, Value],
    schema: LabelSchema = SCHEMA,
    times: AnnotationTimes = TIMES,
    **skill: Any,
) -> Imagined:
    [person] = crew([{**PERFECT, **skill}], {})
    return Imagined(
        seed=0,
        people={person.name: person},
        truth=Truth(
            path=Path("truth.csv"),
            rows={item: at for at, item in enumerate(truth)},
            codes=np.arange(len(truth), dtype=np.int32),
            values=tuple(truth.values()),
        ),
        schema=schema,
        times=times,
    )


def drawn(said: Said) -> tuple[Shape, ...]:
    assert said.value is not None
    return tuple(one for one in said.value if not isinstance(one, str))


def many(truth: Sequence[Shape], n: int, **skill: Any) -> list[tuple[Shape, ...]]:
    there = world({str(at): tuple(truth) for at in range(n)}, **skill)
    return [drawn(there.answer("mia", str(at), 0, None)) for at in range(n)]


@pytest.mark.parametrize("task", FORMS)
@settings(deadline=None)
@given(data=st.data())
def test_a_perfect_hand_draws_the_truth(task: Any, data: st.DataObject) -> None:
    true = tuple(data.draw(st.lists(FORMS[task], max_size=4)))
    schema = LabelSchema(task=task, classes=shapes.LABELS)
    said = drawn(world({"a": true}, schema).answer("mia", "a", 0, None))
    assert [one.label for one in said] == [one.label for one in true]
    for one, other in zip(said, true, strict=True):
        assert type(one) is type(other)
        assert bounds(one) == pytest.approx(bounds(other), abs=1e-9)
        if isinstance(one, Mask):
            assert one == other


@pytest.mark.parametrize("task", FORMS)
@settings(deadline=None)
@given(data=st.data())
def test_no_hand_draws_what_is_no_answer(task: Any, data: st.DataObject) -> None:
    true = tuple(data.draw(st.lists(FORMS[task], max_size=3)))
    shown = tuple(data.draw(st.lists(FORMS[task], max_size=3)))
    schema = LabelSchema(task=task, classes=shapes.LABELS)
    skill = data.draw(st.sampled_from([0.05, 0.5, 1.0]))
    clumsy = world({"a": true}, schema, accuracy=0.5, jitter=skill, extras=3, anchoring=0.3)
    for ordinal, start in ((0, None), (1, shown)):
        said = clumsy.answer("mia", "a", ordinal, start)
        assert math.isfinite(said.seconds)
        assert said.seconds > 0
        for one in drawn(said):
            assert isinstance(one, Box | Polygon | Mask)
            assert min(bounds(one)) >= 0
            assert max(bounds(one)) <= 1
            assert one.score is None
            assert one.label in shapes.LABELS


def test_edges_objects_and_classes_go_wrong_as_often_as_configured() -> None:
    true = [box(0.4, 0.4)]
    said = many(true, 3000, accuracy=0.8, jitter=0.1, misses=0.25)
    assert sum(not one for one in said) / 3000 == pytest.approx(0.25, abs=0.03)
    seen = [shape for [shape] in filter(None, said)]
    slips = (np.array([bounds(shape) for shape in seen]) - bounds(true[0])) / 0.2
    assert slips.std(axis=0) == pytest.approx(0.1, abs=0.01)
    assert slips.mean(axis=0) == pytest.approx(0.0, abs=0.01)
    assert np.abs(np.corrcoef(slips.T) - np.eye(4)).max() < 0.08
    for name in CLASSES:
        share = sum(shape.label == name for shape in seen) / len(seen)
        assert share == pytest.approx(0.8 if name == "car" else 0.2 / 3, abs=0.03)


def test_as_many_objects_are_imagined_as_configured() -> None:
    for true in ([], [box(0.4, 0.4)]):
        extras = [len(said) - len(true) for said in many(true, 3000, extras=0.5)]
        shares = [extras.count(often) / 3000 for often in range(4)]
        assert shares == pytest.approx([0.607, 0.303, 0.076, 0.013], abs=0.03)  # Poisson


@settings(deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.floats(0, 30))
def test_a_count_is_where_poisson_s_distribution_passes_a_chance(
    chance: float, expected: float
) -> None:
    often = count(chance, expected)
    assert poisson.cdf(often, expected) >= chance - 1e-9
    assert often == 0 or poisson.cdf(often - 1, expected) <= chance + 1e-9


def test_a_picture_with_nothing_on_it_is_an_answer() -> None:
    said = world({"a": ()}).answer("mia", "a", 0, None)
    assert (said.value, said.touched) == ((), None)


# What becomes of one suggested shape, where the truth is a car of side .2 at (.1, .1) and a van at
# (.6, .6). A box of the same size moved by d of its side overlaps by (1 - d) / (1 + d).
CAR, VAN = box(0.1, 0.1), box(0.6, 0.6, label="van")
NEAR, FAR, BESIDE = box(0.12, 0.1), box(0.2, 0.1), box(0.26, 0.1)
REVIEWS: list[tuple[str, tuple[Shape, ...], tuple[Shape, ...], list[float]]] = [
    ("all is right", (CAR, VAN), (CAR, VAN), [0.8, 0.8]),
    ("near enough is left as it is", (NEAR, VAN), (NEAR, VAN), [0.8, 0.8]),
    ("too far is adjusted", (FAR, VAN), (CAR, VAN), [5.0, 0.8]),
    ("beside it is deleted and drawn", (BESIDE, VAN), (VAN, CAR), [1.8, 0.8, 1.0, 10.0]),
    ("another class", (box(0.12, 0.1, label="bus"), VAN), (NEAR, VAN), [2.0, 0.8]),
    ("both wrong", (box(0.2, 0.1, label="bus"), VAN), (CAR, VAN), [5.0, 2.0, 0.8]),
    ("twice", (CAR, NEAR, VAN), (CAR, VAN), [0.8, 1.8, 0.8]),
    ("twice, of two classes", (box(0.1, 0.1, label="bus"), CAR, VAN), (CAR, VAN), [1.8, 0.8, 0.8]),
    ("one is missing", (CAR,), (CAR, VAN), [0.8, 1.0, 10.0]),
    ("nothing was suggested", (), (CAR, VAN), [1.0, 10.0, 1.0, 10.0]),
]


@pytest.mark.parametrize(
    ("shown", "answered", "acts_s"), [case[1:] for case in REVIEWS], ids=[c[0] for c in REVIEWS]
)
def test_a_suggestion_is_accepted_adjusted_relabeled_deleted_or_completed(
    shown: tuple[Shape, ...], answered: tuple[Shape, ...], acts_s: list[float]
) -> None:
    there = world({"a": (CAR, VAN)})
    said = there.answer("mia", "a", 0, shown)
    assert len(drawn(said)) == len(answered)
    for one, other in zip(drawn(said), answered, strict=True):
        assert one.label == other.label
        assert bounds(one) == pytest.approx(bounds(other), abs=1e-12)
    assert said.touched is (set(shown) != set(answered))
    pace = there.people["mia"].pace(0)
    assert said.seconds == pytest.approx(pace * (2.0 + sum(acts_s)))


def test_shapes_drawn_from_nothing_cost_what_the_fixed_model_says() -> None:
    there = world({"a": (CAR, VAN)})
    pace = there.people["mia"].pace(0)
    assert there.answer("mia", "a", 0, None).seconds == pytest.approx(pace * (2.0 + 2 * 10.0))
    outline = Polygon(label="car", points=((0.1, 0.1), (0.5, 0.1), (0.1, 0.5)))
    far = Polygon(label="car", points=((0.2, 0.1), (0.6, 0.1), (0.2, 0.5)))
    traced = world({"a": (outline,)}, LabelSchema(task="polygons", classes=CLASSES))
    assert traced.answer("mia", "a", 0, None).seconds == pytest.approx(pace * (2.0 + 35.0))
    assert traced.answer("mia", "a", 0, (far,)).seconds == pytest.approx(pace * (2.0 + 12.0))


def test_every_act_has_noise_of_its_own() -> None:
    true = {str(n): (CAR,) for n in range(3000)}
    there = world(true, times=AnnotationTimes(open_s=1e-9))
    pace = there.people["mia"].pace(0)
    logs = [math.log(there.answer("mia", n, 0, None).seconds / (10 * pace)) for n in true]
    assert np.mean(logs) == pytest.approx(0.0, abs=0.02)
    assert np.std(logs) == pytest.approx(0.35, abs=0.02)
    two = world(dict.fromkeys(true, (CAR, VAN)), times=AnnotationTimes(open_s=1e-9))
    both = [two.answer("mia", n, 0, None).seconds / (20 * pace) for n in true]
    assert np.std(both) == pytest.approx(np.std(np.exp(logs)) / math.sqrt(2), rel=0.1)


def test_the_same_suggestion_gets_the_same_answer_and_another_leaves_other_objects() -> None:
    skill: dict[str, Any] = {"accuracy": 0.7, "jitter": 0.1, "misses": 0.3, "extras": 1.0}
    true = {str(n): (CAR, VAN) for n in range(60)}
    here, there = world(true, **skill), world(dict(reversed(true.items())), **skill)
    for shown in (None, (), (NEAR,), (FAR, box(0.5, 0.1))):
        said = {item: here.answer("mia", item, 0, shown) for item in true}
        assert said == {item: there.answer("mia", item, 0, shown) for item in reversed(true)}
    for item in true:
        # What a person overlooks and takes for what else does not depend on what else is shown.
        alone = [one.label for one in drawn(here.answer("mia", item, 0, ()))]
        assert alone == [one.label for one in drawn(here.answer("mia", item, 0, None))]


def test_somebody_who_is_led_leaves_all_as_it_is() -> None:
    led = world({"a": (CAR, VAN)}, anchoring=1.0)
    for shown in ((FAR, box(0.5, 0.1, label="dog")), (box(0.1, 0.1, label="bus"),), ()):
        said = led.answer("mia", "a", 0, shown)
        assert (said.value, said.touched) == (shown, False)
    assert led.answer("mia", "a", 0, None) == world({"a": (CAR, VAN)}).answer("mia", "a", 0, None)


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_the_blind_slice_shows_how_much_people_are_led(share: float) -> None:
    n = 1500
    there = world({str(at): (CAR, VAN) for at in range(n)}, anchoring=share, jitter=0.05)
    shown = (FAR, VAN)  # one that people should adjust
    seen = [(shown, drawn(there.answer("mia", str(at), 0, shown))) for at in range(n)]
    unseen = [(shown, drawn(there.answer("mia", str(at), 1, None))) for at in range(n)]
    measured = anchoring(seen, unseen, np.random.default_rng(0), draws=200)
    assert measured.value == pytest.approx(share / 2, abs=0.05)
    left = [reviewed(*pair).suggestions[0].outcome is Outcome.ACCEPT for pair in seen]
    assert np.mean(left) == pytest.approx(share, abs=0.04)


def test_what_a_suggestion_lacks_is_overlooked_more_often_by_somebody_who_is_led() -> None:
    true = {str(n): (CAR, VAN) for n in range(3000)}
    there = world(true, misses=0.2, anchoring=0.5)
    lacking = [len(drawn(there.answer("mia", n, 0, (CAR,)))) == 1 for n in true]
    assert np.mean(lacking) == pytest.approx(1 - 0.8 * 0.5, abs=0.03)


def test_a_score_of_a_model_is_no_score_of_a_person() -> None:
    sure = Box(label="car", x=0.1, y=0.1, width=0.2, height=0.2, score=0.9)
    said = world({"a": (CAR,)}).answer("mia", "a", 0, (sure,))
    assert (said.value, said.touched) == ((CAR,), False)


def test_abstaining_and_skipping_end_the_drawing() -> None:
    schema = LabelSchema(task="boxes", classes=CLASSES, abstain=("cannot tell",))
    assert world({"a": (CAR,)}, schema, abstain=1.0).answer("mia", "a", 0, (CAR,)).value == (
        "cannot tell",
    )
    skipped = world({"a": (CAR,)}, skip=1.0).answer("mia", "a", 0, (CAR,))
    assert (skipped.value, skipped.touched) == (None, None)


def test_a_confusion_matrix_says_what_objects_are_taken_for() -> None:
    schema = LabelSchema(task="boxes", classes=("car", "van"))
    [person] = crew([{"confusion": [[0.5, 0.5], [0, 1]], "misses": 0, "extras": 0}], {})
    person.check(schema)
    said = [person.choose("car", (at + 0.5) / 100, schema.classes) for at in range(100)]
    assert said.count("van") == 50


def test_one_class_is_never_confused() -> None:
    schema = LabelSchema(task="boxes", classes=("car",))
    said = drawn(world({"a": (CAR,)}, schema, accuracy=0.0).answer("mia", "a", 0, None))
    assert [one.label for one in said] == ["car"]


@settings(deadline=None)
@given(shapes.pixels(most=12), st.integers(0, 8), st.integers(0, 8))
def test_a_mask_moved_by_whole_pixels_is_the_same_pixels_elsewhere(
    made: Any, down: int, right: int
) -> None:
    height, width = made.shape
    room = np.zeros((height + 8, width + 8), bool)
    room[:height, :width] = made
    moved = np.roll(room, (down, right), axis=(0, 1))
    there = framed(mask_of("car", room), bounds(mask_of("car", moved)))
    assert isinstance(there, Mask)
    assert pixels_of(there).tolist() == moved.tolist()


@settings(deadline=None)
@given(shapes.polygons(), shapes.boxes())
def test_an_outline_fills_its_new_frame_and_keeps_its_share_of_it(
    outline: Polygon, frame: Box
) -> None:
    fitted = framed(outline, bounds(frame))
    assert bounds(fitted) == pytest.approx(bounds(frame), abs=1e-9)
    left, top, right, bottom = bounds(outline)
    share = outline.area / ((right - left) * (bottom - top))
    assert fitted.area / frame.area == pytest.approx(share, rel=1e-3)


def test_usual_hands_overlap_the_truth_as_the_median_person_of_crowd_boxes_does() -> None:
    [person] = crew([1.0], {})
    said = many([box(0.4, 0.4)], 3000, jitter=person.skill.jitter)
    overlaps = [iou(shape, box(0.4, 0.4)) for [shape] in said]
    assert np.median(overlaps) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(
    ("skill", "complaint"),
    [
        ({"jitter": -0.1}, r"annotators\[0\].jitter: expected a number from 0 to 1, got -0.1"),
        ({"misses": 2}, r"annotators\[0\].misses: expected a number from 0 to 1, got 2"),
        ({"extras": math.inf}, r"annotators\[0\].extras: expected a number 0 or more"),
        ({"anchoring": "much"}, r"annotators\[0\].anchoring: expected a number from 0 to 1"),
    ],
)
def test_a_hand_that_cannot_be_is_refused(skill: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        crew([{"accuracy": 1.0, **skill}], {})
