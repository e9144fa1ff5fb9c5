"""What a campaign needs of the CVAT SDK; whoever needs more extends this connection.

No call retries by itself. Who calls may try again once it has looked what became of it. Answers are
read as the JSON they are: the SDK's models cannot take what servers before 2.80 send.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeAlias

from auto_labeling.backends.cvat.refusals import CredentialsRefused, Gone, gone_is_fine, translated
from auto_labeling.errors import TransientError

Row: TypeAlias = dict[str, Any]
"""A task, a job or a person, as the server writes it: plain JSON."""
Filter: TypeAlias = Mapping[str, Any]
"""A condition in the server's words: JSON logic."""

_AS_IT_IS: Mapping[str, Any] = {
    "_parse_response": False,
    "_validate_inputs": False,
    # Where inputs are not validated, the SDK refuses the None that is its own default of these.
    "_content_type": "",
    "_host_index": 0,
    "_request_auths": [],
}
_PAGE = 200
_LOOKED_UP = 50
"""Names or numbers a look-up: it travels in the address, which servers cut at 8,000 characters."""


class Client:
    """A connection to one server; made without a call, and cheap."""

    def __init__(
        self,
        url: str,
        secret: Callable[[], str],
        *,
        user: str | None = None,
        organization: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self.url = url.rstrip("/")
        self._secret = secret
        self._user = user
        self._organization = organization
        self._timeout_s = timeout_s
        self._known = False
        self._close: Callable[[], Any] = lambda: None

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

    def _some(
        self,
        operation: str,
        what: str,
        wanted: Sequence[Any],
        condition: Callable[[Sequence[Any]], Filter],
        **fixed: Any,
    ) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(wanted), _LOOKED_UP):
            these = condition(wanted[start : start + _LOOKED_UP])
            found += self._rows(operation, what, these, **fixed)
        return sorted(found, key=lambda row: int(row["id"]))

    def _rows(self, operation: str, what: str, *conditions: Filter, **fixed: Any) -> Iterator[Row]:
        """Yield rows, oldest first.

        Each page begins after the last row of the one before, so that none is passed over while
        others come and go.
        """
        last = 0
        while True:
            after = {">": [{"var": "id"}, last]}
            told = {"filter": json.dumps({"and": [*conditions, after]}), "sort": "id"}
            page = self._call(operation, what, page_size=_PAGE, **told, **fixed)["results"]
            yield from page
            if len(page) < _PAGE:
                return
            last = int(page[-1]["id"])

    def _pages(self, operation: str, what: str, **fixed: Any) -> Iterator[Row]:
        page = 1
        while True:
            found = self._call(operation, what, page=page, page_size=_PAGE, **fixed)
            yield from found["results"]
            if not found["next"]:
                return
            page += 1

    def _call(self, operation: str, what: str, **told: Any) -> Row:
        """Return what an operation of the SDK, such as `tasks_api.list`, answers."""
        with self._translated(what):
            call = attrgetter(operation)(self._sdk.api_client)
            _, answer = call(**told, **_AS_IT_IS)
            content = answer.data  # read whole, or the connection is not free for the next
            row: Row = json.loads(content) if content else {}
        return row

    @cached_property
    def _sdk(self) -> Any:
        from auto_labeling.backends.cvat.connection import connect, log_in

        self._close()
        sdk = connect(self.url, self._organization, self._timeout_s)
        # A backend is never told that it is done.
        self._close = weakref.finalize(self, sdk.api_client.rest_client.pool_manager.clear)
        log_in(sdk, self._user, self._secret())
        return sdk

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            with translated(self.url, what):
                yield
            self._known = True
        except CredentialsRefused as error:
            self.__dict__.pop("_sdk", None)  # the next call reads the secret anew
            self._close()
            if self._known and self._user is not None:
                self._known = False
                raise TransientError(
                    f"{self.url}: {what}: the session has ended; the next call begins another"
                ) from error
            raise


def contains(field: str, word: str) -> Filter:
    """Return the condition that a word stands in a field."""
    return {"in": [word, {"var": field}]}


def _named(words: Sequence[str]) -> Filter:
    return {"or": [contains("name", word) for word in words]}


def _numbered(ids: Sequence[int]) -> Filter:
    return {"in": [{"var": "id"}, list(ids)]}


def _of_task(ids: Sequence[int]) -> Filter:
    return {"in": [{"var": "task_id"}, list(ids)]}
