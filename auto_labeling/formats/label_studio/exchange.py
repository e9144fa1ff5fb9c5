"""Label Studio JSON as a file format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import Marks, Reading, marks_in
from auto_labeling.formats.label_studio.answers import (
    annotations_of,
    decode_annotation,
    fields_of,
)
from auto_labeling.formats.label_studio.config import label_config
from auto_labeling.formats.label_studio.tasks import encode_tasks
from auto_labeling.records import Item, LabelSchema, Micros, Upload


@dataclass(frozen=True, slots=True)
class LabelStudio:
    """Label Studio JSON, as its import reads it and its export writes it."""

    suffix: ClassVar[str] = ".json"
    by_line: ClassVar[bool] = False
    has_time_spent: ClassVar[bool] = True

    def tasks(self, upload: Upload, schema: LabelSchema, unit: str) -> list[dict[str, Any]]:
        """Tasks do not repeat the schema: it stands in the project's configuration."""
        return encode_tasks(upload, schema, unit=unit)

    def write(self, tasks: Sequence[Mapping[str, Any]]) -> str:
        """Return a JSON list."""
        return json.dumps(list(tasks), ensure_ascii=False, indent=1)

    def read(self, text: str) -> list[dict[str, Any]]:
        """Return the list again."""
        return list(json.loads(text))

    def marks(self, task: Mapping[str, Any]) -> Marks:
        """Look among the task's data."""
        return marks_in(fields_of(task))

    def readings(self, text: str, schema: LabelSchema, written: Micros) -> list[Reading]:
        """Every answer carries its own time here; an empty file is not written yet."""
        del written
        if not text.strip():
            return []
        try:
            tasks = json.loads(text)
        except (ValueError, RecursionError) as error:
            return [Reading(raw=text, problem=f"expected JSON ({error})")]
        if not isinstance(tasks, list):
            return [Reading(raw=tasks, problem="expected a list of tasks")]
        return [reading for task in tasks for reading in _readings(task, schema)]

    def companions(self, items: Sequence[Item], schema: LabelSchema) -> Mapping[str, str]:
        """Return a labeling configuration for each way in which items are shown."""
        ways = sorted({item.kind for item in items})
        return {f"label_config.{shows}.xml": label_config(schema, shows) for shows in ways}


def _readings(task: Any, schema: LabelSchema) -> Iterator[Reading]:
    try:
        unit = marks_in(fields_of(task)).unit
        annotations = annotations_of(task)
    except DataError as error:
        yield Reading(raw=task, problem=str(error))
        return
    for annotation in annotations:
        try:
            yield Reading(
                raw=annotation, event=decode_annotation(annotation, task, schema), unit=unit
            )
        except DataError as error:
            yield Reading(
                raw={"task": fields_of(task), "annotation": annotation}, problem=str(error)
            )
