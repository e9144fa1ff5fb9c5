"""Quality: reports that hold a task's jobs against its ground truth, and their settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.accounts import now
from tests.support.cvat_server.agreement import Compared, counts, pairs, share
from tests.support.cvat_server.ground_truth import add_ground_truth, arrange
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, missing
from tests.support.cvat_server.permissions import edit_task, see_task
from tests.support.cvat_server.quality_settings import settings
from tests.support.cvat_server.records import Job, Task
from tests.support.cvat_server.services import Request
from tests.support.cvat_server.shown import moment
from tests.support.cvat_server.store import Store

__all__ = ["ROUTES", "add_ground_truth", "arrange"]
ROUTES = Routes()
NEEDS_TRUTH = (
    "Quality reports require a Ground Truth job in the task at the acceptance stage and in the"
    " completed state"
)


@dataclass(eq=False, kw_only=True)
class Report:
    """A report about a task, or about one of its jobs as a part of it."""

    id: int
    task_id: int
    frames: list[Compared]
    total_frames: int
    target_updated: datetime
    truth_updated: datetime
    labels: dict[int, str]
    parameters: dict[str, Any]
    job_id: int | None = None
    parent: Report | None = None
    jobs: list[int] = field(default_factory=list)
    not_checkable: list[int] = field(default_factory=list)
    conflict_ids: list[int] = field(default_factory=list)
    created: datetime = field(default_factory=now)

    def conflicts(self) -> list[dict[str, Any]]:
        """Return what does not agree, over all frames."""
        return [one for frame in self.frames for one in frame.conflicts()]


@ROUTES.add("POST", "/api/quality/reports")
def create(call: Call) -> Answer:
    """Ask for a report."""
    task = edit_task(call, int(call.json().get("task_id") or 0))
    truth = next(iter(call.store.jobs_of(task.id, "ground_truth")), None)
    if truth is None or (truth.stage, truth.state) != ("acceptance", "completed"):
        raise Refused(400, [NEEDS_TRUTH])
    operation = {"type": "calculate:quality", "target": "task", "project_id": task.project_id}

    def act(request: Request) -> None:
        with call.store.lock:
            request.result_id = _report(call.store, task, truth).id

    rq_id = f"action=calculate&target=task&target_id={task.id}&subresource=quality"
    request = call.server.work.begin(rq_id, operation | {"task_id": task.id}, call.user, act)
    del request.operation["format"]
    return Answer(202, {"rq_id": request.id})


def _report(store: Store, task: Task, truth: Job) -> Report:
    """Compare the jobs of a task with its ground truth; keep the report and its parts."""
    assert task.data is not None
    told, jobs = settings(store, task), store.jobs_of(task.id, "annotation")
    compared = {job.id: _compare(task, job, truth, told) for job in jobs}
    real = [one for one in task.data.frames if one.real is None]

    def kept(frames: list[Compared], total: int, updated: datetime, **more: Any) -> Report:
        report = Report(
            id=store.next_id("quality_report"),
            task_id=task.id,
            frames=frames,
            total_frames=total,
            target_updated=updated,
            truth_updated=truth.updated,
            labels={label.id: label.name for label in store.labels_of(task)},
            parameters=dict(told),
            **more,
        )
        store.quality_reports[report.id] = report
        return report

    whole = kept(
        [one for found in compared.values() for one in found],
        len(real),
        task.updated,
        jobs=[job.id for job in jobs],
        not_checkable=[job.id for job in jobs if not compared[job.id]],
    )
    for job in jobs:
        part = kept(compared[job.id], len(job.shown), job.updated, job_id=job.id, parent=whole)
        part.conflict_ids = [store.next_id("conflict") for _ in part.conflicts()]
    return whole


def _compare(task: Task, job: Job, truth: Job, told: dict[str, Any]) -> list[Compared]:
    assert task.data is not None
    found = []
    for number in job.shown:
        frame = task.data.frames[number]
        where = number if frame.real is None else frame.real
        if where not in truth.shown or (task.validation_mode == "gt_pool" and frame.real is None):
            continue
        here, there = (
            [one for one in (*side.shapes, *side.tags) if one.frame == at]
            for side, at in ((job, number), (truth, where))
        )
        matched = pairs(here, there, frame, threshold=told["iou_threshold"])
        found.append(
            Compared(
                frame=number, job_id=job.id, truth_job_id=truth.id, pairs=matched, settings=told
            )
        )
    return found


@ROUTES.add("GET", "/api/quality/reports")
def reports(call: Call) -> Answer:
    """List the reports that the caller may see."""
    found = list(call.store.quality_reports.values())
    if "task_id" in call.query:
        see_task(call, int(call.query["task_id"]))
    elif not call.user.admin:
        found = []
    terms = {
        "id": lambda one: one.id,
        "task_id": lambda one: one.task_id,
        "job_id": lambda one: one.job_id,
        "parent_id": lambda one: one.parent and one.parent.id,
        "target": lambda one: "task" if one.job_id is None else "job",
        "created_date": lambda one: one.created,
    }
    exact = ("task_id", "job_id", "parent_id", "target")
    return listing.page(call, found, show, terms, exact=exact)


@ROUTES.add("GET", "/api/quality/reports/{id:int}")
def report(call: Call, id: int) -> Answer:
    """Show a report."""
    return Answer(body=show(find(call, id)))


def find(call: Call, id: int) -> Report:
    """Return a report; 404 where there is none."""
    found = call.store.quality_reports.get(id)
    if found is None:
        raise missing("QualityReport")
    see_task(call, found.task_id)
    return found


def show(one: Report) -> dict[str, Any]:
    """Return a report as the server shows it."""
    conflicts = one.conflicts()
    summary = {
        "total_frames": one.total_frames,
        "frame_count": len(one.frames),
        "validation_frames": len(one.frames),
        "frame_share": share(len(one.frames), one.total_frames),
        "validation_frame_share": share(len(one.frames), one.total_frames),
        **counted(conflicts),
        **counts([pair for frame in one.frames for pair in frame.pairs]),
    }
    if one.job_id is None:
        jobs = {"total": len(one.jobs), "excluded": 0, "not_checkable": len(one.not_checkable)}
        summary["jobs"] = jobs | {"included": len(one.jobs)}
    return {
        "id": one.id,
        "job_id": one.job_id,
        "task_id": one.task_id,
        "project_id": None,
        "parent_id": one.parent and one.parent.id,
        "target": "task" if one.job_id is None else "job",
        "summary": summary,
        "created_date": moment(one.created),
        "target_last_updated": moment(one.target_updated),
        "gt_last_updated": moment(one.truth_updated),
        "assignee": None,
    }


def counted(conflicts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how many conflicts there are, by severity and by type."""
    severities = Counter(one["severity"] for one in conflicts)
    return {
        "conflict_count": len(conflicts),
        "warning_count": severities["warning"],
        "error_count": severities["error"],
        "conflicts_by_type": dict(Counter(one["type"] for one in conflicts)),
    }
