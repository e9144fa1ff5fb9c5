"""Label Studio's own parser accepts what we write, and we read what it exports."""

from __future__ import annotations

import importlib
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio import (
    LabelStudio,
    decode_annotations,
    encode_tasks,
    label_config,
)
from auto_labeling.records import (
    EventKind,
    Item,
    LabelSchema,
    Suggestion,
    Upload,
    Value,
)

CLASSES = ("chat & <b>chien</b>", "ねこ", 'a "quoted" class')
SINGLE = LabelSchema(task="single", classes=CLASSES, abstain=("cannot tell",))
MULTI = LabelSchema(task="multi", classes=CLASSES)
TEXT = Item(item_id="7", text='<img src=x onerror="alert(1)">')
SHOWN = {
    "text": TEXT,
    "image": Item(item_id="7", uri="/data/local-files/?d=a/7.png"),
    "row": Item(item_id="7", row={"größe": 1.5, "<b>": "</td>"}),
}
CREATED = "2026-01-05T09:00:00.250000Z"
CREATED_MICROS = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()) * 1_000_000 + 250_000


def upload(item: Item = TEXT, value: Value | None = None) -> Upload:
    offered = () if value is None else (value,)
    suggestions = tuple(
        Suggestion(item_id=item.item_id, value=one, score=0.9, model_version="r7")
        for one in offered
    )
    return Upload(key="k" * 32, items=(item,), asks=(), suggestions=suggestions)


def chosen(*names: str) -> list[dict[str, Any]]:
    value = {"choices": list(names)}
    return [{"id": "x", "from_name": "label", "to_name": "item", "type": "choices", "value": value}]


