"""Label Studio: its labeling configuration, its tasks, and the answers in its exports."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import Marks, Reading, marks_for, marks_in, names_of, value_of
from auto_labeling.records import (
    Event,
    EventKind,
    Item,
    LabelSchema,
    Micros,
    PersonId,
    Suggestion,
    Upload,
    Value,
)

CONTROL, SHOWN = "label", "item"
"""The names of the tag that is answered and of the tag that is shown."""
_TAGS = {"image": "Image", "text": "Text", "row": "Table"}
_SETTLED: Micros = 1_000_000
"""A save touches a new answer twice; what comes later is an edit."""


def shown(item: Item) -> tuple[str, Any]:
    """Return the field of a task that people see, and its content.

    >>> shown(Item(item_id="7", uri="/data/local-files/?d=photos/7.png"))
    ('image', '/data/local-files/?d=photos/7.png')
    """
    if item.row is not None:
        return "row", dict(item.row)
    return ("image", item.uri) if item.uri is not None else ("text", item.text)


def label_config(schema: LabelSchema, shows: str) -> str:
    """Return the XML of a project whose tasks show an `image`, a `text` or a `row`.

    >>> print(label_config(LabelSchema(task="single", classes=("a", "<b>")), "text"))
    <View>
      <Text name="item" value="$text" />
      <Choices name="label" toName="item" choice="single" required="true">
        <Choice value="a" />
        <Choice value="&lt;b&gt;" />
      </Choices>
    </View>
    """
    if schema.task not in ("single", "multi"):
        raise DataError(f"label_config: expected the task single or multi, got {schema.task!r}")
    view = ET.Element("View")
    ET.SubElement(view, _TAGS[shows], name=SHOWN, value=f"${shows}")
    choice = {"choice": "single", "required": "true"} if schema.task == "single" else {}
    choices = ET.SubElement(
        view, "Choices", {"name": CONTROL, "toName": SHOWN, "choice": "multiple"} | choice
    )
    for name in (*schema.classes, *schema.abstain):
        ET.SubElement(choices, "Choice", value=name)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode")


def encode_tasks(upload: Upload, unit: str = "") -> list[dict[str, Any]]:
    """Return one task for each item of an upload, with its suggestion as a prediction."""
    suggestions = {one.item_id: one for one in upload.suggestions}
    tasks: list[dict[str, Any]] = []
    for item in upload.items:
        field, content = shown(item)
        task: dict[str, Any] = {"data": {field: content, **marks_for(upload, item, unit)}}
        if item.item_id in suggestions:
            task["predictions"] = [_prediction(suggestions[item.item_id])]
        tasks.append(task)
    return tasks


def decode_annotations(task: Mapping[str, Any], schema: LabelSchema) -> list[Event]:
    """Return what people submitted on one task of an export or a task list, oldest first.

    Drafts and predictions are never answers. An answer that was edited is reported as it stands
    now, with the kind `EDITED`. Raises `DataError` at the first answer that cannot be read.
    """
    events = [decode_annotation(one, task, schema) for one in _annotations(task)]
    return sorted(events, key=lambda event: event.at)


def decode_annotation(
    annotation: Mapping[str, Any], task: Mapping[str, Any], schema: LabelSchema
) -> Event:
    """Return one answer as an event; `task` is the task that it answers."""
    marks = marks_in(_fields(task))
    if annotation.get("id") is None:
        raise DataError(f"expected an annotation with an id, got {sorted(annotation)}")
    answer_id = str(annotation["id"])
    try:
        value = None if annotation.get("was_cancelled") else _value(annotation, schema)
        created, updated = _times(annotation)
        seconds = annotation.get("lead_time")
        edited = updated - created > _SETTLED
        return Event(
            kind=_kind(value, edited),
            fingerprint=f"{answer_id}@{updated}",
            key=marks.key,
            item_id=marks.item_id,
            person=_who(annotation, edited),
            at=updated,
            answer_id=answer_id,
            value=value,
            seconds=None if seconds is None else float(seconds),
            touched_suggestion=_touched(annotation, task, value, schema),
        )
    except (DataError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"annotation {answer_id}: {error}") from error


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """Label Studio JSON, as its import reads it and its export writes it."""

    suffix: ClassVar[str] = ".json"
    has_time_spent: ClassVar[bool] = True

    def tasks(self, upload: Upload, schema: LabelSchema, unit: str) -> list[dict[str, Any]]:
        """Tasks do not repeat the schema: it stands in the project's configuration."""
        del schema
        return encode_tasks(upload, unit)

    def write(self, tasks: Sequence[Mapping[str, Any]]) -> str:
        """Return a JSON list."""
        return json.dumps(list(tasks), ensure_ascii=False, indent=1)

    def read(self, text: str) -> list[dict[str, Any]]:
        """Return the list again."""
        return list(json.loads(text))

    def marks(self, task: Mapping[str, Any]) -> Marks:
        """Look among the task's data."""
        return marks_in(_fields(task))

    def readings(self, text: str, schema: LabelSchema, written: Micros) -> list[Reading]:
        """Every answer carries its own time here."""
        del written
        try:
            tasks = json.loads(text)
        except ValueError as error:
            return [Reading(raw=text, problem=f"expected JSON ({error})")]
        if not isinstance(tasks, list):
            return [Reading(raw=tasks, problem="expected a list of tasks")]
        return [reading for task in tasks for reading in _readings(task, schema)]

    def companions(self, items: Sequence[Item], schema: LabelSchema) -> Mapping[str, str]:
        """Return a labeling configuration for each way in which items are shown."""
        ways = sorted({shown(item)[0] for item in items})
        return {f"label_config.{shows}.xml": label_config(schema, shows) for shows in ways}


