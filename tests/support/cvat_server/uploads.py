"""The pictures of a task: sent in several calls, or named where the server can read them.

Recorded are files that are sent. `server_files` (the share, or a cloud storage) and `remote_files`
are not: they are taken here by a plain request with JSON, as SDK 2.80 sends them; an unknown file
or a URL that is not `file:` fails the request (this server never goes out). Nor is a second try
after a failed creation: what was sent before is still there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.support.cvat_server import creation, tus
from tests.support.cvat_server.http import Answer, Call, Refused, Routes
from tests.support.cvat_server.permissions import edit_task
from tests.support.cvat_server.store import Task
from tests.support.cvat_server.work import Failed

ROUTES = Routes()


def _slot(call: Call, task: Task) -> tus.Slot:
    return call.server.uploads.slot(f"task/{task.id}/data")


@ROUTES.add("POST", "/api/tasks/{id:int}/data/")
def send(call: Call, id: int) -> Answer:
    """Take one of the calls that an upload is made of, told apart by their headers."""
    task = edit_task(call, id)
    if task.data is not None:
        raise Refused(400, "Adding more data is not supported")
    if "upload-start" in call.headers:
        return Answer(202)
    if "tus-resumable" in call.headers:
        return tus.create(call, _slot(call, task), generated=False)
    fields: dict[str, Any] = {}
    if call.headers.get("content-type", "").startswith("multipart/"):
        fields, files = tus.files_in(call)
        for name, content in files:
            _slot(call, task).put(name, content)
    else:
        fields = call.json()
    if "upload-multiple" in call.headers:
        return Answer(200)
    return _finish(call, task, _typed(fields))


def _typed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return form fields as what they stand for: numbers and lists are sent as JSON."""
    told = {}
    for name, value in fields.items():
        try:
            told[name] = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            told[name] = value
    return told


def _finish(call: Call, task: Task, told: dict[str, Any]) -> Answer:
    if told.get("image_quality") is None:
        raise Refused(400, {"image_quality": ["This field is required."]})
    sent = list(_slot(call, task).files.items())
    named = list(told.get("server_files") or ())
    remote = list(told.get("remote_files") or ())
    places = _places(call, told)
    operation = {
        "type": "create:task",
        "target": "task",
        "project_id": task.project_id,
        "task_id": task.id,
    }

    def files() -> list[tuple[str, Path]]:
        found = [_on(places, name) for name in named]
        return [*sent, *found, *(_fetched(url) for url in remote)]

    rq_id = f"action=create&target=task&target_id={task.id}"
    server = call.server
    request = server.work.begin(
        rq_id,
        operation,
        call.user,
        lambda request: creation.create(server.store, task, files, told, request),
    )
    return Answer(202, {"rq_id": request.id})


def _places(call: Call, told: dict[str, Any]) -> Path | None:
    """Return the folder that `server_files` are names in."""
    if (number := told.get("cloud_storage_id")) is None:
        return call.server.share
    if number not in call.store.clouds:
        raise Refused(
            400, {"cloud_storage_id": [f'Invalid pk "{number}" - object does not exist.']}
        )
    return call.store.clouds[number].folder


def _on(folder: Path | None, name: str) -> tuple[str, Path]:
    path = None if folder is None else (folder / name.lstrip("/")).resolve()
    inside = path is not None and folder is not None and path.is_relative_to(folder.resolve())
    if path is None or not inside or not path.is_file():
        raise Failed(f"ValueError: Bad file path: {name}\n")
    return name.lstrip("/"), path


def _fetched(url: str) -> tuple[str, Path]:
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or not path.is_file():
        raise Failed(f"ValueError: Failed to download {url}\n")
    return path.name, path


@ROUTES.add("PATCH", "/api/tasks/{id:int}/data/{number}")
def append(call: Call, id: int, number: str) -> Answer:
    """Take a chunk of a file."""
    return tus.append(call, _slot(call, edit_task(call, id)), number)


@ROUTES.add("HEAD", "/api/tasks/{id:int}/data/{number}")
def tell(call: Call, id: int, number: str) -> Answer:
    """Say how much of a file has arrived."""
    return tus.tell(_slot(call, edit_task(call, id)), number)
