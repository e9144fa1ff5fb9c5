"""What a script needs of the CVAT SDK beyond what a campaign does: tasks without a project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.session import Row


class HandClient(Client):
    """A connection to one server, for a script."""

    def login(self) -> str:
        """Return the login of the account."""
        return str(self._call("users_api.retrieve_self", "the account")["username"])

    def task(self, task: int) -> Row:
        """Return a task. Raises `BlockedError` where it is gone."""
        return self._call("tasks_api.retrieve", f"task {task}", id=task)

    def tasks_called(self, name: str, subset: str, owner: str) -> list[Row]:
        """Return the tasks of somebody that have this name and no project, oldest first."""
        found = self._rows("tasks_api.list", f"tasks named {name!r}", name=name, owner=owner)
        return [
            row for row in found if (row["subset"] or "") == subset and row["project_id"] is None
        ]

    def task_labels(self, task: int) -> list[Row]:
        """Return the labels of a task; those of its project, where it has one."""
        return list(self._pages("labels_api.list", f"the labels of task {task}", task_id=task))

    def task_pictures(self, task: int) -> Row:
        """Return `frames` with names and sizes, and which of them people took out."""
        return self._call("tasks_api.retrieve_data_meta", f"the pictures of task {task}", id=task)

    def creation(self, task: int) -> str:
        """Return the id of the request by which a task gets its pictures."""
        return f"action=create&target=task&target_id={task}"

    def send_pictures(
        self, task: int, files: Sequence[Any], settings: Row, done: Callable[[int], None]
    ) -> str:
        """Send pictures, (name, path) each, in the order of their frames; return a request's id.

        May be called again after it failed; see `ResumingUploader`.
        """
        from auto_labeling.backends.cvat.resuming import ResumingUploader

        with self._translated(f"the pictures of task {task}"):
            return ResumingUploader(self._sdk).send(task, files, settings, done)
