"""Somebody's job into somebody else's hands, unless it is begun."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import begun, opinions
from auto_labeling.backends.cvat.people import People, assignee
from auto_labeling.backends.cvat.session import Row

_AT_WORK = timedelta(hours=1)
"""How long after opening a job somebody may sit over it and not have saved: they could not then."""


def pass_on(client: Client, people: People, task: int, giver: str, taker: str) -> bool:
    """Give the giver's job of a task to the taker, and return whether that was done."""
    for job in opinions(client.jobs_of([task])):
        if assignee(job) == giver.lower():
            if _is_open(job) or begun(client, job):
                return False
            client.change_job(int(job["id"]), assignee=people.number(taker))
            return True
    return False


def _is_open(job: Row) -> bool:
    touched = datetime.fromisoformat(job["updated_date"])
    return job["state"] == "in progress" and datetime.now(UTC) - touched < _AT_WORK