def exported(*annotations: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a task as `projects.exports` gives it."""
    [task] = encode_tasks(upload(), SINGLE, unit="unit-3")
    filled = [
        {
            "id": number,
            "completed_by": 4,
            "result": chosen("ねこ"),
            "was_cancelled": False,
            "created_at": CREATED,
            "updated_at": "2026-01-05T09:00:00.300000Z",
            "lead_time": 3.25,
            "draft_created_at": None,
            "parent_prediction": None,
            "prediction": {},
            **one,
        }
        for number, one in enumerate(annotations, 1)
    ]
    return {"id": 12, "drafts": [], "predictions": [], **task, "annotations": filled, **more}


@pytest.mark.parametrize("schema", [SINGLE, MULTI])
@pytest.mark.parametrize("shows", sorted(SHOWN))
def test_label_studio_s_own_parser_accepts_what_is_written(shows: str, schema: LabelSchema) -> None:
    sdk = importlib.import_module("label_studio_sdk.label_interface")  # untyped, and slow
    config = sdk.LabelInterface(label_config(schema, shows))
    config.validate()
    value: Value = "ねこ" if schema.task == "single" else ("ねこ", CLASSES[0])
    [task] = encode_tasks(upload(SHOWN[shows], value), schema)
    [prediction] = task.pop("predictions")
    assert config.validate_task(task)
    assert not config.validate_prediction(prediction, return_errors=True)
    assert config.validate_annotation({"result": prediction["result"]})
    assert list(config.get_control("label").labels) == [*schema.classes, *schema.abstain]


@given(st.lists(st.text("<>&\"' aé写\n", min_size=1), min_size=2, max_size=5, unique=True))
def test_class_names_survive_the_configuration(names: list[str]) -> None:
    config = label_config(LabelSchema(task="multi", classes=tuple(names)), "image")
    read = [one.get("value") for one in ET.fromstring(config).iter("Choice")]
    assert read == names


def test_one_class_is_required_and_several_are_not() -> None:
    assert 'choice="single" required="true"' in label_config(SINGLE, "text")
    multi = label_config(MULTI, "text")
    assert 'choice="multiple"' in multi
    assert "required" not in multi


def test_a_task_carries_our_marks_its_content_and_its_suggestion() -> None:
    [task] = encode_tasks(upload(TEXT, CLASSES[0]), SINGLE, unit="unit-3")
    assert task["data"] == {
        "text": TEXT.text,
        "al_key": "k" * 32,
        "al_item": "7",
        "al_unit": "unit-3",
        "al_opinions": 0,
    }
    [prediction] = task["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("r7", 0.9)
    assert prediction["result"][0]["value"] == {"choices": [CLASSES[0]]}


def test_nothing_shown_says_why_an_item_was_chosen() -> None:
    said = json.dumps(encode_tasks(upload(), SINGLE))
    assert not [word for word in ("train", "control", "gold", "price") if word in said]


def test_an_answer_is_read_with_all_that_is_known() -> None:
    [event] = decode_annotations(exported({}), SINGLE)
    assert event.kind is EventKind.SUBMITTED
    assert event.key == "k" * 32
    assert event.item_id == "7"
    assert event.person == "4"
    assert event.value == "ねこ"
    assert event.seconds == 3.25
    assert event.at == CREATED_MICROS + 50_000
    assert event.answer_id == "1"
    assert event.fingerprint == f"1@{event.at}"
    assert event.touched_suggestion is None


def test_a_person_may_be_a_number_or_a_record() -> None:
    events = decode_annotations(
        exported({}, {"completed_by": {"id": 4, "email": "mia@example.org"}}), SINGLE
    )
    assert {event.person for event in events} == {"4"}
    [nobody] = decode_annotations(exported({"completed_by": None}), SINGLE)
    assert nobody.person is None


def test_a_cancelled_annotation_is_a_skip() -> None:
    [event] = decode_annotations(exported({"was_cancelled": True}), SINGLE)
    assert (event.kind, event.value) == (EventKind.SKIPPED, None)


def test_an_empty_answer_is_a_skip_where_a_class_was_due_and_none_of_them_elsewhere() -> None:
    [one] = decode_annotations(exported({"result": []}), SINGLE)
    [several] = decode_annotations(exported({"result": []}), MULTI)
    assert (one.kind, one.value) == (EventKind.SKIPPED, None)
    assert (several.kind, several.value) == (EventKind.SUBMITTED, ())


def test_several_classes_come_in_the_order_of_the_schema() -> None:
    [event] = decode_annotations(exported({"result": chosen(CLASSES[2], CLASSES[0])}), MULTI)
    assert event.value == (CLASSES[0], CLASSES[2])


def test_drafts_and_predictions_are_never_answers() -> None:
    task = exported(drafts=[{"id": 1, "result": chosen("ねこ")}])
    task["predictions"] = [{"id": 1, "result": chosen("ねこ")}]
    assert decode_annotations(task, SINGLE) == []
    assert decode_annotations({"data": task["data"]}, SINGLE) == []


def test_an_edit_is_another_act_on_the_same_answer() -> None:
    [before] = decode_annotations(exported({}), SINGLE)
    changed = {"updated_at": "2026-01-05T10:00:00Z", "result": chosen(CLASSES[0])}
    [after] = decode_annotations(exported(changed), SINGLE)
    assert after.kind is EventKind.EDITED
    assert after.answer_id == before.answer_id
    assert after.fingerprint != before.fingerprint
    assert after.value == CLASSES[0]
    assert after.person == "4"


def test_an_edit_by_somebody_else_is_not_laid_at_the_author_s_door() -> None:
    changed = {"updated_at": "2026-01-05T10:00:00Z", "updated_by": 9}
    [event] = decode_annotations(exported(changed), SINGLE)
    assert event.person == "9"
    [untouched] = decode_annotations(exported({"updated_by": 9}), SINGLE)
    assert untouched.person == "4"


@pytest.mark.parametrize(("start", "touched"), [("ねこ", False), (CLASSES[0], True)])
def test_whether_a_suggestion_was_touched(start: str, touched: bool) -> None:
    offered = {"id": 31, "result": chosen(start)}
    [shown] = decode_annotations(exported({"prediction": offered}), SINGLE)
    [parent] = decode_annotations(
        exported({"parent_prediction": 31}, predictions=[offered]), SINGLE
    )
    assert shown.touched_suggestion is parent.touched_suggestion is touched
    [by_number] = decode_annotations(exported({"parent_prediction": 31}, predictions=[31]), SINGLE)
    assert by_number.touched_suggestion is None


def test_answers_come_oldest_first() -> None:
    later = {"created_at": "2026-01-06T09:00:00Z", "updated_at": "2026-01-06T09:00:00Z"}
    events = decode_annotations(exported(later, {}), SINGLE)
    assert [event.answer_id for event in events] == ["2", "1"]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"result": chosen("cow")}, r"annotation 1: expected classes out of .* got \['cow'\]"),
        ({"result": chosen(*CLASSES)}, "annotation 1: expected one class"),
        ({"result": [{"type": "choices"}]}, "annotation 1: expected choices in the value"),
        ({"result": [7]}, "annotation 1: result: expected regions, got 7"),
        ({"result": {"a": 1}}, "annotation 1: result: expected a list of regions, got dict"),
        ({"created_at": None}, "annotation 1: created_at: expected a time, got None"),
        ({"created_at": "noon"}, "annotation 1: .*noon"),
        ({"lead_time": "long"}, "annotation 1: .*long"),
        ({"id": None}, "expected an annotation with an id"),
    ],
)
def test_what_cannot_be_read_is_named(broken: dict[str, Any], complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        decode_annotations(exported(broken), SINGLE)


def test_a_task_that_is_not_ours_is_named() -> None:
    with pytest.raises(DataError, match="expected the field 'al_key' that we wrote"):
        decode_annotations(exported({}, data={"text": "of somebody else"}), SINGLE)


def test_one_bad_answer_hides_no_other() -> None:
    text = LabelStudio().write([exported({}, {"result": chosen("cow")}, {}), {"data": 7}])
    readings = LabelStudio().readings(text, SINGLE, 0)
    assert [reading.event is not None for reading in readings] == [True, False, True, False]
    assert readings[0].unit == "unit-3"
    assert "cow" in readings[1].problem
    assert readings[1].raw["annotation"]["id"] == 2


def test_a_file_that_is_nested_too_deeply_is_named() -> None:
    [reading] = LabelStudio().readings("[" * 100_000, SINGLE, 0)
    assert reading.problem.startswith("expected JSON (maximum recursion depth")


def test_written_tasks_are_read_again() -> None:
    form = LabelStudio()
    tasks = form.tasks(upload(SHOWN["row"]), SINGLE, "unit-3")
    assert form.read(form.write(tasks)) == tasks
    marks = form.marks(tasks[0])
    assert (marks.key, marks.item_id, marks.unit) == ("k" * 32, "7", "unit-3")
