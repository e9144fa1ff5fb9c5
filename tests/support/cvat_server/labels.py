"""Labels: of projects, or of tasks outside projects."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, forbidden, missing
from tests.support.cvat_server.permissions import (
    leads_project,
    leads_task,
    see_job,
    see_project,
    see_task,
    sees_project,
    works_in,
)
from tests.support.cvat_server.store import Attribute, Label, Project, Store, Task, now

ROUTES = Routes()


def make(
    store: Store,
    given: Sequence[dict[str, Any]],
    *,
    project_id: int | None = None,
    task_id: int | None = None,
) -> None:
    """Add labels (or change and delete those named by id)."""
    for one in given:
        if "id" in one:
            _change(store, store.labels[one["id"]], one)
            continue
        label = Label(
            id=store.next_id("label"),
            name=str(one["name"]),
            color=one.get("color") or _color(str(one["name"])),
            type=one.get("type") or "any",
            attributes=[_attribute(store, row) for row in one.get("attributes") or ()],
            project_id=project_id,
            task_id=task_id,
        )
        store.labels[label.id] = label


def _attribute(store: Store, given: dict[str, Any]) -> Attribute:
    return Attribute(
        id=store.next_id("attribute"),
        name=given["name"],
        mutable=given.get("mutable", False),
        input_type=given.get("input_type", "text"),
        default_value=given.get("default_value", ""),
        values=list(given.get("values", [])),
    )


def _color(name: str) -> str:
    """Return a colour that hangs on the name alone; the server's own rule was not recorded."""
    return "#" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:6]


def _change(store: Store, label: Label, given: dict[str, Any]) -> None:
    if given.get("deleted"):
        forget(store, label)
        return
    label.name = given.get("name", label.name)
    label.color = given.get("color") or label.color
    label.type = given.get("type", label.type)
    label.attributes += [
        _attribute(store, row) for row in given.get("attributes", ()) if "id" not in row
    ]


def forget(store: Store, label: Label) -> None:
    """Delete a label and, as its database does, every annotation with it."""
    del store.labels[label.id]
    for job in store.jobs.values():
        job.tags = [one for one in job.tags if one.label_id != label.id]
        job.shapes = [one for one in job.shapes if one.label_id != label.id]
        job.tracks = [one for one in job.tracks if one["label_id"] != label.id]


def show(label: Label) -> dict[str, Any]:
    """Return a label as the server shows it."""
    return {
        "id": label.id,
        "name": label.name,
        "color": label.color,
        "attributes": [
            {
                "id": one.id,
                "name": one.name,
                "mutable": one.mutable,
                "input_type": one.input_type,
                "default_value": one.default_value,
                "values": one.values,
            }
            for one in label.attributes
        ],
        "type": label.type,
        "sublabels": [],
        **(
            {"project_id": label.project_id}
            if label.project_id is not None
            else {"task_id": label.task_id}
        ),
        "parent_id": None,
        "has_parent": False,
    }


@ROUTES.add("GET", "/api/labels")
def labels(call: Call) -> Answer:
    """List the labels of a project, a task or a job, oldest first."""
    store, query = call.store, call.query
    if "job_id" in query:
        found = store.labels_of(store.tasks[see_job(call, int(query["job_id"])).task_id])
    elif "task_id" in query:
        found = store.labels_of(see_task(call, int(query["task_id"])))
    elif "project_id" in query:
        project = see_project(call, int(query["project_id"]))
        found = [one for one in store.labels.values() if one.project_id == project.id]
    else:
        found = [one for one in store.labels.values() if _seen(call, one)]
    terms = {
        "id": lambda label: label.id,
        "name": lambda label: label.name,
        "type": lambda label: label.type,
        "color": lambda label: label.color,
    }
    names = ("name", "type", "color")
    return listing.page(call, found, show, terms, exact=names, search=("name",), ascending=True)


def _seen(call: Call, label: Label) -> bool:
    place = _place(call.store, label)
    if isinstance(place, Project):
        return sees_project(call.store, call.user, place)
    return works_in(call.store, call.user, place)


def _place(store: Store, label: Label) -> Project | Task:
    if label.project_id is not None:
        return store.projects[label.project_id]
    assert label.task_id is not None
    return store.tasks[label.task_id]


def _find(call: Call, id: int, *, change: bool) -> Label:
    label = call.store.labels.get(id)
    if label is None:
        raise missing("Label")
    place = _place(call.store, label)
    lead = leads_project if isinstance(place, Project) else leads_task
    allowed = lead(call.store, call.user, place) if change else _seen(call, label)  # type: ignore[arg-type]
    if not allowed:
        raise forbidden()
    return label


@ROUTES.add("GET", "/api/labels/{id:int}")
def label(call: Call, id: int) -> Answer:
    """Show a label."""
    return Answer(body=show(_find(call, id, change=False)))


@ROUTES.add("PATCH", "/api/labels/{id:int}")
def change_label(call: Call, id: int) -> Answer:
    """Rename or recolour a label."""
    found, given = _find(call, id, change=True), call.json()
    place = _place(call.store, found)
    others = [
        one
        for one in call.store.labels.values()
        if (one.project_id, one.task_id) == (found.project_id, found.task_id) and one is not found
    ]
    if given.get("name") in [one.name for one in others]:
        raise Refused(400, ["All label names must be unique"])
    _change(call.store, found, given)
    place.updated = now()
    return Answer(body=show(found))


@ROUTES.add("DELETE", "/api/labels/{id:int}")
def delete_label(call: Call, id: int) -> Answer:
    """Delete a label with its annotations."""
    found = _find(call, id, change=True)
    place = _place(call.store, found)
    forget(call.store, found)
    place.updated = now()
    return Answer(204)
