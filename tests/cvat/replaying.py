"""Recorded exchanges sent again, over real HTTP, and what the answers say differently."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.cvat import answering
from tests.cvat.comparing import UPLOAD, differences
from tests.cvat.names import Names
from tests.cvat.receiver import Receiver
from tests.cvat.recordings import Exchange, archive, multipart, picture
from tests.cvat.sessions import Session
from tests.support.cvat_server import CvatServer

SECRET = "not-a-secret"
PATIENCE_S = 20.0


@dataclass
class Replay:
    """A server, and how far it has been held against the recordings.

    `before` are acts that were not recorded, by the exchange they come before; `who` says by whom
    an exchange was sent (`admin` unless it is named); `free` are places where values
    were drawn at random.
    """

    server: CvatServer
    people: Mapping[str, Session]
    receiver: Receiver
    names: Names
    before: dict[int, Callable[[], object]] = field(default_factory=dict)
    who: dict[int, str] = field(default_factory=dict)
    free: Sequence[str] = ()
    found: list[str] = field(default_factory=list)
    compared: int = 0
    passing: int = 0  # polls of a request that was still under way when it was recorded
    _http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE_S))
    _uploads: dict[str, tuple[str, int]] = field(default_factory=dict)
    _due: list[Exchange] = field(default_factory=list)
    _key: str = ""

    def close(self) -> None:
        """Let the connection go."""
        self._http.close()

    def sign_in(self, person: str) -> None:
        """Log somebody in, as the SDK does."""
        session = self.people[person]
        told = {"username": session.name, "password": session.password}
        answer = self._http.post(f"{self.server.url}/api/auth/login", json=told)
        session.keep(answer.raise_for_status())

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Do as the administrator something that was not recorded; return the JSON."""
        said = self.people["admin"].headers() | {"Content-Type": "application/json"} | headers
        sent = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        self._http.cookies.clear()
        answer = self._http.request(method, self.server.url + path, headers=said, content=sent)
        return answer.raise_for_status().json() if answer.content else None

    def play(self, exchanges: Sequence[Exchange], *, quietly: bool = False) -> None:
        """Send every exchange in its order; quietly, where it only prepares another file."""
        known = len(self.found), self.compared, self.passing
        for exchange in exchanges:
            if not quietly:
                self.before.get(exchange["seq"], lambda: None)()
            if "direction" in exchange:
                self._due.append(exchange)
            else:
                self._exchange(exchange)
                self._deliveries()
        self._deliveries()
        if quietly:
            del self.found[known[0] :]
            self.compared, self.passing = known[1:]
        elif (extra := self.receiver.next(timeout_s=0.2)) is not None:
            self.found.append(f"a delivery nobody recorded: {extra.body[:200]!r}")

    def _exchange(self, exchange: Exchange) -> None:
        answer = self._settled(exchange)
        self._note(exchange, answering.differences(exchange, answer, self.names, self.free))
        self._learn(exchange, answer)
        if _is_poll(exchange) and not _ended(exchange["response_json"]):
            self.passing += 1
        else:
            self.compared += 1

    def _note(self, exchange: Exchange, found: Sequence[str]) -> None:
        at = f"{exchange['seq']} {exchange['method']} {exchange['path']} ({exchange['step'][:50]})"
        self.found += [f"{at}: {one}" for one in found]

    def _settled(self, exchange: Exchange) -> httpx.Response:
        """Return the answer; that of a request which had ended, once it has ended here too."""
        answer = self._send(exchange)
        if not _is_poll(exchange) or not _ended(exchange["response_json"]):
            return answer
        until = time.monotonic() + PATIENCE_S
        while answer.status_code == 200 and not _ended(answer.json()):
            assert time.monotonic() < until, f"never ended: {answer.json()}"
            time.sleep(0.01)
            answer = self._send(exchange)
        return answer

    def _send(self, exchange: Exchange) -> httpx.Response:
        said = dict(exchange["request_headers"])
        session = self.people[self.who.get(exchange["seq"], "admin")]
        signed = said.pop("X-CSRFToken", None) is not None
        if not signed and exchange["status"] == 403:
            headers = said | session.headers(whole=False)
        else:
            headers = said | session.headers(signed=signed)
        content, kind = self._content(exchange)
        path = self.names.text(exchange["path"]).replace("/REDACTED/", f"/{self._key}/")
        query = urlencode(self.names.query(exchange["query"]))
        self._http.cookies.clear()  # a session keeps its own
        return self._http.request(
            exchange["method"],
            f"{self.server.url}{path}{'?' * bool(query)}{query}",
            headers=headers
            | {"Origin": self.server.url}
            | ({"Content-Type": kind} if kind else {}),
            content=content,
        )

    def _content(self, exchange: Exchange) -> tuple[bytes, str]:
        """Return what a recorded request carried, in live names, and its type where it has one."""
        if "request_multipart" in exchange:
            kind, content = multipart(exchange["request_multipart"]["parts"])
            return content, kind
        if "request_text" in exchange:
            return exchange["request_text"].encode(), ""
        if "request_binary" in exchange:
            return self._chunk(exchange), exchange["request_binary"]["content_type"]
        if exchange["path"] == "/api/auth/login":
            session = self.people[exchange["request_json"]["username"]]
            word = session.password if exchange["status"] == 200 else "wrong"
            return json.dumps({"username": session.name, "password": word}).encode(), ""
        if exchange["request_json"] is None:
            return b"", ""
        self.names.given.update(answering.colours(exchange["request_json"]))
        return json.dumps(self.names.body(exchange["request_json"])).encode(), ""

    def _chunk(self, exchange: Exchange) -> bytes:
        chunk = exchange["request_binary"]
        if "zip_entries" in chunk:
            return archive(chunk["zip_entries"], chunk["length"])
        start = int(exchange["request_headers"]["Upload-Offset"])
        name, length = self._uploads[exchange["path"].rsplit("/", 1)[1]]
        return picture(name, length)[start : start + chunk["length"]]

    def _learn(self, exchange: Exchange, answer: httpx.Response) -> None:
        """Keep what later exchanges need: cookies, keys, the names of uploads."""
        if exchange["path"] == "/api/auth/login" and answer.is_success:
            self.people[exchange["request_json"]["username"]].keep(answer)
        if exchange["path"] == "/api/invitations" and answer.is_success:
            self._key = answer.json()["key"]
        here, there = exchange["response_headers"].get("location", ""), answer.headers
        if (met := UPLOAD.search(here)) and (live := UPLOAD.search(there.get("location", ""))):
            self.names.words[met[0]] = live[0]
            told = exchange["request_headers"]
            name = base64.b64decode(told["Upload-Metadata"].split()[1]).decode()
            self._uploads[met[0]] = name, int(told["Upload-Length"])

    def _deliveries(self) -> None:
        """Compare the deliveries recorded so far with those that came, in their order."""
        for exchange in self._due:
            came = self.receiver.next()
            if came is None:
                self._note(exchange, ["nothing was delivered"])
                continue
            found = differences(exchange["request_json"], came.json, self.names, self.free)
            if not came.signed_with(SECRET):
                found.append(f"signature {came.signature!r} is not that of the body")
            if came.content_type != "application/json" or came.path != exchange["path"]:
                found.append(f"came to {came.path} as {came.content_type}")
            self.compared += 1
            self._note(exchange, found)
        self._due.clear()


def _is_poll(exchange: Exchange) -> bool:
    return bool(exchange["path"].startswith("/api/requests/") and exchange["status"] == 200)


def _ended(request: Mapping[str, Any]) -> bool:
    return request["status"] in ("finished", "failed")