def _readings(task: Any, schema: LabelSchema) -> Iterator[Reading]:
    try:
        unit = marks_in(_fields(task)).unit
        annotations = _annotations(task)
    except DataError as error:
        yield Reading(raw=task, problem=str(error))
        return
    for annotation in annotations:
        try:
            yield Reading(
                raw=annotation, event=decode_annotation(annotation, task, schema), unit=unit
            )
        except DataError as error:
            yield Reading(raw={"task": _fields(task), "annotation": annotation}, problem=str(error))


def _fields(task: Any) -> Mapping[str, Any]:
    data = task.get("data") if isinstance(task, Mapping) else None
    if not isinstance(data, Mapping):
        raise DataError(f"expected a task with data, got {type(task).__name__}")
    return data


def _annotations(task: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = task.get("annotations") or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise DataError("expected a list of annotations; tasks without them hold no answers")
    return found


def _value(annotation: Mapping[str, Any], schema: LabelSchema) -> Value | None:
    regions = [one for one in annotation.get("result") or [] if one.get("type") == "choices"]
    return value_of([name for one in regions for name in one["value"]["choices"]], schema)


def _kind(value: Value | None, edited: bool) -> EventKind:
    if value is None:
        return EventKind.SKIPPED
    return EventKind.EDITED if edited else EventKind.SUBMITTED


def _times(annotation: Mapping[str, Any]) -> tuple[Micros, Micros]:
    created = _micros(annotation.get("created_at"))
    return created, max(created, _micros(annotation.get("updated_at") or annotation["created_at"]))


def _micros(stamp: Any) -> Micros:
    if not isinstance(stamp, str):
        raise DataError(f"created_at: expected a time, got {stamp!r}")
    moment = datetime.fromisoformat(stamp)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _who(annotation: Mapping[str, Any], edited: bool) -> PersonId | None:
    """Return who wrote what stands there now: where somebody else edited it, that person."""
    author = _person(annotation.get("completed_by"))
    return (_person(annotation.get("updated_by")) or author) if edited else author


def _person(given: Any) -> PersonId | None:
    given = given.get("id") if isinstance(given, Mapping) else given
    return None if given is None else str(given)


def _touched(
    annotation: Mapping[str, Any],
    task: Mapping[str, Any],
    value: Value | None,
    schema: LabelSchema,
) -> bool | None:
    """Return whether the answer differs from the prediction it started from, if from any."""
    start = _start(annotation, task)
    return None if value is None or start is None else _value(start, schema) != value


def _start(annotation: Mapping[str, Any], task: Mapping[str, Any]) -> Mapping[str, Any] | None:
    start = annotation.get("prediction")
    if isinstance(start, Mapping) and start.get("result"):
        return start
    parent = annotation.get("parent_prediction")
    offered = task.get("predictions") or []
    return None if parent is None else next((p for p in offered if p.get("id") == parent), None)


def _prediction(suggestion: Suggestion) -> dict[str, Any]:
    region = {
        "id": CONTROL,
        "from_name": CONTROL,
        "to_name": SHOWN,
        "type": "choices",
        "value": {"choices": names_of(suggestion.value)},
    }
    return {
        "model_version": suggestion.model_version,
        "score": suggestion.score,
        "result": [region],
    }
