"""What CVAT has measured of a task against its ground truth, read; SDK 2.80 cannot parse it."""

from __future__ import annotations

from auto_labeling.backends.cvat.quality_calls import QualityClient
from auto_labeling.backends.cvat.session import Row
from auto_labeling.formats.cvat.quality import Quality, read_quality


def newest_quality(client: QualityClient, task: int) -> Quality | None:
    """Return the newest report about a task; None where nobody asked for one. Nothing is made."""
    report = client.newest_report(task)
    return None if report is None else whole_report(client, report)


def whole_report(client: QualityClient, report: Row) -> Quality:
    """Return a report with its parts, and with the names of the pictures that differ."""
    task, number = int(report["task_id"]), int(report["id"])
    return read_quality(
        report,
        parts=client.report_parts(task, number),
        jobs=client.jobs_of([task]),
        conflicts=client.conflicts(number),
        frames=client.frames(task),
    )
