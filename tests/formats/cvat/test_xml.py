"""CVAT for images 1.1: what we write is read by others, and what a real server wrote by us."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import (
    Document,
    Labels,
    Picture,
    encode_cvat,
    encode_mask,
    read_frames,
    read_xml,
    write_xml,
)
from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.masks import pixels_of
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon
from tests.cvat.recordings import GOLDEN as RECORDED
from tests.formats.shapes import LABELS, boxes, masks, polygons

GOLDEN = Path(__file__).parent / "exported.xml"
SIZE = (320, 240)
CAR = Box(label="car", x=0.125, y=0.25, width=0.25, height=0.5)
NAMES = ("car", "ねこ", 'a "quoted" <b>', "cannot tell")


def schema_of(task: Any) -> LabelSchema:
    return LabelSchema(task=task, classes=LABELS, abstain=("cannot tell",))


def labeled(*values: Value, size: tuple[int, int] = SIZE, folder: str = "") -> list[Labeled]:
    return [
        Labeled(number=at, item_id=str(at), value=value, picture=f"{folder}{at}.png", size=size)
        for at, value in enumerate(values, 1)
    ]


def written(task: str, *values: Value, size: tuple[int, int] = SIZE) -> str:
    return encode_cvat(labeled(*values, size=size), schema_of(task))["annotations.xml"]


def answers_in(xml: str, schema: LabelSchema) -> list[Any]:
    document = read_xml(xml)
    labels = Labels.of(document.labels, schema)
    found = read_frames(document.annotations, schema, labels, document.sizes)
    assert [one.problem for one in found.values()] == [None] * len(found)
    return [one.value for one in found.values()]


def imported(xml: str) -> dict[str, list[tuple[str, str, list[float], float]]]:
    """Return picture -> (kind, label, points, rotation), read the way CVAT's importer does it."""
    etree = importlib.import_module("lxml.etree")
    found: dict[str, list[Any]] = {}
    for image in etree.fromstring(xml.encode()).iter("image"):
        rows = found.setdefault(image.get("name"), [])
        for one in image:
            points: list[float] = []
            if one.tag == "box":
                points = [float(one.attrib[edge]) for edge in ("xtl", "ytl", "xbr", "ybr")]
            elif one.tag == "mask":
                left, top, width, height = (
                    int(one.attrib[edge]) for edge in ("left", "top", "width", "height")
                )
                runs = [int(run) for run in one.attrib["rle"].split(",")]
                points = [*runs, left, top, left + width - 1, top + height - 1]
            elif one.tag == "polygon":
                for pair in one.attrib["points"].split(";"):
                    points.extend(map(float, pair.split(",")))
            if one.tag != "tag":
                assert one.attrib["occluded"] in ("0", "1")
                assert int(one.attrib["z_order"]) == 0
            rows.append((one.tag, one.attrib["label"], points, float(one.get("rotation", 0))))
    return found


@settings(deadline=None)
@given(st.lists(boxes(), max_size=4), st.integers(1, 5000), st.integers(1, 5000))
def test_boxes_come_back_and_others_read_them(shapes: list[Box], width: int, height: int) -> None:
    xml = written("boxes", tuple(shapes), size=(width, height))
    [value] = answers_in(xml, schema_of("boxes"))
    [rows] = imported(xml).values()
    for shape, made, row in zip(shapes, value, rows, strict=True):
        edges = [shape.x, shape.y, shape.x + shape.width, shape.y + shape.height]
        pixels = np.array(edges) * [width, height, width, height]
        assert row[:2] == ("box", shape.label)
        np.testing.assert_allclose(row[2], pixels, atol=1e-3)
        again = [made.x, made.y, made.x + made.width, made.y + made.height]
        np.testing.assert_allclose(again * np.tile([width, height], 2), pixels, atol=1e-3)


