"""The secret by which a tool shows that it may call; never logged, compared in constant time."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from auto_labeling.errors import BlockedError
from auto_labeling.files import disk_errors

HEADER = "X-Auto-Label-Secret"
USER = "auto-label"
"""By which a tool that knows basic authentication only calls; the secret is the password."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What callers have to know."""

    value: str = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> Secret:
        """Return the secret in a file, drawn the first time and readable by us alone.

        Raises `BlockedError` where the file cannot be written, or is empty.
        """
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                value = path.read_text(encoding="utf-8").strip()
            else:
                value = secrets.token_urlsafe(32)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(f"{value}\n")
        if not value:
            raise BlockedError(f"{path} is empty", remedy="Delete it: another is drawn.")
        return cls(value)

    def is_shown(self, headers: Mapping[str, str]) -> bool:
        """Whether these headers hold it: in one of our own, or as the password of a user.

        >>> Secret("s3cret").is_shown({"x-auto-label-secret": "guess"})
        False
        >>> Secret("s3cret").is_shown({"authorization": "Basic YXV0by1sYWJlbDpzM2NyZXQ="})
        True
        """
        shown = headers.get(HEADER.lower()) or _password(headers.get("authorization", ""))
        return hmac.compare_digest(shown.encode(), self.value.encode())


def _password(authorization: str) -> str:
    kind, _, encoded = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
