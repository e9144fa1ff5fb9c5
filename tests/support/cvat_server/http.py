"""What a handler gets and gives: a call, an answer, a refusal, and the table of routes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.cvat_server.store import Organization, Store, User

if TYPE_CHECKING:
    from tests.support.cvat_server.server import CvatServer

JSON = "application/vnd.cvat+json"


class Refused(Exception):
    """An answer that is not a success.

    CVAT has four shapes of `body`: {"detail": text}, [text, ...], {field: [text, ...]} and text.
    """

    def __init__(self, status: int, body: Any, content_type: str = JSON) -> None:
        super().__init__(status, body)
        self.answer = Answer(status, body, content_type=content_type)


class ServerError(Exception):
    """What the real server does not expect either: it answers 500 with a page of HTML."""


def missing(kind: str) -> Refused:
    """Return the 404 for something that is not there: `No Task matches the given query.`"""
    return Refused(404, {"detail": f"No {kind} matches the given query."})


def forbidden() -> Refused:
    """Return the 403 for what somebody may not do."""
    return Refused(403, {"detail": "You do not have permission to perform this action."})


@dataclass(frozen=True)
class Answer:
    """A response: JSON unless `raw` (bytes) or `file` is given; None is an empty body."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str | None] = field(default_factory=dict)  # None deletes it
    content_type: str = JSON
    raw: bytes | None = None
    file: Path | None = None


@dataclass(frozen=True)
class Later:
    """An answer that takes time: `act` runs in a thread of its own, without the store's lock."""

    act: Callable[[], Answer]


@dataclass(kw_only=True)
class Call:
    """One request, its sender known; handlers run while `store.lock` is held."""

    server: CvatServer
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    cookies: Mapping[str, str]
    body: bytes
    base: str  # as the client sees the server: http://127.0.0.1:8080
    origin: str  # `base` unless the client named another in its Origin header
    sender: User | None = None
    renewed: Mapping[str, str] = field(default_factory=dict)  # cookies sent back besides others
    organization: Organization | None = None

    @property
    def store(self) -> Store:
        """Return what the server remembers."""
        return self.server.store

    @property
    def user(self) -> User:
        """Return who is calling; 401 without a session."""
        if self.sender is None:
            raise Refused(401, {"detail": "Authentication credentials were not provided."})
        return self.sender

    def json(self) -> dict[str, Any]:
        """Return the body as JSON; an empty body is {}, another content type is 415."""
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip()
        if self.body and "json" not in kind:
            raise Refused(415, {"detail": f'Unsupported media type "{kind}" in request.'})
        try:
            given = json.loads(self.body) if self.body else {}
        except ValueError as error:
            raise Refused(400, {"detail": f"JSON parse error - {error}"}) from None
        if not isinstance(given, dict):
            why = f"Invalid data. Expected a dictionary, but got {type(given).__name__}."
            raise Refused(400, {"non_field_errors": [why]})
        return given


Handler = Callable[..., Answer | Later]


class Routes(list[tuple[str, str, Handler]]):
    """The routes of a module: `ROUTES = Routes()`, then `@ROUTES.add("GET", "/api/jobs/{id:int}")`.

    A handler is called with the `Call` and the path's parameters by name. Exact paths matter:
    `/annotations/` and `/data/` end with a slash, the others do not. `{id:path}` takes the rest.
    """

    def add(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """Register the handler below under a method and a path."""

        def register(handler: Handler) -> Handler:
            self.append((method, path, handler))
            return handler

        return register
