"""Labels as other programs read them: by Label Studio's own importers, and by the letter."""

from __future__ import annotations

import csv
import importlib
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from auto_labeling.errors import DataError
from auto_labeling.formats import ENCODERS
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.label_studio.asked import asked_by
from auto_labeling.formats.label_studio.exported import encode_json, encode_json_min
from auto_labeling.formats.label_studio.layout import Layout
from auto_labeling.formats.label_studio.results import read_result
from auto_labeling.formats.labeled import Labeled, bounds, file_names
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.formats.table import encode_csv
from auto_labeling.formats.value import decode_value
from auto_labeling.formats.yolo import encode_yolo
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.formats import shapes
from tests.formats.shapes import LABELS

SIZE = (640, 480)
BOXES = LabelSchema(task="boxes", classes=LABELS, abstain=("cannot tell",))
OUTLINES = LabelSchema(task="polygons", classes=LABELS)
MASKS = LabelSchema(task="masks", classes=LABELS)
SINGLE = LabelSchema(task="single", classes=LABELS)
CAR = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
drawn = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)


def picture(*drawing: Shape, number: int = 1, name: str | None = None, **more: Any) -> Labeled:
    told: dict[str, Any] = {"size": SIZE, "confidence": 1.0, "votes": 2, **more}
    path = name or f"{number}.png"
    return Labeled(number=number, item_id=path, value=drawing, picture=path, **told)


def coco(labeled: Sequence[Labeled], schema: LabelSchema) -> Any:
    return json.loads(encode_coco(labeled, schema)["annotations.json"])


@given(st.lists(shapes.boxes(), max_size=4))
@drawn
def test_label_studio_reads_our_coco_as_the_same_boxes(tmp_path: Path, drawing: list[Box]) -> None:
    reader = importlib.import_module("label_studio_sdk.converter.imports.coco")
    source, target = tmp_path / "annotations.json", tmp_path / "tasks.json"
    source.write_text(encode_coco([picture(*drawing)], BOXES)["annotations.json"])
    reader.convert_coco_to_ls(str(source), str(target))
    [task] = json.loads(target.read_text())
    read = [region["value"] for region in task["annotations"][0]["result"]]
    expect_boxes(read, drawing, within=1e-3)


@given(st.lists(shapes.boxes(), max_size=4))
@drawn
def test_label_studio_reads_our_yolo_as_the_same_boxes(tmp_path: Path, drawing: list[Box]) -> None:
    reader = importlib.import_module("label_studio_sdk.converter.imports.yolo")
    for name, content in encode_yolo([picture(*drawing)], BOXES).items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    (tmp_path / "images").mkdir(exist_ok=True)
    (tmp_path / "images" / "1.png").touch()
    target = tmp_path / "tasks.json"
    reader.convert_yolo_to_ls(str(tmp_path), str(target), image_dims=SIZE)
    [task] = json.loads(target.read_text())
    read = [region["value"] for region in task["annotations"][0]["result"]]
    expect_boxes(read, drawing, within=1e-5)


def expect_boxes(read: Sequence[Any], drawing: Sequence[Box], within: float) -> None:
    """Percent as the tool read them, against what was drawn."""
    assert [value["rectanglelabels"] for value in read] == [[box.label] for box in drawing]
    for value, box in zip(read, drawing, strict=True):
        said = [value[side] for side in ("x", "y", "width", "height")]
        assert said == pytest.approx(
            [100 * edge for edge in (box.x, box.y, box.width, box.height)], abs=within
        )
        assert value["width"] > 0
        assert value["height"] > 0


@given(shapes.polygons())
def test_outlines_keep_their_corners_in_coco_and_in_yolo(outline: Polygon) -> None:
    [one] = coco([picture(outline)], OUTLINES)["annotations"]
    corners = np.array(one["segmentation"][0]).reshape(-1, 2) / SIZE
    assert corners == pytest.approx(np.array(outline.points), abs=1e-7)
    assert one["area"] == pytest.approx(outline.area * SIZE[0] * SIZE[1])
    left, top, right, bottom = bounds(outline)
    assert one["bbox"] == pytest.approx(
        [left * 640, top * 480, (right - left) * 640, (bottom - top) * 480], abs=1e-4
    )
    line = encode_yolo([picture(outline)], OUTLINES)["labels/1.txt"].split()
    assert LABELS[int(line[0])] == outline.label
    assert np.array(line[1:], float).reshape(-1, 2) == pytest.approx(np.array(outline.points))


