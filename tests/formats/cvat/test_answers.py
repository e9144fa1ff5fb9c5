"""Suggestions go out, and what people make of them comes back, frame by frame."""

from __future__ import annotations

import importlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import Answer, Labels, label_specs, read_frames, suggested
from auto_labeling.formats.cvat.shapes import encode_turned
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import LabelSchema, Suggestion, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.cvat.recordings import recorded
from tests.formats.shapes import LABELS, boxes, masks, polygons

SIZE = (320, 240)
ASKED = {"blurred": {"kind": "checkbox"}, "side": {"kind": "choices", "choices": ["left"]}}
BOX = Box(label="car", x=0.125, y=0.25, width=0.25, height=0.5)
TRIANGLE = Polygon(label="car", points=((0, 0), (1, 0), (0, 1)))
CELL = Mask(label="car", height=240, width=320, runs=(100, 3, 240 * 320 - 103))
sizes = st.tuples(st.integers(1, 5000), st.integers(1, 5000))


def schema_of(task: Any, **more: Any) -> LabelSchema:
    return LabelSchema(task=task, classes=LABELS, abstain=("cannot tell",), **more)


def labels_of(schema: LabelSchema) -> Labels:
    """Return the labels of a project of ours, with one more that is not the campaign's."""
    specs = [*label_specs(schema), {"name": "night", "type": "any", "attributes": []}]
    rows = [
        spec
        | {"id": 100 + at}
        | {"attributes": [one | {"id": 10 * at + n} for n, one in enumerate(spec["attributes"])]}
        for at, spec in enumerate(specs)
    ]
    return Labels.of(rows, schema)


def suggestion(value: Value, score: float = 0.9) -> Suggestion:
    return Suggestion(item_id="7", value=value, score=score, model_version="r7")


def sent(value: Value, schema: LabelSchema, size: tuple[int, int], score: float = 0.9) -> Any:
    made = suggested(0, suggestion(value, score), schema, labels_of(schema), size)
    return json.loads(json.dumps(made))


def read(annotations: Any, schema: LabelSchema, size: tuple[int, int] = SIZE) -> Answer:
    return read_frames(annotations, schema, labels_of(schema), [size])[0]


def tag(name: str, frame: int = 0, **more: Any) -> dict[str, Any]:
    label_id = labels_of(schema_of("boxes")).id_of(name)
    return {"frame": frame, "label_id": label_id, "source": "manual", "attributes": [], **more}


def shape(kind: str, points: Any, name: str = "car", **more: Any) -> dict[str, Any]:
    return {**tag(name), "type": kind, "points": points, "rotation": 0.0, **more}


def drawn_in(answer: Answer) -> list[Any]:
    assert answer.problem is None
    assert isinstance(answer.value, tuple)
    return list(answer.value)


def off_by_pixels(one: Shape, other: Shape, size: tuple[int, int]) -> float:
    """Return by how many pixels two shapes of one kind differ at most."""
    assert type(one) is type(other)
    assert one.label == other.label
    if isinstance(one, Box) and isinstance(other, Box):
        mine, theirs = ([(b.x, b.y), (b.x + b.width, b.y + b.height)] for b in (one, other))
    elif isinstance(one, Polygon) and isinstance(other, Polygon):
        mine, theirs = list(one.points), list(other.points)
    else:
        assert one == other
        return 0.0
    assert len(mine) == len(theirs)
    return float(np.abs((np.array(mine) - np.array(theirs)) * size).max())


@settings(deadline=None)
@given(
    st.one_of(
        st.tuples(st.just("boxes"), st.lists(boxes(), max_size=4), sizes),
        st.tuples(st.just("polygons"), st.lists(polygons(), max_size=4), sizes),
    )
)
def test_what_is_suggested_comes_back(case: tuple[str, list[Shape], tuple[int, int]]) -> None:
    task, shapes, size = case
    schema = schema_of(task)
    answer = read(sent(tuple(shapes), schema, size), schema, size)
    assert answer.touched is (False if shapes else None)
    for made, given_ in zip(drawn_in(answer), shapes, strict=True):
        assert off_by_pixels(made, given_, size) < 1e-6


@settings(deadline=None)
@given(masks())
def test_a_mask_comes_back_exactly(mask: Mask) -> None:
    schema, size = schema_of("masks"), (mask.width, mask.height)
    assert read(sent((mask,), schema, size), schema, size) == Answer(value=(mask,), touched=False)


