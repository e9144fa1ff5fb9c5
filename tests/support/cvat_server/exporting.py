"""Exports of a task, a job or a project: asked for, made in the background, fetched."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from urllib.parse import quote

from tests.support.cvat_server.datasets import coco, cvat_xml, voc, yolo
from tests.support.cvat_server.datasets.contents import Contents, of_job, of_project, of_task
from tests.support.cvat_server.http import Answer, Call, Refused, Routes
from tests.support.cvat_server.permissions import see_job, see_project, see_task
from tests.support.cvat_server.records import Job, Project, Task
from tests.support.cvat_server.services import Request
from tests.support.cvat_server.work import Failed

ROUTES = Routes()
# The formats that the server offers; those without a writer fail the request.
FORMATS: dict[str, ModuleType | None] = {
    "COCO 1.0": coco,
    "CVAT for images 1.1": cvat_xml,
    "PASCAL VOC 1.1": voc,
    "YOLO 1.1": yolo,
    "Datumaro 1.0": None,
    "Segmentation mask 1.1": None,
    "Ultralytics YOLO Detection 1.0": None,
}


@dataclass(frozen=True, kw_only=True)
class Export:
    """What is exported, and how."""

    kind: str  # task, job or project
    about: Task | Job | Project
    contents: Callable[[], Contents]
    format: str
    images: bool

    @property
    def file_name(self) -> str:
        """Return what the file is called, with the time of the last change."""
        part = "dataset" if self.images else "annotations"
        when = self.about.updated.strftime("%Y_%m_%d_%H_%M_%S")
        return f"{self.kind}_{self.about.id}_{part}_{when}_{self.format.lower()}.zip"


@ROUTES.add("POST", "/api/tasks/{id:int}/dataset/export")
def export_task(call: Call, id: int) -> Answer:
    """Ask for a task's export."""
    task = see_task(call, id)
    return _begin(call, "task", task, lambda: of_task(call.store, task))


@ROUTES.add("POST", "/api/jobs/{id:int}/dataset/export")
def export_job(call: Call, id: int) -> Answer:
    """Ask for a job's export."""
    job = see_job(call, id)
    return _begin(call, "job", job, lambda: of_job(call.store, job))


@ROUTES.add("POST", "/api/projects/{id:int}/dataset/export")
def export_project(call: Call, id: int) -> Answer:
    """Ask for a project's export."""
    project = see_project(call, id)
    return _begin(call, "project", project, lambda: of_project(call.store, project))


@ROUTES.add("GET", "/api/tasks/{id:int}/dataset/download")
def download_task(call: Call, id: int) -> Answer:
    """Send the file of a finished export."""
    return _download(call, "task", see_task(call, id))


@ROUTES.add("GET", "/api/jobs/{id:int}/dataset/download")
def download_job(call: Call, id: int) -> Answer:
    """Send the file of a finished export."""
    return _download(call, "job", see_job(call, id))


@ROUTES.add("GET", "/api/projects/{id:int}/dataset/download")
def download_project(call: Call, id: int) -> Answer:
    """Send the file of a finished export."""
    return _download(call, "project", see_project(call, id))


def _begin(
    call: Call, kind: str, about: Task | Job | Project, contents: Callable[[], Contents]
) -> Answer:
    name = call.query.get("format", "")
    if name not in FORMATS:
        raise Refused(400, ["Unknown format specified for the request"])
    images = call.query.get("save_images", "").lower() == "true"
    export = Export(kind=kind, about=about, contents=contents, format=name, images=images)
    part = "dataset" if images else "annotations"
    written = name.replace(" ", "_").replace(".", "~")
    rq_id = (
        f"action=export&target={kind}&target_id={about.id}&user_id={call.user.id}"
        f"&format={written}&subresource={part}"
    )
    url = f"/api/{kind}s/{about.id}/dataset/download?rq_id={quote(rq_id, safe='~')}"
    operation = {"type": f"export:{part}", "target": kind, "format": name, **_ids(call, about)}
    base = call.base

    def act(request: Request) -> None:
        _write(call, export, request, base)
        request.result_url = url

    return Answer(202, {"rq_id": call.server.work.begin(rq_id, operation, call.user, act).id})


def _ids(call: Call, about: Task | Job | Project) -> dict[str, int | None]:
    if isinstance(about, Project):
        return {"project_id": about.id}
    task = call.store.tasks[about.task_id] if isinstance(about, Job) else about
    ids = {"project_id": task.project_id, "task_id": task.id}
    return ids | ({"job_id": about.id} if isinstance(about, Job) else {})


def _write(call: Call, export: Export, request: Request, base: str) -> None:
    with call.store.lock:
        if isinstance(export.about, Task) and export.about.data is None:
            raise Failed("AttributeError: 'NoneType' object has no attribute 'validation_mode'\n")
        contents = export.contents()
        contents.base = base
        name = export.file_name
    writer = FORMATS[export.format]
    if writer is None:
        raise Failed(f"NotImplementedError: this server does not write {export.format}\n")
    folder = call.store.folder / "exports" / str(call.store.next_id("export"))
    folder.mkdir(parents=True)
    request.result = folder / name
    with zipfile.ZipFile(request.result, "w", zipfile.ZIP_DEFLATED) as file:
        for path, content in writer.write(contents).items():
            file.writestr(path, content)
        for item in contents.items if export.images else ():
            file.write(item.path, writer.image(item))


def _download(call: Call, kind: str, about: Task | Job | Project) -> Answer:
    rq_id = call.query.get("rq_id", "")
    request = call.store.requests.get(rq_id)
    if request is None or not rq_id.startswith(
        f"action=export&target={kind}&target_id={about.id}&"
    ):
        raise Refused(404, "Unknown export request id")
    if request.result is None or request.status != "finished":
        raise Refused(400, "The export process is not finished")
    named = f'attachment; filename="{request.result.name}"'
    return Answer(
        file=request.result,
        content_type="application/zip",
        headers={"Content-Disposition": named},
    )
