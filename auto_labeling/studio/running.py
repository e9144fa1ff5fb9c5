"""A Label Studio that runs: how it is reached, and how it is ended."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from auto_labeling.studio.access import Access

_LEAVE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """A Label Studio that answers, and its first user. As a context it ends with the block."""

    url: str
    folder: Path
    documents: Path | None
    """Whose subfolders a local files storage may serve."""
    access: Access
    process: subprocess.Popen[bytes] = field(repr=False, compare=False)

    @property
    def login(self) -> str:
        """Who the first user is."""
        return self.access.login

    @property
    def password(self) -> str:
        """What they log in with."""
        return self.access.password

    @property
    def token(self) -> str:
        """What programs speak for them with (`Authorization: Token ...`)."""
        return self.access.token

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.rpartition(":")[2])

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client that speaks for the first user, or for whose token it is."""
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Token {token or self.token}"},
            timeout=60.0,
            trust_env=False,  # a proxy has no business between us and ourselves
        )

    def stop(self) -> None:
        """End it; a server that has ended already may be ended again."""
        self._signal(signal.SIGTERM)
        try:
            self.process.wait(_LEAVE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would: without a chance to tidy up."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def _signal(self, sign: signal.Signals) -> None:
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, sign)

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