@pytest.mark.parametrize(("task", "value"), [("single", "car"), ("multi", ("car", "ねこ"))])
def test_classes_are_tags(task: str, value: Value) -> None:
    schema = schema_of(task)
    made = sent(value, schema, SIZE)
    assert made["shapes"] == []
    assert read(made, schema) == Answer(value=value, touched=False)


def test_the_sdk_takes_every_suggestion() -> None:
    models = importlib.import_module("cvat_sdk.models")
    values: Mapping[str, Value] = {
        "single": "car",
        "boxes": (BOX,),
        "polygons": (TRIANGLE,),
        "masks": (CELL,),
    }
    for task, value in values.items():
        made = sent(value, schema_of(task), SIZE)
        for kind, model in (("tags", "LabeledImageRequest"), ("shapes", "LabeledShapeRequest")):
            for row in made[kind]:
                attributes = [models.AttributeValRequest(**one) for one in row["attributes"]]
                whole = getattr(models, model)(**row | {"attributes": attributes})
                assert json.loads(json.dumps(whole.to_dict()))["source"] == "auto"


def test_a_shape_s_own_score_and_its_attributes_travel() -> None:
    schema = schema_of("boxes", attributes=ASKED)
    told = {"blurred": True, "side": "left", "unheard of": 1}
    made = sent((replace(BOX, score=0.25, attributes=told), BOX), schema, SIZE, score=0.123456)
    spelled = [[one["value"] for one in row["attributes"]] for row in made["shapes"]]
    assert spelled == [["true", "left", "0.25"], ["0.1235"]]
    [first, second] = drawn_in(read(made, schema))
    assert isinstance(first, Box)
    assert isinstance(second, Box)
    assert first.attributes == {"blurred": True, "side": "left"}
    assert (first.score, second.attributes) == (None, {})


@pytest.mark.parametrize(
    ("task", "value", "score", "complaint"),
    [
        ("single", "car", 17, r"expected a score in \[0, 1\], got 17"),
        ("single", "car", float("nan"), r"expected a score in \[0, 1\], got nan"),
        ("single", "cow", 1, r"expected classes out of .* got \['cow'\]"),
        ("single", "cannot tell", 1, r"expected classes out of .* got \['cannot tell'\]"),
        ("single", ("car",), 1, "expected one class"),
        ("multi", "car", 1, "expected a set of classes"),
        ("multi", (BOX,), 1, "expected classes out of"),
        ("boxes", "car", 1, "expected a Box, got 'car'"),
        ("boxes", (TRIANGLE,), 1, "expected a Box, got Polygon"),
        ("masks", (BOX,), 1, "expected a Mask, got Box"),
        ("boxes", (replace(BOX, label="cow"),), 1, "expected a class out of .* got 'cow'"),
        ("boxes", (replace(BOX, score=2.0),), 1, r"expected a score in \[0, 1\], got 2.0"),
        (
            "masks",
            (Mask(label="car", height=2, width=3, runs=(0, 6)),),
            1,
            "expected 320 x 240 pixels, as the picture has, got 3 x 2",
        ),
    ],
)
def test_a_suggestion_that_is_none_does_not_leave(
    task: str, value: Value, score: float, complaint: str
) -> None:
    with pytest.raises(DataError, match=f"suggestion for item '7': .*{complaint}"):
        sent(value, schema_of(task), SIZE, score)


def test_a_sliver_beside_the_picture_is_not_sent() -> None:
    sliver = Box(label="car", x=1, y=0, width=1e-7, height=1)
    assert sent((sliver,), schema_of("boxes"), SIZE)["shapes"] == []


