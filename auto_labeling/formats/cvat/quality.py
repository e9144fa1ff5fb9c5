"""What CVAT measured of the jobs of a task, held against its ground truth: its reports, read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auto_labeling.records import PersonId

TRUTH = "ground_truth"
"""The type of the job that holds the ground truth of a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Annotations against ground truth, in CVAT's words and by its settings.

    >>> Measured(frames=2, valid_count=1, ds_count=1, gt_count=2, total_count=2).accuracy
    0.5
    """

    frames: int = 0
    """How many were compared: those with ground truth."""
    valid_count: int = 0
    """Annotations that agree with the ground truth."""
    ds_count: int = 0
    """Annotations that people made."""
    gt_count: int = 0
    """Annotations of the ground truth."""
    total_count: int = 0
    """Both together; a matched pair is one."""
    conflicts: Mapping[str, int] = field(default_factory=dict)
    """Such as mismatching_label, missing_annotation, extra_annotation: how often."""

    @property
    def accuracy(self) -> float:
        """valid_count of total_count; nan of nothing."""
        return _share(self.valid_count, self.total_count)

    @property
    def precision(self) -> float:
        """valid_count of ds_count; nan of nothing."""
        return _share(self.valid_count, self.ds_count)

    @property
    def recall(self) -> float:
        """valid_count of gt_count; nan of nothing."""
        return _share(self.valid_count, self.gt_count)

    def figures(self) -> dict[str, Any]:
        """Return everything as JSON."""
        shares = ("accuracy", "precision", "recall")
        return {
            **{name: getattr(self, name) for name in (*shares, "frames", *_COUNTS)},
            "conflicts": dict(self.conflicts),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredJob:
    """One job."""

    job_id: int
    person: PersonId | None
    """To whom it was given when it was measured; where the report does not say, to whom it is."""
    measured: Measured
    stale: bool
    """Whether the job or the ground truth was changed since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Where an annotation and the ground truth differ."""

    picture: str
    frame: int
    kind: str
    """Such as mismatching_label."""
    severity: str
    """error or warning."""
    job_id: int | None
    """The job in which it is, where the report has a part about that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """A report about a task."""

    task_id: int
    report_id: int
    created: str
    """When, as the server writes it."""
    measured: Measured
    jobs: tuple[MeasuredJob, ...]
    """Those with frames that have ground truth."""
    conflicts: tuple[Conflict, ...] = ()

    @property
    def people(self) -> Mapping[PersonId, Measured]:
        """The jobs of each person together; jobs that are given to nobody are left out."""
        return by_person(self.jobs)


def read_quality(
    report: Mapping[str, Any],
    parts: Iterable[Mapping[str, Any]],
    jobs: Iterable[Mapping[str, Any]],
    conflicts: Iterable[Mapping[str, Any]] = (),
    frames: Sequence[Mapping[str, Any]] = (),
) -> Quality:
    """Return a report of a task, with its parts about jobs, the jobs as they are, its conflicts.

    `frames` name the pictures of the task.
    """
    known = {int(job["id"]): job for job in jobs}
    some = list(parts)
    at = {int(part["id"]): int(part["job_id"]) for part in some}
    judged = [part for part in some if _measured(part).frames]
    return Quality(
        task_id=int(report["task_id"]),
        report_id=int(report["id"]),
        created=str(report["created_date"]),
        measured=_measured(report),
        jobs=tuple(sorted((_job(part, known) for part in judged), key=lambda one: one.job_id)),
        conflicts=tuple(_conflict(row, at.get(int(row["report_id"])), frames) for row in conflicts),
    )


def by_person(jobs: Iterable[MeasuredJob]) -> dict[PersonId, Measured]:
    """Return what was measured of each person over all of these jobs.

    >>> one = Measured(frames=1, valid_count=1, ds_count=1, gt_count=1, total_count=1)
    >>> said = {"person": "mia", "measured": one, "stale": False}
    >>> by_person([MeasuredJob(job_id=1, **said), MeasuredJob(job_id=2, **said)])["mia"].frames
    2
    """
    found: dict[PersonId, list[Measured]] = {}
    for job in jobs:
        if job.person is not None:
            found.setdefault(job.person, []).append(job.measured)
    return {person: together(some) for person, some in sorted(found.items())}


def together(some: Sequence[Measured]) -> Measured:
    """Return several as one."""
    conflicts: Counter[str] = Counter()
    for one in some:
        conflicts.update(one.conflicts)
    counts = {name: sum(getattr(one, name) for one in some) for name in _COUNTS}
    return Measured(frames=sum(one.frames for one in some), conflicts=dict(conflicts), **counts)


_COUNTS = ("valid_count", "ds_count", "gt_count", "total_count")


def _measured(report: Mapping[str, Any]) -> Measured:
    summary = report["summary"]
    frames = summary.get("validation_frames", summary.get("frame_count"))
    conflicts = summary.get("conflicts_by_type") or {}
    return Measured(
        frames=int(frames or 0),
        conflicts={str(kind): int(count) for kind, count in conflicts.items()},
        **{name: int(summary.get(name) or 0) for name in _COUNTS},
    )


def _job(part: Mapping[str, Any], known: Mapping[int, Mapping[str, Any]]) -> MeasuredJob:
    number = int(part["job_id"])
    job = known.get(number, {})
    given_to = part.get("assignee") or job.get("assignee")
    truth = next((one for one in known.values() if one["type"] == TRUTH), {})
    return MeasuredJob(
        job_id=number,
        person=str(given_to["username"]).lower() if given_to else None,
        measured=_measured(part),
        stale=job.get("updated_date") != part["target_last_updated"]
        or truth.get("updated_date") != part["gt_last_updated"],
    )


def _conflict(
    row: Mapping[str, Any], job: int | None, frames: Sequence[Mapping[str, Any]]
) -> Conflict:
    frame = int(row["frame"])
    return Conflict(
        picture=str(frames[frame]["name"]) if 0 <= frame < len(frames) else "",
        frame=frame,
        kind=str(row["type"]),
        severity=str(row["severity"]),
        job_id=job,
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
