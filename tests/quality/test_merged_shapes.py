from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.formats.overlaps import iou
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.merged_shapes import MergedShapes
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.formats import shapes as drawn

BOXES = LabelSchema(task="boxes", classes=("car", "van"), abstain=("cannot tell",))
ANY = LabelSchema(task="polygons", classes=drawn.LABELS)
any_shape = st.one_of(drawn.boxes(), drawn.polygons(), drawn.masks())
answers = st.lists(st.lists(any_shape, max_size=3).map(tuple), min_size=1, max_size=4)


def box(x: float, label: str = "car", width: float = 0.2) -> Box:
    return Box(label=label, x=x, y=0.2, width=width, height=0.5)


def votes(item: str = "1", **said: Value) -> list[Vote]:
    return [Vote(item_id=item, person=person, value=value) for person, value in said.items()]


def one(said: list[Vote], schema: LabelSchema = BOXES) -> Verdict:
    [verdict] = MergedShapes().resolve(said, schema)
    return verdict


def shapes_of(verdict: Verdict) -> list[Shape]:
    return [shape for shape in verdict.value or () if not isinstance(shape, str)]


@settings(deadline=None, max_examples=30)
@given(answers, st.randoms(use_true_random=False))
def test_any_drawings_make_a_verdict_that_the_order_does_not_change(
    drawings: list[tuple[Shape, ...]], random: Random
) -> None:
    said = [
        Vote(item_id=f"{at % 2}", person="abc"[at % 3], value=value)
        for at, value in enumerate(drawings)
    ]
    before = {verdict.item_id: verdict for verdict in MergedShapes().resolve(said, ANY)}
    assert list(before) == list(dict.fromkeys(vote.item_id for vote in said))
    for verdict in before.values():
        assert 0 <= verdict.confidence <= 1
        assert all(0 <= (shape.score or 0) <= 1 for shape in shapes_of(verdict))
    random.shuffle(said)
    assert {verdict.item_id: verdict for verdict in MergedShapes().resolve(said, ANY)} == before


@settings(deadline=None, max_examples=30)
@given(st.lists(any_shape, max_size=5).map(tuple))
def test_a_single_drawing_stands_as_it_is(value: tuple[Shape, ...]) -> None:
    verdict = one(votes(li=value), ANY)
    assert sorted(map(repr, verdict.value or ())) == sorted(map(repr, value))
    assert (verdict.votes, verdict.dissent) == (1, ())


def test_people_who_agree_are_believed_and_who_stands_alone_is_dissent() -> None:
    everybody = {name: (box(0.1), box(0.6)) for name in ("li", "mia", "sam")}
    alone = box(0.38, width=0.1)
    said = [vote for at in range(20) for vote in votes(f"{at}", **everybody)]
    said += votes("odd", li=(box(0.1), alone), mia=(box(0.1),), sam=(box(0.1),), kim=(box(0.1),))
    *same, odd = MergedShapes().resolve(said, BOXES)
    for verdict in same:
        assert [shape.x for shape in shapes_of(verdict) if isinstance(shape, Box)] == [
            pytest.approx(0.1),
            pytest.approx(0.6),
        ]
        assert verdict.confidence > 0.95
    assert len(shapes_of(odd)) == 1
    assert odd.dissent == (alone,)


def test_nothing_drawn_is_an_answer_and_abstentions_do_not_count() -> None:
    verdict = one(votes(li=(), mia=(), sam=("cannot tell",)))
    assert (verdict.value, verdict.confidence, verdict.votes) == ((), 1.0, 2)
    nobody = one(votes(li=("cannot tell",)))
    assert (nobody.value, nobody.confidence, nobody.votes) == (None, 0.0, 0)


def test_the_class_is_what_most_say_and_the_outvoted_is_dissent() -> None:
    van = box(0.11, "van")
    verdict = one(votes(li=(box(0.1),), mia=(van,), sam=(box(0.1),)))
    assert [shape.label for shape in shapes_of(verdict)] == ["car"]
    assert verdict.dissent == (van,)


def test_two_answers_of_one_person_are_two_drawings_by_the_same_hand() -> None:
    said = [Vote(item_id="1", person="li", value=(box(x),)) for x in (0.1, 0.1)]
    verdict = one([*said, *votes(mia=(box(0.1),))])
    assert (len(shapes_of(verdict)), verdict.votes) == (1, 3)


def test_two_objects_of_one_person_are_never_one() -> None:
    close = (box(0.10), box(0.14))
    verdict = one(votes(li=close, mia=close, sam=close))
    assert len(shapes_of(verdict)) == 2