@settings(deadline=None)
@given(
    middle=st.tuples(st.integers(60, 260), st.integers(60, 180)),
    half=st.tuples(st.integers(15, 40), st.integers(15, 40)),
    turn=st.integers(1, 719).filter(lambda turn: turn % 360),
)
def test_a_turned_rectangle_covers_what_pillow_turns(
    middle: tuple[int, int], half: tuple[int, int], turn: int
) -> None:
    (x, y), (u, v) = middle, half
    upright = Image.new("1", SIZE)
    edges = [x - u, y - v, x + u, y + v]
    ImageDraw.Draw(upright).rectangle([x - u, y - v, x + u - 1, y + v - 1], fill=1)
    # Pillow turns against the clock, CVAT with it.
    wanted = np.asarray(upright.rotate(-turn, center=(x, y)))
    answer = read({"shapes": [shape("rectangle", edges, rotation=turn)]}, schema_of("boxes"))
    [made] = drawn_in(answer)
    assert isinstance(made, Polygon)
    drawn = Image.new("1", SIZE)
    corners = [(a * SIZE[0] - 0.5, b * SIZE[1] - 0.5) for a, b in made.points]
    ImageDraw.Draw(drawn).polygon(corners, fill=1)
    got = np.asarray(drawn)
    assert (wanted & got).sum() / (wanted | got).sum() > 0.8
    assert made.area * SIZE[0] * SIZE[1] == pytest.approx(4 * u * v)
    again = encode_turned(made, SIZE)
    assert again["points"] == pytest.approx(edges)
    assert math.remainder(again["rotation"] - turn, 360) == pytest.approx(0, abs=1e-6)


def test_a_turned_rectangle_is_cut_where_the_picture_ends() -> None:
    # A square of 100 pixels on its corner about the picture's upper left: a quarter is to be seen.
    row = shape("rectangle", [-50, -50, 50, 50], rotation=45)
    [made] = drawn_in(read({"shapes": [row]}, schema_of("boxes")))
    assert isinstance(made, Polygon)
    assert made.area * SIZE[0] * SIZE[1] == pytest.approx(100 * 100 / 4)
    assert encode_turned(made, SIZE)["rotation"] == 0.0  # of what is left there is no rectangle


@pytest.mark.parametrize("turn", [0, 360, -360, 1e-9, 359.9999999, None])
def test_a_whole_turn_is_none(turn: float | None) -> None:
    row = shape("rectangle", [40, 60, 120, 180], rotation=turn)
    assert read({"shapes": [row]}, schema_of("boxes")).value == (BOX,)


def test_half_a_pixel_beside_the_border_is_on_it() -> None:
    row = shape("rectangle", [-0.5, -0.5, 320.5, 240.5])
    [made] = drawn_in(read({"shapes": [row]}, schema_of("boxes")))
    assert made == Box(label="car", x=0, y=0, width=1, height=1)


@pytest.mark.parametrize(
    ("task", "row", "complaint"),
    [
        ("boxes", shape("rectangle", [-0.6, 0, 9, 9]), r"within 320 x 240 pixels, got \(-0.6, 0\)"),
        ("boxes", shape("rectangle", [0, 0, 9, 9000]), r"within 320 x 240 pixels, got \(9, 9000\)"),
        ("boxes", shape("rectangle", [5, 5, 5, 9]), "'car': expected an area above zero, got the"),
        ("boxes", shape("rectangle", [9, 9, 5, 5]), "'car': expected an area above zero"),
        ("boxes", shape("rectangle", [320.2, 9, 320.4, 20]), "expected an area above zero"),
        ("boxes", shape("rectangle", [1, 2, 3]), "expected two corners, got 3 numbers"),
        ("boxes", shape("rectangle", None), "expected numbers of pixels, got None"),
        ("boxes", shape("rectangle", [1, 2, 3, True]), "expected numbers of pixels"),
        ("boxes", shape("rectangle", [1, 2, 3, float("nan")]), "expected numbers of pixels"),
        ("boxes", shape("rectangle", [1, 2, 3, "4"]), "expected numbers of pixels"),
        ("boxes", shape("rectangle", [1, 2, 30, 40], rotation="x"), "rotation: expected numbers"),
        (
            "boxes",
            shape("rectangle", [400, 400, 410, 410], rotation=30),
            "expected it to touch the picture of 320 x 240",
        ),
        ("boxes", shape("ellipse", [1, 2, 3, 4]), "expected rectangle 'car', got ellipse"),
        ("boxes", shape("points", [1, 2]), "expected rectangle 'car', got points"),
        ("boxes", shape("polyline", [1, 2, 3, 4]), "expected rectangle 'car', got polyline"),
        ("boxes", shape("skeleton", []), "expected rectangle 'car', got skeleton"),
        ("boxes", shape("cuboid", [1] * 16), "expected rectangle 'car', got cuboid"),
        ("polygons", shape("rectangle", [1, 2, 3, 4]), "expected polygon 'car', got rectangle"),
        ("polygons", shape("polygon", [1, 2, 3, 4]), "expected three points or more, got 2"),
        ("polygons", shape("polygon", [1, 2, 3, 4, 5]), "expected pairs of pixels, got 5 numbers"),
        ("polygons", shape("polygon", [1, 1, 2, 2, 3, 3]), "expected an area above zero"),
        ("masks", shape("mask", [4, 0, 0, 1, 1]), "expected at least one pixel inside"),
        ("masks", shape("mask", [10, 10, 0, 0, 1, 1]), "expected runs over 2 x 2 pixels"),
        ("masks", shape("mask", [0, 4, 319, 0, 320, 1]), "expected a crop within 320 x 240 pixels"),
        ("boxes", shape("rectangle", [1, 2, 3, 4], "cannot tell"), "expected tag 'cannot tell'"),
        ("single", shape("rectangle", [1, 2, 3, 4]), "expected tag 'car', got rectangle"),
        ("boxes", {**shape("rectangle", [1, 2, 3, 4]), "label_id": 9}, "label 9: expected a label"),
    ],
)
def test_what_is_no_answer_is_a_problem(task: str, row: Any, complaint: str) -> None:
    answer = read({"shapes": [row]}, schema_of(task))
    assert (answer.value, answer.extra, answer.touched) == (None, {}, None)
    assert re.search(complaint, answer.problem or "")


