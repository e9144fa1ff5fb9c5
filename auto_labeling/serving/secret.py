"""The secrets by which tools show that they may call; never logged, compared in constant time."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auto_labeling.files import drawn_once

HEADER = "X-Auto-Label-Secret"
SIGNATURE = "X-Signature-256"
"""Where CVAT, which shows no secret, puts the signature of a body."""
USER = "auto-label"
"""By which a tool that knows basic authentication only calls; the secret is the password."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What callers have to know."""

    value: str = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> Secret:
        """Return the secret in a file, drawn the first time and readable by us alone."""
        return cls(drawn_once(path, lambda: secrets.token_urlsafe(32)))

    def is_shown(self, headers: Mapping[str, str]) -> bool:
        """Whether these headers hold it: in one of our own, or as the password of a user.

        >>> Secret("s3cret").is_shown({"x-auto-label-secret": "guess"})
        False
        >>> Secret("s3cret").is_shown({"authorization": "Basic YXV0by1sYWJlbDpzM2NyZXQ="})
        True
        """
        shown = headers.get(HEADER.lower()) or _password(headers.get("authorization", ""))
        return hmac.compare_digest(shown.encode(), self.value.encode())

    def has_signed(self, content: bytes, signature: str) -> bool:
        """Whether this is what CVAT signs these bytes with: HMAC-SHA256, after `sha256=`.

        >>> Secret("s3cret").has_signed(b"{}", "sha256=00")
        False
        """
        digest = hmac.new(self.value.encode(), content, "sha256").hexdigest()
        return hmac.compare_digest(signature.encode(), f"sha256={digest}".encode())


def _password(authorization: str) -> str:
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:  # no base64, or no text within
        return ""