@settings(deadline=None)
@given(st.lists(polygons(), max_size=3), st.integers(10, 5000), st.integers(10, 5000))
def test_polygons_come_back_and_others_read_them(
    shapes: list[Polygon], width: int, height: int
) -> None:
    xml = written("polygons", tuple(shapes), size=(width, height))
    [value] = answers_in(xml, schema_of("polygons"))
    [rows] = imported(xml).values()
    for shape, made, row in zip(shapes, value, rows, strict=True):
        pixels = np.array(shape.points) * [width, height]
        assert row[:2] == ("polygon", shape.label)
        np.testing.assert_allclose(row[2], pixels.ravel(), atol=1e-3)
        np.testing.assert_allclose(np.array(made.points) * [width, height], pixels, atol=1e-3)


@settings(deadline=None)
@given(masks())
def test_a_mask_comes_back_exactly_and_the_sdk_reads_it(mask: Mask) -> None:
    xml = written("masks", (mask,), size=(mask.width, mask.height))
    assert answers_in(xml, schema_of("masks")) == [(mask,)]
    [[(kind, label, points, _)]] = imported(xml).values()
    assert (kind, label, points) == ("mask", mask.label, encode_mask(mask))
    sdk = importlib.import_module("cvat_sdk.masks")
    read = sdk.decode_mask(points, image_width=mask.width, image_height=mask.height)
    np.testing.assert_array_equal(read, pixels_of(mask))


def test_classes_and_abstentions_are_tags() -> None:
    assert answers_in(written("single", "car", "cannot tell"), schema_of("single")) == [
        "car",
        "cannot tell",
    ]
    several = written("multi", ("car", "ねこ"), ("cannot tell",))
    assert answers_in(several, schema_of("multi")) == [("car", "ねこ"), ("cannot tell",)]
    drawn = written("boxes", ("cannot tell",), (), (CAR,))
    assert answers_in(drawn, schema_of("boxes")) == [("cannot tell",), (), (CAR,)]


def test_a_turned_box_stays_one() -> None:
    # A square of 60 pixels on its corner.
    points = tuple((x / 320, y / 240) for x, y in ((160, 60), (220, 120), (160, 180), (100, 120)))
    turned = Polygon(label="car", points=points)
    xml = written("boxes", (turned,))
    [[(kind, _, edges, rotation)]] = imported(xml).values()
    side = 60 * 2**0.5
    wanted = [160 - side / 2, 120 - side / 2, 160 + side / 2, 120 + side / 2]
    assert (kind, rotation) == ("box", 45)
    assert edges == pytest.approx(wanted, abs=1e-5)
    [[made]] = answers_in(xml, schema_of("boxes"))
    np.testing.assert_allclose(made.points, points, atol=1e-6)
    [[(kind, _, edges, rotation)]] = imported(written("polygons", (turned,))).values()
    assert (kind, rotation, len(edges)) == ("polygon", 0, 8)


def test_an_outline_that_is_no_turned_box_is_the_box_around_it() -> None:
    outline = Polygon(label="car", points=((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.2, 0.4)))
    [[(kind, _, edges, rotation)]] = imported(written("boxes", (outline,))).values()
    assert (kind, rotation) == ("box", 0)
    assert edges == pytest.approx([32, 24, 160, 120])


def test_what_a_real_server_wrote_is_read() -> None:
    document = read_xml(GOLDEN.read_text(encoding="utf-8"))
    assert (document.name, document.assignee) == ("golden-no-subset", None)
    assert [picture.name for picture in document.pictures] == [
        "img_0.png",
        "img_1.png",
        "img_2.png",
    ]
    assert [row["name"] for row in document.labels] == ["cat", "dog"]
    frames = {}
    for task in ("boxes", "polygons", "masks", "single"):
        schema = LabelSchema(task=task, classes=("cat", "dog"))
        labels = Labels.of(document.labels, schema)
        frames[task] = read_frames(document.annotations, schema, labels, document.sizes)
    upright, turned = tuple(frames["boxes"][0].value or ())
    assert upright == Box(label="cat", x=10 / 320, y=20 / 240, width=100 / 320, height=60 / 240)
    assert isinstance(turned, Polygon)
    assert turned.area * 320 * 240 == pytest.approx(40 * 40)
    assert frames["boxes"][1].problem == "expected rectangle 'dog', got polygon"
    assert frames["single"][2].value == "cat"
    mask = next(row for row in document.annotations["shapes"] if row["type"] == "mask")
    assert mask["points"] == [1, 19, 60, 50, 64, 53]


