"""How well what people drew on a frame agrees with its ground truth.

Recorded are a wrong label and a full match. Shapes match by type and overlap, first those of the
same label; what is left of the truth is missing, what is left of the job is extra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.cvat_server.pixels import overlap
from tests.support.cvat_server.records import Frame, Shape, Tag

SEVERITIES = {"low_overlap": "warning", "mismatching_attributes": "warning"}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An annotation and the truth it was matched with; one of them is None where it has none."""

    drawn: Tag | None
    truth: Tag | None
    iou: float = 0.0

    @property
    def matched(self) -> bool:
        """Return whether there is something on both sides."""
        return self.drawn is not None and self.truth is not None

    @property
    def valid(self) -> bool:
        """Return whether the labels agree as well."""
        here, there = self.drawn, self.truth
        return here is not None and there is not None and here.label_id == there.label_id


@dataclass(kw_only=True)
class Compared:
    """A frame of a job beside its ground truth."""

    frame: int
    job_id: int
    truth_job_id: int
    pairs: list[Pair] = field(default_factory=list)
    settings: Mapping[str, Any] = field(default_factory=dict)

    def conflicts(self) -> list[dict[str, Any]]:
        """Return what does not agree, as reports show it."""
        return [self._conflict(kind, pair) for pair in self.pairs for kind in self._kinds(pair)]

    def _kinds(self, pair: Pair) -> list[str]:
        if pair.truth is None:
            return ["extra_annotation"]
        if pair.drawn is None:
            return ["missing_annotation"]
        if not pair.valid:
            return ["mismatching_label"]
        kinds = ["low_overlap"] if pair.iou < self.settings["low_overlap_threshold"] else []
        differ = _attributes(pair.drawn) != _attributes(pair.truth)
        if differ and self.settings["compare_attributes"]:
            kinds.append("mismatching_attributes")
        return kinds

    def _conflict(self, kind: str, pair: Pair) -> dict[str, Any]:
        sides = ((pair.drawn, self.job_id), (pair.truth, self.truth_job_id))
        return {
            "frame_id": self.frame,
            "type": kind,
            "annotation_ids": [_named(one, job) for one, job in sides if one is not None],
            "severity": SEVERITIES.get(kind, "error"),
        }


def _attributes(one: Tag) -> dict[int, str]:
    return {row["spec_id"]: row["value"] for row in one.attributes}


def _named(one: Tag, job_id: int) -> dict[str, Any]:
    shape = one.type if isinstance(one, Shape) else None
    kind = "shape" if shape else "tag"
    return {"obj_id": one.id, "job_id": job_id, "type": kind, "shape_type": shape}


def pairs(
    drawn: Sequence[Tag], truth: Sequence[Tag], frame: Frame, *, threshold: float
) -> list[Pair]:
    """Match what was drawn with the truth, each at most once; best overlaps first."""
    fits = [
        (one.label_id == other.label_id, _fit(one, other, frame), one, other)
        for one in drawn
        for other in truth
    ]
    fits = [one for one in fits if one[1] >= threshold]
    found: list[Pair] = []
    for _, iou, one, other in sorted(fits, key=lambda fit: fit[:2], reverse=True):
        if not any(one is pair.drawn or other is pair.truth for pair in found):
            found.append(Pair(drawn=one, truth=other, iou=iou))
    lonely = [one for one in drawn if not any(one is pair.drawn for pair in found)]
    missed = [one for one in truth if not any(one is pair.truth for pair in found)]
    return [
        *found,
        *(Pair(drawn=one, truth=None) for one in lonely),
        *(Pair(drawn=None, truth=one) for one in missed),
    ]


def _fit(one: Tag, other: Tag, frame: Frame) -> float:
    if isinstance(one, Shape) and isinstance(other, Shape):
        return overlap(one, other, frame.width, frame.height) if one.type == other.type else 0.0
    both_tags = not isinstance(one, Shape) and not isinstance(other, Shape)
    return float(both_tags and one.label_id == other.label_id)


def share(part: float, whole: float) -> float:
    """Return a part of a whole; 0 of nothing."""
    return part / whole if whole else 0.0


def counts(found: Sequence[Pair]) -> dict[str, Any]:
    """Return the counts of pairs, and what they come to."""
    told = {
        "valid_count": sum(pair.valid for pair in found),
        "ds_count": sum(pair.drawn is not None for pair in found),
        "gt_count": sum(pair.truth is not None for pair in found),
        "total_count": len(found),
    }
    return told | {
        "accuracy": share(told["valid_count"], told["total_count"]),
        "precision": share(told["valid_count"], told["ds_count"]),
        "recall": share(told["valid_count"], told["gt_count"]),
    }


def confusion(found: Sequence[Pair], labels: Mapping[int, str]) -> dict[str, Any]:
    """Return who was taken for whom: rows are what was drawn, columns the truth."""
    places = {label: at for at, label in enumerate(labels)}
    size = len(places) + 1
    rows = [[0] * size for _ in range(size)]
    for pair in found:
        row, column = (
            size - 1 if one is None else places[one.label_id] for one in (pair.drawn, pair.truth)
        )
        rows[row][column] += 1
    total = len(found)
    drawn = [sum(row) for row in rows]
    truth = [sum(column) for column in zip(*rows, strict=True)]
    hits = [rows[at][at] for at in range(size)]
    each = list(zip(hits, drawn, truth, strict=True))
    return {
        "labels": [*labels.values(), "unmatched"],
        "rows": rows,
        "axes": {"cols": "gt", "rows": "ds"},
        "jaccard_index": [share(hit, here + there - hit) for hit, here, there in each],
        "recall": [share(hit, there) for hit, _, there in each],
        "precision": [share(hit, here) for hit, here, _ in each],
        "accuracy": [share(total - here - there + 2 * hit, total) for hit, here, there in each],
    }
