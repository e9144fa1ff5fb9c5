"""CVAT's reports, read as a real server wrote them."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from auto_labeling.formats.cvat.quality import Measured, read_quality
from tests.cvat.recordings import recorded

FRAMES = [{"name": f"img_{at}.png"} for at in range(5)]


def of(step: int) -> Any:
    """Return what the real server answered."""
    [found] = [one for one in recorded("11") if one["seq"] == step]
    return json.loads(json.dumps(found["response_json"]))


def jobs() -> list[dict[str, Any]]:
    """Return the jobs as the report found them."""
    found: list[dict[str, Any]] = of(8)["results"]
    touched = {part["job_id"]: part["target_last_updated"] for part in of(25)["results"]}
    for job in found:
        job["updated_date"] = touched.get(job["id"], of(22)["gt_last_updated"])
    return found


def test_a_report_of_a_real_server_is_read() -> None:
    found = read_quality(of(22), of(25)["results"], jobs(), of(26)["results"], FRAMES)
    assert (found.task_id, found.report_id) == (141, 47)
    whole = found.measured
    assert (whole.frames, whole.accuracy, whole.precision, whole.recall) == (2, 0.5, 0.5, 0.5)
    assert whole.conflicts == {"mismatching_label": 1}
    # The third job has no frame with ground truth.
    assert [(job.job_id, job.measured.accuracy) for job in found.jobs] == [(296, 1.0), (297, 0.0)]
    assert not any(job.stale for job in found.jobs)
    [conflict] = found.conflicts
    assert (conflict.picture, conflict.kind, conflict.severity, conflict.job_id) == (
        "img_3.png",
        "mismatching_label",
        "error",
        297,
    )
    assert found.people == {}  # the jobs are nobody's


def test_whose_a_job_was_when_it_was_measured_goes_before_whose_it_is() -> None:
    parts, now = of(25)["results"], jobs()
    for job in now:
        job["assignee"] = {"username": "Li"}
    parts[2]["assignee"] = {"username": "Mia"}
    found = read_quality(of(22), parts, now)
    assert {who: one.accuracy for who, one in found.people.items()} == {"li": 0.0, "mia": 1.0}
    assert found.people["li"].conflicts == {"mismatching_label": 1}


@pytest.mark.parametrize("at", [1, 3])  # a job, and the ground truth
def test_what_was_changed_since_is_said(at: int) -> None:
    now = sorted(jobs(), key=lambda job: int(job["id"]))
    now[at]["updated_date"] = "2026-11-22T00:00:00Z"
    found = read_quality(of(22), of(25)["results"], now)
    stale = [job.job_id for job in found.jobs if job.stale]
    assert stale == ([297] if at == 1 else [296, 297])


def test_of_nothing_there_is_no_share() -> None:
    empty = Measured()
    assert all(math.isnan(one) for one in (empty.accuracy, empty.precision, empty.recall))