def test_an_abstention_is_a_tag() -> None:
    boxes_, single = schema_of("boxes"), schema_of("single")
    assert read({"tags": [tag("cannot tell")]}, boxes_).value == ("cannot tell",)
    assert read({"tags": [tag("cannot tell")]}, single).value == "cannot tell"
    both = {"tags": [tag("cannot tell")], "shapes": [shape("rectangle", [1, 2, 3, 4])]}
    assert read(both, boxes_).problem == "expected boxes or an abstention, got both"
    assert read({"tags": [tag("car")]}, boxes_).problem == "expected rectangle 'car', got tag"


def test_one_class_is_one_tag() -> None:
    two = {"tags": [tag("car"), tag("ねこ")]}
    assert read(two, schema_of("single")).problem == "expected one class, got ['car', 'ねこ']"
    assert read(two, schema_of("multi")).value == ("car", "ねこ")
    assert read({"tags": [tag("car"), tag("car")]}, schema_of("single")).value == "car"


@pytest.mark.parametrize("nothing", [{}, {"tags": [], "shapes": [], "tracks": []}])
def test_nothing_is_no_class_an_empty_set_and_no_shape(nothing: Any) -> None:
    assert read(nothing, schema_of("single")) == Answer()
    assert read(nothing, schema_of("multi")) == Answer(value=())
    assert read(nothing, schema_of("boxes")) == Answer(value=())


def test_every_frame_has_an_answer_and_no_other() -> None:
    schema = schema_of("single")
    tags = [tag("car", 1), tag("ねこ", 2), tag("ねこ", 3), tag("car", -1)]
    answers = read_frames({"tags": tags}, schema, labels_of(schema), [SIZE] * 3)
    assert [answers[at].value for at in range(3)] == [None, "car", "ねこ"]
    assert list(answers) == [0, 1, 2]


def test_a_track_is_a_problem_wherever_it_is_shown() -> None:
    schema = schema_of("boxes")
    keys = [{"frame": 1, "outside": False}, {"frame": 3, "outside": True}]
    track = {**tag("car", 1), "shapes": keys}
    answers = read_frames({"tracks": [track]}, schema, labels_of(schema), [SIZE] * 5)
    problems = [answers[at].problem for at in range(5)]
    why = "expected rectangle 'car', got track"
    assert problems == [None, why, why, None, None]
    other = {**tag("night", 1), "shapes": keys}
    answers = read_frames({"tracks": [other]}, schema, labels_of(schema), [SIZE] * 2)
    assert (answers[1].value, answers[1].extra["regions"][0]["label"]) == ((), "night")


def test_labels_of_others_are_kept_as_they_are() -> None:
    dark, round_ = tag("night"), shape("ellipse", [1, 2, 3, 4], "night")
    there = {"tags": [dark | {"id": 7}], "shapes": [round_ | {"id": 8}]}
    answer = read(there, schema_of("boxes"))
    assert answer.value == ()
    assert answer.extra == {"regions": [{**dark, "label": "night"}, {**round_, "label": "night"}]}


