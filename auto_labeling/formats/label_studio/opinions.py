"""Tasks of a project as it stands, ours or not: what people saw, and what they said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import ITEM, KEY
from auto_labeling.formats.label_studio.answers import (
    annotations_of,
    decode_annotation,
    fields_of,
    person_of,
)
from auto_labeling.formats.label_studio.layout import Layout
from auto_labeling.formats.opinions import LabeledTask, Opinion
from auto_labeling.records import Item, LabelSchema

UNKNOWN = "unknown"
"""Whoever answered where an export does not say."""


def labeled_task(task: Mapping[str, Any], schema: LabelSchema, layout: Layout) -> LabeledTask:
    """Return a task of a task list or of a JSON export.

    An answer that cannot be read is among its `problems`. Raises `DataError` where the task itself
    cannot be.
    """
    fields = fields_of(task)
    task_id = str(task.get("id"))
    # Marks of ours may be missing there; what they say does not matter here.
    alone = {"data": {KEY: "", ITEM: task_id}}
    opinions: list[Opinion] = []
    problems: list[str] = []
    for annotation in annotations_of(task):
        try:
            event = decode_annotation(annotation, alone, schema, layout)
        except DataError as error:
            problems.append(str(error))
            continue
        author = person_of(annotation.get("completed_by")) or UNKNOWN
        opinion = Opinion(
            answer_id=event.answer_id,
            author=author,
            person=event.person or author,
            at=event.at,
            value=event.value,
        )
        opinions.append(opinion)
    return LabeledTask(
        task_id=task_id,
        item=_item(task_id, fields, layout),
        opinions=tuple(sorted(opinions, key=lambda one: one.at)),
        problems=tuple(problems),
    )


def _item(task_id: str, fields: Mapping[str, Any], layout: Layout) -> Item | None:
    content = fields.get(layout.field)
    match layout.way, content:
        case "image", str():
            return Item(item_id=task_id, uri=content)
        case (("text" | "html"), str()):
            return Item(item_id=task_id, text=content)
        case "row", Mapping():
            return Item(item_id=task_id, row=content)
    return None


def choices_in(tasks: Sequence[Any]) -> Mapping[str, Sequence[str]]:
    """Return tag -> the names that anybody chose in it, in the order in which they are met.

    >>> region = {"from_name": "tone", "type": "choices", "value": {"choices": ["good"]}}
    >>> choices_in([{"annotations": [{"result": [region]}]}])
    {'tone': ['good']}
    """
    found: dict[str, dict[str, None]] = {}
    for task in tasks:
        for region in _regions(task):
            match region:
                case {"from_name": str(tag), "type": "choices", "value": {"choices": [*names]}}:
                    chosen = found.setdefault(tag, {})
                    chosen.update((name, None) for name in names if isinstance(name, str))
    return {tag: list(names) for tag, names in found.items()}


def _regions(task: Any) -> Iterator[Any]:
    """Yield the regions of all answers, as far as the task is made of tasks' parts."""
    match task:
        case {"annotations": [*annotations]}:
            for annotation in annotations:
                match annotation:
                    case {"was_cancelled": True}:
                        continue
                    case {"result": [*regions]}:
                        yield from regions
