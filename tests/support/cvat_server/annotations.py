"""Annotations of tasks and jobs: PUT replaces, PATCH creates, updates or deletes, DELETE empties.

Not recorded, and guessed: ids in a PUT or a create are kept where they are free; a task-level
write to frames that several jobs share (overlap) goes to the first of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.cvat_server import events, jobs, tasks
from tests.support.cvat_server.drawn import Drawn, parse
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, ServerError
from tests.support.cvat_server.permissions import edit_task, see_job, see_task
from tests.support.cvat_server.store import Job, Shape, Store, Task, now

ROUTES = Routes()
_PLAIN = "text/html; charset=utf-8"
Change = Callable[[Store, Job, Drawn], Drawn]


def replace(store: Store, job: Job, drawn: Drawn) -> Drawn:
    """Put these in place of all that a job holds."""
    clear(job)
    return add(store, job, drawn)


def add(store: Store, job: Job, drawn: Drawn) -> Drawn:
    """Add to what a job holds, with new ids where there are none or where they are taken."""
    for kind, rows, mine in _kinds(drawn, job):
        taken = _taken(store, kind) if any(_id(one) for one in rows) else set()
        for one in rows:
            if not _id(one) or _id(one) in taken:
                _name(one, store.next_id(kind))
            if isinstance(one, Shape):
                one.elements = one.elements or []
            mine.append(one)
    return drawn


def update(store: Store, job: Job, drawn: Drawn) -> Drawn:
    """Change those with a known id, add the others: one with an unknown id under that id."""
    remove(store, job, drawn)
    return add(store, job, drawn)


def remove(store: Store, job: Job, drawn: Drawn) -> Drawn:
    """Take those with these ids out; unknown ones are no matter."""
    for _, rows, mine in _kinds(drawn, job):
        gone = {_id(one) for one in rows}
        mine[:] = [one for one in mine if _id(one) not in gone]
    return drawn


def clear(job: Job) -> None:
    """Take everything out of a job."""
    job.tags, job.shapes, job.tracks = [], [], []


def _kinds(drawn: Drawn, job: Job) -> list[tuple[str, list[Any], list[Any]]]:
    return [
        ("tag", drawn.tags, job.tags),
        ("shape", drawn.shapes, job.shapes),
        ("track", drawn.tracks, job.tracks),
    ]


def _taken(store: Store, kind: str) -> set[int]:
    return {_id(one) for job in store.jobs.values() for one in getattr(job, f"{kind}s")}


def _id(one: Any) -> int:
    return int(one["id"] if isinstance(one, dict) else one.id)


def _name(one: Any, number: int) -> None:
    if isinstance(one, dict):
        one["id"] = number
    else:
        one.id = number


_ACTIONS: dict[str, Change] = {"create": add, "update": update, "delete": remove}


def _action(call: Call) -> Change:
    if call.query.get("action") not in _ACTIONS:
        raise Refused(400, ["Please specify a correct 'action' for the request"])
    return _ACTIONS[call.query["action"]]


@ROUTES.add("GET", "/api/jobs/{id:int}/annotations/")
def job_annotations(call: Call, id: int) -> Answer:
    """Show what a job holds, also on frames that are not its own."""
    job = see_job(call, id)
    return Answer(body=Drawn.of(job).shown(call.store.labels_of(call.store.tasks[job.task_id])))


@ROUTES.add("PUT", "/api/jobs/{id:int}/annotations/")
def put_in_job(call: Call, id: int) -> Answer:
    """Replace what a job holds."""
    return _changed(call, see_job(call, id), replace)


@ROUTES.add("PATCH", "/api/jobs/{id:int}/annotations/")
def patch_job(call: Call, id: int) -> Answer:
    """Change what a job holds."""
    return _changed(call, see_job(call, id), _action(call))


@ROUTES.add("DELETE", "/api/jobs/{id:int}/annotations/")
def empty_job(call: Call, id: int) -> Answer:
    """Empty a job."""
    job = see_job(call, id)
    with Touched(call, job):
        clear(job)
    return Answer(204)


def _changed(call: Call, job: Job, change: Change) -> Answer:
    drawn = parse(call.store, call.store.tasks[job.task_id], call.json())
    with Touched(call, job):
        return Answer(body=change(call.store, job, drawn).echo())


@ROUTES.add("GET", "/api/tasks/{id:int}/annotations/")
def task_annotations(call: Call, id: int) -> Answer:
    """Show what the annotation jobs of a task hold, job after job."""
    task = see_task(call, id)
    if task.data is None:
        why = "Exporting annotations from a task without data is not allowed"
        raise Refused(400, why, _PLAIN)
    labels, body = call.store.labels_of(task), Drawn().shown(())
    for job in _drawn_in(call.store, task):
        shown = Drawn.of(job).shown(labels)
        for kind in ("tags", "shapes", "tracks"):
            body[kind] += shown[kind]
    return Answer(body=body)


@ROUTES.add("PUT", "/api/tasks/{id:int}/annotations/")
def put_in_task(call: Call, id: int) -> Answer:
    """Replace what the annotation jobs of a task hold."""
    return _spread(call, id, replace)


@ROUTES.add("PATCH", "/api/tasks/{id:int}/annotations/")
def patch_task(call: Call, id: int) -> Answer:
    """Change what the annotation jobs of a task hold."""
    return _spread(call, id, _action(call))


@ROUTES.add("DELETE", "/api/tasks/{id:int}/annotations/")
def empty_task(call: Call, id: int) -> Answer:
    """Empty the annotation jobs of a task."""
    for job in _drawn_in(call.store, edit_task(call, id)):
        with Touched(call, job):
            clear(job)
    return Answer(204)


def _drawn_in(store: Store, task: Task) -> list[Job]:
    """Return the jobs whose annotations are the task's: with a pool also the ground truth."""
    pool = ("ground_truth",) if task.validation_mode == "gt_pool" else ()
    return store.jobs_of(task.id, "annotation", *pool)


def _spread(call: Call, id: int, change: Change) -> Answer:
    """Give every annotation job what lies on its frames; what lies on none is dropped."""
    task, given = edit_task(call, id), call.json()
    if task.data is None:
        raise ServerError
    drawn, done, seen = parse(call.store, task, given), Drawn(), -1
    for job in _drawn_in(call.store, task):
        first, last = max(job.start, seen + 1), job.stop
        seen = max(seen, last)
        mine = drawn.within(range(first, last + 1).__contains__)
        if change is not replace and not (mine.tags or mine.shapes or mine.tracks):
            continue
        with Touched(call, job):
            change(call.store, job, mine)
        done.tags += mine.tags
        done.shapes += mine.shapes
        done.tracks += mine.tracks
    return Answer(body=done.echo())


class Touched:
    """Notes that a job's annotations, and so its task, were changed, and tells the webhooks."""

    def __init__(self, call: Call, job: Job) -> None:
        self.call, self.job = call, job
        self.task = call.store.tasks[job.task_id]

    def __enter__(self) -> None:
        if self.call.store.webhooks:
            self.job_before = jobs.show(self.call, self.job)
            self.task_before = events.unannotated(tasks.show(self.call, self.task))

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            return
        self.job.updated = now()
        self.task.updated = now()
        if not self.call.store.webhooks:
            return
        body = jobs.show(self.call, self.job)
        events.tell(self.call, "update:job", self.job, body, self.job_before)
        body = events.unannotated(tasks.show(self.call, self.task))
        events.tell(self.call, "update:task", self.task, body, self.task_before)
