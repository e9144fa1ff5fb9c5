"""YOLO, read: against ultralytics' own reader, against what is written, and what is no YOLO."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import Labeled, bounds
from auto_labeling.formats.masks import pixels_of
from auto_labeling.formats.yolo import encode_yolo
from auto_labeling.formats.yolo_reading import (
    drawn_in_yolo,
    label_path,
    read_classes,
    read_data_yaml,
)
from auto_labeling.models.yolo_library import ultralytics
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.formats import shapes
from tests.formats.shapes import LABELS
from tests.models.yolo_scene import needs_yolo

NAMES = {0: "car", 7: "größe"}


def through(task: Any, value: tuple[Shape, ...]) -> tuple[Shape, ...]:
    """Return shapes that went out and came in."""
    one = Labeled(number=7, item_id="7", picture="a b.png", value=value)
    files = encode_yolo([one], LabelSchema(task=task, classes=LABELS))
    found = drawn_in_yolo(files["labels/a b.txt"], read_classes(files["classes.txt"]), task)
    assert found.left_out == ()
    return found.shapes


@given(st.lists(shapes.boxes(), max_size=4))
@settings(deadline=None, max_examples=50)
def test_boxes_come_back(value: list[Box]) -> None:
    shapes.expect_equal_bounds(through("boxes", tuple(value)), value)


@given(st.lists(shapes.polygons(), max_size=3))
@settings(deadline=None, max_examples=50)
def test_outlines_come_back_corner_by_corner(value: list[Polygon]) -> None:
    for one, before in zip(through("polygons", tuple(value)), value, strict=True):
        assert isinstance(one, Polygon)
        assert one.label == before.label
        assert np.array(one.points) == pytest.approx(np.array(before.points), abs=1e-6)


@needs_yolo
def test_ultralytics_reads_the_same_of_the_same_file(tmp_path: Path) -> None:
    ultralytics()  # as a guest, or its import changes how numpy prints
    from ultralytics.data import utils as data

    rng = np.random.default_rng(0)
    picture = tmp_path / "images" / "größe.png"
    picture.parent.mkdir()
    Image.new("RGB", (64, 48)).save(picture)
    labels = tmp_path / "labels" / "größe.txt"
    labels.parent.mkdir()
    for task in ("boxes", "polygons"):
        if task == "boxes":
            sides = rng.uniform(0.05, 0.4, (6, 2))
            rows = np.hstack([rng.uniform(0.2, 0.8, (6, 2)), sides])
        else:
            rows = rng.uniform(0, 1, (6, 10))
        lines = [" ".join(["7", *(f"{one:.9f}" for one in row)]) for row in rows]
        labels.write_text("\n".join(lines), encoding="utf-8")
        assert data.img2label_paths([str(picture)]) == [label_path(str(picture))] == [str(labels)]
        said = data.verify_image_label((str(picture), str(labels), "", False, 8, 0, 0, False))
        found = drawn_in_yolo(labels.read_text(), NAMES, task).shapes  # type: ignore[arg-type]
        assert {one.label for one in found} == {"größe"}
        if task == "boxes":
            left, top, right, bottom = np.array([bounds(one) for one in found]).T
            ours = np.stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])
            theirs = said[1][:, 1:]
            order = [np.argmin(abs(theirs - one).sum(1)) for one in ours.T]
            assert sorted(order) == list(range(6))
            inside = (rows[:, :2] - rows[:, 2:] / 2 >= 0).all(1)
            inside &= (rows[:, :2] + rows[:, 2:] / 2 <= 1).all(1)
            assert ours.T[inside] == pytest.approx(theirs[order][inside], abs=1e-6)
        else:
            corners = [np.array(one.points) for one in found if isinstance(one, Polygon)]
            assert np.array(corners) == pytest.approx(np.array(said[3]), abs=1e-6)


def test_every_kind_of_line() -> None:
    text = "\ufeff0 .5 .5 .5 .5\r\n\n7 0.5 0.5 0.5 0.5 0.9\n0 0 0 1 0 1 1\n"
    found = drawn_in_yolo(text, NAMES)
    assert [type(one) for one in found.shapes] == [Box, Box, Polygon]
    assert [one.score for one in found.shapes] == [None, 0.9, None]
    around = drawn_in_yolo(text, NAMES, "boxes").shapes
    assert bounds(around[2]) == (0, 0, 1, 1)
    [mask] = drawn_in_yolo("0 0 0 0.5 0 0.5 1 0 1", NAMES, "masks", (8, 6)).shapes
    assert isinstance(mask, Mask)
    assert pixels_of(mask)[:, :4].all()
    assert mask.area == 0.5


def test_an_empty_file_says_that_nothing_is_there() -> None:
    assert drawn_in_yolo("", NAMES).shapes == ()
    assert drawn_in_yolo("\n \n", NAMES).left_out == ()


@pytest.mark.parametrize(
    ("task", "line", "why"),
    [
        (None, "0 0.5 0.5 0 0.5", "expected an area above zero"),
        (None, "1 0.5 0.5 0.5 0.5", "expected a class out of 2, got number 1"),
        (None, "0.5 0.5 0.5 0.5 0.5", "expected a class out of 2, got number 0.5"),
        (None, "-1 0.5 0.5 0.5 0.5", "expected a class out of 2"),
        (None, "0 320 240 64 48", "expected fractions of the picture"),
        (None, "0 nan 0.5 0.5 0.5", "expected fractions of the picture"),
        (None, "0 0.5 0.5 0.5", "three corners or more, got 3 numbers"),
        (None, "0", "three corners or more, got 0 numbers"),
        (None, "0 0 0 1 0 1 1 1", "three corners or more, got 7 numbers"),
        (None, "0 0 0 0.5 0.5 1 1", "expected an area above zero"),
        (None, "car 0.5 0.5 0.5 0.5", "expected a class and numbers"),
        ("polygons", "0 0.5 0.5 0.5 0.5", "expected polygons, got a box"),
        ("masks", "0 0.5 0.5 0.5 0.5", "expected masks, got a box"),
        ("masks", "0 0 0 1 0 1 1", "expected the size of the picture"),
    ],
)
def test_a_line_that_cannot_be_used_is_left_out_and_said(task: Any, line: str, why: str) -> None:
    found = drawn_in_yolo(f"\n{line}\n", NAMES, task)
    [bad] = found.left_out
    assert bad.where == "line 2"
    assert why in bad.reason
    assert found.shapes == ()


def test_the_classes_and_the_splits_of_a_data_set() -> None:
    text = "path: ../set\nnames: {3: car, 1: größe}\ntrain: [a, b.txt]\nval: images/val\ntest:\n"
    data = read_data_yaml(text)
    assert data.names == {3: "car", 1: "größe"}
    assert data.root == "../set"
    assert data.splits == {"train": ("a", "b.txt"), "val": ("images/val",)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "got no YAML"),
        ("[]", "expected a data.yaml with names and splits"),
        ("names: [car]\nmade: 2024-13-45", "got a value that is none: month must be in 1"),
        ("names: 3", "expected names as a list or by their numbers"),
        ("names: {car: 1}", "expected names as a list or by their numbers"),
        ("train: a", "expected names as a list or by their numbers"),
    ],
)
def test_what_is_no_data_set_is_said(text: str, why: str) -> None:
    with pytest.raises(DataError, match=why):
        read_data_yaml(text)


@given(st.text(alphabet="0123456789. -+enaif\n\t", max_size=80))
@settings(deadline=None, max_examples=200)
def test_whatever_stands_there_is_read_or_left_out(text: str) -> None:
    found = drawn_in_yolo(text, NAMES)
    lines = sum(bool(line.strip()) for line in text.splitlines())
    assert len(found.shapes) + len(found.left_out) == lines
