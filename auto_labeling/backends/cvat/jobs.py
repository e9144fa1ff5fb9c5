"""The jobs of a task: which of them people answer, and how far they have come."""

from __future__ import annotations

from collections.abc import Sequence

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.session import Row

_REPLICAS = frozenset({"replica", "consensus_replica"})
"""What servers call the copies of a job for further opinions, from version 2.80 on and before."""
_COMPLETED = "completed"


def opinions(jobs: Sequence[Row]) -> list[Row]:
    """Return the jobs of one task that people answer, first opinion first.

    The parent of replicas is a picture of them, and a ground-truth job is none of ours.
    """
    ours = [job for job in jobs if job["type"] in _REPLICAS]
    ours = ours or [job for job in jobs if job["type"] == "annotation"]
    return sorted(ours, key=lambda job: int(job["id"]))


def is_answer(job: Row) -> bool:
    """Return whether people answer a job, which the parent of replicas never is."""
    replicas = job.get("consensus_replicas") or job.get("replicas_count")
    return job["type"] in _REPLICAS or (job["type"] == "annotation" and not replicas)


def finished(job: Row, *, review: bool) -> bool:
    """Return whether the answers of a job may be read."""
    if review:
        return bool(job["stage"] == "acceptance" and job["state"] == _COMPLETED)
    return bool(job["stage"] != "annotation" or job["state"] == _COMPLETED)


def begun(client: Client, job: Row) -> bool:
    """Return whether anybody drew or finished anything in a job.

    Opening it does not count, and neither does what a model suggested.
    """
    if job["stage"] != "annotation" or job["state"] in (_COMPLETED, "rejected"):
        return True
    return bool(drawn_by_people(client.annotations(int(job["id"]))))


def drawn_by_people(there: Row) -> list[Row]:
    """Return what of the annotations of a job is not as a model suggested it."""
    drawn = [*there["tags"], *there["shapes"], *there["tracks"]]
    return [one for one in drawn if one["source"] != "auto"]
