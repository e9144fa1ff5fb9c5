"""A finished export as tasks with their answers: to be audited, or learned from."""

from __future__ import annotations

from collections import Counter

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.answers import read_frames
from auto_labeling.formats.cvat.document import Document
from auto_labeling.formats.cvat.labels import ANY, DRAWN, TYPES, Labels
from auto_labeling.formats.opinions import LabeledTask, Opinion
from auto_labeling.records import Item, LabelSchema, Value

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
    """Return the pictures of a file by name, with what is said of each, by whom it was given to.

    Where nothing is drawn, nothing was to be drawn: give only what is finished. Where one class is
    due, a picture without one is skipped. An answer that cannot be read is among its `problems`.
    Raises `ConfigurationError` where the labels do not fit the schema.
    """
    labels = Labels.of(document.labels, schema)
    answers = read_frames(document.annotations, schema, labels, document.sizes)
    places: dict[str, list[int]] = {}
    for at, picture in enumerate(document.pictures):
        places.setdefault(picture.name, []).append(at)
    return [
        LabeledTask(
            task_id=name,
            item=Item(item_id=name, uri=name),
            opinions=tuple(
                _opinion(document, at, answers[at].value)
                for at in same
                if answers[at].problem is None
            ),
            problems=tuple(str(one.problem) for at in same if (one := answers[at]).problem),
        )
        for name, same in places.items()
    ]


def _opinion(document: Document, at: int, value: Value | None) -> Opinion:
    picture = document.pictures[at]
    nobody = f"{UNKNOWN} ({picture.part})" if picture.part else UNKNOWN
    who = picture.person or document.assignee or nobody
    return Opinion(answer_id=str(at), author=who, person=who, at=picture.at, value=value)


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
