"""Waiting for what a server does in its own time."""

from __future__ import annotations

import time

from auto_labeling.backends.cvat.client import Client
from auto_labeling.errors import TransientError

_PATIENCE_S = 1800.0
_LONGEST_PAUSE_S = 2.0


def reason_of_failure(client: Client, request: str, what: str) -> str | None:
    """Return once a request has ended: why it failed, or None where it did not.

    None as well where the server has forgotten it; `what` is what is not there if it takes too
    long.
    """
    until = time.monotonic() + _PATIENCE_S
    pause = 0.02
    while True:
        row = client.request(request)
        if row is None or row["status"] == "finished":
            return None
        if row["status"] == "failed":
            return (str(row["message"]).strip().splitlines() or ["it gave no reason"])[-1]
        if time.monotonic() > until:
            raise TransientError(
                f"{client.url}: {what} is not there after {_PATIENCE_S / 60:.0f} minutes"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE_S)