def test_what_was_entered_beside_a_class_is_extra() -> None:
    more = {"attributes": ASKED, "extra": {"note": {"kind": "text"}}}
    single, multi = schema_of("single", **more), schema_of("multi", **more)
    specs = labels_of(single).by_name["car"].attributes
    entered = {"blurred": "true", "side": "", "note": "dark", "score": "0.9"}
    filled = [{"spec_id": specs[name].spec_id, "value": entered[name]} for name in entered]
    tags = [tag("car", attributes=[*filled, {"spec_id": 999, "value": "x"}])]
    assert read({"tags": tags}, single).extra == {"blurred": True, "note": "dark"}
    assert read({"tags": tags}, multi).extra == {"blurred": {"car": True}, "note": {"car": "dark"}}


@pytest.mark.parametrize(
    ("sources", "offered", "touched"),
    [
        ([], None, None),
        (["manual"], None, None),
        (["file"], None, None),
        (["auto"], None, False),
        (["semi-auto"], None, True),
        (["auto", "manual"], None, True),
        (["auto", "semi-auto"], None, True),
        (["auto", "auto"], {0: 2}, False),
        (["auto"], {0: 2}, True),
        ([], {0: 2}, True),
        (["manual"], {0: 1}, True),
        ([], {0: 0}, False),
        (["manual"], {0: 0}, True),
        (["manual"], {1: 1}, None),
        ([], {}, None),
    ],
)
def test_whether_a_suggestion_was_touched(
    sources: list[str], offered: Mapping[int, int] | None, touched: bool | None
) -> None:
    schema = schema_of("boxes")
    rows = [shape("rectangle", [1, 2, 3, 4], source=source) for source in sources]
    answers = read_frames({"shapes": rows}, schema, labels_of(schema), [SIZE], offered)
    assert answers[0].touched is touched


@pytest.mark.parametrize(
    ("task", "classes", "expected"),
    [
        ("boxes", ("cat",), ["Box"] * 5),
        ("polygons", ("dog",), ["Polygon", "rectangle", "tag", "polyline", "ellipse"]),
        ("masks", ("blob",), ["", "", "Mask", "", ""]),
    ],
)
def test_what_a_real_server_holds_is_read(task: Any, classes: Any, expected: list[str]) -> None:
    rows = [
        {"id": 198, "name": "cat", "type": "any", "attributes": [{"id": 9, "name": "conf"}]},
        {"id": 199, "name": "dog", "type": "any", "attributes": []},
        {"id": 200, "name": "blob", "type": "mask", "attributes": []},
    ]
    schema = LabelSchema(task=task, classes=classes)
    exchanges = recorded("05_put_task_annotations_rectangles_tags_polygon_mask")
    there = exchanges[1]["response_json"]
    answers = read_frames(there, schema, Labels.of(rows, schema), [SIZE] * 5)
    for at, kind in enumerate(expected):
        problem = answers[at].problem
        if at == 4 and task == "boxes":  # a tag of the class beside its rectangle
            assert problem == "expected rectangle 'cat', got tag"
        elif kind in ("rectangle", "tag", "polyline", "ellipse"):
            assert problem == f"expected polygon 'dog', got {kind}"
        else:
            assert [type(one).__name__ for one in drawn_in(answers[at])] == ([kind] if kind else [])
    if task == "masks":
        [mask] = drawn_in(answers[2])
        assert pixels_of(mask).sum() == 17
    if task == "boxes":
        assert drawn_in(answers[0])[0].attributes == {"conf": "0.9"}
        assert answers[0].touched is False  # the polygon beside it is no business of ours


numbers = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 400), st.floats(), st.text(max_size=2)
)


@settings(deadline=None, max_examples=300)
@given(
    task=st.sampled_from(["single", "multi", "boxes", "polygons", "masks"]),
    kind=st.sampled_from(["rectangle", "polygon", "mask", "ellipse", "tag", None]),
    points=st.one_of(st.none(), numbers, st.lists(numbers, max_size=9)),
    rotation=numbers,
    label_id=st.integers(98, 105),
)
def test_whatever_stands_on_a_frame_is_an_answer_or_a_problem(
    task: str, kind: Any, points: Any, rotation: Any, label_id: int
) -> None:
    row = {**shape(kind, points, rotation=rotation), "label_id": label_id}
    answer = read({"shapes": [row]}, schema_of(task))
    assert answer.problem is None or answer.value is None
