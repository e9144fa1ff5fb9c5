"""What a kill left half made: finished where somebody sees it already, else deleted."""

from __future__ import annotations

from dataclasses import replace

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.creating import give_out
from auto_labeling.backends.cvat.frames import FrameTables
from auto_labeling.backends.cvat.jobs import begun, opinions
from auto_labeling.backends.cvat.marks import Mark, Stage
from auto_labeling.backends.cvat.session import Row


def repaired(client: Client, tables: FrameTables, task: Row, mark: Mark) -> bool:
    """Finish a task that was left half made where somebody sees it already, or delete it.

    Returns whether it is there now. People get their jobs when all else is done.
    """
    jobs = opinions(client.jobs_of([int(task["id"])]))
    if not any(job["assignee"] or begun(client, job) for job in jobs):
        client.delete_task(int(task["id"]))
        return False
    give_out(client, jobs, tables.read(mark.table).who)
    client.change_task(int(task["id"]), name=replace(mark, stage=Stage.MADE).name)
    for job in jobs:  # nothing is changed by it, but the next poll sees the job
        client.change_job(int(job["id"]), stage=job["stage"])
    return True
