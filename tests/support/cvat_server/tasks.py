"""Tasks; their pictures come in `uploads.py` and `creation.py`."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import events, labels, listing
from tests.support.cvat_server.checks import label_specs, name_of, user_of
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, forbidden
from tests.support.cvat_server.permissions import (
    edit_task,
    in_context,
    leads_project,
    see_task,
    works_in,
)
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import Job, Task, now

ROUTES = Routes()


@ROUTES.add("GET", "/api/tasks")
def tasks(call: Call) -> Answer:
    """List the tasks that the caller may see."""
    store = call.store
    found = [
        one
        for one in store.tasks.values()
        if in_context(call, one.organization) and works_in(store, call.user, one)
    ]
    terms = {
        "id": lambda one: one.id,
        "name": lambda one: one.name,
        "project_id": lambda one: one.project_id,
        "project_name": lambda one: one.project_id and store.projects[one.project_id].name,
        "owner": lambda one: one.owner.username,
        "assignee": lambda one: one.assignee and one.assignee.username,
        "status": lambda one: status(store.jobs_of(one.id)),
        "subset": lambda one: one.subset,
        "mode": lambda one: "annotation" if one.data else "",
        "dimension": lambda one: "2d",
        "tracker_link": lambda one: one.bug_tracker,
        "validation_mode": lambda one: one.validation_mode,
        "updated_date": lambda one: one.updated,
    }
    exact = ("name", "project_id", "project_name", "owner", "assignee", "status", "subset", "mode")
    search = ("project_name", "name", "owner", "status", "assignee", "subset", "mode", "dimension")
    return listing.page(
        call,
        found,
        lambda one: show(call, one),
        terms,
        exact=(*exact, "dimension", "tracker_link", "validation_mode"),
        search=search,
    )


@ROUTES.add("POST", "/api/tasks")
def create_task(call: Call) -> Answer:
    """Make a task without data."""
    given = call.json()
    name, replicas = name_of(given), given.get("consensus_replicas") or 0
    if replicas and not 2 <= replicas <= 11:
        why = (
            "Consensus replicas must be 0 or a positive number more than 1 and less than 12,"
            f" got {replicas}"
        )
        raise Refused(400, {"consensus_replicas": [why]})
    project = None
    if (project_id := given.get("project_id")) is not None:
        project = call.store.projects.get(project_id)
        if project is None:
            raise Refused(400, ["Project matching query does not exist."])
        if given.get("labels"):
            raise Refused(400, ["Task must have only one of Label set or project_id"])
        if not leads_project(call.store, call.user, project):
            raise forbidden()
    label_specs(given.get("labels") or ())
    task = Task(
        id=call.store.next_id("task"),
        name=name,
        owner=call.user,
        project_id=project_id,
        organization=project.organization if project else call.organization,
        assignee=user_of(call, given.get("assignee_id")),
        bug_tracker=given.get("bug_tracker") or "",
        subset=given.get("subset") or "",
        overlap=given.get("overlap"),
        segment_size=given.get("segment_size") or 0,
        consensus_replicas=replicas,
        source_storage=given.get("source_storage"),
        target_storage=given.get("target_storage"),
    )
    call.store.tasks[task.id] = task
    labels.make(call.store, given.get("labels") or (), task_id=task.id)
    if project is not None:
        project.updated = now()
    body = show(call, task)
    events.tell(call, "create:task", task, body)
    return Answer(201, body, headers={"Location": body["url"]})


@ROUTES.add("GET", "/api/tasks/{id:int}")
def task(call: Call, id: int) -> Answer:
    """Show a task."""
    return Answer(body=show(call, see_task(call, id)))


@ROUTES.add("PATCH", "/api/tasks/{id:int}")
def change_task(call: Call, id: int) -> Answer:
    """Change a task; `labels` of one inside a project are ignored without a word."""
    found, given = edit_task(call, id), call.json()
    if "name" in given:
        name_of(given)
    before = events.unannotated(show(call, found))
    if found.project_id is None and given.get("labels"):
        label_specs(given["labels"], call.store.labels_of(found))
        labels.make(call.store, given["labels"], task_id=id)
    for name in ("name", "bug_tracker", "subset", "source_storage", "target_storage"):
        setattr(found, name, given.get(name, getattr(found, name)))
    body: dict[str, Any] = {}
    if "assignee_id" in given:
        found.assignee = user_of(call, given["assignee_id"])
        # recorded: the answer to the change has the date, what is read afterwards has null
        body["assignee_updated_date"] = moment(now())
    found.updated = now()
    body = {**show(call, found), **body}
    events.tell(call, "update:task", found, body, before)
    return Answer(body=body)


@ROUTES.add("DELETE", "/api/tasks/{id:int}")
def delete_task(call: Call, id: int) -> Answer:
    """Delete a task with its jobs."""
    forget(call, edit_task(call, id))
    return Answer(204)


def forget(call: Call, task: Task) -> None:
    """Delete a task with its jobs and labels; its pictures stay where they lie."""
    store, body = call.store, show(call, task)
    events.tell(call, "delete:task", task, body)
    for job in store.jobs_of(task.id):
        del store.jobs[job.id]
    for label in [one for one in store.labels.values() if one.task_id == task.id]:
        del store.labels[label.id]
    del store.tasks[task.id]
    if task.project_id is not None and task.project_id in store.projects:
        store.projects[task.project_id].updated = now()


def accepted(job: Job) -> bool:
    """Return whether a job counts as completed: accepted, and not only annotated."""
    return (job.stage, job.state) == ("acceptance", "completed")


def status(jobs: list[Job]) -> str:
    """Return the status of a task with these jobs."""
    if jobs and all(accepted(job) for job in jobs):
        return "completed"
    return "validation" if any(job.stage == "validation" for job in jobs) else "annotation"


def show(call: Call, task: Task) -> dict[str, Any]:
    """Return a task as the server shows it; one without data lacks what speaks of data."""
    jobs, data = call.store.jobs_of(task.id), task.data
    organization = task.organization and task.organization.id
    told: dict[str, Any] = {
        "url": f"{call.base}/api/tasks/{task.id}",
        "id": task.id,
        "name": task.name,
        "project_id": task.project_id,
        "mode": "annotation" if data else "",
        "owner": person(call, task.owner),
        "assignee": person(call, task.assignee),
        "bug_tracker": task.bug_tracker,
        "created_date": moment(task.created),
        "updated_date": moment(task.updated),
        "overlap": task.overlap,
        "segment_size": task.segment_size,
        "status": status(jobs),
        "guide_id": None,
        "dimension": "2d",
        "subset": task.subset,
        "organization_id": organization,
        "organization": organization,
        "target_storage": task.target_storage,
        "source_storage": task.source_storage,
        "jobs": {
            "count": len(jobs),
            "completed": sum(accepted(job) for job in jobs),
            "validation": sum(job.stage == "validation" for job in jobs),
            "url": f"{call.base}/api/jobs?task_id={task.id}",
        },
        "labels": {"url": f"{call.base}/api/labels?task_id={task.id}"},
        "assignee_updated_date": None,
        "validation_mode": task.validation_mode,
        "consensus_enabled": task.consensus_replicas > 0,
    }
    if data is not None:
        told |= {
            "data_chunk_size": data.chunk_size,
            "data_original_chunk_type": "imageset",
            "data_compressed_chunk_type": "imageset",
            "data_cloud_storage_id": data.cloud_storage_id,
            "size": len(data.frames),
            "image_quality": data.image_quality,
            "data": data.id,
        }
    return told
