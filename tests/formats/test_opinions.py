from __future__ import annotations

from typing import Any

import pytest

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.asked import asked_by
from auto_labeling.formats.label_studio.opinions import labeled_task
from auto_labeling.records import Item
from auto_labeling.shapes import Box

XML = """
<View><Text name="t" value="$body"/>
  <Choices name="tone" toName="t"><Choice value="good"/><Choice value="poor"/></Choices>
  <Choices name="length" toName="t"><Choice value="long"/><Choice value="short"/></Choices>
</View>
"""
ASKED = asked_by(XML, "tone")


def annotation(name: str | None, at: int = 0, **fields: Any) -> dict[str, Any]:
    choice = {"from_name": "tone", "to_name": "t", "type": "choices"}
    stamp = f"2026-11-21T10:00:{at:02}Z"
    return {
        "id": at,
        "result": [choice | {"value": {"choices": [name]}}] if name else [],
        "completed_by": 3,
        "created_at": stamp,
        "updated_at": stamp,
        **fields,
    }


def read(*annotations: dict[str, Any], **fields: Any) -> Any:
    task = {"id": 7, "data": {"body": "Bonjour", "page": 2}, "annotations": list(annotations)}
    return labeled_task(task | fields, ASKED.schema, ASKED.layout)


def test_a_task_of_others_is_read_without_our_marks() -> None:
    found = read(annotation("good", 5), annotation("poor", 1, completed_by={"id": 4}))
    assert found.task_id == "7"
    assert found.item == Item(item_id="7", text="Bonjour")
    assert [(one.author, one.value) for one in found.opinions] == [("4", "poor"), ("3", "good")]


def test_of_one_person_the_last_word_counts_and_skips_do_not_vote() -> None:
    found = read(
        annotation("good", 1),
        annotation("poor", 5),
        annotation(None, 2, completed_by=4, was_cancelled=True),
    )
    assert found.last_words() == {"3": "poor", "4": None}
    assert found.votes() == {"3": "poor"}


def test_what_somebody_else_changed_is_their_word() -> None:
    edited = annotation("poor", 1, updated_by=9, updated_at="2026-11-21T11:00:00Z")
    found = read(edited, annotation("good", 2, completed_by=4, updated_by=4))
    assert [one.overwritten for one in found.opinions] == [False, True]
    assert found.votes() == {"4": "good", "9": "poor"}


def test_an_answer_entered_on_behalf_of_somebody_is_no_overwrite() -> None:
    found = read(annotation("good", 1, updated_by=1))
    assert not found.opinions[0].overwritten
    assert found.votes() == {"3": "good"}


def test_an_answer_that_names_no_class_any_more_is_a_problem_and_not_a_crash() -> None:
    found = read(annotation("renamed", 1), annotation("good", 2))
    assert found.votes() == {"3": "good"}
    assert found.problems == (
        "annotation 1: expected classes out of ['good', 'poor'], got ['renamed']",
    )


def test_what_cannot_be_shown_here_has_no_item() -> None:
    assert read(data={"page": 2}).item is None
    assert read(data={"body": ["several", "texts"]}).item is None


def test_shapes_are_read_as_well() -> None:
    xml = """<View><Image name="i" value="$photo"/>
      <RectangleLabels name="box" toName="i"><Label value="car"/></RectangleLabels></View>"""
    asked = asked_by(xml)
    region = {
        "from_name": "box",
        "to_name": "i",
        "type": "rectanglelabels",
        "value": {"x": 25, "y": 50, "width": 25, "height": 25, "rectanglelabels": ["car"]},
    }
    task = {
        "id": 1,
        "data": {"photo": "/data/upload/1/a.png"},
        "annotations": [{**annotation(None), "result": [region]}],
    }
    found = labeled_task(task, asked.schema, asked.layout)
    assert found.item == Item(item_id="1", uri="/data/upload/1/a.png")
    assert found.votes() == {"3": (Box(label="car", x=0.25, y=0.5, width=0.25, height=0.25),)}


def test_of_several_tags_one_has_to_be_named() -> None:
    with pytest.raises(DataError, match="tone, length"):
        asked_by(XML)
    with pytest.raises(DataError, match="got none"):
        asked_by(XML, "colour")
