"""A finished export of CVAT's as tasks with their answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.cvat import Document, asked_by, encode_cvat, labeled_tasks, read_xml
from auto_labeling.formats.labeled import Labeled
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Box, Mask, Polygon

SIZE = (320, 240)
CAR = Box(label="car", x=0.125, y=0.25, width=0.25, height=0.5)
VALUES: dict[str, tuple[Value, ...]] = {
    "single": ("car", "van"),
    "multi": (("car", "van"), ()),
    "boxes": ((CAR,), ()),
    "polygons": ((Polygon(label="van", points=((0, 0), (1, 0), (0, 1))),), ()),
    "masks": ((Mask(label="car", height=240, width=320, runs=(0, 76800)),), ()),
}


def document_of(task: Any, *values: Value) -> Document:
    some = [
        Labeled(number=at, item_id="", value=value, picture=f"{at}.png", size=SIZE)
        for at, value in enumerate(values, 1)
    ]
    schema = LabelSchema(task=task, classes=("car", "van"))
    return read_xml(encode_cvat(some, schema)["annotations.xml"])


@pytest.mark.parametrize("task", VALUES)
def test_what_was_asked_and_answered_is_told(task: str) -> None:
    document = document_of(task, *VALUES[task])
    schema = asked_by(document)
    assert (schema.task, schema.classes) == (task, ("car", "van"))
    tasks = labeled_tasks(document, schema)
    assert [dict(one.votes()) for one in tasks] == [{"unknown": value} for value in VALUES[task]]
    assert [one.item.uri for one in tasks if one.item] == ["1.png", "2.png"]


def test_nothing_drawn_yet_goes_by_the_labels() -> None:
    assert asked_by(document_of("masks", ())).task == "masks"
    assert asked_by(document_of("single")).task == "single"


def test_what_cannot_be_told_is_said() -> None:
    golden = Path(__file__).parent / "exported.xml"
    document = read_xml(golden.read_text(encoding="utf-8"))
    with pytest.raises(DataError, match=r"one task out of single, .*, got boxes, polygons, masks"):
        asked_by(document)
    anything = Document(labels=[{"id": 1, "name": "car", "type": "any"}])
    with pytest.raises(DataError, match="got nothing that tells"):
        asked_by(anything)
    with pytest.raises(DataError, match="got ner"):
        asked_by(anything, "ner")
    schema = asked_by(document, "boxes")
    tasks = labeled_tasks(document, schema)
    assert [len(one.opinions) for one in tasks] == [1, 0, 0]
    assert [one.problems for one in tasks[1:]] == [
        ("expected rectangle 'dog', got polygon",),
        ("expected rectangle 'cat', got tag",),
    ]
    with pytest.raises(ConfigurationError, match="expected a label 'cow' in the CVAT project"):
        labeled_tasks(document, LabelSchema(task="boxes", classes=("cow",)))


def test_an_answer_is_its_assignee_s() -> None:
    told = Document(
        labels=[{"id": 1, "name": "car", "type": "tag"}],
        pictures=document_of("boxes", (), ()).pictures,
        annotations={"tags": [{"frame": 1, "label_id": 1, "type": "tag"}]},
        assignee="mia",
    )
    schema = asked_by(told)
    assert schema.task == "multi"  # a choice of one class is to make it or not
    assert [one.votes() for one in labeled_tasks(told, schema)] == [
        {"mia": ()},
        {"mia": ("car",)},
    ]