@given(shapes.masks())
def test_masks_are_coco_s_uncompressed_run_lengths(mask: Mask) -> None:
    content = coco([picture(mask, size=None)], MASKS)
    [one] = content["annotations"]
    height, width = one["segmentation"]["size"]
    assert (content["images"][0]["height"], content["images"][0]["width"]) == (height, width)
    pixels, inside = [], False
    for run in one["segmentation"]["counts"]:  # down the columns, outside first
        pixels += [inside] * run
        inside = not inside
    read = np.array(pixels).reshape(width, height).T
    assert (read == pixels_of(mask)).all()
    assert one["area"] == pytest.approx(read.sum())
    assert one["iscrowd"] == 0
    rows, columns = np.flatnonzero(read.any(axis=1)), np.flatnonzero(read.any(axis=0))
    around = [
        columns[0],
        rows[0],
        columns[-1] - columns[0] + 1,
        rows[-1] - rows[0] + 1,
    ]
    assert one["bbox"] == pytest.approx(around, abs=1e-4)


@given(st.lists(st.one_of(shapes.boxes(), shapes.polygons()), min_size=1, max_size=4))
def test_voc_s_boxes_are_whole_pixels_with_an_area(drawing: list[Shape]) -> None:
    [xml] = encode_voc([picture(*drawing)], BOXES).values()
    root = ET.fromstring(xml)
    assert [one.text for one in root.iterfind("size/*")] == ["640", "480", "3"]
    assert [one.text for one in root.iterfind("object/name")] == [one.label for one in drawing]
    for box, shape in zip(root.iterfind("object/bndbox"), drawing, strict=True):
        said = {edge.tag: int(edge.text or "") for edge in box}
        left, top, right, bottom = bounds(shape)
        assert 0 <= said["xmin"] < said["xmax"] <= 640
        assert 0 <= said["ymin"] < said["ymax"] <= 480
        exact = {"xmin": left * 640, "ymin": top * 480, "xmax": right * 640, "ymax": bottom * 480}
        assert said == pytest.approx(exact, abs=1)


def test_coco_numbers_are_those_of_the_items_and_from_one() -> None:
    labeled = [picture(CAR, number=31), picture(number=4), picture(CAR, CAR, number=7)]
    content = coco(labeled, BOXES)
    assert [one["id"] for one in content["images"]] == [4, 7, 31]
    assert [(one["id"], one["image_id"]) for one in content["annotations"]] == [
        (1, 7),
        (2, 7),
        (3, 31),
    ]
    assert [(one["id"], one["name"]) for one in content["categories"]] == list(enumerate(LABELS, 1))
    assert coco(labeled[::-1], BOXES) == content


def test_abstentions_are_left_out_and_empty_pictures_are_not() -> None:
    abstained = Labeled(number=2, item_id="2", value=("cannot tell",), picture="2.png", size=SIZE)
    labeled = [picture(number=1), abstained]
    assert [one["id"] for one in coco(labeled, BOXES)["images"]] == [1]
    assert sorted(encode_yolo(labeled, BOXES)) == ["classes.txt", "labels/1.txt"]
    assert list(encode_voc(labeled, BOXES)) == ["Annotations/1.xml"]


def test_what_lies_beyond_the_edge_has_no_area_and_is_not_written() -> None:
    outside = Box(label="car", x=1.0, y=0.5, width=1e-7, height=0.5)  # a record's slack
    labeled = [picture(outside, CAR)]
    assert len(coco(labeled, BOXES)["annotations"]) == 1
    assert encode_yolo(labeled, BOXES)["labels/1.txt"].count("\n") == 1
    assert encode_voc(labeled, BOXES)["Annotations/1.xml"].count("<bndbox>") == 1


def test_a_box_that_was_turned_is_a_box_in_yolo() -> None:
    turned = Polygon(label="car", points=((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)))
    lines = encode_yolo([picture(turned, CAR)], BOXES)["labels/1.txt"].splitlines()
    assert lines == ["0 0.5 0.5 1 1", "0 0.5 0.625 0.5 0.25"]


