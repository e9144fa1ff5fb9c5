"""Requests: what the server is doing, or has done, in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, forbidden
from tests.support.cvat_server.shown import moment
from tests.support.cvat_server.store import Request, now

ROUTES = Routes()
_PLAIN = "text/html; charset=utf-8"


@ROUTES.add("GET", "/api/requests")
def requests(call: Call) -> Answer:
    """List the caller's requests."""
    found = [one for one in call.store.requests.values() if one.owner is call.user]
    terms = {
        "id": lambda one: one.id,
        "created_date": lambda one: one.created,
        "status": lambda one: one.status,
        "target": lambda one: one.operation["target"],
        "action": lambda one: one.operation["type"].partition(":")[0],
        "subresource": lambda one: one.operation["type"].partition(":")[2],
        "project_id": lambda one: one.operation["project_id"],
        "task_id": lambda one: one.operation["task_id"],
        "job_id": lambda one: one.operation["job_id"],
        "format": lambda one: one.operation["format"],
    }
    exact = [name for name in terms if name not in ("id", "created_date")]
    return listing.page(call, found, lambda one: show(call, one), terms, exact=exact)


@ROUTES.add("GET", "/api/requests/{rq:path}")
def request(call: Call, rq: str) -> Answer:
    """Show a request; an unknown one is 404 in plain text."""
    return Answer(body=show(call, _find(call, rq)))


@ROUTES.add("POST", "/api/requests/{rq:path}/cancel")
def cancel(call: Call, rq: str) -> Answer:
    """Take a request back that is still queued (not recorded)."""
    found = _find(call, rq)
    if found.status != "queued":
        raise Refused(400, "Only requests that have not yet been started can be cancelled")
    found.status, found.message, found.finished = "failed", "Cancelled", now()
    return Answer(200)


def _find(call: Call, rq: str) -> Request:
    if (found := call.store.requests.get(rq)) is None:
        raise Refused(404, "There is no request with specified id", _PLAIN)
    if found.owner is not call.user and not call.user.admin:
        raise forbidden()
    return found


def show(call: Call, request: Request) -> dict[str, Any]:
    """Return a request as the server shows it."""
    url = request.result_url
    return {
        "status": request.status,
        "message": request.message,
        "id": request.id,
        "operation": request.operation,
        "progress": 0.0,
        "created_date": moment(request.created),
        "started_date": moment(request.started),
        "finished_date": moment(request.finished),
        "expiry_date": moment(request.finished and request.finished + _kept(request)),
        "owner": {"id": request.owner.id, "username": request.owner.username},
        "result_url": url and call.base + url,
        "result_id": request.result_id,
    }


def _kept(request: Request) -> timedelta:
    """Return how long a request is remembered after its end, as recorded."""
    action = request.operation["type"].partition(":")[0]
    if action == "export":
        return timedelta(days=1)
    return timedelta(days=365) if request.status == "failed" else timedelta(seconds=500)
