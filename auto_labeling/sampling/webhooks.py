"""What a Label Studio webhook says: which task was answered, by which answer, with which class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import ITEM, KEY
from auto_labeling.formats.label_studio import decode_annotation
from auto_labeling.records import LabelSchema

_TAKEN = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer."""

    answer_id: str
    """The same for an answer and its later edits."""
    item_id: str | None
    """The sample that we sent; None where the task is not ours."""
    shown: Mapping[str, Any]
    """The task's data."""
    name: str | None
    """The class; None where the person skipped the task."""


def read_webhook(body: Mapping[str, Any], classes: Sequence[str]) -> Told:
    """Return the answer in the body of an annotation event; raises `DataError`.

    Classes that only the answer knows are taken as they are.
    """
    action = body.get("action")
    if action not in _TAKEN:
        raise DataError(f"annotation: expected the action {' or '.join(_TAKEN)}, got {action!r}")
    annotation, task = body.get("annotation"), body.get("task")
    if not isinstance(annotation, Mapping) or not isinstance(task, Mapping):
        raise DataError(f"annotation: expected annotation and task in the body, got {sorted(body)}")
    shown = task.get("data")
    if not isinstance(shown, Mapping):
        raise DataError(f"annotation: expected a task with data, got {sorted(task)}")
    ours = isinstance(shown.get(ITEM), str)
    # A project that people filled themselves carries no marks of ours, and answers all the same.
    marked = {**task, "data": {KEY: "", ITEM: "", **shown}}
    names = tuple(dict.fromkeys([*classes, *_names(annotation)]))
    event = decode_annotation(annotation, marked, LabelSchema(task="multi", classes=names))
    chosen = event.value or ()
    if len(chosen) > 1:
        raise DataError(f"annotation {event.answer_id}: expected one class, got {list(chosen)}")
    return Told(
        answer_id=event.answer_id,
        item_id=str(shown[ITEM]) if ours else None,
        shown=shown,
        name=str(chosen[0]) if chosen else None,
    )


def _names(annotation: Mapping[str, Any]) -> list[str]:
    """Return the classes that an answer names, as far as it can be read; the codec judges it."""
    values = [
        one.get("value") for one in annotation.get("result") or [] if isinstance(one, Mapping)
    ]
    chosen = [value.get("choices") for value in values if isinstance(value, Mapping)]
    return [name for names in chosen if isinstance(names, list) for name in map(str, names)]
