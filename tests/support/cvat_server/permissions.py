"""Who may see and change what; the exact line is an example in the recordings, not a contract."""

from __future__ import annotations

from tests.support.cvat_server.http import Call, forbidden, missing
from tests.support.cvat_server.store import Job, Organization, Project, Store, Task, User


def _rules(store: Store, user: User, organization: Organization | None) -> bool:
    """Return whether the user may do anything: administrators, and who leads the organization."""
    if user.admin:
        return True
    return organization is not None and any(
        one.user is user
        and one.organization is organization
        and one.role in ("owner", "maintainer")
        for one in store.memberships.values()
    )


def leads_project(store: Store, user: User, project: Project) -> bool:
    """Return whether the user may change the project and all that is in it."""
    return user in (project.owner, project.assignee) or _rules(store, user, project.organization)


def leads_task(store: Store, user: User, task: Task) -> bool:
    """Return whether the user may change the task and its jobs."""
    project = store.projects.get(task.project_id or 0)
    return (
        user in (task.owner, task.assignee)
        or _rules(store, user, task.organization)
        or (project is not None and leads_project(store, user, project))
    )


def works_in(store: Store, user: User, task: Task) -> bool:
    """Return whether the user may look at the task: leads it, or has a job there."""
    return leads_task(store, user, task) or any(
        job.assignee is user for job in store.jobs_of(task.id)
    )


def sees_project(store: Store, user: User, project: Project) -> bool:
    """Return whether the user may look at the project."""
    return leads_project(store, user, project) or any(
        works_in(store, user, task) for task in store.tasks_of(project.id)
    )


def works_on(store: Store, user: User, job: Job) -> bool:
    """Return whether the user may look at the job and draw in it."""
    return job.assignee is user or leads_task(store, user, store.tasks[job.task_id])


def in_context(call: Call, organization: object) -> bool:
    """Return whether a list shows what belongs to an organization.

    No context shows all, the empty one what is in no organization, a slug what is in that one.
    """
    if call.organization is not None:
        return organization is call.organization
    empty = "org" in call.query or call.headers.get("x-organization") == ""
    return organization is None or not empty


def see_project(call: Call, id: int) -> Project:
    """Return the project; 404 where there is none, 403 where it is somebody else's."""
    project = call.store.projects.get(id)
    if project is None:
        raise missing("Project")
    if not sees_project(call.store, call.user, project):
        raise forbidden()
    return project


def edit_project(call: Call, id: int) -> Project:
    """Return the project for a change."""
    project = see_project(call, id)
    if not leads_project(call.store, call.user, project):
        raise forbidden()
    return project


def see_task(call: Call, id: int) -> Task:
    """Return the task; 404 where there is none, 403 where it is somebody else's."""
    task = call.store.tasks.get(id)
    if task is None:
        raise missing("Task")
    if not works_in(call.store, call.user, task):
        raise forbidden()
    return task


def edit_task(call: Call, id: int) -> Task:
    """Return the task for a change."""
    task = see_task(call, id)
    if not leads_task(call.store, call.user, task):
        raise forbidden()
    return task


def see_job(call: Call, id: int) -> Job:
    """Return the job; 404 where there is none, 403 where it is somebody else's."""
    job = call.store.jobs.get(id)
    if job is None:
        raise missing("Job")
    if not works_on(call.store, call.user, job):
        raise forbidden()
    return job


def edit_job(call: Call, id: int) -> Job:
    """Return the job for what its assignee may not do."""
    job = see_job(call, id)
    if not leads_task(call.store, call.user, call.store.tasks[job.task_id]):
        raise forbidden()
    return job
