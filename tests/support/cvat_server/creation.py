"""A task gets its data: pictures are read and put in order, and jobs are cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.support.cvat_server import ground_truth, pictures
from tests.support.cvat_server.store import Data, Job, Request, Store, Task, now
from tests.support.cvat_server.work import Failed

_CHUNK_SIZE = 72


def create(
    store: Store,
    task: Task,
    files: Callable[[], list[tuple[str, Path]]],
    told: dict[str, Any],
    request: Request,
) -> None:
    """Do what a creation request asks for; a task that fails stays without data."""
    request.message = "Media files are being extracted..."
    ordered, sizes = pictures.in_order(pictures.media(files()), told)
    frames = [pictures.read(*one) for one in ordered]
    if (start := int(told.get("start_frame") or 0)) or told.get("stop_frame") is not None:
        stop = told.get("stop_frame")
        frames = frames[start : None if stop is None else int(stop) + 1]
    request.message = "Task is being saved in database"
    with store.lock:
        if task.id not in store.tasks:
            raise Failed("Task.DoesNotExist: Task matching query does not exist.\n")
        spans = None
        if told.get("validation_params"):
            frames, spans = ground_truth.arrange(store, task, frames, told)
        task.data = Data(
            id=store.next_id("data"),
            frames=frames,
            image_quality=int(told["image_quality"]),
            chunk_size=int(told.get("chunk_size") or _CHUNK_SIZE),
            storage=_storage(told),
            cloud_storage_id=told.get("cloud_storage_id"),
            sorting_method=told.get("sorting_method", "lexicographical"),
        )
        if spans is None:
            spans = _mapped(task, sizes) if sizes else _cut(task, len(frames))
        task.overlap = task.overlap or 0
        make_jobs(store, task, spans)
        if told.get("validation_params"):
            ground_truth.add_ground_truth(store, task, told)
        task.updated = now()


def _storage(told: dict[str, Any]) -> str:
    if told.get("cloud_storage_id") is not None:
        return "cloud_storage"
    return "share" if told.get("server_files") and not told.get("copy_data") else "local"


def _cut(task: Task, size: int) -> list[tuple[int, int]]:
    """Return the first and last frame of every job, by the task's segment size and overlap."""
    if not 0 < task.segment_size <= size:
        task.segment_size = size
    task.overlap = min(task.overlap or 0, task.segment_size // 2)
    spans = []
    for start in range(0, size, task.segment_size - task.overlap):
        spans.append((start, min(start + task.segment_size, size) - 1))
        if spans[-1][1] == size - 1:
            break
    return spans


def _mapped(task: Task, sizes: Sequence[int]) -> list[tuple[int, int]]:
    task.segment_size = 0
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [(end - size, end - 1) for end, size in zip(ends, sizes, strict=True)]


def make_jobs(store: Store, task: Task, spans: Sequence[tuple[int, int]]) -> None:
    """Make a job for every span, and its replicas where the task asks for them."""
    for start, stop in spans:
        parent = Job(
            id=store.next_id("job"),
            task_id=task.id,
            start=start,
            stop=stop,
            consensus_replicas=task.consensus_replicas,
        )
        store.jobs[parent.id] = parent
        for _ in range(task.consensus_replicas):
            replica = Job(
                id=store.next_id("job"),
                task_id=task.id,
                start=start,
                stop=stop,
                type="consensus_replica",
                parent_job_id=parent.id,
            )
            store.jobs[replica.id] = replica