@pytest.mark.parametrize(
    ("encode", "labeled", "schema", "why"),
    [
        (encode_yolo, [picture()], MASKS, "YOLO has no masks; export coco"),
        (encode_coco, [picture(size=None)], BOXES, "1.png: the size of the picture is not known"),
        (encode_voc, [picture(size=None)], BOXES, "1.png: the size of the picture is not known"),
        (encode_coco, [picture()], SINGLE, "COCO holds what is drawn .* export csv or json"),
        (
            encode_coco,
            [picture(Box(label="bus", x=0, y=0, width=1, height=1))],
            BOXES,
            r"got \['bus'\]",
        ),
        (
            encode_yolo,
            [picture()],
            LabelSchema(task="boxes", classes=("two\nlines",)),
            "expected names of one line",
        ),
    ],
)
def test_what_cannot_be_written_is_said(
    encode: Any, labeled: list[Labeled], schema: LabelSchema, why: str
) -> None:
    with pytest.raises(DataError, match=why):
        encode(labeled, schema)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("photos/a b.png", "photos/a b.png"),
        ("/data/upload/3/1a2b-cat.png", "1a2b-cat.png"),
        ("/data/local-files/?d=photos/a%20b.png", "photos/a b.png"),
        ("https://example.org/x/cat%20one.jpg?size=3", "cat one.jpg"),
        ("s3://bucket/deep/9.jpg", "9.jpg"),
        ("../../etc/passwd.png", "etc/passwd.png"),
        ("/data/local-files/?d=../../secret.png", "secret.png"),
        (r"C:\photos\7.png", "7.png"),
        (r"photos\7.png", "photos/7.png"),
        ("/data/local-files/?d=/srv/photos/a.png", "a.png"),
        ("/data/upload/3/a%20b.png", "a b.png"),
        ("/data/photos/a%20b.png", "a%20b.png"),
        ("cell #1.png", "cell #1.png"),
        ("a%20b/c?.png", "a%20b/c?.png"),
        ("cam1:frame3.png", "cam1:frame3.png"),
        ("https://example.org/", "1"),
    ],
)
def test_a_picture_keeps_its_name_and_never_leaves_the_folder(given: str, named: str) -> None:
    assert file_names([picture(name=given)]) == [named]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (("a.jpg", "a.png", "a-1.jpg"), ["a-1-1.jpg", "a-2.png", "a-1.jpg"]),
        (("a-2.jpg", "a.jpg", "a.png"), ["a-2.jpg", "a-2-2.jpg", "a-3.png"]),
        (
            ("a.jpg", "a.png", "A-1.png", "a-1-1.gif"),
            ["a-1-1-1.jpg", "a-2.png", "A-1.png", "a-1-1.gif"],
        ),
    ],
)
def test_a_picture_with_a_new_name_takes_that_of_no_other(
    given: tuple[str, ...], named: list[str]
) -> None:
    labeled = [picture(number=at, name=name) for at, name in enumerate(given, 1)]
    assert file_names(labeled) == named
    assert file_names([picture(number=9 + at, name=name) for at, name in enumerate(named)]) == named
    assert len(encode_yolo(labeled, BOXES)) == 1 + len(given)


def test_pictures_that_differ_in_their_suffix_only_get_files_of_their_own() -> None:
    labeled = [picture(number=1, name="a.png"), picture(number=2, name="A.jpg")]
    assert file_names(labeled) == ["a-1.png", "A-2.jpg"]
    assert sorted(encode_yolo(labeled, BOXES)) == [
        "classes.txt",
        "labels/A-2.txt",
        "labels/a-1.txt",
    ]


def answers(schema: LabelSchema) -> st.SearchStrategy[Value]:
    kind: Any = {"boxes": shapes.boxes(), "polygons": shapes.polygons(), "masks": shapes.masks()}
    if schema.task == "single":
        return st.sampled_from(schema.classes)
    if schema.task == "multi":
        return st.lists(st.sampled_from(schema.classes), unique=True).map(
            lambda names: tuple(name for name in schema.classes if name in names)
        )
    return st.lists(kind[schema.task], max_size=3).map(tuple)


@pytest.mark.parametrize(
    "schema",
    [SINGLE, LabelSchema(task="multi", classes=LABELS), BOXES, OUTLINES, MASKS],
    ids=lambda one: one.task,
)
@given(st.data())
def test_label_studio_s_json_says_the_same_again(schema: LabelSchema, data: st.DataObject) -> None:
    value = data.draw(answers(schema))
    one = Labeled(number=3, item_id="3", value=value, size=SIZE, fields={"image": "3.png"})
    [task] = json.loads(encode_json([one], schema, Layout.of("image"))["labels.json"])
    said = read_result(task["annotations"][0]["result"], schema, Layout.of("image")).value
    assert said is not None
    if schema.task in ("boxes", "polygons"):
        assert len(said) == len(value)
        for read, shape in zip(said, value, strict=True):
            assert isinstance(read, Box | Polygon)
            assert isinstance(shape, Box | Polygon)
            assert bounds(read) == pytest.approx(bounds(shape), abs=1e-6)
    else:
        assert said == value


