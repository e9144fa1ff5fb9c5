"""Pascal VOC, read: against what is written, against another reader, and what is no VOC."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import Labeled, bounds
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.formats.pascal_voc_reading import read_voc
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.formats import shapes
from tests.formats.shapes import LABELS
from tests.support.real_data import DATA, needed

SIZE = (640, 480)


def written(box: str, size: str = "<width>8</width><height>4</height>") -> str:
    inside = f"<object><name> größe </name><bndbox>{box}</bndbox></object>"
    return f"<annotation><filename>ä.png</filename><size>{size}</size>{inside}</annotation>"


def edges(*numbers: object) -> str:
    names = ("xmin", "ymin", "xmax", "ymax")
    return "".join(f"<{name}>{one}</{name}>" for name, one in zip(names, numbers, strict=True))


@given(st.lists(shapes.boxes(), max_size=4))
@settings(deadline=None, max_examples=50)
def test_boxes_come_back_to_the_whole_pixel(value: list[Box]) -> None:
    one = Labeled(number=7, item_id="7", picture="a/ä.png", size=SIZE, value=tuple(value))
    [text] = encode_voc([one], LabelSchema(task="boxes", classes=LABELS)).values()
    picture = read_voc(text)
    found = picture.drawn("boxes", SIZE)
    assert (picture.name, picture.size, found.left_out) == ("ä.png", SIZE, ())
    assert [box.label for box in found.shapes] == [box.label for box in value]
    for box, before in zip(found.shapes, value, strict=True):
        for at, (edge, was) in enumerate(zip(bounds(box), bounds(before), strict=True)):
            side = SIZE[at % 2]
            assert edge * side == pytest.approx(round(edge * side), abs=1e-6)
            assert abs(edge - was) * side <= 1


def test_voc_itself_counts_from_one_and_means_the_last_pixel_too() -> None:
    whole = read_voc(written(edges(1, 1, 8, 4)))
    assert bounds(whole.drawn(first_pixel=1).shapes[0]) == (0, 0, 1, 1)
    assert bounds(whole.drawn().shapes[0]) == (0.125, 0.25, 1, 1)


def test_a_box_is_cut_off_at_the_picture_s_edge() -> None:
    [box] = read_voc(written(edges(-4, 2, 4.0, 99))).drawn().shapes
    assert (bounds(box), box.label) == ((0, 0.5, 0.5, 1), "größe")


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (edges(4, 1, 4, 3), "expected an area above zero, got edges at [0.5, 0.25, 0.5, 0.75]"),
        (edges(9, 1, 12, 3), "expected a box within the picture"),
        (edges(1, 1, "x", 3), "expected xmin, ymin, xmax, ymax as numbers"),
        (edges(1, 1, "nan", 3), "expected finite edges"),
        ("", "expected xmin, ymin, xmax, ymax as numbers"),
    ],
)
def test_an_object_that_cannot_be_used_is_left_out_and_said(box: str, why: str) -> None:
    found = read_voc(written(box)).drawn()
    [bad] = found.left_out
    assert bad.where == "object 1"
    assert why in bad.reason


def test_boxes_are_no_outlines() -> None:
    [bad] = read_voc(written(edges(1, 1, 2, 2))).drawn("polygons").left_out
    assert bad.reason == "expected polygons, got a box"


def test_the_size_is_the_one_that_people_see() -> None:
    unknown = read_voc(written(edges(1, 1, 2, 2), "<width>0</width><height>0</height>"))
    assert bounds(unknown.drawn(seen=(4, 4)).shapes[0]) == (0.25, 0.25, 0.5, 0.5)
    with pytest.raises(DataError, match="expected its width and height"):
        unknown.drawn()
    with pytest.raises(DataError, match="as if it had not been turned"):
        read_voc(written(edges(1, 1, 2, 2))).drawn(seen=(4, 8))


@pytest.mark.parametrize(
    "text",
    ["", "<a/>", "<annotation>", '<!DOCTYPE a [<!ENTITY b "c">]><annotation>&b;</annotation>'],
)
def test_what_is_no_voc_is_said(text: str) -> None:
    with pytest.raises(DataError, match="expected"):
        read_voc(text)


def test_real_blood_cells_as_another_reader_reads_them() -> None:
    etree = pytest.importorskip("lxml.etree")
    archive = needed(DATA / "bccd.tar.xz")
    left_out: list[str] = []
    count = 0
    for stem, content in sorted(xml_files(archive)):
        found = read_voc(content.decode()).drawn("boxes", SIZE)
        left_out += [stem for bad in found.left_out if "an area above zero" in bad.reason]
        theirs = [
            [float(edge) for edge in one.xpath("bndbox/*/text()")]
            for one in etree.fromstring(content).xpath("/annotation/object")
        ]
        kept = [one for one in theirs if one[0] < one[2] and one[1] < one[3]]
        assert len(theirs) == len(found.shapes) + len(found.left_out)
        count += len(theirs)
        for box, (left, top, right, bottom) in zip(found.shapes, kept, strict=True):
            ours = [edge * SIZE[at % 2] for at, edge in enumerate(bounds(box))]
            inside = [max(left, 0), max(top, 0), min(right, SIZE[0]), min(bottom, SIZE[1])]
            assert ours == pytest.approx(inside)
    assert count == 4888
    assert left_out == ["BloodImage_00338", "BloodImage_00343"]


def xml_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as files:
        for member in files:
            if member.name.endswith(".xml") and (file := files.extractfile(member)):
                yield Path(member.name).stem, file.read()
