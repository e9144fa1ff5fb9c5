"""The nouns: what cannot be is not made, and ids are derived, never drawn."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import (
    Ask,
    Interval,
    Item,
    LabelSchema,
    Purpose,
    Upload,
    ask_id,
    upload_key,
)
from auto_labeling.shapes import Box, Mask, Polygon

HEX = set("0123456789abcdef")
ids = st.text(min_size=1, max_size=12)


@pytest.mark.parametrize(
    "payload", [{}, {"uri": "a", "text": "b"}, {"uri": "a", "text": "b", "row": {}}]
)
def test_an_item_shows_people_exactly_one_thing(payload: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="item 'x': expected exactly one of uri, text, row"):
        Item(item_id="x", **payload)


@pytest.mark.parametrize("payload", [{"uri": "a"}, {"text": ""}, {"row": {"x": 1}}])
def test_even_an_empty_text_is_something_to_show(payload: dict[str, Any]) -> None:
    assert Item(item_id="x", **payload).group is None


def test_records_do_not_change_and_have_no_other_fields() -> None:
    item = Item(item_id="x", text="t")
    with pytest.raises(FrozenInstanceError):
        item.text = "u"  # type: ignore[misc]
    assert not hasattr(item, "__dict__")


@pytest.mark.parametrize(
    "given_",
    [{"classes": ("a", "a")}, {"classes": ("a",)}, {"classes": ("a", "b"), "abstain": ("b",)}],
)
def test_classes_can_be_told_apart(given_: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"labels\.(classes|abstain): "):
        LabelSchema(task="single", **given_)


def test_one_class_is_enough_to_find_things_of() -> None:
    assert LabelSchema(task="boxes", classes=("car",)).version == 1


@pytest.mark.parametrize(
    "edges",
    [
        (0.1, 0.1, 0.0, 0.5),
        (0.1, 0.1, 0.5, -0.1),
        (-0.01, 0.1, 0.5, 0.5),
        (0.6, 0.1, 0.5, 0.5),
        (0.1, 0.6, 0.5, 0.5),
        (float("nan"), 0.1, 0.5, 0.5),
        (0.1, 0.1, float("inf"), 0.5),
    ],
)
def test_a_box_lies_in_the_image_and_has_an_area(edges: tuple[float, ...]) -> None:
    x, y, width, height = edges
    with pytest.raises(DataError, match="box 'car': expected"):
        Box(label="car", x=x, y=y, width=width, height=height)


def test_a_box_may_touch_every_edge() -> None:
    assert Box(label="car", x=0, y=0, width=1, height=1 + 1e-9).area == pytest.approx(1)


@pytest.mark.parametrize(
    ("points", "complaint"),
    [
        (((0, 0), (1, 1)), "expected three points or more, got 2"),
        (((0, 0), (1, 0), (0, float("nan"))), "expected finite fractions"),
        (((0, 0), (1, 0), (0, float("inf"))), "expected finite fractions"),
        (((0, 0), (1, 0), (0, 1.01)), "expected fractions within the image"),
        (((0, -0.01), (1, 0), (0, 1)), "expected fractions within the image"),
        (((0, 0), (0.5, 0.5), (1, 1)), "expected an area above zero"),
    ],
)
def test_a_polygon_lies_in_the_image_and_has_an_area(
    points: tuple[tuple[float, float], ...], complaint: str
) -> None:
    with pytest.raises(DataError, match=f"polygon 'car': {complaint}"):
        Polygon(label="car", points=points)


@given(st.integers(3, 12), st.floats(0, 6), st.sampled_from([1, -1]))
def test_the_area_of_a_polygon_is_that_of_its_triangles(
    corners: int, start: float, way: int
) -> None:
    turns = [start + way * at * math.tau / corners for at in range(corners)]
    points = tuple((0.5 + math.cos(turn) / 2, 0.5 + math.sin(turn) / 4) for turn in turns)
    expected = corners * math.sin(math.tau / corners) / 16
    assert Polygon(label="car", points=points).area == pytest.approx(expected)


@pytest.mark.parametrize(
    ("size", "runs", "complaint"),
    [
        ((0, 3), (0, 1), "expected a height and a width of 1 or more, got"),
        ((2, 3), (6,), "expected at least one pixel inside, got none"),
        ((2, 3), (-1, 7), "expected no run below 1 but the first of 0"),
        ((2, 3), (3, 0, 3), "expected no run below 1 but the first of 0"),
        ((2, 3), (3, 4), "expected runs over 2 x 3 pixels, got 7"),
    ],
)
def test_a_mask_covers_pixels_of_its_image(
    size: tuple[int, int], runs: tuple[int, ...], complaint: str
) -> None:
    with pytest.raises(DataError, match=f"mask 'car': {complaint}"):
        Mask(label="car", height=size[0], width=size[1], runs=runs)


def test_shapes_can_be_counted() -> None:
    shapes = [
        Box(label="car", x=0, y=0, width=1, height=1),
        Polygon(label="car", points=((0, 0), (1, 0), (0, 1))),
        Mask(label="car", height=1, width=2, runs=(1, 1)),
    ]
    assert len({*shapes, *shapes}) == 3


@given(ids, ids, st.integers(0, 50))
def test_the_id_of_an_ask_is_derived_from_what_it_is_about(
    campaign: str, item: str, ordinal: int
) -> None:
    made = ask_id(campaign, item, ordinal)
    assert made == ask_id(campaign, item, ordinal)
    assert len(made) == 32
    assert set(made) <= HEX
    others = {ask_id(campaign, item, ordinal + 1), ask_id(campaign + "x", item, ordinal)}
    assert made not in others | {ask_id(campaign, item + "x", ordinal)}


@given(st.lists(ids, min_size=1, max_size=6), st.randoms())
def test_the_key_of_an_upload_does_not_depend_on_the_order_of_its_asks(
    asks: list[str], chance: Any
) -> None:
    shuffled = list(asks)
    chance.shuffle(shuffled)
    made = upload_key("c", asks)
    assert made == upload_key("c", shuffled)
    assert made not in {upload_key("c", [*asks, "one more"]), upload_key("d", asks)}
    assert len(made) == 32
    assert set(made) <= HEX


def ask(item: str, ordinal: int, purpose: Purpose = Purpose.TRAIN) -> Ask:
    return Ask(
        ask_id=ask_id("c", item, ordinal),
        item_id=item,
        round=1,
        ordinal=ordinal,
        purpose=purpose,
        price_micros=0,
    )


def test_a_key_does_not_tell_why_something_is_asked() -> None:
    keys = {upload_key("c", [ask("i", 0, purpose).ask_id]) for purpose in Purpose}
    assert len(keys) == 1


def test_an_upload_counts_the_opinions_on_each_item() -> None:
    items = tuple(Item(item_id=name, text=name) for name in "ab")
    upload = Upload(key="k", items=items, asks=(ask("a", 0), ask("a", 1), ask("b", 0)))
    assert [upload.opinions(name) for name in "abc"] == [2, 1, 0]
    assert upload.overlap == 2


def test_an_unknown_figure_is_not_a_number_and_rests_on_nothing() -> None:
    unknown = Interval.unknown()
    assert (unknown.n, unknown.value != unknown.value, unknown.low != unknown.low) == (
        0,
        True,
        True,
    )
