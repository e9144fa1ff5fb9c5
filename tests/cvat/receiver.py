"""Somebody who receives webhooks: every delivery, as it came."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Delivered:
    """A delivery, its body raw: that is what is signed."""

    path: str
    content_type: str
    signature: str
    body: bytes

    def signed_with(self, secret: str) -> bool:
        """Whether the signature is that of the raw body."""
        made = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.signature, f"sha256={made}")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A listener on loopback that says `ok` to everything."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.waiting: queue.SimpleQueue[Delivered] = queue.SimpleQueue()

    def next(self, timeout_s: float = 10) -> Delivered | None:
        """Return the oldest delivery not yet taken; None where none comes in time."""
        try:
            return self.waiting.get(timeout=timeout_s)
        except queue.Empty:
            return None


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on a free port."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind, signature = self.headers["Content-Type"], self.headers.get("X-Signature-256", "")
            receiver.waiting.put(Delivered(self.path, kind, signature, body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        receiver = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
