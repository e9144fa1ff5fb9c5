"""Things made on the server under the ids that the recordings know them by."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from tests.cvat.recordings import multipart
from tests.cvat.replaying import PATIENCE_S, Replay

CAT = [{"name": "cat"}]


def project(replay: Replay, number: int, name: str, labels: Sequence[Any] = CAT) -> int:
    """Make what is recorded as project `number`; return its live id."""
    made = replay.ask("POST", "/api/projects", {"name": name, "labels": labels})["id"]
    replay.names.bind("projects", number, made)
    return int(made)


def task(
    replay: Replay,
    number: int,
    job_ids: Sequence[int] = (),
    label_ids: Sequence[int] = (),
    images: int = 0,
    quality: int = 70,
    **body: Any,
) -> int:
    """Make what is recorded as task `number`, with so many pictures, and return its live id.

    `job_ids` and `label_ids` are the recorded ones, in the order of creation.
    """
    made = int(replay.ask("POST", "/api/tasks", body)["id"])
    replay.names.bind("tasks", number, made)
    if images:
        upload(replay, made, images, quality)
    know(replay, number, job_ids, label_ids)
    return made


def know(
    replay: Replay, number: int, job_ids: Sequence[int] = (), label_ids: Sequence[int] = ()
) -> None:
    """Say which jobs and labels of a task stand for which recorded ones."""
    made = replay.names.ids["tasks", number]
    for kind, ids in (("jobs", job_ids), ("labels", label_ids)):
        rows = replay.ask("GET", f"/api/{kind}?task_id={made}&sort=id&page_size=100")["results"]
        for recorded_id, row in zip(ids, rows, strict=False):
            replay.names.bind(kind, recorded_id, row["id"])


def upload(replay: Replay, live: int, images: int, quality: int) -> None:
    """Give a task its pictures, and wait until it has them."""
    path = f"/api/tasks/{live}/data/"
    lengths = (803, 807, 807, 801, 807)
    parts: list[dict[str, Any]] = [{"name": "image_quality", "value": str(quality)}]
    for at, length in enumerate(lengths[:images]):
        part = {"filename": f"img_{at}.png", "content_type": "image/png", "length": length}
        parts.append(part | {"name": f"client_files[{at}]"})
    kind, body = multipart(parts)
    replay.ask("POST", path, b"", **{"Upload-Start": ""})
    replay.ask("POST", path, body, **{"Upload-Multiple": "", "Content-Type": kind})
    params = {"image_quality": quality, "sorting_method": "natural"}
    rq_id = replay.ask("POST", path, params, **{"Upload-Finish": ""})["rq_id"].replace("&", "%26")
    until = time.monotonic() + PATIENCE_S
    while (told := replay.ask("GET", f"/api/requests/{rq_id}"))["status"] in ("queued", "started"):
        assert time.monotonic() < until, told
        time.sleep(0.01)
    assert told["status"] == "finished", told


def draw(replay: Replay, number: int, shapes: list[Any], tags: Sequence[Any] = ()) -> None:
    """Replace the annotations of what is recorded as task `number`; ids in them are recorded."""
    kept = [{key: one[key] for key in one.keys() - {"id", "elements"}} for one in (*shapes, *tags)]
    body = {"shapes": kept[: len(shapes)], "tags": kept[len(shapes) :], "tracks": [], "version": 0}
    made = replay.names.ids["tasks", number]
    replay.ask("PUT", f"/api/tasks/{made}/annotations/", replay.names.body(body))


def rectangle(label: int, frame: int, *points: float, **more: Any) -> dict[str, Any]:
    """Return a rectangle of a recorded label."""
    return {"type": "rectangle", "label_id": label, "frame": frame, "points": list(points), **more}
