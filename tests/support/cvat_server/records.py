"""Records of the work: projects, labels, tasks, jobs and what was drawn in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.cvat_server.accounts import Organization, User, now


@dataclass(eq=False, kw_only=True)
class Attribute:
    """An attribute of a label; annotations name it by its id as `spec_id`."""

    id: int
    name: str
    mutable: bool = False
    input_type: str = "text"
    default_value: str = ""
    values: list[str] = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Label:
    """A label of a project, or of a task outside projects: exactly one of the two ids is set."""

    id: int
    name: str
    color: str
    type: str = "any"
    attributes: list[Attribute] = field(default_factory=list)
    project_id: int | None = None
    task_id: int | None = None


@dataclass(eq=False, kw_only=True)
class Project:
    """A project; its labels and tasks name it by its id."""

    id: int
    name: str
    owner: User
    organization: Organization | None = None
    assignee: User | None = None
    assignee_updated: datetime | None = None
    bug_tracker: str = ""
    source_storage: dict[str, Any] | None = None
    target_storage: dict[str, Any] | None = None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Frame:
    """One picture of a task, at its place in `Data.frames`; sizes are those after EXIF rotation."""

    name: str
    path: Path  # where the bytes lie that were uploaded
    width: int
    height: int
    real: int | None = None  # honeypots: the frame of the validation pool that is shown here


@dataclass(eq=False, kw_only=True)
class Data:
    """The pictures of a task."""

    id: int
    frames: list[Frame]
    image_quality: int = 70
    chunk_size: int = 72
    storage: str = "local"  # local, share or cloud_storage
    cloud_storage_id: int | None = None
    sorting_method: str = "lexicographical"
    deleted_frames: list[int] = field(default_factory=list)
    made: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Task:
    """A task; `data` is None until its creation request has finished."""

    id: int
    name: str
    owner: User
    project_id: int | None = None
    organization: Organization | None = None
    assignee: User | None = None
    assignee_updated: datetime | None = None
    bug_tracker: str = ""
    subset: str = ""
    overlap: int | None = None
    segment_size: int = 0
    consensus_replicas: int = 0
    source_storage: dict[str, Any] | None = None
    target_storage: dict[str, Any] | None = None
    validation_mode: str | None = None  # None, gt or gt_pool
    data: Data | None = None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)


@dataclass(eq=False, kw_only=True)
class Tag:
    """A label on a whole frame."""

    id: int
    frame: int
    label_id: int
    group: int | None = None
    source: str = "manual"
    attributes: list[dict[str, Any]] = field(default_factory=list)  # {"spec_id", "value"}


@dataclass(eq=False, kw_only=True)
class Shape(Tag):
    """A drawn shape; `points` are CVAT's own, a mask's its runs and left, top, right, bottom."""

    type: str
    points: list[float]
    rotation: float = 0.0
    occluded: bool = False
    outside: bool = False
    z_order: int = 0
    # None: not given, in what a client wants deleted; what is stored has a list
    elements: list[dict[str, Any]] | None = field(default_factory=list)


@dataclass(eq=False, kw_only=True)
class Job:
    """A segment of a task given to one person, with what was drawn in it.

    `type` is annotation, ground_truth or consensus_replica. `frames` are the task's frame numbers
    where the job is not simply start..stop (ground truth); annotations name task frames always.
    """

    id: int
    task_id: int
    start: int
    stop: int
    frames: list[int] | None = None
    type: str = "annotation"
    stage: str = "annotation"
    state: str = "new"
    parent_job_id: int | None = None
    consensus_replicas: int = 0  # a parent's number of replicas
    assignee: User | None = None
    assignee_updated: datetime | None = None
    source_storage: dict[str, Any] | None = None
    target_storage: dict[str, Any] | None = None
    tags: list[Tag] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    tracks: list[dict[str, Any]] = field(default_factory=list)  # as given, with ids
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)

    @property
    def shown(self) -> list[int]:
        """Return the task's frame numbers that belong to the job."""
        return list(range(self.start, self.stop + 1)) if self.frames is None else self.frames
