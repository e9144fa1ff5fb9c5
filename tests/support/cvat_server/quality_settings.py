"""How quality is measured in a task."""

from __future__ import annotations

from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.accounts import now
from tests.support.cvat_server.http import Answer, Call, Routes, missing
from tests.support.cvat_server.permissions import edit_task, see_task
from tests.support.cvat_server.records import Task
from tests.support.cvat_server.shown import moment
from tests.support.cvat_server.store import Store

ROUTES = Routes()
PARAMETERS: dict[str, Any] = {
    "iou_threshold": 0.4,
    "oks_sigma": 0.09,
    "point_size_base": "group_bbox_size",
    "line_thickness": 0.01,
    "low_overlap_threshold": 0.8,
    "compare_line_orientation": True,
    "line_orientation_threshold": 0.1,
    "compare_groups": True,
    "group_match_threshold": 0.5,
    "check_covered_annotations": True,
    "object_visibility_threshold": 0.05,
    "panoptic_comparison": True,
    "compare_attributes": True,
    "empty_is_annotated": False,
}
OTHERS: dict[str, Any] = {
    "job_filter": "",
    "inherit": True,
    "target_metric": "accuracy",
    "target_metric_threshold": 0.7,
    "max_validations_per_job": 0,
}
KINDS = ("bbox", "points", "mask", "polygon", "polyline", "skeleton", "label", "ellipse")


@ROUTES.add("GET", "/api/quality/settings")
def list_settings(call: Call) -> Answer:
    """List the settings of a task."""
    task_id = int(call.query.get("task_id", "0"))
    found = [settings(call.store, see_task(call, task_id))] if task_id else []
    terms = {"id": lambda row: row["id"], "task_id": lambda row: row["task_id"]}
    return listing.page(call, found, dict, terms)


@ROUTES.add("PATCH", "/api/quality/settings/{id:int}")
def change_settings(call: Call, id: int) -> Answer:
    """Change the settings of a task."""
    found = call.store.quality_settings.get(id)
    if found is None:
        raise missing("QualitySettings")
    edit_task(call, found["task_id"])
    given = call.json()
    found.update({name: given[name] for name in (*PARAMETERS, *OTHERS) if name in given})
    found["updated_date"] = moment(now())
    return Answer(body=dict(found))


def settings(store: Store, task: Task) -> dict[str, Any]:
    """Return the settings of a task, made when they are first looked at."""
    for row in store.quality_settings.values():
        if row["task_id"] == task.id:
            return row
    row = {"id": store.next_id("quality_settings"), "task_id": task.id, "project_id": None}
    dates = dict.fromkeys(("created_date", "updated_date"), moment(task.created))
    store.quality_settings[row["id"]] = row | OTHERS | PARAMETERS | dates
    return store.quality_settings[row["id"]]
