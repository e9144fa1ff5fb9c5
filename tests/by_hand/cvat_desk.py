"""A script's client of a CVAT, what it has made there, and people who answer."""

from __future__ import annotations

import itertools
import uuid
from pathlib import Path
from typing import Any

from PIL import Image

from auto_labeling import CVATClient
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.shapes import Box
from tests.cvat.people import Office

CAR = Box(label="car", x=0.25, y=0.5, width=0.5, height=0.25)
names = (f"by hand {uuid.uuid4().hex[:8]}" for _ in itertools.count())
"""Of tasks: every test has its own."""


class Desk:
    """A script's client, and the tasks that it has made."""

    def __init__(self, office: Office, folder: Path) -> None:
        self.office = office
        self.folder = folder
        admin = office.admin
        self.client = CVATClient(office.url, (admin.name, admin.password))
        self.made: set[int] = set()

    def task(self, *labels: Any, **told: Any) -> int:
        """Make a task of a name of its own."""
        number = self.client.create_task(next(names), labels or ["car", "van"], **told)
        self.made.add(number)
        return number

    def pictures(self, n: int = 3, size: tuple[int, int] = (200, 100)) -> list[Path]:
        paths = [self.folder / "street" / f"{at}.png" for at in range(n)]
        for at, path in enumerate(paths):
            path.parent.mkdir(exist_ok=True)
            Image.new("RGB", size, (at, 0, 0)).save(path)
        return paths

    def jobs(self, task: int) -> list[dict[str, Any]]:
        return opinions(self.office.jobs(task))

    def there(self, job: dict[str, Any]) -> dict[str, Any]:
        return dict(self.office.call("GET", f"/api/jobs/{job['id']}/annotations/"))

    def frames(self, task: int) -> list[str]:
        meta = self.office.call("GET", f"/api/tasks/{task}/data/meta")
        return [one["name"] for one in meta["frames"]]

    def label(self, task: int, name: str) -> int:
        rows = self.office.call("GET", "/api/labels", task_id=task, page_size=100)["results"]
        return next(int(row["id"]) for row in rows if row["name"] == name)

    def draw(self, job: dict[str, Any], *drawn: tuple[int, str, Any]) -> None:
        """Let somebody say on frames: a tag, or a shape with its type and its points."""
        body: dict[str, Any] = {"version": 0, "tags": [], "shapes": [], "tracks": []}
        for frame, name, shape in drawn:
            row = {"frame": frame, "label_id": self.label(job["task_id"], name), "attributes": []}
            body["tags" if shape is None else "shapes"].append(row | (shape or {}))
        self.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body)

    def finish(self, job: dict[str, Any], *drawn: tuple[int, str, Any]) -> None:
        self.draw(job, *drawn)
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"})


def box(*points: float) -> dict[str, Any]:
    return {"type": "rectangle", "points": list(points)}
