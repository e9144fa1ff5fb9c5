"""What lies behind a quality report: every conflict, and every frame with its counts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.support.cvat_server import listing
from tests.support.cvat_server.agreement import Compared, Pair, confusion, counts, share
from tests.support.cvat_server.http import Answer, Call, Routes
from tests.support.cvat_server.quality import Report, counted, find
from tests.support.cvat_server.quality_settings import KINDS, PARAMETERS

ROUTES = Routes()


@ROUTES.add("GET", "/api/quality/conflicts")
def conflicts(call: Call) -> Answer:
    """List the conflicts of a report: those of a task's are its jobs'."""
    whole = find(call, int(call.query.get("report_id", "0")))
    rows = [
        {
            "id": number,
            "frame": one["frame_id"],
            "type": one["type"],
            "annotation_ids": one["annotation_ids"],
            "report_id": part.id,
            "severity": one["severity"],
        }
        for part in call.store.quality_reports.values()
        if whole in (part, part.parent)
        for number, one in zip(part.conflict_ids, part.conflicts(), strict=bool(part.parent))
    ]
    terms = {name: lambda row, name=name: row[name] for name in ("id", "type", "severity", "frame")}
    return listing.page(call, rows, dict, terms, exact=("type", "severity", "frame"))


@ROUTES.add("GET", "/api/quality/reports/{id:int}/data")
def data(call: Call, id: int) -> Answer:
    """Show all that a report is made of, as plain JSON."""
    one = find(call, id)
    parameters = {
        "included_annotation_types": list(KINDS),
        "ignored_attributes": [],
        **{name: one.parameters[name] for name in PARAMETERS},
        "inherited": False,
        "job_filter": one.parameters["job_filter"],
    }
    told = {
        "id": one.id,
        "task_id": one.task_id,
        "created_date": str(one.created),
        "target_last_updated": str(one.target_updated),
        "gt_last_updated": str(one.truth_updated),
        "assignee": None,
        "parameters": parameters,
        "comparison_summary": _summary(one),
        "frame_results": {str(frame.frame): _frame(call, one, frame) for frame in one.frames},
        "conflicts": one.conflicts(),
    }
    return Answer(raw=json.dumps(told).encode(), content_type="application/json")


def _summary(one: Report) -> dict[str, Any]:
    found = [pair for frame in one.frames for pair in frame.pairs]
    conflicts = one.conflicts()
    part = share(len(one.frames), one.total_frames)
    return {
        "frames": [frame.frame for frame in one.frames],
        "total_frames": one.total_frames,
        **counted(conflicts),
        **_parts(found, one),
        "tasks": None,
        "jobs": {
            "all": one.jobs,
            "excluded": [],
            "not_checkable": one.not_checkable,
            "total_count": len(one.jobs),
            "included_count": len(one.jobs),
            "excluded_count": 0,
            "not_checkable_count": len(one.not_checkable),
        },
        "frame_share": part,
        "mean_conflict_count": share(len(conflicts), len(one.frames)),
        "frame_count": len(one.frames),
        "frame_share_percent": 100 * part,
    }


def _frame(call: Call, one: Report, frame: Compared) -> dict[str, Any]:
    conflicts = frame.conflicts()
    shown = [{**row, "annotation_ids": _linked(call, one, row)} for row in conflicts]
    parts = _parts(frame.pairs, one)
    overlaps = [pair.iou for pair in frame.pairs if pair.matched]
    parts["annotation_components"]["shape"]["mean_iou"] = share(sum(overlaps), len(overlaps))
    return {"conflicts": shown, **parts, **counted(conflicts)}


def _linked(call: Call, one: Report, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a conflict's annotations, each with the address where a person sees it."""
    return [
        {
            **named,
            "url": f"{call.base}/tasks/{one.task_id}/jobs/{named['job_id']}"
            f"?frame={row['frame_id']}&type={named['type']}&serverID={named['obj_id']}",
        }
        for named in row["annotation_ids"]
    ]


def _parts(found: Sequence[Pair], one: Report) -> dict[str, Any]:
    told = counts(found)
    unmatched = {
        "missing_count": sum(pair.drawn is None for pair in found),
        "extra_count": sum(pair.truth is None for pair in found),
    }
    numbers = {name: told[name] for name in ("total_count", "ds_count", "gt_count")}
    matched = sum(pair.matched for pair in found)
    return {
        "annotations": {
            **told,
            **unmatched,
            "confusion_matrix": confusion(found, one.labels),
        },
        "annotation_components": {
            "shape": {
                "valid_count": matched,
                **unmatched,
                **numbers,
                "mean_iou": 0.0,  # of a whole task: recorded as 0
                "accuracy": share(matched, len(found)),
            },
            "label": {
                "valid_count": told["valid_count"],
                "invalid_count": matched - told["valid_count"],
                "total_count": matched,
                "accuracy": share(told["valid_count"], matched),
            },
        },
    }
