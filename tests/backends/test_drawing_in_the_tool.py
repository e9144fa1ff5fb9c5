"""Drawn answers go through the simulated tool's file, and the truth comes out of other files."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling.backends.simulated import truth
from auto_labeling.backends.simulated.acts import Act
from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import bounds
from auto_labeling.formats.masks import mask_of
from auto_labeling.formats.value import encode_value
from auto_labeling.records import EventKind, ItemId, LabelSchema, Suggestion, Upload, Value
from auto_labeling.shapes import Box, Polygon
from tests.backends.town import ITEMS, Town

BOXES = LabelSchema(task="boxes", classes=("car", "van"))
CAR = Box(label="car", x=0.1, y=0.2, width=0.3, height=0.4)
VAN = Box(label="van", x=0.6, y=0.6, width=0.2, height=0.2)
DISC = np.hypot(*np.mgrid[-100:380, -200:440]) < 90
MASK = mask_of("car", DISC)
OUTLINE = Polygon(label="van", points=((0.1, 0.1), (0.9, 0.2), (0.4, 0.8)))
PEOPLE = ({"name": "mia", "accuracy": 0.8}, {"name": "li", "accuracy": 0.6, "anchoring": 0.5})


def rows(values: Mapping[ItemId, Value]) -> list[str]:
    """Return the lines of a truth file."""
    file = io.StringIO()
    written = csv.writer(file, lineterminator="\n")
    written.writerow(["id", "label"])
    written.writerows((item, encode_value(value)) for item, value in values.items())
    return [file.getvalue()]


def town(folder: Path, **more: Any) -> Town:
    values: dict[ItemId, Value] = {
        item: ((CAR, VAN), (CAR,), ())[at % 3] for at, item in enumerate(ITEMS)
    }
    given = {"schema": BOXES, "truth": rows(values), "annotators": PEOPLE, **more}
    return Town(folder, **given)


def shown(upload: Upload, value: Value) -> Upload:
    offered = (
        Suggestion(item_id=item.item_id, value=value, score=0.8, model_version="m")
        for item in upload.items
    )
    return replace(upload, suggestions=tuple(offered))


@pytest.mark.parametrize(
    ("task", "true"), [("boxes", CAR), ("boxes", OUTLINE), ("polygons", OUTLINE), ("masks", MASK)]
)
def test_what_is_drawn_comes_out_as_it_was_drawn(tmp_path: Path, task: Any, true: Any) -> None:
    schema = LabelSchema(task=task, classes=("car", "van"))
    there = town(
        tmp_path, schema=schema, truth=rows(dict.fromkeys(ITEMS, (true,))), extras=0.5, jitter=0.1
    )
    assert task in there.backend.traits.shapes
    there.backend.create(there.uploads(ITEMS[:8], 2))
    expected = {(item, *pair) for item in ITEMS[:8] for pair in there.backend.replay(item, 2)}
    assert there.said() == expected
    assert len({value for _, _, value in expected}) > 8


@pytest.mark.parametrize("unit", ["item", "chunk"])
def test_an_answer_depends_on_the_suggestion_and_on_no_order(tmp_path: Path, unit: str) -> None:
    here = town(tmp_path / "here", unit=unit, edit=0.3, skip=0.1)
    there = town(tmp_path / "there", unit=unit, edit=0.3, skip=0.1)
    made = [shown(upload, (CAR,)) for upload in here.uploads(ITEMS, 2)]
    here.backend.create(made)
    for upload in reversed(made):
        there.backend.create([upload])
        there.clock.sleep(500)
    assert answers(here) == answers(there)
    unled = town(tmp_path / "blind", unit=unit, edit=0.3, skip=0.1)
    unled.backend.create(unled.uploads(ITEMS, 2))
    assert answers(unled) != answers(here)


def answers(there: Town) -> set[tuple[Any, ...]]:
    kinds = (EventKind.SUBMITTED, EventKind.EDITED, EventKind.SKIPPED)
    return {
        (one.kind, one.item_id, one.person, one.value, one.seconds, one.touched_suggestion)
        for one in there.events()
        if one.kind in kinds
    }


def test_events_say_whether_a_suggestion_was_changed(tmp_path: Path) -> None:
    perfect = {"accuracy": 1.0, "misses": 0, "extras": 0, "jitter": 0}
    there = town(tmp_path, annotators=(perfect,), unasked=0.0)
    [both, one, none] = [there.upload([item]) for item in ITEMS[:3]]
    there.backend.create([shown(both, (CAR,)), shown(one, (CAR,)), none])
    events = {event.item_id: event for event in there.events()}
    assert [events[item].touched_suggestion for item in ITEMS[:3]] == [True, False, None]
    assert [len(events[item].value or ()) for item in ITEMS[:3]] == [2, 1, 0]


def test_somebody_whom_nobody_asked_sees_the_suggestion_as_well(tmp_path: Path) -> None:
    there = town(tmp_path, unasked=1.0)
    there.backend.create([shown(there.upload([ITEMS[0]]), (CAR,))])
    events = there.events()
    assert len(events) == 2
    assert all(event.touched_suggestion is not None for event in events)


def test_people_are_replayed_without_suggestions(tmp_path: Path) -> None:
    there = town(tmp_path)
    before = there.backend.replay(ITEMS[0], 2)
    there.backend.create([shown(there.upload([ITEMS[0]], opinions=2), ())])
    assert there.backend.replay(ITEMS[0], 2) == before


def test_a_suggested_class_changes_no_answer_by_class(tmp_path: Path) -> None:
    here, there = Town(tmp_path / "here"), Town(tmp_path / "there")
    here.backend.create(here.uploads(ITEMS, 2))
    there.backend.create([shown(upload, "ant") for upload in there.uploads(ITEMS, 2)])
    assert answers(here) == answers(there)
    assert {event.touched_suggestion for event in there.events()} == {None}


def test_a_file_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    there = Town(tmp_path)
    there.backend.create(there.uploads(ITEMS[:5], 2))
    with closing(sqlite3.connect(tmp_path / "simulated.db")) as connection:
        connection.execute("ALTER TABLE act DROP COLUMN touched")
        connection.execute("ALTER TABLE act DROP COLUMN problem")
        connection.execute("PRAGMA user_version = 0")
        connection.commit()
    there.open().create(there.uploads(ITEMS[5:9], 2))
    assert there.said() == {
        (item, *pair) for item in ITEMS[:9] for pair in there.backend.replay(item, 2)
    }


@pytest.mark.parametrize("value", ["cat", ("cat", "ねこ"), (), (CAR, OUTLINE), (MASK,), None])
def test_an_act_is_kept_as_it_is(value: Value | None) -> None:
    act = Act(
        act=1,
        unit=2,
        kind=EventKind.SUBMITTED,
        item="i",
        person="mia",
        answer="1",
        at=5,
        begun=3,
        busy_until=None,
        value=value,
        touched=value is not None,
        problem=None if value is not None else "unreadable",
    )
    assert Act.of(tuple(act.row())) == act


def coco(folder: Path, **more: Any) -> Path:
    """Return a COCO file of two cars on a.png, a crowd and a flat box, and nothing on b.png."""
    boxes = [[10, 20, 30, 40], [100, 50, 100, 50], [5, 5, 10, 10], [7, 7, 0, 9]]
    content = {
        "images": [
            {"id": 7, "file_name": "sub/a.png", "width": 200, "height": 100},
            {"id": 3, "file_name": "b.png", "width": 200, "height": 100},
        ],
        "categories": [{"id": 90, "name": "car"}],
        "annotations": [
            {"id": at, "image_id": 7, "category_id": 90, "bbox": box, "iscrowd": int(at == 2)}
            for at, box in enumerate(boxes)
        ],
        **more,
    }
    path = folder / "instances.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def no_ids() -> list[str]:
    raise AssertionError("the pool was read, though the truth names its items")


def test_the_truth_of_a_coco_file_is_found_by_the_path_of_a_picture(tmp_path: Path) -> None:
    told = truth.read(coco(tmp_path), no_ids, "boxes")
    for name in ("sub/a.png", "pictures/sub/a.png", "/data/of mine/sub/a.png"):
        edges = [bounds(box) for box in told[name] if isinstance(box, Box)]
        assert np.array(edges) == pytest.approx(
            np.array([[0.05, 0.2, 0.2, 0.6], [0.5, 0.5, 1.0, 1.0]])
        )
    assert told["b.png"] == ()
    assert "a.png" not in told
    assert "other/c.png" not in told
    told.check(BOXES)


@pytest.mark.parametrize(
    ("label", "task", "complaint"),
    [
        ("", "boxes", "row 1: the label is missing"),
        ("car", "boxes", "row 1: expected the JSON of shapes, got 'car'"),
        ('"car"', "boxes", "row 1: expected the JSON of shapes"),
        ("7", "boxes", "row 1: expected the JSON of shapes, got '7'"),
        ('[{"label": "car"}]', "masks", "row 1: expected the JSON of shapes.*a box, a polygon"),
        ('[{"label": "car", "box": [0, 0, 0, 1]}]', "boxes", "row 1:.*an area above zero"),
        (encode_value((CAR,)), "polygons", "expected polygons, got a box"),
        (encode_value((CAR,)), "masks", "expected masks, got a box"),
        (encode_value((MASK,)), "boxes", "expected boxes, got a mask"),
        (encode_value((replace(CAR, label="bus"),)), "boxes", r"got \['bus'\]"),
        ('["car"]', "boxes", "expected boxes, got a str"),
    ],
)
def test_drawn_truth_that_cannot_be_is_refused(
    tmp_path: Path, label: str, task: Any, complaint: str
) -> None:
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "label"], ["a", label]])
    with pytest.raises(DataError, match=complaint):
        truth.read(path, no_ids, task).check(LabelSchema(task=task, classes=("car", "van")))


@pytest.mark.parametrize(
    ("content", "task", "complaint"),
    [
        ("no JSON", "boxes", r"instances.json: expected COCO's images.* got no JSON"),
        ('{"images": []}', "single", "COCO holds what is drawn, and here the task is 'single'"),
        ("{}", "boxes", "got no images"),
        ('{"images": [{"id": 1, "file_name": "a.png"}]}', "boxes", "a.png: expected its width"),
    ],
)
def test_a_coco_file_that_cannot_be_is_refused(
    tmp_path: Path, content: str, task: str, complaint: str
) -> None:
    path = tmp_path / "instances.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        truth.read(path, no_ids, task)


def test_the_masks_of_a_picture_may_be_longer_than_a_cell_of_csv_usually_is(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((400, 400)) < 0.5
    many = (mask_of("car", noise),)
    path = tmp_path / "t.csv"
    path.write_text("".join(rows({"a": many})), encoding="utf-8")
    assert len(encode_value(many)) > csv.field_size_limit()
    assert truth.read(path, no_ids, "masks")["a"] == many
