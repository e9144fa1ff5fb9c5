"""What a campaign needs of the Label Studio SDK; whoever needs more extends this connection.

No call retries by itself: the SDK's own retries make three tasks of an import that answered 500
after its effect. Who calls may try again once it has looked what became of it.
"""

from __future__ import annotations

import json
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias

import httpx

from auto_labeling.backends.label_studio.refusals import TokenRefused, gone_is_fine, translated
from auto_labeling.errors import TransientError

Row: TypeAlias = dict[str, Any]
"""A task, a project or a person, as the server writes it: plain JSON."""

PAGE = 500
_LOOKED_UP = 100
"""Keys a look-up: the query travels in the address, which servers cut at 8,000 characters."""
_AS_DEAR = 250
"""Tasks that are read in the time of a look-up."""
_IMPORT_S = 900


class Client:
    """A connection to one server; made without a call, and cheap."""

    def __init__(self, url: str, token: Callable[[], str], timeout_s: float = 60.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._heard: deque[httpx.Response] = deque(maxlen=1)
        """The server's last answer to the call that is under way."""

    def projects(self, title: str) -> list[Row]:
        """Return the projects with exactly this title, oldest first."""
        with self._translated(f"projects titled {title!r}"):
            found = self._sdk.projects.list(title=title, request_options=self._once())
            rows = [plain(project) for project in found]
        return sorted((row for row in rows if row["title"] == title), key=lambda row: row["id"])

    def project(self, project: int) -> Row:
        """Return a project. Raises `BlockedError` where it is gone."""
        with self._translated(f"project {project}"):
            return plain(self._sdk.projects.get(project, request_options=self._once()))

    def make_project(self, **settings: Any) -> Row:
        """Make a project and return it."""
        with self._translated("a new project"):
            return plain(self._sdk.projects.create(**settings, request_options=self._once()))

    def change_project(self, project: int, **fields: Any) -> None:
        """Change fields of a project."""
        with self._translated(f"project {project}"):
            self._sdk.projects.update(project, **fields, request_options=self._once())

    def import_tasks(self, project: int, tasks: Sequence[Row]) -> list[int]:
        """Add tasks and return their ids, in order; an error says nothing about how many."""
        with self._translated(f"an import into project {project}"):
            made = self._sdk.projects.import_tasks(
                project, request=tasks, return_task_ids=True, request_options=self._once(_IMPORT_S)
            )
            ids = [int(task) for task in made.task_ids or []]
        if len(ids) != len(tasks):
            raise TransientError(
                f"{self.url}: an import into project {project} made {len(ids)} tasks of "
                f"{len(tasks)}; the next look finds them"
            )
        return ids

    def tasks(self, project: int, *filters: Row, fields: str) -> Iterator[Row]:
        """Yield the tasks that pass all `filters`, oldest first: their `fields`, comma-separated.

        Each page begins after the last task of the one before, so that none is passed over while
        others come and go; it is asked for once the one before is used up. A server may well give
        fewer a page than it is asked for: it says how many there are.
        """
        last = 0
        while True:
            after = where("id", "greater", last, "Number")
            page, there = self._page(project, [*filters, after], fields, "tasks:id", PAGE)
            yield from page
            if not page or len(page) >= there:
                return
            last = page[-1]["id"]

    def newest_change(self, project: int) -> str | None:
        """Return the youngest `updated_at` among the tasks, as the server writes it."""
        first, _ = self._page(project, [], "id,updated_at", "-tasks:updated_at", 1)
        return str(first[0]["updated_at"]) if first else None

    def newest_version(self, project: int) -> str | None:
        """Return the model version of the predictions on the youngest task that has any."""
        some = where("total_predictions", "greater", 0, "Number")
        found, _ = self._page(project, [some], "id,predictions,model_version", "-tasks:id", 1)
        return str(found[0]["predictions"][-1]["model_version"]) if found else None

    def _page(
        self, project: int, filters: Sequence[Row], fields: str, order: str, size: int
    ) -> tuple[list[Row], int]:
        """Return the first tasks that pass all filters, and how many do."""
        # A dict would be ignored without a word, and every task returned.
        query = json.dumps(
            {"filters": {"conjunction": "and", "items": list(filters)}, "ordering": [order]}
        )
        with self._translated(f"project {project}"):
            page = self._sdk.tasks.list(
                project=project,
                query=query,
                include=fields,
                page_size=size,
                request_options=self._once(),
            )
            return [plain(task) for task in page.items], int(page.response.total)

    def tasks_with(self, project: int, field: str, values: Sequence[Any], fields: str) -> list[Row]:
        """Return the tasks whose `field` (`id`, `data.NAME`) is one of `values`, oldest first."""
        found: list[Row] = []
        for start in range(0, len(values), _LOOKED_UP):
            these = list(values[start : start + _LOOKED_UP])
            found.extend(self.tasks(project, where(field, "in_list", these, "List"), fields=fields))
        return sorted(found, key=lambda row: row["id"])

    def tasks_among(
        self, project: int, field: str, values: Sequence[str], fields: str
    ) -> list[Row]:
        """Return what `tasks_with` does, for texts in their order.

        What is sent in the order of its keys has no others between them: it then takes one request
        to see that nothing, or nothing else, is there.
        """
        most = len(values) // _LOOKED_UP * _AS_DEAR
        if most:
            range_ = {"min": values[0], "max": values[-1]}
            between = where(field, "in", range_, "String")
            found = list(islice(self.tasks(project, between, fields=fields), most))
            if len(found) < most:
                name, wanted = field.removeprefix("data."), set(values)
                return [task for task in found if task["data"][name] in wanted]
        return self.tasks_with(project, field, values, fields)

    def change_task(self, task: int, **fields: Any) -> None:
        """Change fields of a task; one that is gone stays gone."""
        with self._translated(f"task {task}"), gone_is_fine():
            self._sdk.tasks.update(str(task), **fields, request_options=self._once())

    def make_prediction(self, task: int, prediction: Row) -> None:
        """Add a prediction to a task."""
        with self._translated(f"a prediction on task {task}"):
            self._sdk.predictions.create(task=task, **prediction, request_options=self._once())

    def delete_task(self, task: int) -> None:
        """Delete a task; one that is gone stays gone."""
        with self._translated(f"task {task}"), gone_is_fine():
            self._sdk.tasks.delete(str(task), request_options=self._once())

    def people(self) -> dict[int, str]:
        """Return user id -> login, in lower case."""
        with self._translated("the list of people"):
            users = [plain(user) for user in self._sdk.users.list(request_options=self._once())]
        return {user["id"]: str(user["email"]).lower() for user in users if user.get("email")}

    def storages(self, project: int) -> list[Row]:
        """Return the local folders that a project may show files of."""
        with self._translated(f"the storages of project {project}"):
            found = self._sdk.import_storage.local.list(
                project=project, request_options=self._once()
            )
            return [plain(storage) for storage in found]

    def make_storage(self, project: int, path: str) -> None:
        """Let a project show the files of a folder of the server."""
        with self._translated(f"the storage {path}"):
            self._sdk.import_storage.local.create(
                project=project,
                path=path,
                title="auto-labeling",
                use_blob_urls=True,
                request_options=self._once(),
            )

    def tabs(self, project: int) -> set[str]:
        """Return the titles of the data manager's tabs."""
        with self._translated(f"the tabs of project {project}"):
            found = self._sdk.views.list(project=project, request_options=self._once())
            return {str((plain(view).get("data") or {}).get("title")) for view in found}

    def make_tab(self, project: int, title: str, filter_: Row) -> None:
        """Add a tab to the data manager that shows the tasks that pass a filter."""
        data = {
            "title": title,
            "type": "list",
            "target": "tasks",
            "filters": {"conjunction": "and", "items": [filter_]},
        }
        with self._translated(f"the tabs of project {project}"):
            self._sdk.views.create(project=project, data=data, request_options=self._once())

    def ml_backends(self, project: int) -> list[Row]:
        """Return the ML backends of a project; the server asks each of them how it is."""
        with self._translated(f"the ML backends of project {project}"):
            found = self._sdk.ml.list(project=project, request_options=self._once())
            return [plain(backend) for backend in found]

    def upload(self, project: int, name: str, content: bytes) -> str:
        """Keep a file on the server and return the path it is shown under."""
        with self._translated(f"the file {name}"):
            answer = self._http.post(  # the SDK has no call for it
                f"{self.url}/api/projects/{project}/import",
                params={"commit_to_project": "false"},
                files={"file": (name, content)},
                headers=self._sdk._client_wrapper.get_headers(),
                timeout=_IMPORT_S,
            )
            answer.raise_for_status()
            [made] = answer.json()["file_upload_ids"]
            stored = self._sdk.files.get(made, request_options=self._once())
        return f"/data/{stored.file}"

    def download(self, path: str) -> bytes:
        """Return a file that the server shows under a path of its own."""
        with self._translated(f"the file {path}"):
            answer = self._http.get(
                f"{self.url}{path}",
                headers=self._sdk._client_wrapper.get_headers(),
                follow_redirects=False,  # elsewhere it is somebody else's file
            )
            answer.raise_for_status()
            return answer.content

    @cached_property
    def _sdk(self) -> Any:
        from label_studio_sdk import LabelStudio

        make: Any = LabelStudio  # its constructor has no types
        # With a slash at its end, or the path is lost where a personal token is exchanged.
        return make(base_url=f"{self.url}/", api_key=self._token(), httpx_client=self._http)

    @cached_property
    def _http(self) -> httpx.Client:
        http = httpx.Client(timeout=self._timeout_s, follow_redirects=True)
        http.event_hooks = {"response": [self._heard.append]}
        weakref.finalize(self, http.close)  # a backend is never told that it is done
        return http

    def _once(self, timeout_s: float | None = None) -> Row:
        options: Row = {"max_retries": 0}
        return options if timeout_s is None else options | {"timeout_in_seconds": timeout_s}

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        self._heard.clear()
        try:
            with translated(self.url, what, self._heard):
                yield
        except TokenRefused:
            self.__dict__.pop("_sdk", None)  # the next call reads the token anew
            raise


def where(column: str, operator: str, value: Any, kind: str) -> Row:
    """Return a filter of the data manager; `kind` is the type of the value in its words."""
    return {
        "filter": f"filter:tasks:{column}",
        "operator": operator,
        "type": kind,
        "value": value,
    }


def plain(record: Any) -> Row:
    """Return a record of the SDK as plain JSON. Raises `KeyError` where it has no number."""
    row: Row = record.model_dump(mode="json")
    if row.get("id") is None:
        raise KeyError("id")
    return row
