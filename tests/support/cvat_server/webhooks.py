"""Webhooks: made, changed, pinged; what was delivered, and delivered again."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Later, Refused, Routes, forbidden, missing
from tests.support.cvat_server.permissions import edit_project, leads_project
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import Delivery, Webhook, now

ROUTES = Routes()
EVENTS = (
    "create:comment",
    "create:invitation",
    "create:issue",
    "create:job",
    "create:membership",
    "create:project",
    "create:task",
    "delete:comment",
    "delete:invitation",
    "delete:issue",
    "delete:job",
    "delete:membership",
    "delete:organization",
    "delete:project",
    "delete:task",
    "update:comment",
    "update:issue",
    "update:job",
    "update:membership",
    "update:organization",
    "update:project",
    "update:task",
)


@ROUTES.add("GET", "/api/webhooks/events")
def known_events(call: Call) -> Answer:
    """List the events."""
    kind = call.query.get("type", "all")
    return Answer(body={"webhook_type": kind, "events": list(EVENTS)})


@ROUTES.add("GET", "/api/webhooks")
def webhooks(call: Call) -> Answer:
    """List the webhooks that the caller leads."""
    found = [hook for hook in call.store.webhooks.values() if _leads(call, hook)]
    terms = {
        "id": lambda hook: hook.id,
        "project_id": lambda hook: hook.project_id,
        "target_url": lambda hook: hook.target_url,
        "type": lambda hook: hook.type,
        "owner": lambda hook: hook.owner.username,
        "updated_date": lambda hook: hook.updated,
    }
    exact = ("project_id", "target_url", "type", "owner")
    return listing.page(call, found, lambda hook: show(call, hook), terms, exact=exact)


def _leads(call: Call, hook: Webhook) -> bool:
    project = call.store.projects.get(hook.project_id or 0)
    if project is not None:
        return leads_project(call.store, call.user, project)
    return call.user.admin or call.user is hook.owner


def _find(call: Call, id: int) -> Webhook:
    if (hook := call.store.webhooks.get(id)) is None:
        raise missing("Webhook")
    if not _leads(call, hook):
        raise forbidden()
    return hook


@ROUTES.add("POST", "/api/webhooks")
def create_webhook(call: Call) -> Answer:
    """Make a webhook of a project or of the organization."""
    given = call.json()
    _check(given)
    if given.get("project_id") is not None:
        edit_project(call, given["project_id"])
    hook = Webhook(
        id=call.store.next_id("webhook"),
        owner=call.user,
        target_url=given["target_url"],
        type=given.get("type", "project"),
        events=sorted(set(given["events"])),
        description=given.get("description", ""),
        secret=given.get("secret", ""),
        content_type=given.get("content_type", "application/json"),
        is_active=given.get("is_active", True),
        enable_ssl=given.get("enable_ssl", True),
        project_id=given.get("project_id"),
        organization=call.organization,
    )
    call.store.webhooks[hook.id] = hook
    body = show(call, hook)
    return Answer(201, body, headers={"Location": body["url"]})


def _check(given: dict[str, Any]) -> None:
    for event in given.get("events", ()):
        if event not in EVENTS:
            raise Refused(400, {"events": [f'"{event}" is not a valid choice.']})


@ROUTES.add("GET", "/api/webhooks/{id:int}")
def webhook(call: Call, id: int) -> Answer:
    """Show a webhook."""
    return Answer(body=show(call, _find(call, id)))


@ROUTES.add("PATCH", "/api/webhooks/{id:int}")
def change_webhook(call: Call, id: int) -> Answer:
    """Change a webhook."""
    hook, given = _find(call, id), call.json()
    _check(given)
    for name in ("target_url", "description", "content_type", "is_active", "enable_ssl", "secret"):
        setattr(hook, name, given.get(name, getattr(hook, name)))
    hook.events = sorted(set(given.get("events", hook.events)))
    hook.updated = now()
    return Answer(body=show(call, hook))


@ROUTES.add("DELETE", "/api/webhooks/{id:int}")
def delete_webhook(call: Call, id: int) -> Answer:
    """Delete a webhook."""
    _find(call, id)
    del call.store.webhooks[id]
    return Answer(204)


@ROUTES.add("POST", "/api/webhooks/{id:int}/ping")
def ping(call: Call, id: int) -> Later:
    """Deliver a ping now and answer with how it went."""
    hook = _find(call, id)
    sender = person(call, call.user)
    body = {"event": "ping", "webhook": show(call, hook), "sender": sender}
    return Later(lambda: Answer(body=_delivered(call.server.hooks.deliver(hook, body))))


@ROUTES.add("GET", "/api/webhooks/{id:int}/deliveries")
def deliveries(call: Call, id: int) -> Answer:
    """List what was delivered."""
    _find(call, id)
    found = [one for one in call.store.deliveries.values() if one.webhook_id == id]
    terms = {
        "id": lambda one: one.id,
        "event": lambda one: one.event,
        "updated_date": lambda one: one.updated,
    }
    return listing.page(call, found, _delivered, terms, exact=("event",))


@ROUTES.add("GET", "/api/webhooks/{id:int}/deliveries/{delivery_id:int}")
def delivery(call: Call, id: int, delivery_id: int) -> Answer:
    """Show one delivery."""
    return Answer(body=_delivered(_find_delivery(call, id, delivery_id)))


@ROUTES.add("POST", "/api/webhooks/{id:int}/deliveries/{delivery_id:int}/redelivery")
def redeliver(call: Call, id: int, delivery_id: int) -> Answer:
    """Deliver the same again, in the background."""
    hook, body = _find(call, id), _find_delivery(call, id, delivery_id).body
    call.server.hooks.put(hook, body, redelivery=True)
    return Answer(body={})


def _find_delivery(call: Call, id: int, delivery_id: int) -> Delivery:
    _find(call, id)
    found = call.store.deliveries.get(delivery_id)
    if found is None or found.webhook_id != id:
        raise missing("WebhookDelivery")
    return found


def _delivered(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "webhook_id": one.webhook_id,
        "event": one.event,
        "status_code": one.status_code,
        "redelivery": one.redelivery,
        "created_date": moment(one.created),
        "updated_date": moment(one.updated),
        "changed_fields": one.changed_fields,
        "request": one.body,
        "response": one.response,
    }


def show(call: Call, hook: Webhook) -> dict[str, Any]:
    """Return a webhook as the server shows it: never its secret."""
    body = {
        "id": hook.id,
        "url": f"{call.base}/api/webhooks/{hook.id}",
        "target_url": hook.target_url,
        "description": hook.description,
        "type": hook.type,
        "content_type": hook.content_type,
        "is_active": hook.is_active,
        "enable_ssl": hook.enable_ssl,
        "created_date": moment(hook.created),
        "updated_date": moment(hook.updated),
        "owner": person(call, hook.owner),
        "project_id": hook.project_id,
        "organization": hook.organization and hook.organization.id,
        "events": hook.events,
    }
    sent = [one for one in call.store.deliveries.values() if one.webhook_id == hook.id]
    if sent:
        body |= {
            "last_status": sent[-1].status_code,
            "last_delivery_date": moment(sent[-1].updated),
        }
    return body
