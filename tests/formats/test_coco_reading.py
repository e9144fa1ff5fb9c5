"""COCO, read: against COCO's own tools, against what is written, and what is no COCO."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_tools

from auto_labeling.errors import DataError
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.coco_reading import read_coco
from auto_labeling.formats.drawn import Drawn, DrawnTask
from auto_labeling.formats.labeled import Labeled, bounds
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.formats import shapes
from tests.formats.shapes import LABELS

SIZE = (640, 480)
# Of pycocotools' own compiled code, with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def file(*annotations: dict[str, Any], **picture: Any) -> str:
    """Return a file of one picture of 10 x 8 pixels, with classes 3 and 90."""
    about = {"id": 5, "file_name": "größe/ä b.png", "width": 10, "height": 8, **picture}
    rows = [
        {"id": at, "image_id": 5, "category_id": 90, **one} for at, one in enumerate(annotations, 1)
    ]
    classes = [{"id": 3, "name": "Müll"}, {"id": 90, "name": "car"}]
    return json.dumps({"images": [about], "annotations": rows, "categories": classes})


def drawn(task: DrawnTask | None, *annotations: dict[str, Any]) -> Drawn:
    [picture] = read_coco(file(*annotations)).pictures
    assert picture.name == "größe/ä b.png"
    return picture.drawn(task)


def through(task: Any, value: tuple[Shape, ...], size: tuple[int, int] = SIZE) -> tuple[Shape, ...]:
    """Return shapes that went out and came in."""
    one = Labeled(number=7, item_id="7", picture="a b.png", size=size, value=value)
    text = encode_coco([one], LabelSchema(task=task, classes=LABELS))["annotations.json"]
    [picture] = read_coco(text).pictures
    found = picture.drawn(task)
    assert (picture.name, found.size, found.left_out) == ("a b.png", size, ())
    return found.shapes


@given(st.lists(shapes.boxes(), max_size=4))
@settings(deadline=None, max_examples=50)
def test_boxes_come_back(value: list[Box]) -> None:
    shapes.expect_equal_bounds(through("boxes", tuple(value)), value)


@given(st.lists(shapes.polygons(), max_size=3))
@settings(deadline=None, max_examples=50)
def test_outlines_come_back_corner_by_corner(value: list[Polygon]) -> None:
    found = through("polygons", tuple(value))
    for one, before in zip(found, value, strict=True):
        assert isinstance(one, Polygon)
        assert one.label == before.label
        assert np.array(one.points) == pytest.approx(np.array(before.points), abs=1e-6)


@given(shapes.masks())
@settings(deadline=None, max_examples=50)
def test_masks_come_back_exactly(mask: Mask) -> None:
    assert through("masks", (mask,), (mask.width, mask.height)) == (mask,)


def test_an_object_of_several_parts_is_one_object_again() -> None:
    corners = [((0.0, 0.0), (0.25, 0.0), (0.0, 0.25)), ((0.5, 0.5), (1.0, 0.5), (0.5, 1.0))]
    parts = tuple(
        Polygon(label="car", points=points, attributes={"part_of": 2}) for points in corners
    )
    alone = Polygon(label="car", points=corners[0])
    one = Labeled(number=1, item_id="1", picture="a.png", size=SIZE, value=(alone, *parts))
    text = encode_coco([one], LabelSchema(task="polygons", classes=("car",)))["annotations.json"]
    first, second = json.loads(text)["annotations"]
    assert [len(first["segmentation"]), len(second["segmentation"])] == [1, 2]
    assert second["bbox"] == [0, 0, 640, 480]
    assert second["area"] == pytest.approx(sum(part.area for part in parts) * 640 * 480)
    [picture] = read_coco(text).pictures
    assert picture.drawn("polygons").shapes == (alone, *parts)
    boxes = picture.drawn("boxes").shapes
    assert [bounds(box) for box in boxes] == [(0, 0, 0.25, 0.25), (0, 0, 1, 1)]


@given(shapes.pixels(), st.booleans())
@settings(deadline=None, max_examples=60)
def test_run_lengths_are_read_as_coco_s_tools_read_them(pixels: Any, compressed: bool) -> None:
    packed = coco_tools.encode(np.asfortranarray(pixels.astype(np.uint8)))
    height, width = pixels.shape
    flat = pixels.ravel(order="F").astype(int)
    edges = np.flatnonzero(np.diff(flat, prepend=0)).tolist()
    runs = np.diff(edges, prepend=0, append=flat.size).tolist()
    counts = packed["counts"].decode() if compressed else runs
    given_as = {"segmentation": {"size": [height, width], "counts": counts}}
    [picture] = read_coco(file(given_as, width=width, height=height)).pictures
    [mask] = picture.drawn("masks").shapes
    assert isinstance(mask, Mask)
    assert (pixels_of(mask) == pixels).all()
    [box] = picture.drawn("boxes").shapes
    x, y, wide, high = coco_tools.toBbox(packed)
    assert bounds(box) == pytest.approx(
        (x / width, y / height, (x + wide) / width, (y + high) / height)
    )


def test_outlines_are_filled_as_coco_s_tools_fill_them() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        parts = [(rng.uniform(0, 1, (5, 2)) * (10, 8)).ravel().tolist() for _ in range(2)]
        found = drawn("masks", {"segmentation": parts}).shapes
        merged = coco_tools.merge(coco_tools.frPyObjects(parts, 8, 10))
        if not coco_tools.area(merged):
            assert found == ()
            continue
        [mask] = found
        assert isinstance(mask, Mask)
        assert (pixels_of(mask) == coco_tools.decode(merged)).all()


def test_what_reaches_out_of_the_picture_is_cut_off() -> None:
    found = drawn("boxes", {"bbox": [-5, 2, 10, 100]})
    assert found.shapes == (Box(label="car", x=0.0, y=0.25, width=0.5, height=0.75),)
    outline = {"segmentation": [[-10, 0, 5, 0, 5, 8, -10, 8]]}
    assert bounds(drawn("polygons", outline).shapes[0]) == (0, 0, 0.5, 1)


RUNS = {"size": [8, 10], "counts": [40, 40]}


@pytest.mark.parametrize(
    ("task", "given_as", "why"),
    [
        ("boxes", {"bbox": [1, 1, 0, 3]}, "expected an area above zero, got edges at"),
        ("boxes", {"bbox": [1, 1, -2, 3]}, "expected an area above zero"),
        ("boxes", {"bbox": [11, 1, 2, 3]}, "expected a box within the picture"),
        ("boxes", {"bbox": [float("nan"), 1, 2, 3]}, "expected finite edges"),
        ("boxes", {"bbox": [1, 2, 3]}, "expected 4 numbers as bbox, got 3"),
        ("boxes", {"bbox": "1 2 3 4"}, "expected 4 numbers as bbox"),
        ("boxes", {"bbox": [1, 1, 10**400, 3]}, "expected 4 numbers as bbox, got one of too many"),
        ("boxes", {}, "expected 4 numbers as bbox"),
        ("boxes", {"bbox": [1, 1, 2, 2], "iscrowd": 1}, "got a crowd"),
        (None, {"segmentation": RUNS, "iscrowd": 1}, "got a crowd"),
        ("polygons", {"bbox": [1, 1, 2, 2]}, "expected polygons, got a box"),
        ("masks", {"bbox": [1, 1, 2, 2]}, "expected masks, got a box"),
        ("polygons", {"segmentation": RUNS}, "expected polygons, got a mask"),
        ("polygons", {"segmentation": [[1, 1, 2, 2]]}, "three corners or more, got 4 numbers"),
        ("masks", {"segmentation": [[1, 1, 2, 2]]}, "three corners or more, got 4 numbers"),
        ("polygons", {"segmentation": [[1, 1, 2, 2, 3, 3]]}, "expected an area above zero"),
        ("polygons", {"segmentation": [[20, 1, 30, 1, 30, 3]]}, "an outline within the picture"),
        ("polygons", {"segmentation": "abc"}, "expected outlines or run lengths"),
        ("polygons", {"segmentation": [["a"]]}, "expected numbers as segmentation"),
        ("masks", {"segmentation": {**RUNS, "size": [10, 8]}}, "of 8 x 10 pixels, got another"),
        ("masks", {"segmentation": {**RUNS, "counts": [40, 41]}}, "over 80 pixels, got 81"),
        ("masks", {"segmentation": {**RUNS, "counts": [80]}}, "at least one pixel inside"),
        ("masks", {"segmentation": {**RUNS, "counts": [-1, 81]}}, "run lengths of zero or more"),
        ("masks", {"segmentation": {**RUNS, "counts": "\n"}}, "compressed run lengths"),
        ("masks", {"segmentation": {**RUNS, "counts": "oooo"}}, "got half a number"),
        ("boxes", {"bbox": [1, 1, 2, 2], "category_id": 4}, "expected a class of the file"),
        ("boxes", {"bbox": [1, 1, 2, 2], "image_id": 6}, "expected a picture of the file"),
    ],
)
def test_an_object_that_cannot_be_used_is_left_out_and_said(
    task: DrawnTask | None, given_as: dict[str, Any], why: str
) -> None:
    good = {"bbox": [1, 1, 2, 2], "segmentation": [[1, 1, 3, 1, 3, 3]]}
    whole = read_coco(file(given_as, good))
    found = whole.pictures[0].drawn(task)
    [bad] = [*whole.left_out, *found.left_out]
    assert bad.where == "annotation 1"
    assert why in bad.reason
    assert len(found.shapes) == 1


@pytest.mark.parametrize(
    ("size", "seen", "said"),
    [
        ((10, 8), (8, 10), "got labels for 10 x 8, as if it had not been turned"),
        ((10, 8), (20, 16), "expected the 20 x 16 pixels that people see, got labels for 10 x 8$"),
        ((0, 8), None, "expected its width and height, got none"),
    ],
)
def test_a_size_must_be_the_one_that_people_see(size: Any, seen: Any, said: str) -> None:
    [picture] = read_coco(file({"bbox": [1, 1, 2, 2]}, width=size[0], height=size[1])).pictures
    with pytest.raises(DataError, match=said):
        picture.drawn("boxes", seen)


def test_a_size_that_the_file_lacks_is_that_of_the_picture() -> None:
    [picture] = read_coco(file({"bbox": [1, 1, 2, 2]}, width=None)).pictures
    assert bounds(picture.drawn("boxes", (4, 4)).shapes[0]) == (0.25, 0.25, 0.75, 0.75)


def test_a_size_that_no_picture_has_is_none() -> None:
    [picture] = read_coco(file({"bbox": [1, 1, 2, 2]}, width=10**400)).pictures
    with pytest.raises(DataError, match="expected its width and height, got none"):
        picture.drawn("boxes")


def test_an_id_is_the_same_as_a_number_and_as_text() -> None:
    for number in (5, "5", 5.0):
        [picture] = read_coco(file({"bbox": [1, 1, 2, 2], "image_id": number}, id="5")).pictures
        assert len(picture.drawn("boxes").shapes) == 1


@pytest.mark.parametrize(
    ("ids", "got"), [((5, "5"), "that of another picture too"), ((None, 6), "none")]
)
def test_nobody_knows_what_is_on_pictures_without_an_id_of_their_own(ids: Any, got: str) -> None:
    content = json.loads(file({"bbox": [1, 1, 2, 2]}, id=7))
    about = content["images"][0]
    content["images"] += [
        {**about, "id": number, "file_name": f"{at}"} for at, number in enumerate(ids)
    ]
    content["annotations"].append({"image_id": 7, "category_id": 90, "bbox": [1, 1, 2, 2]})
    whole, first, *_ = read_coco(json.dumps(content)).pictures
    assert len(whole.drawn("boxes").shapes) == 1
    with pytest.raises(DataError, match=f"an id of its own in the file of labels, got {got}"):
        first.drawn("boxes")
    content["annotations"] = []
    assert read_coco(json.dumps(content)).pictures[1].drawn("boxes").shapes == ()


def test_a_picture_that_is_listed_twice_is_one() -> None:
    content = json.loads(file({"bbox": [1, 1, 2, 2]}))
    content["images"] *= 2
    assert [len(one.drawn().shapes) for one in read_coco(json.dumps(content)).pictures] == [1, 1]


@pytest.mark.parametrize("annotations", [None, [{"image_id": "a.png", "bbox": [1, 1, 2, 2]}]])
def test_a_file_that_tells_of_none_of_its_pictures_says_not_that_they_are_empty(
    annotations: Any,
) -> None:
    content = json.loads(file())
    del content["annotations"]
    whole = read_coco(json.dumps(content | ({"annotations": annotations} if annotations else {})))
    assert not whole.is_labeled
    with pytest.raises(DataError, match="annotations of the file's pictures, or an empty list"):
        whole.pictures[0].drawn("boxes")


def test_a_picture_without_objects_has_none() -> None:
    assert drawn("boxes") == Drawn(shapes=(), size=(10, 8))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"images": 3}', '{"images": [3]}', '{"images": [{"id": []}]}', "[" * 9999],
)
def test_what_is_no_coco_is_said(text: str) -> None:
    with pytest.raises(DataError, match="expected COCO's images, annotations and categories"):
        read_coco(text)


json_things: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 99) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["size", "counts", "x"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("bbox", "segmentation", "iscrowd", "category_id"), json_things)
    ),
    st.sampled_from([None, "boxes", "polygons", "masks"]),
)
@settings(deadline=None, max_examples=300)
def test_whatever_stands_there_is_read_or_left_out(one: dict[str, Any], task: Any) -> None:
    try:
        whole = read_coco(file(one))
    except DataError:
        return
    found = whole.pictures[0].drawn(task)
    assert len(whole.left_out) + len(found.left_out) + bool(found.shapes) == 1
