"""CVAT's own merge of replicas, for those who look at the parent there; we never read it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import finished, opinions
from auto_labeling.backends.cvat.session import Row
from auto_labeling.errors import RejectedError, TransientError


def merge_finished(client: Client, tasks: Collection[int]) -> None:
    """Have the parents filled of those tasks whose replicas are all finished."""
    by_task: dict[int, list[Row]] = {}
    for job in client.jobs_of(tasks):
        by_task.setdefault(int(job["task_id"]), []).append(job)
    for task, jobs in by_task.items():
        replicas = opinions(jobs)
        parents = [job for job in jobs if job["type"] == "annotation" and job not in replicas]
        waiting = any(not finished(parent, review=False) for parent in parents)
        if waiting and all(finished(job, review=False) for job in replicas):
            # Nobody's answers wait for a picture of them; the next look at all jobs tries again.
            with suppress(RejectedError, TransientError):
                client.merge(task)
