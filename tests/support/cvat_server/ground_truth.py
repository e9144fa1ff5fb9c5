"""Ground truth: the job that holds it, and the honeypots that show its frames in other jobs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.support.cvat_server import events, jobs
from tests.support.cvat_server.http import Answer, Call, Refused, Routes
from tests.support.cvat_server.permissions import edit_job, edit_task, see_job, see_task
from tests.support.cvat_server.records import Frame, Job, Task
from tests.support.cvat_server.store import Store
from tests.support.cvat_server.work import Failed

ROUTES = Routes()
Span = tuple[int, int]


def _refuse(why: str) -> Failed:
    said = f"[ErrorDetail(string='{why}', code='invalid')]"
    return Failed(f"rest_framework.exceptions.ValidationError: {said}\n")


def arrange(
    store: Store, task: Task, frames: list[Frame], told: dict[str, Any]
) -> tuple[list[Frame], list[Span] | None]:
    """Return the frames in order and the jobs' spans: for a pool its own, else None.

    A pool's frames move to the end. Every job gets some of them among its own, as frames of its
    own with the same picture; which ones, and where, is random.
    """
    given = told["validation_params"]
    task.validation_mode = given["mode"]
    if given["mode"] != "gt_pool":
        return frames, None
    if told.get("sorting_method") != "random":
        raise _refuse('validation mode "gt_pool" can only be used with "random" sorting')
    if task.consensus_replicas:
        raise _refuse('validation mode "gt_pool" cannot be used with consensus')
    chosen = set(_chosen(given, [frame.name for frame in frames]))
    pool = sorted((frames[at] for at in chosen), key=lambda frame: frame.name)
    regular = [frame for at, frame in enumerate(frames) if at not in chosen]
    dice = random.Random(given.get("random_seed"))
    size = task.segment_size or len(regular)
    share = _share(given, "frames_per_job", size)
    groups = [regular[at : at + size] for at in range(0, len(regular), size)]
    picked = [dice.sample(range(len(pool)), min(share, len(pool))) for _ in groups]
    start = len(regular) + sum(len(one) for one in picked)
    ordered: list[Frame] = []
    spans: list[Span] = []
    for group, shown in zip(groups, picked, strict=True):
        mixed = [*group, *(replace(pool[one], real=start + one) for one in shown)]
        dice.shuffle(mixed)
        spans.append((len(ordered), len(ordered) + len(mixed) - 1))
        ordered += mixed
    task.segment_size = 0
    return [*ordered, *pool], spans


def add_ground_truth(store: Store, task: Task, told: dict[str, Any]) -> Job:
    """Make the job with the ground truth of a task whose data is there."""
    assert task.data is not None
    given, size = told["validation_params"], len(task.data.frames)
    names = [frame.name for frame in task.data.frames if frame.real is None]
    chosen = sorted(_chosen(given, names))
    if task.validation_mode == "gt_pool":
        return _make(store, task, size - len(chosen), size - 1, None)
    return _make(store, task, 0, size - 1, chosen)


def _make(store: Store, task: Task, start: int, stop: int, frames: list[int] | None) -> Job:
    job = Job(
        id=store.next_id("job"),
        task_id=task.id,
        start=start,
        stop=stop,
        frames=frames,
        type="ground_truth",
    )
    store.jobs[job.id] = job
    return job


def _share(given: dict[str, Any], name: str, size: int) -> int:
    """Return a number given as `<name>_count`, or as `<name>_share` of a size."""
    if given.get(f"{name}_count") is not None:
        return int(given[f"{name}_count"])
    return max(1, round(size * float(given.get(f"{name}_share") or 0)))


def _chosen(given: dict[str, Any], names: Sequence[str]) -> list[int]:
    """Return the numbers of the frames that are to hold ground truth."""
    method = given.get("frame_selection_method")
    if method == "manual":
        wanted = given.get("frames") or []
        unknown = [one for one in wanted if one not in names and one not in range(len(names))]
        if unknown:
            raise _refuse(f"Unknown validation frames requested: {unknown}")
        return [names.index(one) if isinstance(one, str) else int(one) for one in wanted]
    count = min(_share(given, "frame", len(names)), len(names))
    if method == "random_uniform":
        dice = random.Random(given.get("random_seed"))
        return dice.sample(range(len(names)), count)
    raise _refuse(f"Unexpected frame selection method {method}")


@ROUTES.add("POST", "/api/jobs")
def create(call: Call) -> Answer:
    """Make a job: only ground truth can be, and one a task."""
    given = call.json()
    if given.get("type") != "ground_truth":
        raise Refused(400, {"type": [f'"{given.get("type")}" is not a valid choice.']})
    task = edit_task(call, int(given.get("task_id") or 0))
    if task.data is None:
        raise Refused(400, ["This task has no data. Please add data to the task first"])
    if call.store.jobs_of(task.id, "ground_truth"):
        mode = task.validation_mode
        raise Refused(400, [f'Task with validation mode "{mode}" cannot have more than 1 GT job'])
    task.validation_mode = "gt"
    try:
        job = add_ground_truth(call.store, task, {"validation_params": given})
    except Failed as why:
        raise Refused(400, [str(why).strip()]) from None
    body = jobs.show(call, job)
    events.tell(call, "create:job", job, body)
    return Answer(201, body, headers={"Location": body["url"]})


@ROUTES.add("DELETE", "/api/jobs/{id:int}")
def delete(call: Call, id: int) -> Answer:
    """Delete a job: only ground truth can be."""
    job = edit_job(call, id)
    if job.type != "ground_truth":
        raise Refused(400, ["Only ground truth jobs can be removed"])
    task = call.store.tasks[job.task_id]
    events.tell(call, "delete:job", job, jobs.show(call, job))
    del call.store.jobs[id]
    task.validation_mode = None if task.validation_mode == "gt" else task.validation_mode
    return Answer(204)


@ROUTES.add("GET", "/api/tasks/{id:int}/validation_layout")
def layout_of_task(call: Call, id: int) -> Answer:
    """Show which frames hold ground truth, and which show it again."""
    task = see_task(call, id)
    truth = call.store.jobs_of(id, "ground_truth")
    if task.data is None or task.validation_mode is None or not truth:
        return Answer(body={"mode": None})
    shown: dict[str, Any] = {
        "mode": task.validation_mode,
        "frames_per_job_count": None,
        "validation_frames": truth[0].shown,
        "disabled_frames": [],
    }
    if task.validation_mode == "gt_pool":
        pots = honeypots(task, range(len(task.data.frames)))
        others = call.store.jobs_of(id, "annotation")
        shown["frames_per_job_count"] = len(pots["honeypot_frames"]) // max(1, len(others))
        shown |= pots
    return Answer(body=shown)


@ROUTES.add("GET", "/api/jobs/{id:int}/validation_layout")
def layout_of_job(call: Call, id: int) -> Answer:
    """Show which frames of a job show ground truth."""
    job = see_job(call, id)
    return Answer(body=honeypots(call.store.tasks[job.task_id], job.shown))


def honeypots(task: Task, frames: Sequence[int]) -> dict[str, Any]:
    """Return the honeypots among frames, and the frames of the pool that they show."""
    assert task.data is not None
    found = [at for at in frames if task.data.frames[at].real is not None]
    return {
        "honeypot_count": len(found),
        "honeypot_frames": found,
        "honeypot_real_frames": [task.data.frames[at].real for at in found],
    }
