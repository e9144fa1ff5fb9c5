from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.formats.overlaps import iou
from auto_labeling.ports import Vote
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.quality.overlaps import agreement
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Polygon, Shape
from tests.formats import shapes

BOXES = LabelSchema(task="boxes", classes=("car", "van"), abstain=("cannot tell",))
any_shape = st.one_of(shapes.boxes(), shapes.polygons(), shapes.masks())


def box(x: float, label: str = "car") -> Box:
    return Box(label=label, x=x, y=0.2, width=0.3, height=0.5)


def votes(**said: Value) -> list[Vote]:
    return [Vote(item_id="1", person=person, value=value) for person, value in said.items()]


def outline(of: Box) -> Polygon:
    right, bottom = of.x + of.width, of.y + of.height
    return Polygon(
        label=of.label, points=((of.x, of.y), (right, of.y), (right, bottom), (of.x, bottom))
    )


@given(any_shape, any_shape)
def test_iou_is_symmetric_and_a_share(one: Shape, other: Shape) -> None:
    assert 0 <= iou(one, other) <= 1
    if isinstance(one, type(other)):
        assert iou(one, other) == pytest.approx(iou(other, one))


@given(shapes.pixels(), st.integers(0, 2**32))
def test_masks_are_compared_pixel_by_pixel(pixels: NDArray[np.bool_], seed: int) -> None:
    other = pixels.copy()
    other[seed % len(other)] = True
    mine, theirs = mask_of("car", pixels), mask_of("car", other)
    expected = (pixels & other).sum() / (pixels | other).sum()
    assert iou(mine, theirs) == expected
    assert (pixels_of(theirs) == other).all()


@given(st.floats(0.05, 0.9))
def test_outlines_are_nearly_as_exact_as_boxes(shift: float) -> None:
    one = Box(label="car", x=0, y=0, width=0.5, height=0.5)
    other = Box(label="car", x=shift / 2, y=shift / 2, width=0.5, height=0.5)
    assert iou(outline(one), outline(other)) == pytest.approx(iou(one, other), abs=0.02)
    assert iou(outline(one), other) == pytest.approx(iou(one, other), abs=0.02)


def test_agreement_pairs_shapes_of_one_class() -> None:
    assert agreement((), ()) == 1
    assert agreement((box(0.1),), ()) == 0
    assert agreement((box(0.1), box(0.6)), (box(0.6), box(0.1))) == 1
    assert agreement((box(0.1),), (box(0.1, "van"),)) == 0
    assert agreement((box(0.1), box(0.6)), (box(0.6),)) == pytest.approx(2 / 3)


def test_the_drawing_that_the_others_agree_with_most_stands() -> None:
    said = votes(li=(box(0.10),), mia=(box(0.12),), sam=(box(0.16),), kim=(box(0.60),))
    [verdict] = MostAgreed().resolve(said, BOXES)
    assert verdict.value == (box(0.12),)
    assert verdict.votes == 4
    assert 0.5 < verdict.confidence < 0.6
    [again] = MostAgreed().resolve(said[::-1], BOXES)
    assert again == verdict


def test_one_drawing_stands_as_it_is_and_abstentions_do_not_count() -> None:
    [verdict] = MostAgreed().resolve(votes(li=("cannot tell",), mia=()), BOXES)
    assert (verdict.value, verdict.confidence, verdict.votes) == ((), 1.0, 1)
    [nobody] = MostAgreed().resolve(votes(li=("cannot tell",)), BOXES)
    assert (nobody.value, nobody.confidence) == (None, 0.0)


def test_classes_are_majority_s_to_decide() -> None:
    with pytest.raises(ConfigurationError, match=r"expected the task boxes, .* got 'single'"):
        MostAgreed().resolve([], LabelSchema(task="single", classes=("a", "b")))