@given(st.floats(-80, 80).filter(lambda angle: abs(angle) > 1))
def test_a_turned_box_is_exported_turned(angle: float) -> None:
    layout = Layout.of("image")
    region = {
        "from_name": "label",
        "type": "rectanglelabels",
        "original_width": 640,
        "original_height": 480,
        "value": {
            **dict.fromkeys(("x", "y"), 50.0),
            "width": 20.0,
            "height": 10.0,
            "rotation": angle,
            "rectanglelabels": ["car"],
        },
    }
    value = read_result([region], BOXES, layout).value
    assert value is not None
    one = Labeled(number=3, item_id="3", value=value, size=SIZE)
    [task] = json.loads(encode_json([one], BOXES, layout)["labels.json"])
    [written] = task["annotations"][0]["result"]
    for name in ("x", "y", "width", "height"):
        assert written["value"][name] == pytest.approx(region["value"][name])  # type: ignore[index]
    assert math.remainder(written["value"]["rotation"] - angle, 360) == pytest.approx(0, abs=1e-6)


def test_the_short_json_has_label_studio_s_fields() -> None:
    one = picture(CAR, fields={"image": "1.png"})
    [row] = json.loads(encode_json_min([one], BOXES)["labels.min.json"])
    assert row == {
        "image": "1.png",
        "id": 1,
        "label": [
            {
                "x": 25.0,
                "y": 50.0,
                "width": 50.0,
                "height": 25.0,
                "rotation": 0,
                "rectanglelabels": ["car"],
                "original_width": 640,
                "original_height": 480,
            }
        ],
        "confidence": 1.0,
        "votes": 2,
    }


@given(st.text(max_size=20), answers(BOXES))
def test_csv_holds_any_text_and_any_label(text: str, value: Value) -> None:
    text = text.replace("\x00", "")  # Python 3.11's reader takes none
    one = Labeled(number=1, item_id="x", value=value, fields={"text": text, "label": 7})
    content = encode_csv([one, one], BOXES)["labels.csv"]
    rows = list(csv.DictReader(io.StringIO(content, newline="")))
    assert len(rows) == 2
    assert rows[0]["text"] == text
    assert rows[0]["data.label"] == "7"
    assert decode_value(rows[0]["label"]) == value


@pytest.mark.parametrize("kind", sorted(ENCODERS))
def test_nothing_labeled_is_no_error(kind: str) -> None:
    files = ENCODERS[kind]([], BOXES)
    assert all(isinstance(content, str) for content in files.values())


@pytest.mark.parametrize(
    ("xml", "task", "classes", "field"),
    [
        (
            """<View><Text name="t" value="$a"/><Choices name="c" toName="t" choice="multiple">
            <Choice value="x"/><Choice value="y" alias="z"/></Choices></View>""",
            "multi",
            ("x", "z"),
            "a",
        ),
        (
            """<View><Image name="i" value="$p"/><Choices name="c" toName="i"><Choice value="x"/>
            </Choices><RectangleLabels name="r" toName="i"><Label value="car"/></RectangleLabels>
            <TextArea name="why" toName="i"/></View>""",
            "boxes",
            ("car",),
            "p",
        ),
    ],
)
def test_what_a_project_asks_is_read_from_its_configuration(
    xml: str, task: str, classes: tuple[str, ...], field: str
) -> None:
    asked = asked_by(xml)
    assert (asked.schema.task, asked.schema.classes, asked.layout.field) == (task, classes, field)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        ("", "expected one of Choices, .* that asks for classes, got none"),
        (2 * '<Choices name="c" toName="t"><Choice value="x"/></Choices>', "got c, c"),
        ('<Choices name="c" toName="t" value="$made"/>', "expected fixed classes in 'c'"),
        ('<Choices name="c" toName="t"><Choice value="x"/></Choices>', "two classes or more"),
        ('<Choices name="c" toName="gone"><Choice value="x"/></Choices>', "a name and a toName"),
    ],
)
def test_a_configuration_that_asks_for_no_classes_is_refused(inside: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        asked_by(f'<View><Text name="t" value="$a"/>{inside}</View>')


def test_of_several_tags_one_is_named() -> None:
    tags = "".join(
        f'<Choices name="{name}" toName="t"><Choice value="{name}1"/><Choice value="x"/></Choices>'
        for name in ("tone", "topic")
    )
    xml = f'<View><Text name="t" value="$a"/>{tags}</View>'
    assert asked_by(xml, "topic").schema.classes == ("topic1", "x")
    with pytest.raises(DataError, match="that asks for classes, got tone, topic"):
        asked_by(xml)


def test_masks_of_a_picture_give_its_size() -> None:
    pixels = np.array(Image.new("L", (30, 20), 255)) > 0
    content = coco([picture(mask_of("car", pixels), size=SIZE)], MASKS)
    assert (content["images"][0]["width"], content["images"][0]["height"]) == (30, 20)
