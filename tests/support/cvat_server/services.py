"""Records of what serves the work: requests, cloud storages, webhooks, deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.cvat_server.accounts import Organization, User, now


@dataclass(eq=False, kw_only=True)
class Request:
    """A long operation; `status` is queued, started, finished or failed."""

    id: str
    operation: dict[str, Any]  # type, target, project_id, task_id, job_id, format, lightweight
    owner: User
    status: str = "queued"
    message: str = ""
    result: Path | None = None  # the file of an export
    result_url: str | None = None  # a path under the server, shown as an absolute URL
    result_id: int | None = None
    created: datetime = field(default_factory=now)
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(eq=False, kw_only=True)
class CloudStorage:
    """A bucket: here a folder of this machine."""

    id: int
    owner: User
    folder: Path
    told: dict[str, Any]  # display_name, provider_type, resource, ... as given
    organization: Organization | None = None
    created: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Webhook:
    """Where events of a project or an organization are delivered."""

    id: int
    owner: User
    target_url: str
    type: str
    events: list[str]
    description: str = ""
    secret: str = ""
    content_type: str = "application/json"
    is_active: bool = True
    enable_ssl: bool = True
    project_id: int | None = None
    organization: Organization | None = None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Delivery:
    """One try to deliver an event."""

    id: int
    webhook_id: int
    event: str
    body: dict[str, Any]
    status_code: int | None = None
    response: str = ""
    redelivery: bool = False
    changed_fields: str = ""
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
