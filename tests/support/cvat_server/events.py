"""What webhooks are told when something is made, changed or deleted."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server.http import Call
from tests.support.cvat_server.shown import person
from tests.support.cvat_server.store import Job, Project, Task


def tell(
    call: Call,
    event: str,
    about: Project | Task | Job,
    body: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    """Tell the webhooks; `before` is what the object looked like before a change."""
    if not call.store.webhooks:
        return
    told: dict[str, Any] = {
        event.partition(":")[2]: body,
        "sender": person(call, call.user),
        "event": event,
    }
    if before is not None:
        told["before_update"] = {
            name: before.get(name) for name, value in body.items() if before.get(name) != value
        }
    place: Project | Task = call.store.tasks[about.task_id] if isinstance(about, Job) else about
    project_id = place.id if isinstance(place, Project) else place.project_id
    call.server.hooks.tell(event, project_id, place.organization, told)


def unannotated(body: dict[str, Any]) -> dict[str, Any]:
    """Return a task as events show it where its jobs were not counted, as recorded."""
    jobs = {"count": 0, "completed": None, "validation": None, "url": body["jobs"]["url"]}
    return {**body, "jobs": jobs}
