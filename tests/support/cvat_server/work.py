"""Requests that take a while: queued, started, finished or failed, one after another."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from tests.support.cvat_server.http import Refused
from tests.support.cvat_server.store import Request, Store, User, now

Act = Callable[[Request], None]


class Failed(Exception):
    """Fails a request; its text is the message, whole: `ValueError: No media data found`."""


class Work:
    """Threads that do what requests ask for: one for creations, one for all else.

    They can be kept waiting: while `creating` (`doing`, for all else) is not set they stay queued.
    Creations are queued for `queued_s` more and then started for `started_s`; `failures` are
    messages that the next of them fail with.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.creating, self.doing = threading.Event(), threading.Event()
        self.creating.set()
        self.doing.set()
        self.queued_s = self.started_s = 0.0
        self.failures: list[str] = []
        self._ended = threading.Event()
        self._queues: dict[str, queue.SimpleQueue[tuple[Request, Act] | None]] = {}

    def begin(self, rq_id: str, operation: dict[str, Any], owner: User, act: Act) -> Request:
        """Queue a request; 409 while the same one is queued or started.

        `act(request)` runs in another thread *without* the store's lock: hold `store.lock` where it
        reads or writes records. It sets `request.result`, `result_url`, `result_id`; an exception
        fails the request with the message `Type: text`, `Failed` with just its text.
        """
        known = self.store.requests.get(rq_id)
        if known is not None and known.status in ("queued", "started"):
            raise Refused(409, {"rq_id": rq_id})
        filled = dict.fromkeys(("project_id", "task_id", "job_id", "format", "lightweight"))
        request = Request(id=rq_id, operation={**filled, **operation}, owner=owner)
        self.store.requests.pop(rq_id, None)  # its place is that of the new one
        self.store.requests[rq_id] = request
        creation = operation["type"] == "create:task"
        self._queue(self._create if creation else self._other).put((request, act))
        return request

    def _queue(
        self, run: Callable[[Request, Act], None]
    ) -> queue.SimpleQueue[tuple[Request, Act] | None]:
        name = run.__name__
        if name not in self._queues:
            self._queues[name] = queue.SimpleQueue()
            work = (self._queues[name], run)
            threading.Thread(target=_drain, args=work, name=f"cvat{name}", daemon=True).start()
        return self._queues[name]

    def _create(self, request: Request, act: Act) -> None:
        self.creating.wait()
        self._ended.wait(self.queued_s)

        def create(request: Request) -> None:
            self._ended.wait(self.started_s)
            if self.failures:
                raise Failed(self.failures.pop(0))
            act(request)

        self._do(request, create)

    def _other(self, request: Request, act: Act) -> None:
        self.doing.wait()
        self._do(request, act)

    def _do(self, request: Request, act: Act) -> None:
        if request.status != "queued":  # cancelled meanwhile
            return
        request.started, request.status = now(), "started"
        try:
            act(request)
        except Failed as why:
            end, request.message = "failed", str(why)
        except Exception as why:  # noqa: BLE001 - whatever goes wrong is the request's message
            end, request.message = "failed", f"{type(why).__name__}: {why}\n"
        else:
            end, request.message = "finished", ""
        # the status last: who sees the end sees all of it
        request.finished = now()
        request.status = end

    def stop(self) -> None:
        """Let the threads end."""
        self._ended.set()
        self.creating.set()
        self.doing.set()
        for one in self._queues.values():
            one.put(None)


def _drain(
    todo: queue.SimpleQueue[tuple[Request, Act] | None], run: Callable[[Request, Act], None]
) -> None:
    while (told := todo.get()) is not None:
        run(*told)