def test_exact_people_say_where_an_edge_is() -> None:
    rng = np.random.default_rng(0)
    blur = {"li": 0.002, "mia": 0.004, "sam": 0.015, "kim": 0.02}
    said, truth = [], {}
    for at in range(200):
        x, width = rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.3)
        truth[f"{at}"] = box(x, width=width)
        for name, scale in blur.items():
            begin, end = x + rng.normal(0, scale), x + width + rng.normal(0, scale)
            said += votes(f"{at}", **{name: (box(begin, width=end - begin),)})
    merged = MergedShapes().resolve(said, BOXES)
    off = [abs(shapes_of(v)[0].x - truth[v.item_id].x) for v in merged]  # type: ignore[union-attr]
    means = {
        item: np.mean([v.value[0].x for v in said if v.item_id == item])  # type: ignore[union-attr]
        for item in truth
    }
    plain = [abs(means[item] - truth[item].x) for item in truth]
    assert np.mean(off) < np.mean(plain) / 2


def test_the_careful_outweigh_more_careless_people() -> None:
    rng = np.random.default_rng(1)
    sees = {"a": 0.97, "b": 0.97, "c": 0.6, "d": 0.6, "e": 0.6}
    adds = {"a": 0.01, "b": 0.01, "c": 0.4, "d": 0.4, "e": 0.4}
    said, right, plain = [], 0, 0
    for at in range(400):
        for name, share in sees.items():
            real = rng.random() < share
            false = rng.random() < adds[name]
            value = (box(0.1),) * real + (box(0.6),) * false
            said.append(Vote(item_id=f"{at}", person=name, value=value))
    for verdict in MergedShapes().resolve(said, BOXES):
        places = [round(shape.x, 1) for shape in shapes_of(verdict) if isinstance(shape, Box)]
        right += places == [0.1]
        drew = [v.value for v in said if v.item_id == verdict.item_id]
        counts = [sum(box(x) in value for value in drew) >= 3 for x in (0.1, 0.6)]
        plain += counts == [True, False]
    assert right > plain + 40


@settings(deadline=None, max_examples=20)
@given(drawn.pixels())
def test_masks_that_agree_stay_to_the_pixel(pixels: NDArray[np.bool_]) -> None:
    mask = mask_of("car", pixels)
    verdict = one(
        votes(li=(mask,), mia=(mask,), sam=(mask,)), LabelSchema(task="masks", classes=("car",))
    )
    [merged] = shapes_of(verdict)
    assert isinstance(merged, Mask)
    assert (pixels_of(merged) == pixels).all()


def test_masks_are_fused_better_than_people_draw_them() -> None:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:60, :80]
    truth = (x - 40) ** 2 + (y - 30) ** 2 < 400
    said: dict[str, tuple[Shape, ...]] = {
        name: (mask_of("car", truth ^ (rng.random(truth.shape) < noise)),)
        for name, noise in {"a": 0.02, "b": 0.05, "c": 0.1, "d": 0.1, "e": 0.1}.items()
    }
    marked = [Vote(item_id="1", person=name, value=value) for name, value in said.items()]
    verdict = one(marked, LabelSchema(task="masks", classes=("car",)))
    [merged] = shapes_of(verdict)
    perfect = mask_of("car", truth)
    assert iou(merged, perfect) > max(iou(value[0], perfect) for value in said.values())


def test_polygons_make_a_polygon() -> None:
    def square(at: float) -> Polygon:
        return Polygon(
            label="car", points=((at, at), (at + 0.4, at), (at + 0.4, at + 0.4), (at, at + 0.4))
        )

    said = votes(li=(square(0.2),), mia=(square(0.22),), sam=(square(0.21),))
    [merged] = shapes_of(one(said, LabelSchema(task="polygons", classes=("car",))))
    assert isinstance(merged, Polygon)
    assert iou(merged, square(0.21)) > 0.9


def test_a_crowded_picture() -> None:
    rng = np.random.default_rng(3)
    places = [(0.1 * column, 0.1 * row) for column in range(10) for row in range(10)]
    said: dict[str, Value] = {
        name: tuple(
            Box(label="car", x=x + rng.uniform(0, 0.005), y=y, width=0.07, height=0.07)
            for x, y in places
        )
        for name in "abc"
    }
    crowded = [Vote(item_id="1", person=name, value=value) for name, value in said.items()]
    assert len(shapes_of(one(crowded))) == 100


def test_bad_input_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"expected the task boxes, .* got 'single'"):
        MergedShapes().resolve([], LabelSchema(task="single", classes=("a", "b")))
    with pytest.raises(DataError, match=r"item '1'.*'horse'"):
        one(votes(li=(box(0.1, "horse"),)))
    assert list(MergedShapes().resolve([], BOXES)) == []
