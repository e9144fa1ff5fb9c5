"""How the server writes moments and people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.support.cvat_server.http import Call
from tests.support.cvat_server.store import User


def moment(when: datetime | None) -> str | None:
    """Return a moment as the server writes it: UTC, microseconds, Z."""
    return None if when is None else when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def person(call: Call, user: User | None) -> dict[str, Any] | None:
    """Return a user as other objects show it, None for nobody."""
    return None if user is None else plain(call, user)


def plain(call: Call, user: User) -> dict[str, Any]:
    """Return a user as anybody may see it."""
    return {
        "url": f"{call.base}/api/users/{user.id}",
        "id": user.id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }
