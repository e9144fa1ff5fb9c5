"""Withdrawing a task without ever deleting an answer.

The server has no delete that stops at an answered task, and somebody may have a task open while we
look. So a task is retired: it loses its key and is served to nobody, but an answer to it is still
accepted, and read. What has stayed empty for a day is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.marks import WITHDRAWN, restored, retired
from auto_labeling.formats.codec import KEY

_FIELDS = "id,data,annotations,drafts,updated_at"
_EMPTY_FOR = timedelta(days=1)


def withdraw(client: Client, project: int, ids: Collection[int]) -> set[int]:
    """Retire these tasks where nobody has answered, and return those that somebody has."""
    if not ids:
        return set()
    answered: set[int] = set()
    for task in _tasks(client, project, sorted(ids)):
        if task["annotations"]:
            answered.add(task["id"])
        elif KEY in task["data"]:
            client.change_task(task["id"], data=retired(task["data"]), is_labeled=True)
    for task in _tasks(client, project, sorted(set(ids) - answered)):
        if task["annotations"]:  # in the moment between look and withdrawal
            answered.add(task["id"])
            client.change_task(task["id"], data=restored(task["data"]), is_labeled=False)
    _clear(client, project)
    return answered


def _clear(client: Client, project: int) -> None:
    """Delete what was retired a day ago and is still empty."""
    given = where(f"data.{WITHDRAWN}", "empty", False, "String")
    long_ago = datetime.now(UTC) - _EMPTY_FOR
    for task in client.tasks(project, given, fields=_FIELDS):
        idle = datetime.fromisoformat(task["updated_at"]) < long_ago
        if idle and not task["annotations"] and not task.get("drafts"):
            client.delete_task(task["id"])


def _tasks(client: Client, project: int, ids: Sequence[int]) -> list[Row]:
    return client.tasks_with(project, "id", ids, _FIELDS)
