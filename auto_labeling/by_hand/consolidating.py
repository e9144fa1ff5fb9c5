"""The answers on a project's tasks as one label an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auto_labeling.backends.label_studio.client import Row
from auto_labeling.by_hand.importing import SOURCE
from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.asked import Asked
from auto_labeling.formats.label_studio.layout import MARK
from auto_labeling.formats.label_studio.results import read_result
from auto_labeling.formats.labeled import Labeled
from auto_labeling.ports import Vote
from auto_labeling.quality import usual

FIELDS = "id,data,annotations,result,completed_by,was_cancelled,created_at,updated_at"
"""What has to be read of a task and of its annotations."""


def consolidated(tasks: Sequence[Row], asked: Asked) -> list[Labeled]:
    """Return the tasks that have a label, oldest first.

    Of a person's several answers to a task the last one counts; a skip is none. Classes go by
    majority, and a tie is no label. Drawings are not merged: where several people drew, the drawing
    that the others agree with most stands (see `MostAgreed`). Raises `DataError` at an answer that
    does not fit the classes.
    """
    answers = {str(task["id"]): list(_answers(task)) for task in tasks}
    votes = [vote for task, given in answers.items() for vote in _votes(task, given, asked)]
    verdicts = {one.item_id: one for one in usual(asked.schema).resolve(votes, asked.schema)}
    found: list[Labeled] = []
    for task in sorted(tasks, key=lambda task: int(task["id"])):
        name, data = str(task["id"]), task["data"]
        verdict = verdicts.get(name)
        if verdict is not None and verdict.value is not None:
            found.append(
                Labeled(
                    number=int(task["id"]),
                    item_id=name,
                    value=verdict.value,
                    picture=_picture(data, asked),
                    size=next(_sizes(answers[name]), None),
                    confidence=verdict.confidence,
                    votes=verdict.votes,
                    fields={key: data[key] for key in data if not key.startswith(MARK)},
                )
            )
    return found


def _answers(task: Row) -> Iterator[Mapping[str, Any]]:
    """Yield the answer of each person that counts, in the order in which they were given."""
    last: dict[str, Mapping[str, Any]] = {}
    given = task.get("annotations") or []
    for one in sorted(given, key=lambda one: (str(one.get("updated_at")), int(one["id"]))):
        last[str(one.get("completed_by"))] = one
    yield from (one for one in last.values() if not one.get("was_cancelled"))


def _votes(task: str, answers: Sequence[Mapping[str, Any]], asked: Asked) -> Iterator[Vote]:
    for answer in answers:
        try:
            value = read_result(answer.get("result"), asked.schema, asked.layout).value
        except (DataError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"task {task}, annotation {answer['id']}: {error}") from error
        if value is not None:
            yield Vote(item_id=task, person=str(answer.get("completed_by")), value=value)


def _picture(data: Mapping[str, Any], asked: Asked) -> str | None:
    if asked.layout.way != "image":
        return None
    return str(data.get(SOURCE) or data.get(asked.layout.field) or "") or None


def _sizes(answers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    """Yield the sizes of the picture that people's drawings name."""
    for answer in answers:
        for region in answer.get("result") or []:
            width, height = region.get("original_width"), region.get("original_height")
            if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
                yield width, height
