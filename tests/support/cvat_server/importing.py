"""Imports of annotations into a task or a job: one file, in chunks, read in the background."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.cvat_server import tus
from tests.support.cvat_server.accounts import now
from tests.support.cvat_server.datasets import coco, cvat_xml, voc, yolo
from tests.support.cvat_server.datasets.contents import ImportFailed, Read
from tests.support.cvat_server.http import Answer, Call, Refused, Routes
from tests.support.cvat_server.permissions import edit_task, see_job
from tests.support.cvat_server.records import Job, Label, Shape, Tag, Task
from tests.support.cvat_server.services import Request
from tests.support.cvat_server.store import Store
from tests.support.cvat_server.work import Failed

ROUTES = Routes()
Sizes = Mapping[str, tuple[int, int]]
# The formats that the server takes; those without a reader fail the request.
FORMATS: dict[str, Callable[[Mapping[str, bytes], Sizes], list[Read]] | None] = {
    "COCO 1.0": lambda files, sizes: coco.read(files),
    "CVAT 1.1": lambda files, sizes: cvat_xml.read(files),
    "PASCAL VOC 1.1": lambda files, sizes: voc.read(files),
    "YOLO 1.1": yolo.read,
    "Datumaro 1.0": None,
    "Segmentation mask 1.1": None,
    "Ultralytics YOLO Detection 1.0": None,
}
ALONE = {"COCO 1.0": "default.json", "CVAT 1.1": "annotations.xml"}  # a file that is no zip
ERROR = "cvat.apps.dataset_manager.bindings.CvatImportError"


@ROUTES.add("POST", "/api/tasks/{id:int}/annotations/")
def import_task(call: Call, id: int) -> Answer:
    """Take one of the calls that an import is made of."""
    task = edit_task(call, id)
    return _take(call, "task", task, call.store.jobs_of(id, "annotation"))


@ROUTES.add("POST", "/api/jobs/{id:int}/annotations/")
def import_job(call: Call, id: int) -> Answer:
    """Take one of the calls that an import is made of."""
    job = see_job(call, id)
    return _take(call, "job", call.store.tasks[job.task_id], [job])


@ROUTES.add("PATCH", "/api/{kind}/{id:int}/annotations/{number}")
def append(call: Call, kind: str, id: int, number: str) -> Answer:
    """Take a chunk of the file."""
    return tus.append(call, _slot(call, kind, id), number)


@ROUTES.add("HEAD", "/api/{kind}/{id:int}/annotations/{number}")
def tell(call: Call, kind: str, id: int, number: str) -> Answer:
    """Say how much of the file has arrived."""
    return tus.tell(_slot(call, kind, id), number)


def _slot(call: Call, kind: str, id: int) -> tus.Slot:
    if kind not in ("tasks", "jobs"):
        raise Refused(404, {"detail": "Not found."})
    if kind == "tasks":
        edit_task(call, id)
    else:
        see_job(call, id)
    return call.server.uploads.slot(f"{kind[:-1]}/{id}/annotations")


def _take(call: Call, kind: str, task: Task, jobs: Sequence[Job]) -> Answer:
    about = task.id if kind == "task" else jobs[0].id
    slot = call.server.uploads.slot(f"{kind}/{about}/annotations")
    if "upload-start" in call.headers:
        return Answer(202)
    if "tus-resumable" in call.headers:
        return tus.create(call, slot, generated=True)
    name, kind_of_file = call.query.get("filename", ""), call.query.get("format", "")
    if kind_of_file not in FORMATS:
        raise Refused(400, [f"Unknown input format '{kind_of_file}'"])
    if name not in slot.files:
        raise Refused(400, ["No such file has been uploaded"])
    path = slot.files.pop(name)
    operation = {
        "type": "import:annotations",
        "target": kind,
        "project_id": task.project_id,
        "task_id": task.id,
        "job_id": about if kind == "job" else None,
    }

    def act(request: Request) -> None:
        _read_in(call.store, task, jobs, kind_of_file, path)

    rq_id = f"action=import&target={kind}&target_id={about}&subresource=annotations"
    return Answer(202, {"rq_id": call.server.work.begin(rq_id, operation, call.user, act).id})


def _read_in(store: Store, task: Task, jobs: Sequence[Job], format: str, path: Path) -> None:
    """Replace the annotations of the jobs by those of a file; a file that fails changes nothing."""
    read = FORMATS[format]
    if read is None:
        raise Failed(f"NotImplementedError: this server does not read {format}\n")
    assert task.data is not None
    frames = {_stem(one.name): at for at, one in enumerate(task.data.frames) if one.real is None}
    sizes = {_stem(one.name): (one.width, one.height) for one in task.data.frames}
    try:
        found = read(_files(path, format), sizes)
        with store.lock:
            labels = {label.name: label for label in store.labels_of(task)}
            drawn = [_record(store, one, at, frames, labels) for at, one in enumerate(found)]
            _replace(task, jobs, drawn)
    except ImportFailed as why:
        raise Failed(f"{ERROR}: {why}\n") from None


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _files(path: Path, format: str) -> dict[str, bytes]:
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        if format not in ALONE:
            raise ImportFailed("File is not a zip file")
        return {ALONE[format]: content}
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def _record(
    store: Store, one: Read, at: int, frames: Mapping[str, int], labels: Mapping[str, Label]
) -> Tag:
    """Return the record of an annotation; names are matched exactly."""
    stem = _stem(one.item) if one.item not in frames else one.item
    if stem not in frames:
        raise ImportFailed(f"Could not match item id: '{stem}' with any task frame")
    kind = {"rectangle": "bbox", None: "label"}.get(one.fields.get("type"), one.fields.get("type"))
    if one.label not in labels:
        why = f"Label '{one.label}' is not registered for this task"
        raise ImportFailed(f"Image {stem}: can't import annotation #{at} ({kind}): {why}")
    label = labels[one.label]
    specs = {attribute.name: attribute.id for attribute in label.attributes}
    told: dict[str, Any] = {
        "group": 0,
        **one.fields,
        "frame": frames[stem],
        "label_id": label.id,
        "source": "file",
        "attributes": [
            {"spec_id": specs[name], "value": value}
            for name, value in one.attributes.items()
            if name in specs
        ],
    }
    if "type" in told:
        return Shape(id=store.next_id("shape"), **told)
    return Tag(id=store.next_id("tag"), **told)


def _replace(task: Task, jobs: Sequence[Job], drawn: Sequence[Tag]) -> None:
    for job in jobs:
        here = [one for one in drawn if one.frame in job.shown]
        job.shapes = [one for one in here if isinstance(one, Shape)]
        job.tags = [one for one in here if not isinstance(one, Shape)]
        job.tracks = []
        job.updated = now()
    task.updated = now()
