"""The server as tests hold it: started and stopped, peopled, delayed and made to fail."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.cvat_server.app import App
from tests.support.cvat_server.auth import Sessions
from tests.support.cvat_server.hooks import Hooks
from tests.support.cvat_server.listening import Listening
from tests.support.cvat_server.store import CloudStorage, Store, User, now
from tests.support.cvat_server.tus import Uploads
from tests.support.cvat_server.work import Work


@dataclass(frozen=True)
class Person:
    """Somebody who can log in."""

    name: str
    password: str
    id: int


class CvatServer:
    """A CVAT on a free port of this machine; its state outlives `stop()` and `start()`.

    `share` is the folder that `server_files` are read from, as CVAT's mounted share.
    `calls` are the (method, path) it was asked for, oldest first.
    """

    def __init__(self, *, share: Path | None = None) -> None:
        self.share = share
        self.folder = Path(tempfile.mkdtemp(prefix="cvat-server-"))
        self.store = Store(self.folder)
        self.sessions = Sessions()
        self.work = Work(self.store)
        self.hooks = Hooks(self.store)
        self.uploads = Uploads(self.folder)
        self.calls: deque[tuple[str, str]] = deque(maxlen=100_000)
        self.host, self.port = "127.0.0.1", 0
        self._running: Listening | None = None
        self.admin = self.add_user("admin", admin=True)

    @property
    def url(self) -> str:
        """Return the address, the same after a restart."""
        return f"http://{self.host}:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Answer at the address, which is chosen the first time."""
        # named as TCP: asyncio turns Nagle's delay (40 ms an answer) off for such sockets only
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        self._running = Listening(App(self), listener)

    def stop(self) -> None:
        """Answer no more; whoever connects is refused."""
        if self._running is None:
            return
        self._running.stop()
        self._running = None

    def close(self) -> None:
        """Stop for good and forget everything."""
        self.stop()
        self.work.stop()
        self.hooks.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add_user(self, name: str, *, password: str = "", admin: bool = False) -> Person:
        """Make an account."""
        with self.store.lock:
            user = User(
                id=self.store.next_id("user"),
                username=name,
                password=password or f"{name}-secret",
                email=f"{name}@cvat.example",
                admin=admin,
                last_login=now(),  # who registers is logged in
            )
            self.store.users[user.id] = user
        return Person(name, user.password, user.id)

    def token(self, person: Person) -> str:
        """Make an access token for somebody."""
        return self.sessions.token(self.store.users[person.id])

    def expire(self, person: Person) -> None:
        """End the sessions and revoke the tokens of somebody: 401 from now on."""
        with self.store.lock:
            self.sessions.expire(self.store.users[person.id])

    def add_cloud_storage(self, folder: Path, **told: object) -> int:
        """Connect a bucket, here a folder, and return its number as `cloud_storage_id`."""
        with self.store.lock:
            number = self.store.next_id("cloud_storage")
            owner = self.store.users[self.admin.id]
            self.store.clouds[number] = CloudStorage(
                id=number, owner=owner, folder=folder, told=dict(told)
            )
        return number

    def delay_creations(self, *, queued_s: float = 0.0, started_s: float = 0.0) -> None:
        """Let every creation from now on be queued and then started for so long."""
        self.work.queued_s, self.work.started_s = queued_s, started_s

    def held_creations(self) -> AbstractContextManager[None]:
        """Keep creations queued inside the block."""
        return _held(self.work.creating)

    def held_requests(self) -> AbstractContextManager[None]:
        """Keep all but creations queued inside the block: exports, imports, merges, reports."""
        return _held(self.work.doing)

    def fail_next_creation(self, message: str = "OSError: [Errno 28] No space left") -> None:
        """Let the next creation that starts fail with a message."""
        self.work.failures.append(message)


@contextlib.contextmanager
def _held(gate: threading.Event) -> Iterator[None]:
    gate.clear()
    try:
        yield
    finally:
        gate.set()
