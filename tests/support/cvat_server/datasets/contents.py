"""What a data set holds, whatever its format: a copy of the records, taken under the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.cvat_server.records import Job, Label, Project, Shape, Tag, Task
from tests.support.cvat_server.store import Store


@dataclass(kw_only=True)
class Item:
    """A picture with what is drawn on it."""

    frame: int
    name: str
    width: int
    height: int
    path: Path
    subset: str = ""
    tags: list[Tag] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """Return the name without its ending: what annotation files are called."""
        return self.name.rpartition(".")[0] or self.name


@dataclass(kw_only=True)
class Contents:
    """Pictures in their order, and the labels that the annotations name by id."""

    labels: list[Label]
    items: list[Item]
    about: Project | Task | Job
    task: Task | None = None  # whose frames these are; None for a project
    jobs: Sequence[Job] = ()
    base: str = ""  # the address under which the server was asked

    def label(self, drawn: Tag) -> Label:
        """Return the label of an annotation."""
        return next(one for one in self.labels if one.id == drawn.label_id)

    def attributes(self, drawn: Tag) -> dict[str, str]:
        """Return the attributes of an annotation by name, with the label's defaults."""
        given = {one["spec_id"]: str(one["value"]) for one in drawn.attributes}
        return {
            one.name: given.get(one.id, one.default_value) for one in self.label(drawn).attributes
        }

    def subsets(self, default: str) -> dict[str, list[Item]]:
        """Return the items by subset, those without one under the format's own word."""
        found: dict[str, list[Item]] = {}
        for item in self.items:
            found.setdefault(item.subset or default, []).append(item)
        return found or {default: []}


def of_task(store: Store, task: Task) -> Contents:
    """Return what a task holds: no honeypots, no replicas, and of ground truth only a pool's."""
    assert task.data is not None
    kinds = ("annotation", "ground_truth") if task.validation_mode == "gt_pool" else ("annotation",)
    jobs = store.jobs_of(task.id, *kinds)
    frames = range(len(task.data.frames))
    return Contents(
        labels=store.labels_of(task),
        items=_items(task, frames, jobs),
        about=task,
        task=task,
        jobs=jobs,
    )


def of_job(store: Store, job: Job) -> Contents:
    """Return what a job holds, on its own frames."""
    task = store.tasks[job.task_id]
    items = _items(task, job.shown, [job])
    labels = store.labels_of(task)
    return Contents(labels=labels, items=items, about=job, task=task, jobs=[job])


def of_project(store: Store, project: Project) -> Contents:
    """Return what the tasks of a project hold, oldest first; those without data are left out."""
    tasks = [of_task(store, task) for task in store.tasks_of(project.id) if task.data is not None]
    return Contents(
        labels=[one for one in store.labels.values() if one.project_id == project.id],
        items=[item for one in tasks for item in one.items],
        about=project,
        jobs=[job for one in tasks for job in one.jobs],
    )


def _items(task: Task, frames: Sequence[int], jobs: Sequence[Job]) -> list[Item]:
    assert task.data is not None
    shapes = sorted((one for job in jobs for one in job.shapes), key=lambda one: one.id)
    tags = sorted((one for job in jobs for one in job.tags), key=lambda one: one.id)
    return [
        Item(
            frame=number,
            name=frame.name,
            width=frame.width,
            height=frame.height,
            path=frame.path,
            subset=task.subset,
            tags=[one for one in tags if one.frame == number],
            shapes=[one for one in shapes if one.frame == number],
        )
        for number in frames
        for frame in [task.data.frames[number]]
        if frame.real is None and number not in task.data.deleted_frames
    ]


class ImportFailed(Exception):
    """Fails an import; the text is what CVAT says after the type's name."""


@dataclass(kw_only=True)
class Read:
    """One annotation of a file: on which picture, of which label, and the fields of its record."""

    item: str  # the picture's name, with or without its ending
    label: str
    fields: Mapping[str, Any]  # of a Shape; without "type" it is a tag
    attributes: Mapping[str, str] = field(default_factory=dict)