def test_attributes_travel_with_their_shapes() -> None:
    told = Box(label="car", x=0, y=0, width=0.5, height=0.5, attributes={"side": "left\n<b>"})
    [[made, plain]] = answers_in(written("boxes", (told, CAR)), schema_of("boxes"))
    assert (made.attributes, plain.attributes) == ({"side": "left\n<b>"}, {})


def test_equal_labels_make_an_equal_file_in_the_order_of_their_numbers() -> None:
    some = labeled((CAR,), (), folder="photos/")
    schema = schema_of("boxes")
    assert encode_cvat(some, schema) == encode_cvat(some[::-1], schema)
    names = [picture.name for picture in read_xml(written("boxes", (CAR,), ())).pictures]
    assert names == ["1.png", "2.png"]


def test_names_of_all_sorts_are_kept() -> None:
    pictures = [Picture(name='фото/"ねこ" & <b>.png', size=(3, 2))]
    labels = [{"id": at, "name": name, "type": "any"} for at, name in enumerate(NAMES)]
    document = read_xml(write_xml(Document(name="<Été>", labels=labels, pictures=pictures)))
    assert document.name == "<Été>"
    assert list(document.pictures) == pictures
    assert [row["name"] for row in document.labels] == list(NAMES)


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (Document(name="a\x00"), r"expected characters that XML can hold, got '\\x00'"),
        (Document(labels=[{"id": 1, "name": "\x1b"}]), "expected characters that XML can hold"),
        (Document(pictures=[Picture(name="\ud800.png", size=SIZE)]), "that XML can hold"),
    ],
)
def test_what_xml_cannot_hold_is_said(document: Document, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        write_xml(document)


def test_what_has_no_place_in_the_file_is_said() -> None:
    text = [Labeled(number=1, item_id="x", value="car", fields={"text": "Oui"}, size=SIZE)]
    with pytest.raises(DataError, match="item 'x': expected a picture, got none"):
        encode_cvat(text, schema_of("single"))
    unknown = [Labeled(number=1, item_id="x", value=(CAR,), picture="x.png")]
    with pytest.raises(DataError, match="item 'x': the size of the picture is not known"):
        encode_cvat(unknown, schema_of("boxes"))
    with pytest.raises(DataError, match=r"expected classes out of .*, got 'cow'"):
        encode_cvat(labeled("cow"), schema_of("single"))


def file_of(body: str, head: str = "") -> str:
    return f"<annotations><version>1.1</version><meta>{head}</meta>{body}</annotations>"


def image_of(body: str) -> str:
    return file_of(f'<image id="0" name="a.png" width="320" height="240">{body}</image>')


BOMB = '<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]>'


@pytest.mark.parametrize(
    ("xml", "complaint"),
    [
        ("", "expected XML, got no element found"),
        ("{}", "expected XML, got"),
        ("<annotations>", "expected XML, got"),
        ("<annotation/>", "expected annotations, got annotation"),
        (
            f"{BOMB}<annotations>&c;</annotations>",
            "no document type and no entities, got a DOCTYPE",
        ),
        ("<annotations>&unknown;</annotations>", "expected XML, got undefined entity"),
        (
            file_of('<track id="0" label="car"><box frame="0"/></track>'),
            "expected pictures, as 'CVAT for images 1.1' has them, got a track of 'car' over",
        ),
        (file_of('<image id="0" name="a.png" width="3"/>'), "a width and a height of every image"),
        (file_of('<image id="0" width="3" height="2"/>'), "a name, a width and a height"),
        (file_of('<image name="a" width="0" height="2"/>'), "a name, a width and a height"),
        (image_of("<box/>"), "expected a label of everything in an image, got <box> without"),
    ],
)
def test_what_is_no_such_file_is_said(xml: str, complaint: str) -> None:
    with pytest.raises(DataError, match=f"^CVAT's XML: .*{complaint}"):
        read_xml(xml)


@pytest.mark.parametrize(
    ("task", "body", "complaint"),
    [
        ("boxes", '<box label="car" xtl="a" ytl="0" xbr="1" ybr="1"/>', "numbers of pixels"),
        ("boxes", '<box label="car" xtl="0" ytl="0" xbr="1"/>', "expected numbers of pixels"),
        ("boxes", '<box label="car" xtl="0" ytl="0" xbr="1" ybr="1e9"/>', "within 320 x 240"),
        (
            "boxes",
            '<box label="car" xtl="0" ytl="0" xbr="1" ybr="1" rotation="x"/>',
            "rotation: expected numbers",
        ),
        ("polygons", '<polygon label="car" points="1,2;3"/>', "expected pairs of pixels"),
        ("polygons", '<polygon label="car"/>', "expected numbers of pixels"),
        ("masks", '<mask label="car" rle="4" left="0" top="0" width="x"/>', "expected numbers"),
        (
            "masks",
            '<mask label="car" rle="1, x" left="0" top="0" width="2" height="1"/>',
            "expected numbers of pixels",
        ),
        (
            "masks",
            '<mask label="car" rle="1, 9" left="0" top="0" width="2" height="1"/>',
            "expected runs over 2 x 1 pixels",
        ),
        ("boxes", '<ellipse label="car" cx="1" cy="1" rx="1" ry="1"/>', "got ellipse"),
        ("boxes", '<skeleton label="car"><points label="nose" points="1,2"/></skeleton>', "skele"),
        ("boxes", '<cuboid label="car" xtl1="1"/>', "expected rectangle 'car', got cuboid"),
    ],
)
def test_what_is_no_answer_is_a_problem_of_its_picture(
    task: str, body: str, complaint: str
) -> None:
    document = read_xml(image_of(body))
    schema = LabelSchema(task=task, classes=("car",))  # type: ignore[arg-type]
    labels = Labels.of(document.labels, schema)
    [answer] = read_frames(document.annotations, schema, labels, document.sizes).values()
    assert complaint in (answer.problem or "")


def test_an_export_of_a_project_is_read_and_the_joints_of_skeletons_are_no_labels() -> None:
    head = """<project><name>Street</name><assignee><username>mia</username></assignee><tasks>
        <task><name>first</name></task></tasks><labels>
        <label><name>body</name><type>skeleton</type></label>
        <label><name>nose</name><type>points</type><parent>body</parent></label></labels></project>"""
    document = read_xml("\ufeff" + file_of("", head))
    assert (document.name, document.assignee) == ("Street", None)  # who leads it drew nothing
    assert [row["name"] for row in document.labels] == ["body"]


def test_the_golden_file_is_the_recorded_one() -> None:
    recorded = RECORDED / "08_export_dataset.json"
    if not recorded.exists():
        pytest.skip("the recorded exchanges are not on this machine")
    assert GOLDEN.read_text(encoding="utf-8") in [
        one["text"]
        for exchange in json.loads(recorded.read_text(encoding="utf-8"))
        for one in ((exchange.get("response_binary") or {}).get("zip_entries") or {}).values()
        if "text" in one
    ]


def test_lists_of_labels_are_in_the_head_for_whoever_sets_the_task_up() -> None:
    root = ET.fromstring(written("boxes", (CAR,)))
    kinds = {one.findtext("name"): one.findtext("type") for one in root.iter("label")}
    assert kinds == {**dict.fromkeys(LABELS, "rectangle"), "cannot tell": "tag"}
    assert root.findtext("meta/task/size") == "1"


def test_who_was_shown_what_is_kept() -> None:
    told = [("task 7", "mia"), ("task 8", ""), ("task 7", "mia"), ("", "")]
    pictures = [Picture(name="a.png", size=SIZE, part=part, person=who) for part, who in told]
    written = write_xml(Document(name="Street", pictures=pictures))
    again = read_xml(written)
    assert (again.name, again.assignee) == ("Street", None)
    assert [one.person for one in again.pictures] == ["mia", "", "mia", ""]
    assert [one.part for one in again.pictures[:3]] == ["task 1", "task 2", "task 1"]
    assert "<name>task 7</name>" in written
