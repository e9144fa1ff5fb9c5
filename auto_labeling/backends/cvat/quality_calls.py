"""The calls of CVAT's quality estimation: ground truth, reports, and what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.backends.cvat.session import Row
from auto_labeling.formats.cvat.quality import TRUTH


class QualityClient(HandClient):
    """A connection to one server, for what it measures itself."""

    def newest_report(self, task: int) -> Row | None:
        """Return the newest report about a task; None where there is none."""
        what = f"the quality reports of task {task}"
        told = {"task_id": task, "target": "task", "page_size": 1}  # newest first
        found = self._call("quality_api.list_reports", what, **told)
        return next(iter(found["results"]), None)

    def report(self, report: int) -> Row:
        """Return a report."""
        return self._call("quality_api.retrieve_report", f"quality report {report}", id=report)

    def report_parts(self, task: int, report: int) -> Iterator[Row]:
        """Yield the parts of a report that are about jobs."""
        what = f"the parts of quality report {report}"
        told = {"task_id": task, "parent_id": report, "target": "job"}
        return self._pages("quality_api.list_reports", what, **told)

    def conflicts(self, report: int) -> Iterator[Row]:
        """Yield where annotations and ground truth differ."""
        what = f"the conflicts of quality report {report}"
        return self._pages("quality_api.list_conflicts", what, report_id=report)

    def ask_for_report(self, task: int) -> str:
        """Have the jobs of a task compared with its ground truth; return a request's id."""
        told = {"quality_report_create_request": {"task_id": task}}
        what = f"the quality of task {task}"
        return str(self._call("quality_api.create_report", what, **told)["rq_id"])

    def report_request(self, task: int) -> str:
        """Return the id of the request by which a report about a task is made."""
        return f"action=calculate&target=task&target_id={task}&subresource=quality"

    def make_truth(self, task: int, frames: Sequence[int]) -> Row:
        """Make the job that holds the ground truth of these frames of a task, and return it."""
        told = {"type": TRUTH, "task_id": task, "frame_selection_method": "manual"}
        body = {"job_write_request": {**told, "frames": list(frames)}}
        return self._call("jobs_api.create", f"the ground truth of task {task}", **body)

    def validation_layout(self, task: int) -> Row:
        """Return which frames of a task show its ground truth, and which show it once more."""
        what = f"the validation of task {task}"
        return self._call("tasks_api.retrieve_validation_layout", what, id=task)
