"""Projects."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import events, labels, listing, tasks
from tests.support.cvat_server.checks import label_specs, name_of, user_of
from tests.support.cvat_server.http import Answer, Call, Routes, forbidden
from tests.support.cvat_server.permissions import (
    edit_project,
    in_context,
    see_project,
    sees_project,
)
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import Project, now

ROUTES = Routes()


@ROUTES.add("GET", "/api/projects")
def projects(call: Call) -> Answer:
    """List the projects that the caller may see."""
    store = call.store
    found = [
        one
        for one in store.projects.values()
        if in_context(call, one.organization) and sees_project(store, call.user, one)
    ]
    terms = {
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "owner": lambda one: one.owner.username,
        "assignee": lambda one: one.assignee and one.assignee.username,
        "status": lambda one: "annotation",
        "updated_date": lambda one: one.updated,
    }
    return listing.page(
        call,
        found,
        lambda one: show(call, one),
        terms,
        exact=("name", "owner", "assignee", "status"),
        search=("name", "owner", "assignee", "status"),
    )


@ROUTES.add("POST", "/api/projects")
def create_project(call: Call) -> Answer:
    """Make a project with its labels."""
    if call.organization is not None and not call.user.admin:
        roles = [
            one.role
            for one in call.store.memberships.values()
            if one.user is call.user and one.organization is call.organization
        ]
        if not roles or roles[0] == "worker":
            raise forbidden()
    given = call.json()
    name = name_of(given)
    label_specs(given.get("labels", ()))
    project = Project(
        id=call.store.next_id("project"),
        name=name,
        owner=call.user,
        organization=call.organization,
        assignee=user_of(call, given.get("assignee_id")),
        bug_tracker=given.get("bug_tracker") or "",
        source_storage=given.get("source_storage"),
        target_storage=given.get("target_storage"),
    )
    call.store.projects[project.id] = project
    labels.make(call.store, given.get("labels", ()), project_id=project.id)
    body = show(call, project)
    events.tell(call, "create:project", project, body)
    return Answer(201, body, headers={"Location": body["url"]})


@ROUTES.add("GET", "/api/projects/{id:int}")
def project(call: Call, id: int) -> Answer:
    """Show a project."""
    return Answer(body=show(call, see_project(call, id)))


@ROUTES.add("PATCH", "/api/projects/{id:int}")
def change_project(call: Call, id: int) -> Answer:
    """Change a project; `labels` adds those that have no id."""
    found, given = edit_project(call, id), call.json()
    if "name" in given:
        name_of(given)
    known = [one for one in call.store.labels.values() if one.project_id == id]
    label_specs(given.get("labels", ()), known)
    before = show(call, found)
    found.name = given.get("name", found.name)
    found.bug_tracker = given.get("bug_tracker", found.bug_tracker)
    if "assignee_id" in given:
        found.assignee = user_of(call, given["assignee_id"])
        found.assignee_updated = now()
    found.source_storage = given.get("source_storage", found.source_storage)
    found.target_storage = given.get("target_storage", found.target_storage)
    labels.make(call.store, given.get("labels", ()), project_id=id)
    found.updated = now()
    body = show(call, found)
    events.tell(call, "update:project", found, body, before)
    return Answer(body=body)


@ROUTES.add("DELETE", "/api/projects/{id:int}")
def delete_project(call: Call, id: int) -> Answer:
    """Delete a project with its tasks."""
    found = edit_project(call, id)
    body = show(call, found)
    for task in call.store.tasks_of(id):
        tasks.forget(call, task)
    for label in [one for one in call.store.labels.values() if one.project_id == id]:
        del call.store.labels[label.id]
    del call.store.projects[id]
    events.tell(call, "delete:project", found, body)
    return Answer(204)


def show(call: Call, project: Project) -> dict[str, Any]:
    """Return a project as the server shows it."""
    inside = call.store.tasks_of(project.id)
    organization = project.organization and project.organization.id
    return {
        "url": f"{call.base}/api/projects/{project.id}",
        "id": project.id,
        "name": project.name,
        "owner": person(call, project.owner),
        "assignee": person(call, project.assignee),
        "guide_id": None,
        "bug_tracker": project.bug_tracker,
        "created_date": moment(project.created),
        "updated_date": moment(project.updated),
        "status": "annotation",
        "dimension": "2d" if inside else None,
        "organization": organization,
        "organization_id": organization,
        "target_storage": project.target_storage,
        "source_storage": project.source_storage,
        "tasks": {
            "count": len(inside),
            "url": f"{call.base}/api/tasks?project_id={project.id}",
        },
        "labels": {"url": f"{call.base}/api/labels?project_id={project.id}"},
        "assignee_updated_date": moment(project.assignee_updated),
        "task_subsets": sorted({task.subset for task in inside if task.subset}),
    }
