"""Ground truth put into a task of CVAT, and what CVAT then measures of its jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auto_labeling.backends.cvat.measuring import whole_report
from auto_labeling.backends.cvat.quality_calls import QualityClient
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.cvat.waiting import reason_of_failure
from auto_labeling.by_hand.cvat_uploading import PictureFile, all_said, drawings_of
from auto_labeling.errors import ConfigurationError, DataError, RejectedError, TransientError
from auto_labeling.formats.cvat.quality import TRUTH, Quality

_UNDER_WAY = ("queued", "started")


def add_ground_truth(client: QualityClient, task: int, answers: Any) -> int:
    """Return the number of the job that holds the ground truth; see `CVATClient`."""
    if not isinstance(answers, Mapping) or not answers:
        raise ConfigurationError(f"answers: expected them by picture, got {answers!r:.60}")
    shown = client.task_pictures(task)["frames"]
    layout = client.validation_layout(task)
    fixed = [int(one) for one in layout["validation_frames"]] if layout.get("mode") else None
    frames = _frames(task, answers, shown, fixed or ())
    if fixed is not None and set(frames) != set(fixed):
        names = ", ".join(str(shown[one]["name"]) for one in sorted(fixed))
        raise ConfigurationError(
            f"answers: task {task} has ground truth on {names}, expected answers to these; to "
            "choose others, delete its ground-truth job in CVAT"
        )
    rows = _rows(client.task_labels(task), frames, shown)  # before anything is made
    job = client.make_truth(task, sorted(frames)) if fixed is None else _truth(client, task)
    number = int(job["id"])
    kept = client.annotate(number, rows)
    if any(len(kept[kind]) != len(sent) for kind, sent in rows.items()):
        raise RejectedError(f"{client.url}: job {number} did not keep all of the ground truth")
    client.change_job(number, stage="acceptance", state="completed")
    return number


def quality(client: QualityClient, task: int) -> Quality:
    """Return a report that is made now; see `CVATClient`."""
    what = f"the quality of task {task}"
    before = client.report_request(task)
    known = client.request(before)
    if known is not None and known["status"] in _UNDER_WAY:
        reason_of_failure(client, before, what)  # it may not have seen the last changes
    request = client.ask_for_report(task)
    if why := reason_of_failure(client, request, what):
        raise RejectedError(f"{client.url}: {what} was not measured: {why}")
    done = client.request(request) or {}
    made = done.get("result_id")
    report = client.newest_report(task) if made is None else client.report(int(made))
    if report is None:
        raise TransientError(f"{client.url}: {what} was measured, and there is no report")
    return whole_report(client, report)


def _frames(
    task: int, answers: Mapping[Any, Any], shown: Sequence[Row], fixed: Sequence[int]
) -> dict[int, Any]:
    """Return frame -> what is said of it; where several frames have a name, one of the fixed."""
    preferred = [*reversed(range(len(shown))), *fixed]
    by_name = {str(shown[at]["name"]): at for at in preferred}
    found: dict[int, Any] = {}
    for key, said in answers.items():
        whole = isinstance(key, int) and not isinstance(key, bool)
        frame = key if whole and 0 <= key < len(shown) else by_name.get(str(key))
        if frame is None:
            raise ConfigurationError(
                f"answers: expected names or frames of pictures of task {task}, got {key!r}"
            )
        if frame in found:
            raise ConfigurationError(f"answers: expected one for each picture, got two for {key!r}")
        found[frame] = said
    return found


def _rows(
    labels: Sequence[Row], frames: Mapping[int, Any], shown: Sequence[Row]
) -> dict[str, list[Row]]:
    """Return what is drawn on the frames. Raises `DataError`."""
    pictures = [
        PictureFile(
            name=str(shown[at]["name"]),
            path=Path(str(shown[at]["name"])),
            size=(int(shown[at]["width"]), int(shown[at]["height"])),
        )
        for at in frames
    ]
    drawings = drawings_of(all_said(list(frames.values()), pictures), pictures, labels)
    rows: dict[str, list[Row]] = {"tags": [], "shapes": []}
    for frame, drawing in zip(frames, drawings, strict=True):
        for kind, row in drawing:
            rows[kind].append({**row, "frame": frame, "source": "manual"})
    return rows


def _truth(client: QualityClient, task: int) -> Row:
    for job in client.jobs_of([task]):
        if job["type"] == TRUTH:
            return job
    raise DataError(f"task {task}: its ground-truth job is not there")
