"""What the server remembers: the tables; the records in them are found here as well."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.cvat_server.accounts import Membership, Organization, User, now
from tests.support.cvat_server.records import (
    Attribute,
    Data,
    Frame,
    Job,
    Label,
    Project,
    Shape,
    Tag,
    Task,
)
from tests.support.cvat_server.services import CloudStorage, Delivery, Request, Webhook

if TYPE_CHECKING:
    from tests.support.cvat_server.quality import Report

__all__ = [
    "Attribute",
    "CloudStorage",
    "Data",
    "Delivery",
    "Frame",
    "Job",
    "Jobs",
    "Label",
    "Membership",
    "Organization",
    "Project",
    "Request",
    "Shape",
    "Store",
    "Tag",
    "Task",
    "User",
    "Webhook",
    "now",
]


class Jobs(dict[int, Job]):
    """The table of jobs, which also finds those of a task without looking at all."""

    def __init__(self) -> None:
        super().__init__()
        self._by_task: dict[int, dict[int, Job]] = {}

    def __setitem__(self, id: int, job: Job) -> None:
        super().__setitem__(id, job)
        self._by_task.setdefault(job.task_id, {})[id] = job

    def __delitem__(self, id: int) -> None:
        del self._by_task[self[id].task_id][id]
        super().__delitem__(id)

    def of(self, task_id: int) -> list[Job]:
        """Return the jobs of a task, oldest first."""
        return list(self._by_task.get(task_id, {}).values())


class Store:
    """All tables, each by id in the order of creation; hold `lock` to read or write from a thread.

    Handlers hold it already; the work of a `Request` does not (see `work.Work.begin`).
    """

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.folder = folder
        self.users: dict[int, User] = {}
        self.organizations: dict[int, Organization] = {}
        self.memberships: dict[int, Membership] = {}
        self.projects: dict[int, Project] = {}
        self.labels: dict[int, Label] = {}
        self.tasks: dict[int, Task] = {}
        self.jobs = Jobs()
        self.clouds: dict[int, CloudStorage] = {}
        self.requests: dict[str, Request] = {}
        self.webhooks: dict[int, Webhook] = {}
        self.deliveries: dict[int, Delivery] = {}
        self.consensus_settings: dict[int, dict[str, Any]] = {}
        self.quality_settings: dict[int, dict[str, Any]] = {}
        self.quality_reports: dict[int, Report] = {}
        self._counters: dict[str, Iterator[int]] = {}

    def next_id(self, kind: str) -> int:
        """Return the next number of a kind of thing: "task", "shape", "quality_report", ..."""
        return next(self._counters.setdefault(kind, itertools.count(1)))

    def jobs_of(self, task_id: int, *types: str) -> list[Job]:
        """Return the jobs of a task, oldest first, of these types or of all."""
        return [job for job in self.jobs.of(task_id) if not types or job.type in types]

    def replicas_of(self, parent: Job) -> list[Job]:
        """Return the replicas of a consensus parent, oldest first."""
        return [job for job in self.jobs_of(parent.task_id) if job.parent_job_id == parent.id]

    def labels_of(self, task: Task) -> list[Label]:
        """Return the labels that a task's annotations may name: its project's, or its own."""
        key = ("project_id", task.project_id) if task.project_id else ("task_id", task.id)
        return [label for label in self.labels.values() if getattr(label, key[0]) == key[1]]

    def tasks_of(self, project_id: int) -> list[Task]:
        """Return the tasks of a project, oldest first."""
        return [task for task in self.tasks.values() if task.project_id == project_id]
