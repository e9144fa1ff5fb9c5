"""Withdrawing a task without ever deleting an answer.

The server has no delete that stops at an answered task, and somebody may be at work while we look.
So a task is renamed and taken from people's lists, but what is finished in it all the same is read.
What has stayed empty for a day is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import begun, opinions
from auto_labeling.backends.cvat.marks import Stage, mark_in
from auto_labeling.backends.cvat.project import Prepared
from auto_labeling.backends.cvat.session import Row

_EMPTY_FOR = timedelta(days=1)


def withdraw(client: Client, prepared: Prepared, ids: Collection[int]) -> set[int]:
    """Withdraw these tasks where nobody has begun, and return those in which somebody has."""
    if not ids:
        return set()
    rows = client.tasks(prepared.project, ids)
    jobs = _jobs(client, rows)
    answered = {task for task, group in jobs.items() if any(begun(client, job) for job in group)}
    for row in rows:
        task = int(row["id"])
        mark = mark_in(row["name"], prepared.campaign)
        if task in answered or mark is None:
            continue
        if mark.stage is not Stage.WITHDRAWN:
            client.change_task(task, name=replace(mark, stage=Stage.WITHDRAWN).name)
        for job in jobs[task]:
            if job["assignee"]:
                client.change_job(int(job["id"]), assignee=None)
        if any(begun(client, job) for job in opinions(client.jobs_of([task]))):  # in between
            _restore(client, row, jobs[task])
            answered.add(task)
    _clear(client, prepared)
    return answered


def _restore(client: Client, row: Row, jobs: Sequence[Row]) -> None:
    for job in jobs:
        if job["assignee"]:
            client.change_job(int(job["id"]), assignee=int(job["assignee"]["id"]))
    client.change_task(int(row["id"]), name=row["name"])


def _jobs(client: Client, rows: Sequence[Row]) -> dict[int, list[Row]]:
    """Return task -> the jobs that people answer."""
    found: dict[int, list[Row]] = {int(row["id"]): [] for row in rows}
    for job in client.jobs_of(found):
        found[int(job["task_id"])].append(job)
    return {task: opinions(group) for task, group in found.items()}


def _clear(client: Client, prepared: Prepared) -> None:
    """Delete what was withdrawn a day ago and is still empty."""
    long_ago = datetime.now(UTC) - _EMPTY_FOR
    rows = client.tasks_named(prepared.project, [f"{prepared.campaign} {Stage.WITHDRAWN} "])
    idle = [row for row in rows if datetime.fromisoformat(row["updated_date"]) < long_ago]
    for task, group in _jobs(client, idle).items():
        if not any(begun(client, job) for job in group):
            client.delete_task(task)
