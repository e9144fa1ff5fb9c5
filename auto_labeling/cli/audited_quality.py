"""What CVAT measured itself against ground truth, as an audit shows it: in CVAT's own words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auto_labeling.cli.auditable import Auditable
    from auto_labeling.formats.cvat.quality import Measured, MeasuredJob


def show(read: Auditable, top: int) -> None:
    """Print the figures of people, and of the `top` jobs with the lowest accuracy."""
    from auto_labeling.cli import screen
    from auto_labeling.formats.cvat.quality import by_person

    jobs = [job for quality in read.quality for job in quality.jobs]
    if jobs:
        screen.line()
        screen.say("What CVAT measured against ground truth:")
        people = by_person(jobs).items()
        if people:
            rows = [(read.login(who), *_cells(measured)) for who, measured in people]
            screen.table(("person", *_HEADS), rows, right=1)
            screen.line()
        worst = sorted(jobs, key=lambda job: _rank(job.measured))[:top]
        rows = [(_job(job), job.person or "nobody", *_cells(job.measured)) for job in worst]
        screen.table(("job", "person", *_HEADS), rows, right=2)
    if any(job.stale for job in jobs):
        screen.say("* The job or the ground truth was changed since; a new report knows more.")
    for task, why in read.unmeasured.items():
        screen.say(f"Task {task} has ground truth, and no figures: {why}.")


_HEADS = ("frames", "accuracy", "precision", "recall", "conflicts")


def _job(job: MeasuredJob) -> str:
    return f"{job.job_id}{'*' if job.stale else ''}"


def _cells(measured: Measured) -> tuple[str, ...]:
    from auto_labeling.reporting.wording import count, in_table, share

    shares = (measured.accuracy, measured.precision, measured.recall)
    return (
        count(measured.frames),
        *(in_table(share(one)) for one in shares),
        _listed(measured.conflicts),
    )


def _rank(measured: Measured) -> float:
    """Return where it stands, worst first; what says nothing is last."""
    return math.inf if math.isnan(measured.accuracy) else measured.accuracy


def _listed(conflicts: Mapping[str, int]) -> str:
    ordered = sorted(conflicts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{kind} {times}" for kind, times in ordered) or "none"


def as_json(read: Auditable) -> dict[str, Any]:
    """Return everything that was measured."""
    from auto_labeling.formats.cvat.quality import by_person

    jobs = [job for quality in read.quality for job in quality.jobs]
    return {
        "people": {read.login(who): one.figures() for who, one in by_person(jobs).items()},
        "jobs": [
            {
                "job": job.job_id,
                "task": quality.task_id,
                "person": None if job.person is None else read.login(job.person),
                "stale": job.stale,
                **job.measured.figures(),
            }
            for quality in read.quality
            for job in quality.jobs
        ],
        "conflicts": [
            {
                "task": quality.task_id,
                "job": one.job_id,
                "picture": one.picture,
                "frame": one.frame,
                "type": one.kind,
                "severity": one.severity,
            }
            for quality in read.quality
            for one in quality.conflicts
        ],
        "unmeasured": {str(task): why for task, why in read.unmeasured.items()},
    }
