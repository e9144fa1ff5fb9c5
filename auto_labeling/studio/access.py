"""The first user of a data folder: a password and a token drawn for it, readable by us alone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from auto_labeling.files import drawn_once

LOGIN = "admin@localhost"
TOKEN, PASSWORD = "token", "password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the first user logs in with."""

    login: str
    password: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def of(cls, folder: Path) -> Access:
        """Return what was drawn for this folder, drawing it the first time."""
        return cls(
            login=LOGIN,
            password=drawn_once(folder / PASSWORD, lambda: secrets.token_urlsafe(12)),
            token=drawn_once(folder / TOKEN, lambda: secrets.token_hex(20)),
        )
