"""A project that others made in a CVAT: tasks of any shape, and people who finish their jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cvat_sdk import Client, Config
from PIL import Image

from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.backends.cvat.waiting import reason_of_failure
from tests.cvat.people import Office

Row = dict[str, Any]
SIZE = (32, 24)


@dataclass
class Site:
    """A project, and whoever works in it."""

    office: Office
    project: int

    @classmethod
    def of(cls, office: Office, classes: Sequence[str], kind: str = "tag") -> Site:
        """Make a project whose labels are of one type."""
        labels = [{"name": name, "type": kind, "attributes": []} for name in classes]
        made = office.call("POST", "/api/projects", {"name": "pets", "labels": labels})
        office.projects.append(int(made["id"]))
        return cls(office, int(made["id"]))

    def client(self) -> HandClient:
        """Return a connection as the administrator."""
        admin = self.office.admin
        return HandClient(self.office.url, lambda: admin.password, user=admin.name)

    def task(self, pictures: Mapping[str, Path], **settings: Any) -> int:
        """Make a task that shows pictures under these names, and return its number."""
        client = self.client()
        told = {"name": "a task", "project_id": self.project, "overlap": 0, **settings}
        task = int(client.make_task(**told)["id"])
        request = client.upload(task, list(pictures.items()), {"image_quality": 95})
        assert reason_of_failure(client, request, "a task") is None
        return task

    def task_with_honeypots(self, pictures: Sequence[Path], chosen: Sequence[str]) -> int:
        """Make a task with jobs of three pictures of its own, and these pictures once more."""
        told = {"mode": "gt_pool", "frame_selection_method": "manual", "frames_per_job_count": 2}
        admin, config = self.office.admin, Config(status_check_period=0.01)
        with Client(self.office.url, config=config) as client:
            client.login((admin.name, admin.password))
            made = client.tasks.create_from_data(
                spec={"name": "pots", "project_id": self.project, "segment_size": 3, "overlap": 0},
                resources=list(pictures),
                data_params={
                    "image_quality": 95,
                    "sorting_method": "random",
                    "validation_params": {**told, "frames": list(chosen)},
                },
            )
        return int(made.id)

    def jobs(self, task: int, kind: str = "annotation") -> list[Row]:
        """Return the jobs of a type, oldest first."""
        return [job for job in self.office.jobs(task) if job["type"] == kind]

    def give(self, job: Mapping[str, Any], person: int) -> None:
        """Give a job to somebody of the crew."""
        number = self.office.call("GET", "/api/users/self", who=self.office.crew[person])["id"]
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"assignee": number})

    def answer(
        self,
        job: Mapping[str, Any],
        tags: Mapping[int, Sequence[str]],
        person: int | None = None,
        state: str = "completed",
        shapes: Sequence[Row] = (),
        tracks: Sequence[Row] = (),
    ) -> None:
        """Give frames their tags, as somebody whose job it becomes, or as the administrator."""
        if person is not None:
            self.give(job, person)
        labels = self.office.labels(self.project)
        rows = [
            {"frame": frame, "label_id": labels[name], "source": "manual", "attributes": []}
            for frame, names in tags.items()
            for name in names
        ]
        drawn, filmed = (
            [{**row, "label_id": labels[row["label_id"]]} for row in some]
            for some in (shapes, tracks)
        )
        body = {"version": 0, "tags": rows, "shapes": drawn, "tracks": filmed}
        who = None if person is None else self.office.crew[person]
        self.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body, who=who)
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": state}, who=who)


def noise(folder: Path, many: int, seed: int = 0) -> tuple[dict[str, Path], list[str]]:
    """Draw pictures, no two alike, that are dark or light by turns; return them, and which."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    pictures: dict[str, Path] = {}
    shades = ["dark" if at % 2 else "light" for at in range(many)]
    for at, shade in enumerate(shades):
        level = 60 if shade == "dark" else 190
        coarse = (level + rng.integers(-45, 46, size=(6, 8))).astype(np.uint8)
        path = folder / f"{seed}-{at:02d}.png"
        Image.fromarray(coarse).resize(SIZE, Image.Resampling.NEAREST).save(path)
        pictures[path.name] = path
    return pictures, shades
