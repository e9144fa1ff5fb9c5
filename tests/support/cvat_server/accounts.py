"""Records of people, and of the circles they work in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


def now() -> datetime:
    """Return the server's time."""
    return datetime.now(UTC)


@dataclass(eq=False, kw_only=True)
class User:
    """Somebody with an account."""

    id: int
    username: str
    password: str
    email: str
    first_name: str = ""
    last_name: str = ""
    admin: bool = False
    joined: datetime = field(default_factory=now)
    last_login: datetime | None = None


@dataclass(eq=False, kw_only=True)
class Organization:
    """A circle of users; `contact`, `description` and so on are kept as given."""

    id: int
    slug: str
    name: str
    description: str
    contact: dict[str, Any]
    owner: User
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Membership:
    """A user in an organization, with the role it was given."""

    id: int
    user: User
    organization: Organization
    role: str
    joined: datetime = field(default_factory=now)
    key: str = ""  # of the invitation, "" for the owner
    invited: datetime | None = None
    invited_by: User | None = None
