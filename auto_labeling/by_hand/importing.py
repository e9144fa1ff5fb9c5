"""Tasks brought into a project once, however often they are brought.

The server knows no task again: an import whose answer was lost has made all of its tasks. So each
carries a key of its content, and before anything is imported the keys are looked up.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.errors import DataError

CONTENT = "al_content"
"""The field of a task that holds the key of its content. Not a campaign's: those are `al_key`."""
SOURCE = "al_source"
"""The field that holds the path of a picture, as its owner names it."""
_IMPORT = 1_000
_LOOKED_UP = 2_000
"""Keys from which on reading all of our tasks is cheaper than looking for each hundred."""
_FIELDS = "id,data,predictions,result,model_version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A task that is to be there."""

    key: str
    data: Callable[[], Row]
    """What people are shown; called only where the task is made."""
    predictions: Sequence[Row] = ()
    rest: Mapping[str, Any]
    """What else an import takes of a task."""


def content_key(content: Any) -> str:
    """Return 32 hex digits, the same for the same JSON.

    >>> content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    True
    """
    try:
        text = json.dumps(content, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"tasks: expected what JSON can hold ({error})") from error
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def task_wanted(task: Any) -> Wanted:
    """Return a task as the tool's import takes it, or only its data. Raises `DataError`."""
    if not isinstance(task, Mapping):
        raise DataError(f"tasks: expected mappings, got a {type(task).__name__}")
    whole = isinstance(task.get("data"), Mapping)
    data = dict(task["data"] if whole else task)
    rest = {name: value for name, value in task.items() if name != "data"} if whole else {}
    predictions = rest.pop("predictions", None) or ()
    return Wanted(key=content_key(data), data=lambda: data, predictions=predictions, rest=rest)


def bring_in(client: Client, project: int, wanted: Sequence[Wanted]) -> list[int]:
    """Return the number of every task, in order; those that are not there are made.

    Tasks of the same content are one task. One that is there already gets the predictions that it
    does not have yet, and nothing else of it is changed.
    """
    unique = {one.key: one for one in wanted}
    found: dict[str, Row] = {}
    for task in _there(client, project, unique):
        if task["data"].get(CONTENT) in unique:
            found.setdefault(task["data"][CONTENT], task)
    ids = {key: int(task["id"]) for key, task in found.items()}
    missing = [one for one in unique.values() if one.key not in found]
    for start in range(0, len(missing), _IMPORT):
        batch = missing[start : start + _IMPORT]
        made = client.import_tasks(project, [_task(one) for one in batch])
        ids |= {one.key: task for one, task in zip(batch, made, strict=True)}
    for key, task in found.items():
        there = {_said(prediction) for prediction in task.get("predictions") or []}
        for prediction in unique[key].predictions:
            if _said(prediction) not in there:
                client.make_prediction(ids[key], prediction)
    return [ids[one.key] for one in wanted]


def _there(client: Client, project: int, keys: Collection[str]) -> Iterable[Row]:
    """Return the tasks with these keys, oldest first, and maybe others of ours."""
    if len(keys) <= _LOOKED_UP:
        return client.tasks_with(project, f"data.{CONTENT}", sorted(keys), _FIELDS)
    ours = where(f"data.{CONTENT}", "empty", False, "String")
    return client.tasks(project, ours, fields=_FIELDS)


def _task(one: Wanted) -> Row:
    task = {**one.rest, "data": {**one.data(), CONTENT: one.key}}
    return task | ({"predictions": list(one.predictions)} if one.predictions else {})


def _said(prediction: Mapping[str, Any]) -> str:
    """Return what a prediction says, less what the server adds."""
    regions = [
        [region.get(name) for name in ("from_name", "to_name", "type", "value")]
        for region in prediction.get("result") or []
    ]
    return content_key([prediction.get("model_version") or "", regions])
