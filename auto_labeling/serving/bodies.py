"""Bodies of calls: read up to a limit, and refused without repeating a word of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request

Body: TypeAlias = Mapping[str, Any]


async def content_of(request: Request, longest: int) -> bytes:
    """Return the bytes of a body, of `longest` at most. Raises `HTTPException`."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > longest:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"over {longest} bytes")
        parts.append(part)
    return b"".join(parts)


def object_in(content: bytes) -> Body:
    """Return the JSON object in a body. Raises `HTTPException`."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "expected JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "expected a JSON object")
    return body


async def body_of(request: Request, longest: int) -> Body:
    """Return the JSON object in the body of a call. Raises `HTTPException`."""
    return object_in(await content_of(request, longest))


def word_in(body: Body, key: str) -> str:
    """Return a word that a body has to hold. Raises `HTTPException`."""
    word = body.get(key)
    if not isinstance(word, str):
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"expected {key}")
    return word


def tasks_in(body: Body) -> list[Mapping[str, Any]]:
    """Return the tasks that a body of Label Studio's holds. Raises `HTTPException`."""
    tasks = body.get("tasks")
    if not isinstance(tasks, list) or not all(
        isinstance(task, dict) and isinstance(task.get("data"), dict) for task in tasks
    ):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "expected tasks with data")
    return tasks


def project_in(body: Body) -> object:
    """Return what a body of Label Studio's says of its project: a number, or one in a mapping."""
    project = body.get("project")
    return project.get("id") if isinstance(project, dict) else project
