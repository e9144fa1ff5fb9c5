"""The ASGI app: who calls, which handler, and how what it gives is sent."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.support.cvat_server import (
    annotations as annotation_routes,
)
from tests.support.cvat_server import (
    auth,
    cloud,
    consensus,
    exporting,
    frames,
    ground_truth,
    importing,
    jobs,
    labels,
    organizations,
    projects,
    quality,
    quality_data,
    quality_settings,
    requests,
    tasks,
    uploads,
    users,
    webhooks,
)
from tests.support.cvat_server.http import JSON, Answer, Call, Handler, Later, Refused, ServerError

if TYPE_CHECKING:
    from tests.support.cvat_server.server import CvatServer

MODULES = (
    auth,
    users,
    organizations,
    projects,
    labels,
    tasks,
    uploads,
    frames,
    jobs,
    annotation_routes,
    requests,
    webhooks,
    cloud,
    exporting,
    importing,
    consensus,
    ground_truth,
    quality,
    quality_data,
    quality_settings,
)
_OPEN = ("/api/server/about", "/api/auth/login")
_KINDS = {"int": r"(?P<{}>\d+)", "path": r"(?P<{}>.+)", "str": r"(?P<{}>[^/]+)"}
_BROKEN = """
<!doctype html>
<html lang="en">
<head>
  <title>Server Error (500)</title>
</head>
<body>
  <h1>Server Error (500)</h1><p></p>
</body>
</html>
"""
HTML = "text/html; charset=utf-8"
log = logging.getLogger(__name__)

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class App:
    """What uvicorn calls; handlers run one at a time, in its thread, under the store's lock."""

    def __init__(self, server: CvatServer) -> None:
        self.server = server
        self._table: list[tuple[re.Pattern[str], dict[str, Handler]]] = _table()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = self._call(scope, await _body(receive))
        answer = await self._answer(call)
        await _send(send, call, answer)

    def _call(self, scope: dict[str, Any], body: bytes) -> Call:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        base = f"http://{headers.get('host', '')}"
        cookies = SimpleCookie(headers.get("cookie", ""))
        return Call(
            server=self.server,
            method=scope["method"],
            path=scope["path"],
            query=dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
            headers=headers,
            cookies={name: one.value for name, one in cookies.items()},
            body=body,
            base=base,
            origin=headers.get("origin", base),
        )

    async def _answer(self, call: Call) -> Answer:
        try:
            with self.server.store.lock:
                given = self._handle(call)
            if isinstance(given, Later):
                given = await asyncio.to_thread(given.act)
        except Refused as refusal:
            return refusal.answer
        except ServerError:
            return Answer(500, _BROKEN, content_type=HTML)
        except Exception:
            log.exception("%s %s", call.method, call.path)
            return Answer(500, _BROKEN, content_type=HTML)
        return given

    def _handle(self, call: Call) -> Answer | Later:
        self.server.calls.append((call.method, call.path))
        for pattern, handlers in self._table:
            if match := pattern.fullmatch(call.path):
                auth.recognise(call)
                if call.path not in _OPEN:
                    call.user  # noqa: B018 - 401 before anything else is looked at
                if (handler := handlers.get(call.method)) is None:
                    raise Refused(405, {"detail": f'Method "{call.method}" not allowed.'})
                given = {
                    name: int(text) if name == "id" or name.endswith("_id") else text
                    for name, text in match.groupdict().items()
                }
                return handler(call, **given)
        raise Refused(404, {"detail": "Not found."})


def _table() -> list[tuple[re.Pattern[str], dict[str, Handler]]]:
    """Return the routes of all modules, the more exact ones first."""
    paths: dict[str, dict[str, Handler]] = {}
    for module in MODULES:
        for method, path, handler in module.ROUTES:
            paths.setdefault(path, {})[method] = handler
    return [(_pattern(path), paths[path]) for path in sorted(paths, key=_precedence)]


def _precedence(path: str) -> tuple[int, int]:
    return path.count("{"), -len(path)


def _pattern(path: str) -> re.Pattern[str]:
    def named(match: re.Match[str]) -> str:
        name, _, kind = match[1].partition(":")
        return _KINDS[kind or "str"].format(name)

    return re.compile(re.sub(r"\{([^}]+)\}", named, path))


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, call: Call, answer: Answer) -> None:
    body, kind = _written(answer)
    headers = [(b"content-length", str(len(body)).encode())]
    if body or answer.body is not None:
        headers.append((b"content-type", kind.encode()))
    headers += [
        (name.lower().encode(), str(value).encode()) for name, value in answer.headers.items()
    ]
    for name, value in {**call.renewed, **answer.cookies}.items():
        told = f'{name}=""; Max-Age=0; Path=/' if value is None else f"{name}={value}; Path=/"
        headers.append((b"set-cookie", told.encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if call.method == "HEAD" else body})


def _written(answer: Answer) -> tuple[bytes, str]:
    if answer.raw is not None:
        return answer.raw, answer.content_type
    if answer.file is not None:
        return answer.file.read_bytes(), answer.content_type
    if answer.body is None:
        return b"", answer.content_type
    if answer.content_type == JSON:
        return json.dumps(answer.body).encode(), JSON
    return str(answer.body).encode(), answer.content_type
