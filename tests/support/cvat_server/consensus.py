"""Consensus: what the replicas of a job agree on is merged into their parent.

Recorded are which jobs take part, what is kept at which quorum, and that a merged tag says `file`.
Which of the shapes that match becomes the result is an example: here the one that fits the others
best, the latest of equals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.accounts import now
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, missing
from tests.support.cvat_server.permissions import edit_task, see_task
from tests.support.cvat_server.pixels import overlap
from tests.support.cvat_server.records import Frame, Job, Shape, Tag, Task
from tests.support.cvat_server.services import Request
from tests.support.cvat_server.store import Store

ROUTES = Routes()
DEFAULTS = {"iou_threshold": 0.4, "quorum": 0.5}
NOTHING = (
    "No annotation jobs in the annotation stage or no consensus_replica jobs"
    " not in the annotation - new state found"
)


@ROUTES.add("GET", "/api/consensus/settings")
def list_settings(call: Call) -> Answer:
    """List the settings of the tasks that have consensus."""
    task_id = int(call.query.get("task_id", "0"))
    found = [settings(call.store, see_task(call, task_id))] if task_id else []
    terms = {"id": lambda row: row["id"], "task_id": lambda row: row["task_id"]}
    return listing.page(call, found, dict, terms)


@ROUTES.add("PATCH", "/api/consensus/settings/{id:int}")
def change_settings(call: Call, id: int) -> Answer:
    """Change the settings of a task."""
    found = call.store.consensus_settings.get(id)
    if found is None:
        raise missing("ConsensusSettings")
    edit_task(call, found["task_id"])
    given = call.json()
    for name in DEFAULTS:
        if name in given and not 0 <= given[name] <= 1:
            raise Refused(400, {name: ["must be in the range [0; 1]"]})
    found.update({name: given[name] for name in DEFAULTS if name in given})
    return Answer(body=dict(found))


def settings(store: Store, task: Task) -> dict[str, Any]:
    """Return the settings of a task, made when they are first looked at."""
    for row in store.consensus_settings.values():
        if row["task_id"] == task.id:
            return row
    row = {"id": store.next_id("consensus_settings"), "task_id": task.id, **DEFAULTS}
    store.consensus_settings[row["id"]] = row
    return row


@ROUTES.add("POST", "/api/consensus/merges")
def merge(call: Call) -> Answer:
    """Merge the replicas of a task's parents, or those of one parent."""
    given = call.json()
    job = call.store.jobs.get(given.get("job_id") or 0)
    if given.get("job_id") and job is None:
        raise missing("Job")
    task = edit_task(call, job.task_id if job else given.get("task_id") or 0)
    if not task.consensus_replicas:
        raise Refused(400, ["Consensus is not enabled in this task"])
    parents = [job] if job else call.store.jobs_of(task.id, "annotation")
    ready = [one for one in parents if one.stage == "annotation" and worked_on(call.store, one)]
    if job is not None and not worked_on(call.store, job):
        why = f"No annotated consensus jobs found for parent job {job.id}. "
        more = "Make sure at least one consensus job is not in the annotation - new state"
        raise Refused(400, [why + more])
    if not ready:
        raise Refused(400, [NOTHING])
    target, about = ("job", job.id) if job else ("task", task.id)
    operation = {"type": f"merge:{target}", "target": target, "project_id": task.project_id}
    operation |= {"task_id": task.id, "job_id": job.id if job else None}

    def act(request: Request) -> None:
        with call.store.lock:
            for parent in ready:
                _merge(call.store, task, parent)

    rq_id = f"action=merge&target={target}&target_id={about}"
    request = call.server.work.begin(rq_id, operation, call.user, act)
    del request.operation["format"]
    return Answer(202, {"rq_id": request.id})


def worked_on(store: Store, parent: Job) -> list[Job]:
    """Return the replicas of a job that somebody has begun."""
    return [
        one for one in store.replicas_of(parent) if (one.stage, one.state) != ("annotation", "new")
    ]


def _merge(store: Store, task: Task, parent: Job) -> None:
    assert task.data is not None
    told, replicas = settings(store, task), worked_on(store, parent)
    quorum = max(1, math.ceil(told["quorum"] * len(replicas)))
    frames = task.data.frames
    parent.shapes = [
        _shape(store, one)
        for number in parent.shown
        for one in agreed_shapes(
            [[one for one in job.shapes if one.frame == number] for job in replicas],
            frames[number],
            quorum=quorum,
            threshold=told["iou_threshold"],
        )
    ]
    parent.tags = [
        _tag(store, one)
        for number in parent.shown
        for one in agreed_tags(
            [[one for one in job.tags if one.frame == number] for job in replicas], quorum
        )
    ]
    parent.tracks, parent.state = [], "completed"
    parent.updated = task.updated = now()


def agreed_shapes(
    opinions: Sequence[Sequence[Shape]], frame: Frame, *, quorum: int, threshold: float
) -> list[Shape]:
    """Return one shape for every group of matching ones, one an opinion, that is big enough.

    Shapes match by type, label and overlap.
    """
    groups: list[list[Shape]] = []
    for drawn in opinions:
        free = list(groups)
        for shape in drawn:
            fits = [(fit(shape, group, frame), group) for group in free if _kin(shape, group[0])]
            best, group = max(fits, key=lambda one: one[0], default=(0.0, []))
            if best >= threshold and group:
                group.append(shape)
                free = [one for one in free if one is not group]
            else:
                groups.append([shape])
    return [best_of(group, frame) for group in groups if len(group) >= quorum]


def _kin(one: Shape, other: Shape) -> bool:
    return (one.type, one.label_id) == (other.type, other.label_id)


def best_of(group: Sequence[Shape], frame: Frame) -> Shape:
    """Return the shape of a group that fits the others best, the latest of equals."""
    return max(reversed(group), key=lambda one: fit(one, group, frame))


def fit(shape: Shape, group: Sequence[Shape], frame: Frame) -> float:
    """Return the mean overlap of a shape with those of a group."""
    return sum(overlap(shape, one, frame.width, frame.height) for one in group) / len(group)


def agreed_tags(opinions: Iterable[Sequence[Tag]], quorum: int) -> list[Tag]:
    """Return the tags that enough opinions have."""
    by_label: dict[int, list[Tag]] = {}
    for tags in opinions:
        for label, tag in {tag.label_id: tag for tag in tags}.items():
            by_label.setdefault(label, []).append(tag)
    return [tags[-1] for tags in by_label.values() if len(tags) >= quorum]


def _shape(store: Store, one: Shape) -> Shape:
    return Shape(
        id=store.next_id("shape"),
        frame=one.frame,
        label_id=one.label_id,
        group=0,
        source="consensus",
        attributes=[dict(row) for row in one.attributes],
        type=one.type,
        points=list(one.points),
        rotation=one.rotation,
        occluded=one.occluded,
        z_order=one.z_order,
    )


def _tag(store: Store, one: Tag) -> Tag:
    rows = [dict(row) for row in one.attributes]
    number = store.next_id("tag")
    return Tag(
        id=number, frame=one.frame, label_id=one.label_id, group=0, source="file", attributes=rows
    )
