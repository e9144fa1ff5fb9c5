"""Events: signed and delivered to webhooks over HTTP, in the background and in order."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Mapping
from typing import Any

import httpx

from tests.support.cvat_server.store import Delivery, Store, Webhook, now

_TIMEOUT_S = 10.0
_KEPT = 1_048_576  # bytes of an answer, as CVAT keeps


class Hooks:
    """A thread that delivers."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._queue: queue.SimpleQueue[tuple[Webhook, dict[str, Any], bool] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None

    def tell(
        self, event: str, project_id: int | None, organization: object, body: Mapping[str, Any]
    ) -> None:
        """Queue an event for every active webhook of the project or the organization."""
        for hook in self.store.webhooks.values():
            here = (
                hook.project_id == project_id
                if hook.type == "project"
                else hook.organization is not None and hook.organization is organization
            )
            if hook.is_active and event in hook.events and here:
                self.put(hook, {**body, "webhook_id": hook.id})

    def put(self, hook: Webhook, body: dict[str, Any], *, redelivery: bool = False) -> None:
        """Queue a delivery."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="cvat hooks", daemon=True)
            self._thread.start()
        self._queue.put((hook, body, redelivery))

    def _run(self) -> None:
        while (told := self._queue.get()) is not None:
            hook, body, again = told
            self.deliver(hook, body, redelivery=again)

    def deliver(self, hook: Webhook, body: dict[str, Any], *, redelivery: bool = False) -> Delivery:
        """Send an event now and keep how it went."""
        raw = json.dumps(body).encode()
        headers = {"Content-Type": hook.content_type}
        if hook.secret:
            mark = hmac.new(hook.secret.encode(), raw, hashlib.sha256).hexdigest()
            headers["X-Signature-256"] = f"sha256={mark}"
        status, text = _posted(hook.target_url, raw, headers)
        with self.store.lock:
            delivery = Delivery(
                id=self.store.next_id("delivery"),
                webhook_id=hook.id,
                event=body["event"],
                body=body,
                status_code=status,
                response=text,
                redelivery=redelivery,
                changed_fields=",".join(body.get("before_update", {})),
                updated=now(),
            )
            self.store.deliveries[delivery.id] = delivery
        return delivery

    def stop(self) -> None:
        """Let the thread end."""
        self._queue.put(None)


def _posted(url: str, raw: bytes, headers: dict[str, str]) -> tuple[int | None, str]:
    """Return the receiver's status and answer; that 502 stands for nobody there is a guess."""
    try:
        answer = httpx.post(url, content=raw, headers=headers, timeout=_TIMEOUT_S)
    except httpx.TimeoutException:
        return 504, ""
    except httpx.HTTPError:
        return 502, ""
    return answer.status_code, answer.text[:_KEPT]
