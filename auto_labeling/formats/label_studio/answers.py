"""What people submitted, as events."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import marks_in
from auto_labeling.formats.label_studio.layout import Layout
from auto_labeling.formats.label_studio.results import read_result
from auto_labeling.formats.label_studio.touched import touched
from auto_labeling.records import Event, EventKind, LabelSchema, Micros, PersonId, Value

_SETTLED: Micros = 1_000_000
"""A save touches a new answer twice; what comes later is an edit."""
_UNREADABLE = (DataError, KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What an answer raises that is not as the server writes them."""


def decode_annotations(
    task: Mapping[str, Any], schema: LabelSchema, layout: Layout | None = None
) -> list[Event]:
    """Return what people submitted on one task of an export or a task list, oldest first.

    Drafts and predictions are never answers. An answer that was edited is reported as it stands
    now, with the kind `EDITED`. Raises `DataError` at the first answer that cannot be read.
    """
    events = [decode_annotation(one, task, schema, layout) for one in annotations_of(task)]
    return sorted(events, key=lambda event: event.at)


def decode_annotation(
    annotation: Mapping[str, Any],
    task: Mapping[str, Any],
    schema: LabelSchema,
    layout: Layout | None = None,
) -> Event:
    """Return one answer as an event; `task` is the task that it answers.

    Without a `layout`, the regions of the schema's kind are the answer, whatever tag they are of.
    """
    marks = marks_in(fields_of(task))
    if annotation.get("id") is None:
        raise DataError(f"expected an annotation with an id, got {sorted(annotation)}")
    answer_id = str(annotation["id"])
    try:
        cancelled = bool(annotation.get("was_cancelled"))
        said = read_result([] if cancelled else annotation.get("result"), schema, layout)
        value = None if cancelled else said.value
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
            seconds=None if seconds is None else _seconds(seconds),
            touched_suggestion=touched(annotation, task, value, schema, layout),
            extra=said.extra,
        )
    except _UNREADABLE as error:
        raise DataError(f"annotation {answer_id}: {error}") from error


def fields_of(task: Any) -> Mapping[str, Any]:
    """Return the data of a task. Raises `DataError` where it is none."""
    data = task.get("data") if isinstance(task, Mapping) else None
    if not isinstance(data, Mapping):
        raise DataError(f"expected a task with data, got {type(task).__name__}")
    return data


def annotations_of(task: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the annotations of a task. Raises `DataError` where they are not given whole."""
    found = task.get("annotations") or []
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise DataError("expected a list of annotations; tasks without them hold no answers")
    return found


def _seconds(given: Any) -> float:
    seconds = float(given)
    if not math.isfinite(seconds):
        raise DataError(f"lead_time: expected seconds, got {given!r}")
    return seconds


def _kind(value: Value | None, edited: bool) -> EventKind:
    if value is None:
        return EventKind.SKIPPED
    return EventKind.EDITED if edited else EventKind.SUBMITTED


def _times(annotation: Mapping[str, Any]) -> tuple[Micros, Micros]:
    created = micros_of(annotation.get("created_at"))
    return created, max(
        created, micros_of(annotation.get("updated_at") or annotation["created_at"])
    )


def micros_of(stamp: Any) -> Micros:
    """Return UTC microseconds of a time as the server writes it. Raises `DataError`."""
    if not isinstance(stamp, str):
        raise DataError(f"created_at: expected a time, got {stamp!r}")
    moment = datetime.fromisoformat(stamp)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _who(annotation: Mapping[str, Any], edited: bool) -> PersonId | None:
    """Return who wrote what stands there now: where somebody else edited it, that person."""
    author = person_of(annotation.get("completed_by"))
    return (person_of(annotation.get("updated_by")) or author) if edited else author


def person_of(given: Any) -> PersonId | None:
    """Return the number of a person, who is given by it or as a record."""
    given = given.get("id") if isinstance(given, Mapping) else given
    return None if given is None else str(given)
