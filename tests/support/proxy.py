"""A proxy on loopback in front of a server: it passes requests on, and fails some, by a seed."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np

_PATIENCE_S = 30.0
"""How long a client that is given no answer is waited for, until it gives up by itself."""
_LATE_S = 15.0
"""How long a late request waits to be overtaken."""
_RESET = struct.pack("ii", 1, 0)
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "content-length"})


class Fault(StrEnum):
    """What becomes of a request that fails."""

    REFUSED = auto()
    """500, and the server never heard of it."""
    ANSWER_LOST = auto()
    """500, and it had its effect."""
    SILENT = auto()
    """It has its effect, and the client waits in vain."""
    LATE = auto()
    """It has its effect once the client has given up waiting, and its next try has had its own."""
    RESET = auto()
    """The connection is reset before the server heard of it."""
    RESET_AFTER = auto()
    """The connection is reset once it had its effect."""
    CUT = auto()
    """It has its effect, and half of the answer arrives."""
    BUSY = auto()
    """429, and the server never heard of it."""


class Proxy:
    """Listens on a free port of loopback; as a context it ends with the block.

    The same seed fails the same requests of a client that makes one after the other; `first` says
    what becomes of the first request that ends so, such as `/import` or `POST /api/tasks`.
    """

    def __init__(
        self,
        server: str,
        *,
        seed: int,
        share: float = 0.2,
        first: Mapping[str, Fault] | None = None,
    ) -> None:
        self.share = share
        self._first = dict(first or {})
        self.passed = 0
        self.failed: Counter[Fault] = Counter()
        self.server = urlsplit(server).netloc
        self._rng = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._had_effect: Counter[str] = Counter()
        self._effect = threading.Condition()
        self._under_way = 0
        self._calm = False
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._listener = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._listener.daemon_threads = False  # the end waits for what arrives late
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    def fate(self, request: str) -> Fault | None:
        """Return how the next request, such as `GET /api/tasks`, fails, if it does."""
        with self._lock:
            end = next((end for end in self._first if request.endswith(end)), None)
            if end is not None:
                fault = self._first.pop(end)
            elif self._rng.random() < self.share:
                fault = list(Fault)[self._rng.integers(len(Fault))]
            else:
                self.passed += 1
                return None
            self.failed[fault] += 1
            return fault

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Count a request among those that are under way."""
        with self._effect:
            self._under_way += 1
        try:
            yield
        finally:
            with self._effect:
                self._under_way -= 1
                self._effect.notify_all()

    def calm_down(self) -> None:
        """Fail no more, let whatever is late arrive now, and return when it has."""
        self.share = 0.0
        with self._effect:
            self._calm = True
            self._effect.notify_all()
            self._effect.wait_for(lambda: self._under_way == 0)

    def note(self, request: str) -> None:
        """Remember that a request has had its effect."""
        with self._effect:
            self._had_effect[request] += 1
            self._effect.notify_all()

    def times(self, request: str) -> int:
        """Return how often such a request has had its effect."""
        return self._had_effect[request]

    def await_another(self, request: str, times: int) -> None:
        """Return when such a request has had its effect more often than that."""
        with self._effect:
            self._effect.wait_for(lambda: self._calm or self._had_effect[request] > times, _LATE_S)

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[Proxy]

    def _serve(self) -> None:
        # One request a connection: one that is kept open would hold up the end.
        self.close_connection = True
        self.asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.name = f"{self.command} {urlsplit(self.path).path}"
        with self.proxy.serving():
            self._meet(self.proxy.fate(self.name))

    def _meet(self, fault: Fault | None) -> None:
        before = self.proxy.times(self.name)
        match fault:
            case None:
                self._answer(*self._forward())
            case Fault.REFUSED:
                self._answer(500)
            case Fault.BUSY:
                self._answer(429)
            case Fault.RESET:
                self._reset()
            case Fault.ANSWER_LOST:
                self._forward()
                self._answer(500)
            case Fault.SILENT:
                self._forward()
                self._outwait()
            case Fault.LATE:
                self._outwait()
                self.proxy.await_another(self.name, before)
                self._forward()
            case Fault.RESET_AFTER:
                self._forward()
                self._reset()
            case Fault.CUT:
                status, headers, content = self._forward()
                self._answer(status, headers, content, sent=len(content) // 2)

    # The names under which http.server looks for it.
    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
        server = http.client.HTTPConnection(self.proxy.server, timeout=_PATIENCE_S * 2)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
        try:
            server.request(self.command, self.path, self.asked or None, headers)
            answer = server.getresponse()
            content = answer.read()
            self.proxy.note(self.name)
            return answer.status, answer.getheaders(), content
        finally:
            server.close()

    def _answer(
        self,
        status: int,
        headers: list[tuple[str, str]] | None = None,
        content: bytes = b"{}",
        sent: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in headers or [("Content-Type", "application/json")]:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content[:sent])

    def _outwait(self) -> None:
        """Return when the client has given up."""
        self.connection.settimeout(_PATIENCE_S)
        self.connection.recv(1)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
