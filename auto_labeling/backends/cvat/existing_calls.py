"""The calls that look at a project of anybody's; none of them writes."""

from __future__ import annotations

from collections.abc import Iterator

from auto_labeling.backends.cvat.quality_calls import QualityClient
from auto_labeling.backends.cvat.session import Row


class ExistingClient(QualityClient):
    """A connection to one server, for whoever looks."""

    def tasks_in(self, project: int) -> Iterator[Row]:
        """Yield all tasks of a project, oldest first."""
        return self._rows("tasks_api.list", f"the tasks of project {project}", project_id=project)

    def picture(self, task: int, frame: int) -> bytes:
        """Return the bytes of a picture, as people see it."""
        with self._translated(f"frame {frame} of task {task}"):
            _, answer = self._sdk.api_client.tasks_api.retrieve_data(
                task, type="frame", number=frame, quality="compressed", _parse_response=False
            )
            content: bytes = answer.data
        return content
