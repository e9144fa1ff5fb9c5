"""What a campaign needs of a CVAT server; whoever needs more extends this connection."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from auto_labeling.backends.cvat.refusals import Gone, gone_is_fine
from auto_labeling.backends.cvat.session import Filter, Row, Session


class Client(Session):
    """A connection to one server; made without a call, and cheap."""

    def projects(self, name: str) -> list[Row]:
        """Return the projects of exactly this name, oldest first."""
        return list(self._rows("projects_api.list", f"projects named {name!r}", name=name))

    def project(self, project: int) -> Row:
        """Return a project. Raises `BlockedError` where it is gone."""
        return self._call("projects_api.retrieve", f"project {project}", id=project)

    def make_project(self, name: str, labels: Sequence[Row]) -> Row:
        """Make a project and return it."""
        told = {"name": name, "labels": list(labels)}
        return self._call("projects_api.create", "a new project", project_write_request=told)

    def labels(self, project: int) -> list[Row]:
        """Return the labels of a project."""
        what = f"the labels of project {project}"
        return list(self._pages("labels_api.list", what, project_id=project))

    def people(self) -> dict[str, int]:
        """Return login -> number of all whom the account may see; logins in lower case."""
        found = self._pages("users_api.list", "the list of users")
        return {str(row["username"]).lower(): int(row["id"]) for row in found}

    def tasks_named(self, project: int, words: Sequence[str]) -> list[Row]:
        """Return the tasks in whose name one of these words stands, oldest first."""
        what = f"the tasks of project {project}"
        return self._some("tasks_api.list", what, words, _named, project_id=project)

    def tasks(self, project: int, ids: Collection[int]) -> list[Row]:
        """Return those of these tasks that are there, oldest first."""
        what = f"the tasks of project {project}"
        return self._some("tasks_api.list", what, sorted(ids), _numbered, project_id=project)

    def make_task(self, **settings: Any) -> Row:
        """Make a task without pictures and return it."""
        return self._call("tasks_api.create", "a new task", task_write_request=settings)

    def change_task(self, task: int, **fields: Any) -> None:
        """Change fields of a task."""
        told = {"id": task, "patched_task_write_request": fields}
        self._call("tasks_api.partial_update", f"task {task}", **told)

    def delete_task(self, task: int) -> None:
        """Delete a task; one that is gone stays gone."""
        with self._translated(f"task {task}"), gone_is_fine():
            self._sdk.api_client.tasks_api.destroy(task)

    def frames(self, task: int) -> list[Row]:
        """Return name, width and height of each frame of a task, in order."""
        what = f"the pictures of task {task}"
        return list(self._call("tasks_api.retrieve_data_meta", what, id=task)["frames"])

    def upload(self, task: int, files: Sequence[Any], settings: Row) -> str:
        """Send pictures, (name, path) each, in the order of their frames; return a request's id."""
        from auto_labeling.backends.cvat.connection import PictureUploader

        with self._translated(f"the pictures of task {task}"):
            return PictureUploader(self._sdk).upload(task, files, settings)

    def refer(self, task: int, settings: Row) -> str:
        """Name pictures that the server reads itself; return a request's id."""
        what = f"the pictures of task {task}"
        told = self._call("tasks_api.create_data", what, id=task, data_request=settings)
        return str(told["rq_id"])

    def request(self, request: str) -> Row | None:
        """Return how far something has come; None where the server has forgotten it."""
        try:
            return self._call("requests_api.retrieve", f"the request {request}", id=request)
        except Gone:
            return None

    def newest_job(self, project: int, word: str) -> tuple[int, Row | None]:
        """Return how many jobs tasks with a word in their name have, and the last touched."""
        found = self._call(
            "jobs_api.list",
            f"the jobs of project {project}",
            project_id=project,
            filter=json.dumps(contains("task_name", word)),
            sort="-updated_date",
            page_size=1,
        )
        return int(found["count"]), next(iter(found["results"]), None)

    def jobs(self, project: int, *conditions: Filter) -> Iterator[Row]:
        """Yield the jobs of a project that meet all conditions, oldest first."""
        what = f"the jobs of project {project}"
        return self._rows("jobs_api.list", what, *conditions, project_id=project)

    def jobs_of(self, tasks: Collection[int]) -> list[Row]:
        """Return the jobs of tasks, oldest first."""
        return self._some("jobs_api.list", "the jobs of tasks", sorted(tasks), _of_task)

    def jobs_with(self, ids: Collection[int]) -> list[Row]:
        """Return those of these jobs that are there, oldest first."""
        return self._some("jobs_api.list", "jobs", sorted(ids), _numbered)

    def change_job(self, job: int, **fields: Any) -> None:
        """Change fields of a job."""
        told = {"id": job, "patched_job_write_request": fields}
        self._call("jobs_api.partial_update", f"job {job}", **told)

    def annotations(self, job: int) -> Row:
        """Return what stands in a job."""
        return self._call("jobs_api.retrieve_annotations", f"job {job}", id=job)

    def pictures(self, job: int) -> Row:
        """Return `frames` with their sizes, and which of them people took out: `deleted_frames`."""
        return self._call("jobs_api.retrieve_data_meta", f"the pictures of job {job}", id=job)

    def annotate(self, job: int, annotations: Row) -> Row:
        """Put annotations into a job in place of all that is there; return what was kept."""
        told = {"id": job, "labeled_data_request": {"version": 0, "tracks": [], **annotations}}
        return self._call("jobs_api.update_annotations", f"job {job}", **told)

    def merge(self, task: int) -> None:
        """Let the server fill the parents of finished replicas, in its own time."""
        told = {"consensus_merge_create_request": {"task_id": task}}
        self._call("consensus_api.create_merge", f"the merge of task {task}", **told)


def contains(field: str, word: str) -> Filter:
    """Return the condition that a word stands in a field."""
    return {"in": [word, {"var": field}]}


def _named(words: Sequence[str]) -> Filter:
    return {"or": [contains("name", word) for word in words]}


def _numbered(ids: Sequence[int]) -> Filter:
    return {"in": [{"var": "id"}, list(ids)]}


def _of_task(ids: Sequence[int]) -> Filter:
    return {"in": [{"var": "task_id"}, list(ids)]}
