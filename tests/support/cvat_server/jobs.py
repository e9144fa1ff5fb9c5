"""Jobs: who has them, and how far they are."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import events, listing, tasks
from tests.support.cvat_server.checks import choice, user_of
from tests.support.cvat_server.http import Answer, Call, Routes, forbidden
from tests.support.cvat_server.permissions import in_context, leads_task, see_job, works_on
from tests.support.cvat_server.shown import moment, person
from tests.support.cvat_server.store import Job, now

ROUTES = Routes()
STAGES = ("annotation", "validation", "acceptance")
STATES = ("new", "in progress", "completed", "rejected")
_STATUS = {"annotation": "annotation", "validation": "validation", "acceptance": "completed"}


@ROUTES.add("GET", "/api/jobs")
def jobs(call: Call) -> Answer:
    """List the jobs that the caller may see."""
    store = call.store
    found = [
        job
        for job in store.jobs.values()
        if in_context(call, store.tasks[job.task_id].organization)
        and works_on(store, call.user, job)
    ]

    def project(job: Job) -> Any:
        return store.projects.get(store.tasks[job.task_id].project_id or 0)

    terms = {
        "id": lambda job: job.id,
        "task_id": lambda job: job.task_id,
        "task_name": lambda job: store.tasks[job.task_id].name,
        "project_id": lambda job: store.tasks[job.task_id].project_id,
        "project_name": lambda job: project(job) and project(job).name,
        "assignee": lambda job: job.assignee and job.assignee.username,
        "stage": lambda job: job.stage,
        "state": lambda job: job.state,
        "type": lambda job: job.type,
        "parent_job_id": lambda job: job.parent_job_id,
        "dimension": lambda job: "2d",
        "updated_date": lambda job: job.updated,
    }
    exact = [name for name in terms if name not in ("id", "updated_date")]
    search = ("task_name", "project_name", "assignee", "state", "stage")
    return listing.page(call, found, lambda job: show(call, job), terms, exact=exact, search=search)


@ROUTES.add("GET", "/api/jobs/{id:int}")
def job(call: Call, id: int) -> Answer:
    """Show a job."""
    return Answer(body=show(call, see_job(call, id)))


@ROUTES.add("PATCH", "/api/jobs/{id:int}")
def change_job(call: Call, id: int) -> Answer:
    """Change a job; its assignee may change the state and nothing else."""
    found, given = see_job(call, id), call.json()
    choice(given, "stage", STAGES)
    choice(given, "state", STATES)
    leads = leads_task(call.store, call.user, call.store.tasks[found.task_id])
    if not leads and ({"stage", "assignee"} & set(given)):
        raise forbidden()
    before = show(call, found)
    if "assignee" in given:
        assignee = user_of(call, given["assignee"])
        if assignee is not found.assignee:
            found.assignee, found.assignee_updated = assignee, now()
    if given.get("stage", found.stage) != found.stage:
        found.stage, found.state = given["stage"], "new"
    found.state = given.get("state", found.state)
    found.updated = now()
    body = show(call, found)
    task = call.store.tasks[found.task_id]
    if tasks.accepted(found) and tasks.status(call.store.jobs_of(task.id)) == "completed":
        task.updated = now()  # the last job of it: recorded
    events.tell(call, "update:job", found, body, before)
    return Answer(body=body)


def show(call: Call, job: Job) -> dict[str, Any]:
    """Return a job as the server shows it."""
    task = call.store.tasks[job.task_id]
    project = call.store.projects.get(task.project_id or 0)
    chunk = task.data.chunk_size if task.data else None
    return {
        "url": f"{call.base}/api/jobs/{job.id}",
        "id": job.id,
        "task_id": task.id,
        "project_id": task.project_id,
        "assignee": person(call, job.assignee),
        "guide_id": None,
        "dimension": "2d",
        "bug_tracker": None if project is None else project.bug_tracker,
        "status": _STATUS[job.stage],
        "stage": job.stage,
        "state": job.state,
        "mode": "annotation",
        "frame_count": len(job.shown),
        "start_frame": job.start,
        "stop_frame": job.stop,
        "data_chunk_size": chunk,
        "data_compressed_chunk_type": "imageset",
        "data_original_chunk_type": "imageset",
        "created_date": moment(job.created),
        "updated_date": moment(job.updated),
        "issues": {"url": f"{call.base}/api/issues?job_id={job.id}", "count": 0},
        "labels": {"url": f"{call.base}/api/labels?job_id={job.id}"},
        "type": job.type,
        "organization": task.organization and task.organization.id,
        "target_storage": job.target_storage,
        "source_storage": job.source_storage,
        "assignee_updated_date": moment(job.assignee_updated),
        "parent_job_id": job.parent_job_id,
        "consensus_replicas": job.consensus_replicas,
    }
