"""Boxes, polygons and masks go out as suggestions and come back as answers."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio import (
    REGIONS,
    Layout,
    decode_annotation,
    encode_prediction,
    encode_tasks,
    label_config,
)
from auto_labeling.formats.label_studio.touched import same
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import Event, EventKind, Item, LabelSchema, Suggestion, Upload, Value
from auto_labeling.shapes import Box, Mask, Polygon
from tests.formats.shapes import LABELS, boxes, masks, polygons

DRAWN: tuple[Literal["boxes", "polygons", "masks"], ...] = ("boxes", "polygons", "masks")
IMAGE = Item(item_id="7", uri="/data/local-files/?d=a/7.png")
OURS = Layout.of("image")
BOX = Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4)
TRIANGLE = Polygon(label="car", points=((0, 0), (1, 0), (0, 1)))
MASK = Mask(label="car", height=2, width=3, runs=(0, 2, 3, 1))
A_VALUE: Mapping[str, Value] = {"boxes": (BOX,), "polygons": (TRIANGLE,), "masks": (MASK,)}


@pytest.fixture(scope="module")
def interface() -> Any:
    return importlib.import_module("label_studio_sdk.label_interface")  # untyped, and slow


@pytest.fixture(scope="module")
def utils() -> Any:
    return importlib.import_module("label_studio_sdk.converter.utils")


def schema_of(task: Any, **more: Any) -> LabelSchema:
    return LabelSchema(task=task, classes=LABELS, abstain=("cannot tell",), **more)


def suggestion(value: Value, score: float = 0.9) -> Suggestion:
    return Suggestion(item_id="7", value=value, score=score, model_version="r7")


def rectangle(**value: Any) -> dict[str, Any]:
    edges = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0}
    return {
        "id": "a",
        "from_name": "label",
        "to_name": "item",
        "type": "rectanglelabels",
        "original_width": 200,
        "original_height": 100,
        "image_rotation": 0,
        "value": {**edges, "rectanglelabels": ["car"], **value},
    }


def region(kind: str, value: Mapping[str, Any], name: str = "label") -> dict[str, Any]:
    return {"id": "b", "from_name": name, "to_name": "item", "type": kind, "value": dict(value)}


def answer(*result: Any, schema: LabelSchema, layout: Layout | None = OURS, **more: Any) -> Event:
    annotation = {
        "id": 1,
        "result": list(result),
        "created_at": "2026-01-05T09:00:00Z",
        "completed_by": 4,
        **more,
    }
    task = {"data": {"al_key": "k", "al_item": "7"}}
    return decode_annotation(json.loads(json.dumps(annotation)), task, schema, layout)


def close(one: Value, other: Value) -> bool:
    """Return whether coordinates differ by float noise at most."""
    for mine, theirs in zip(one, other, strict=True):
        assert type(mine) is type(theirs)
        if isinstance(mine, Box) and isinstance(theirs, Box):
            edges = ("x", "y", "width", "height")
            pairs = [(getattr(mine, edge), getattr(theirs, edge)) for edge in edges]
        elif isinstance(mine, Polygon) and isinstance(theirs, Polygon):
            pairs = list(zip(sum(mine.points, ()), sum(theirs.points, ()), strict=True))
        else:
            pairs = []
            assert mine == theirs
        assert all(abs(a - b) < 1e-12 for a, b in pairs)
    return [getattr(one, "label", one) for one in one] == [
        getattr(one, "label", one) for one in other
    ]


@settings(deadline=None)
@given(
    st.one_of(
        st.tuples(st.just("boxes"), st.lists(boxes(), max_size=4)),
        st.tuples(st.just("polygons"), st.lists(polygons(), max_size=4)),
        st.tuples(st.just("masks"), st.lists(masks(), max_size=3)),
    )
)
def test_what_is_suggested_comes_back_when_it_is_submitted(case: tuple[str, list[Any]]) -> None:
    task, shapes = case
    schema = schema_of(task)
    prediction = encode_prediction(suggestion(tuple(shapes)), schema, OURS)
    sized = [
        {"original_width": 640, "original_height": 480, "image_rotation": 0, **one}
        for one in prediction["result"]
    ]
    event = answer(*sized, schema=schema, prediction=prediction)
    assert event.kind is EventKind.SUBMITTED
    assert event.value is not None
    assert close(event.value, tuple(shapes))
    assert event.touched_suggestion is False
    assert event.extra == {}


@settings(deadline=None)
@given(
    case=st.one_of(
        st.tuples(st.just("boxes"), st.lists(boxes(), min_size=1, max_size=4)),
        st.tuples(st.just("polygons"), st.lists(polygons(), min_size=1, max_size=4)),
        st.tuples(st.just("masks"), st.lists(masks(), min_size=1, max_size=2)),
    )
)
def test_label_studio_s_own_parser_accepts_every_suggestion(
    interface: Any, case: tuple[str, list[Any]]
) -> None:
    task, shapes = case
    schema = schema_of(task)
    config = interface.LabelInterface(label_config(schema, "image"))
    prediction = encode_prediction(suggestion(tuple(shapes)), schema, OURS)
    assert not config.validate_prediction(prediction, return_errors=True)
    for one in prediction["result"]:
        value = one["value"]
        if task == "boxes":
            assert 0 <= value["x"] <= value["x"] + value["width"] <= 100 + 1e-9
            assert 0 <= value["y"] <= value["y"] + value["height"] <= 100 + 1e-9
        if task == "polygons":
            assert all(0 <= edge <= 100 for point in value["points"] for edge in point)


def test_a_suggestion_scores_each_shape_and_the_whole() -> None:
    shapes = (replace(BOX, score=0.25), BOX)
    prediction = encode_prediction(suggestion(shapes, 0.5), schema_of("boxes"), OURS)
    assert [one["score"] for one in prediction["result"]] == [0.25, 0.5]
    assert (prediction["score"], prediction["model_version"]) == (0.5, "r7")
    assert len({one["id"] for one in prediction["result"]}) == 2


def test_an_adopted_project_s_names_are_used_both_ways() -> None:
    layout = Layout(control="where", shown="photo", field="picture", way="image")
    schema = schema_of("boxes")
    upload = Upload(key="k", items=(IMAGE,), asks=(), suggestions=(suggestion((BOX,)),))
    [task] = encode_tasks(upload, schema, layout)
    assert task["data"]["picture"] == IMAGE.uri
    [one] = task["predictions"][0]["result"]
    assert (one["from_name"], one["to_name"]) == ("where", "photo")
    assert answer(one, schema=schema, layout=layout).value is not None
    with pytest.raises(DataError, match="got rectanglelabels from 'where' that say"):
        answer(one, schema=schema, layout=OURS)
    kept = one | {"value": one["value"] | {"rectanglelabels": ["tree"]}}
    other = answer(kept, schema=schema, layout=OURS)
    assert (other.value, other.extra) == ((), {REGIONS: [kept]})


@pytest.mark.parametrize(
    ("task", "value", "score", "complaint"),
    [
        ("single", "car", 17, r"expected a score in \[0, 1\], got 17"),
        ("single", "car", -0.1, r"expected a score in \[0, 1\], got -0.1"),
        ("single", "car", float("nan"), r"expected a score in \[0, 1\], got nan"),
        ("single", "cow", 1, r"expected classes out of \['car', .* got \['cow'\]"),
        ("single", "cannot tell", 1, r"expected classes out of .* got \['cannot tell'\]"),
        ("single", ("car",), 1, r"expected one class, got \('car',\)"),
        ("multi", "car", 1, "expected a set of classes, got 'car'"),
        ("multi", (BOX,), 1, r"expected classes out of .* got \[Box"),
        ("boxes", "car", 1, "expected a Box, got 'car'"),
        ("boxes", (TRIANGLE,), 1, "expected a Box, got Polygon"),
        ("polygons", (BOX,), 1, "expected a Polygon, got Box"),
        ("masks", (BOX,), 1, "expected a Mask, got Box"),
        ("boxes", (replace(BOX, label="cow"),), 1, r"expected a class out of .* got 'cow'"),
        ("boxes", (replace(BOX, score=2.0),), 1, r"expected a score in \[0, 1\], got 2.0"),
    ],
)
def test_a_suggestion_that_is_none_does_not_leave(
    task: str, value: Value, score: float, complaint: str
) -> None:
    upload = Upload(key="k", items=(IMAGE,), asks=(), suggestions=(suggestion(value, score),))
    with pytest.raises(DataError, match=f"suggestion for item '7': {complaint}"):
        encode_tasks(upload, schema_of(task), OURS)


@pytest.mark.parametrize(("task", "value"), A_VALUE.items())
def test_no_shape_is_an_answer(task: str, value: Value) -> None:
    event = answer(schema=schema_of(task))
    assert (event.kind, event.value) == (EventKind.SUBMITTED, ())
    prediction = encode_prediction(suggestion(()), schema_of(task), OURS)
    assert prediction["result"] == []
    offered = encode_prediction(suggestion(value), schema_of(task), OURS)
    assert answer(schema=schema_of(task), prediction=prediction).touched_suggestion is False
    assert answer(schema=schema_of(task), prediction=offered).touched_suggestion is True


@settings(deadline=None)
@given(
    turn=st.floats(-720, 720).filter(lambda turn: abs(math.remainder(turn, 360)) > 1e-3),
    width=st.integers(500, 2000),
)
def test_a_box_that_was_turned_is_the_polygon_that_the_sdk_makes_of_it(
    utils: Any, turn: float, width: int
) -> None:
    edges = {"x": 48, "y": 47, "width": 5, "height": 8, "rotation": turn}
    size = {"original_width": width, "original_height": 777}
    event = answer({**rectangle(**edges), **size}, schema=schema_of("boxes"))
    [made] = event.value or ()
    assert isinstance(made, Polygon)
    np.testing.assert_allclose(
        made.points, utils.convert_annotation_to_yolo_obb({**edges, **size}), atol=1e-12
    )


@pytest.mark.parametrize("turn", [0, 360, -360, 1e-9, 359.9999999, None])
def test_a_whole_turn_is_none(turn: int | None) -> None:
    event = answer(rectangle(rotation=turn), schema=schema_of("boxes"))
    assert event.value is not None
    assert close(event.value, (BOX,))


def test_the_tool_s_own_rounding_passes_no_edge() -> None:
    over = rectangle(x=-1e-13, y=0, width=100 + 2e-13, height=100.0001)
    [box] = answer(over, schema=schema_of("boxes")).value or ()
    assert box == Box(label="car", x=0, y=0, width=1, height=1)


def test_a_mask_is_read_and_one_wiped_out_is_none() -> None:
    offered = encode_prediction(suggestion((MASK,)), schema_of("masks"), OURS)
    [drawn] = offered["result"]
    empty = {**drawn, "value": {**drawn["value"], "rle": _rle_of_nothing()}}
    assert answer(empty, drawn, schema=schema_of("masks")).value == (MASK,)


def test_a_stroke_that_was_drawn_in_label_studio_is_read() -> None:
    """Drawn in 1.23.2 with a brush of soft edges, from the upper left to the lower right."""
    region = json.loads((Path(__file__).parent / "brush_stroke.json").read_text())
    [mask] = answer(region, schema=schema_of("masks")).value or ()
    assert isinstance(mask, Mask)
    assert (mask.height, mask.width) == (480, 640)
    rows, columns = np.nonzero(pixels_of(mask))
    assert len(rows) == 4380
    assert np.corrcoef(rows, columns)[0, 1] > 0.99


def _rle_of_nothing() -> list[int]:
    brush = importlib.import_module("label_studio_sdk.converter.brush")
    return list(brush.mask2rle(np.zeros((2, 3), dtype=np.uint8)))


@pytest.mark.parametrize("task", DRAWN)
def test_an_abstention_is_a_set_of_one_and_no_shape(task: str) -> None:
    abstained = region("choices", {"choices": ["cannot tell"]}, "abstain")
    event = answer(abstained, schema=schema_of(task))
    assert (event.kind, event.value, event.extra) == (EventKind.SUBMITTED, ("cannot tell",), {})


def test_nobody_draws_and_abstains() -> None:
    abstained = region("choices", {"choices": ["cannot tell"]}, "abstain")
    with pytest.raises(DataError, match="annotation 1: expected boxes or an abstention, got both"):
        answer(abstained, rectangle(), schema=schema_of("boxes"))


@pytest.mark.parametrize(
    "unknown",
    [
        region("keypointlabels", {"x": 1, "y": 2, "width": 1, "keypointlabels": ["car"]}, "nose"),
        region("ellipse", {"x": 1, "y": 2, "radiusX": 1, "radiusY": 2, "rotation": 0}, "round"),
        region("choices", {"choices": ["blurred"]}, "weather"),
        region("taxonomy", {}, "kind"),
        {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"},
        {"type": "unheard of"},
        {},
    ],
)
def test_what_is_not_understood_is_kept_as_it_is(unknown: dict[str, Any]) -> None:
    event = answer(unknown, rectangle(), schema=schema_of("boxes"))
    assert event.value is not None
    assert close(event.value, (BOX,))
    assert event.extra == {REGIONS: [unknown]}


@pytest.mark.parametrize(
    ("task", "broken", "complaint"),
    [
        ("boxes", rectangle(rectanglelabels=["cow"]), r"one class out of .* got \['cow'\]"),
        ("boxes", rectangle(rectanglelabels=["car", "ねこ"]), "one class out of .*, got"),
        ("boxes", rectangle(rectanglelabels=[]), r"one class out of .*, got \[\]"),
        ("boxes", rectangle(rectanglelabels=None), "rectanglelabels in the value of a region"),
        ("boxes", rectangle(x=None), "x: expected a number of percent, got None"),
        ("boxes", rectangle(width=True), "width: expected a number of percent, got True"),
        ("boxes", rectangle(width=95), "box 'car': expected fractions within the image"),
        ("boxes", rectangle(width=0), "box 'car': expected an area above zero"),
        ("boxes", rectangle(x=float("nan")), "box 'car': expected finite fractions"),
        ("boxes", {**rectangle(), "image_rotation": 90}, "an image that is not turned, got .*90"),
        (
            "boxes",
            {**rectangle(rotation=30), "original_width": None},
            r"original_width and original_height in pixels, got \(None, 100\)",
        ),
        ("boxes", region("ellipselabels", {}), "rectanglelabels from 'label', got ellipselabels"),
        (
            "polygons",
            region("polygonlabels", {"polygonlabels": ["car"], "points": [[1, 2], [3, 4]]}),
            "polygon 'car': expected three points or more, got 2",
        ),
        (
            "polygons",
            region("polygonlabels", {"polygonlabels": ["car"], "points": [[1, 2], [3]]}),
            "points: expected pairs of percent",
        ),
        (
            "polygons",
            region("polygonlabels", {"polygonlabels": ["car"]}),
            "points: expected pairs of percent, got None",
        ),
        (
            "masks",
            region("brushlabels", {"brushlabels": ["car"], "format": "png"}),
            "expected the format 'rle', got 'png'",
        ),
        (
            "masks",
            region("brushlabels", {"brushlabels": ["car"], "format": "rle", "rle": [1]}),
            "expected original_width and original_height in pixels",
        ),
        (
            "masks",
            {
                **region("brushlabels", {"brushlabels": ["car"], "format": "rle"}),
                "original_width": 3,
                "original_height": 2,
            },
            "mask: expected a list of bytes",
        ),
    ],
)
def test_a_shape_that_is_none_is_named(task: str, broken: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=f"^annotation 1: .*{complaint}"):
        answer(broken, schema=schema_of(task))


def test_a_suggestion_that_cannot_be_read_hides_no_answer() -> None:
    strange = {"result": [rectangle(rectanglelabels=["cow"])]}
    event = answer(rectangle(), schema=schema_of("boxes"), prediction=strange)
    assert event.touched_suggestion is None


def test_shapes_may_come_in_another_order_and_differ_by_rounding() -> None:
    near = replace(BOX, x=0.1 + 1e-6)
    far = replace(BOX, x=0.11)
    assert same((BOX, far), (far, near))
    assert not same((BOX,), (far,))
    assert not same((BOX,), (BOX, BOX))
    assert not same((BOX,), (replace(BOX, label="ねこ"),))
    assert not same((BOX,), (TRIANGLE,))
    assert same((MASK,), (MASK,))
    assert not same((MASK,), (replace(MASK, runs=(1, 1, 3, 1)),))
    assert not same((BOX,), ("cannot tell",))
