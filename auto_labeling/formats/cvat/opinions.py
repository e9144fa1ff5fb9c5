"""A finished export as tasks with their answers: to be audited, or learned from."""

from __future__ import annotations

from collections import Counter

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.answers import read_frames
from auto_labeling.formats.cvat.document import Document
from auto_labeling.formats.cvat.labels import ANY, DRAWN, TYPES, Labels
from auto_labeling.formats.opinions import LabeledTask, Opinion
from auto_labeling.records import Item, LabelSchema

UNKNOWN = "unknown"
"""Whoever answered where a file does not say."""


def asked_by(document: Document, task: str | None = None) -> LabelSchema:
    """Return what a file was asked: its task, by what is drawn in it, and the labels that fit.

    Shapes go before tags. Raises `DataError` where several kinds of shapes are drawn and `task`
    does not say which of them counts, or where nothing tells.

    >>> labels = [{"id": 1, "name": "car", "type": "any"}, {"id": 2, "name": "dark", "type": "tag"}]
    >>> row = {"type": "rectangle", "label_id": 1, "frame": 0}
    >>> asked = asked_by(Document(labels=labels, annotations={"shapes": [row]}))
    >>> asked.task, asked.classes
    ('boxes', ('car',))
    """
    found = _tasks(document) if task is None else [task]
    if len(found) != 1 or found[0] not in TYPES:
        raise DataError(
            f"CVAT's XML: expected one task out of {', '.join(TYPES)}, "
            f"got {', '.join(found) or 'nothing that tells'}"
        )
    [name] = found
    fitting = (ANY, TYPES[name])
    classes = [row["name"] for row in document.labels if row.get("type", ANY) in fitting]
    # One class alone is a choice to make it or not.
    several = name == "single" and len(classes) < 2
    return LabelSchema(task="multi" if several else name, classes=tuple(classes))  # type: ignore[arg-type]


def labeled_tasks(document: Document, schema: LabelSchema) -> list[LabeledTask]:
    """Return the pictures of a file, one opinion each, by whom the task was given to.

    Where nothing is drawn, nothing was to be drawn: export only what is finished. Where one class
    is due, a picture without one has no opinion. An answer that cannot be read is among its
    `problems`. Raises `ConfigurationError` where the labels do not fit the schema.
    """
    labels = Labels.of(document.labels, schema)
    answers = read_frames(document.annotations, schema, labels, document.sizes)
    who = document.assignee or UNKNOWN
    found: list[LabeledTask] = []
    for at, picture in enumerate(document.pictures):
        answer, task_id = answers[at], str(at)
        opinion = Opinion(answer_id=task_id, author=who, person=who, at=0, value=answer.value)
        found.append(
            LabeledTask(
                task_id=task_id,
                item=Item(item_id=picture.name, uri=picture.name),
                opinions=() if answer.value is None else (opinion,),
                problems=() if answer.problem is None else (answer.problem,),
            )
        )
    return found


def _tasks(document: Document) -> list[str]:
    """Return the tasks of which there is a sign: what is drawn, else what labels are made for."""
    drawn = {str(row["type"]) for row in document.annotations.get("shapes", ())}
    made = {str(row.get("type", ANY)) for row in document.labels}
    tags = Counter(row["frame"] for row in document.annotations.get("tags", ()))
    for kinds in (drawn, set() if tags else made):
        if found := [task for task, kind in TYPES.items() if task in DRAWN and kind in kinds]:
            return found
    if tags:
        return ["multi" if max(tags.values()) > 1 else "single"]
    return ["single"] if made == {"tag"} else []
