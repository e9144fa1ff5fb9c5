"""Frames: what is known of them, and the pictures themselves."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

from tests.support.cvat_server import pictures
from tests.support.cvat_server.http import Answer, Call, Refused, Routes, ServerError
from tests.support.cvat_server.permissions import edit_job, edit_task, see_job, see_task
from tests.support.cvat_server.shown import moment
from tests.support.cvat_server.store import Data, Frame, Job, Task

ROUTES = Routes()


def _data(task: Task) -> Data:
    """Return the data of a task; without any the server breaks with 500, as recorded."""
    if task.data is None:
        raise ServerError
    return task.data


@ROUTES.add("GET", "/api/tasks/{id:int}/data/meta")
def task_meta(call: Call, id: int) -> Answer:
    """Show what is known of a task's frames."""
    return _task_meta(_data(see_task(call, id)))


def _task_meta(data: Data) -> Answer:
    return Answer(body=_meta(data, 0, len(data.frames) - 1, len(data.frames), None))


@ROUTES.add("PATCH", "/api/tasks/{id:int}/data/meta")
def change_task_meta(call: Call, id: int) -> Answer:
    """Delete frames from a task, or take them back (not recorded)."""
    data = _data(edit_task(call, id))
    data.deleted_frames = sorted(call.json().get("deleted_frames", data.deleted_frames))
    return _task_meta(data)


@ROUTES.add("GET", "/api/jobs/{id:int}/data/meta")
def job_meta(call: Call, id: int) -> Answer:
    """Show what is known of a job's frames; those that are not in it are placeholders."""
    job = see_job(call, id)
    return _job_meta(job, _data(call.store.tasks[job.task_id]))


def _job_meta(job: Job, data: Data) -> Answer:
    return Answer(body=_meta(data, job.start, job.stop, len(job.shown), job.frames))


@ROUTES.add("PATCH", "/api/jobs/{id:int}/data/meta")
def change_job_meta(call: Call, id: int) -> Answer:
    """Delete frames from a job, or take them back (not recorded)."""
    job = edit_job(call, id)
    data = _data(call.store.tasks[job.task_id])
    given = [frame for frame in call.json().get("deleted_frames", ()) if frame in job.shown]
    others = [frame for frame in data.deleted_frames if frame not in job.shown]
    data.deleted_frames = sorted([*others, *given])
    return _job_meta(job, data)


def _meta(
    data: Data, start: int, stop: int, size: int, included: Sequence[int] | None
) -> dict[str, Any]:
    def row(number: int) -> dict[str, Any]:
        frame = data.frames[number]
        hidden = included is not None and number not in included
        return {
            "width": frame.width,
            "height": frame.height,
            "name": "placeholder.jpg" if hidden else frame.name,
            "related_files": 0,
            "has_related_context": False,
        }

    return {
        "chapters": None,
        "chunks_updated_date": moment(data.made),
        "chunk_size": data.chunk_size,
        "size": size,
        "image_quality": data.image_quality,
        "start_frame": start,
        "stop_frame": stop,
        "frame_filter": "",
        "frames": [row(number) for number in range(start, stop + 1)],
        "deleted_frames": [one for one in data.deleted_frames if start <= one <= stop],
        "included_frames": included,
        "storage": data.storage,
        "cloud_storage_id": data.cloud_storage_id,
    }


@ROUTES.add("GET", "/api/tasks/{id:int}/data/")
def task_data(call: Call, id: int) -> Answer:
    """Show a frame of a task, or a chunk of them."""
    data = _data(see_task(call, id))
    return _asked(call, data, list(range(len(data.frames))), None)


@ROUTES.add("GET", "/api/jobs/{id:int}/data")
def job_data(call: Call, id: int) -> Answer:
    """Show a frame of a job, or a chunk of them (not recorded, but for the shape of the call)."""
    job = see_job(call, id)
    data = _data(call.store.tasks[job.task_id])
    return _asked(call, data, list(range(job.start, job.stop + 1)), job)


@ROUTES.add("GET", "/api/tasks/{id:int}/preview")
def task_preview(call: Call, id: int) -> Answer:
    """Show the first frame of a task."""
    data = _data(see_task(call, id))
    return _picture(data, data.frames[0], "compressed")


@ROUTES.add("GET", "/api/jobs/{id:int}/preview")
def job_preview(call: Call, id: int) -> Answer:
    """Show the first frame of a job."""
    job = see_job(call, id)
    data = _data(call.store.tasks[job.task_id])
    return _picture(data, data.frames[job.start], "compressed")


def _asked(call: Call, data: Data, numbers: Sequence[int], job: Job | None) -> Answer:
    kind, quality = call.query.get("type"), call.query.get("quality", "compressed")
    if kind not in ("frame", "chunk"):
        raise Refused(400, "Data type not specified or not supported")
    number = int(call.query.get("number", call.query.get("index", "-1")))
    if kind == "chunk":
        return _chunk(call, data, numbers, number, quality)
    if number not in numbers:
        last = len(data.frames) if job is None else job.stop  # one too many, as recorded
        why = f"The frame number should be in the [{numbers[0]}, {last}] range"
        raise Refused(400, f"Invalid frame '{number}'. {why}")
    frame = data.frames[number]
    if job is not None and number not in job.shown:
        content, mime = pictures.placeholder(frame)
        return Answer(raw=content, content_type=mime)
    return _picture(data, frame, quality)


def _picture(data: Data, frame: Frame, quality: str) -> Answer:
    if quality == "original":
        content, kind = pictures.original(frame)
    else:
        content, kind = pictures.compressed(frame, data.image_quality)
    return Answer(raw=content, content_type=kind)


def _chunk(call: Call, data: Data, numbers: Sequence[int], number: int, quality: str) -> Answer:
    """Return a zip of pictures; `number` counts a task's chunks, `index` those of the job."""
    size = data.chunk_size
    first = number * size + (numbers[0] if "index" in call.query else 0)
    inside = [one for one in numbers if first <= one < first + size]
    if not inside:
        raise Refused(404, "No media data found")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for place, one in enumerate(inside):
            picture = _picture(data, data.frames[one], quality)
            ending = data.frames[one].name.rpartition(".")[2] if quality == "original" else "jpeg"
            archive.writestr(f"{place:06d}.{ending}", picture.raw or b"")
    return Answer(raw=out.getvalue(), content_type="application/zip")
